"""The answers of commands with --json: which command returns which type. docs/json.md is made from this list."""

from __future__ import annotations

from dataclasses import dataclass

from installer.certificates.json_results import CaJson, CaPreviewJson, CertificatesJson
from installer.deploy.json_results import DeployJson, DeployPreviewJson, HistoryJson
from installer.firewall.json_results import FirewallJson, FirewallOnJson
from installer.host.json_results import HostStatusJson, MemoryJson, SwapJson, TimersJson, TimersRemovalJson
from installer.images.json_results import FetchedJson, ImagesJson, ImagesPreviewJson
from installer.metrics.json_results import MetricsJson, RetentionChangeJson, RetentionJson
from installer.services.json_results import ServiceAddJson, ServiceRemoveJson, ServicesJson
from installer.services.json_users import UserJson, UserRemovalJson, UsersJson
from installer.services.postgres.json_results import (
    DatabaseJson,
    UnusedDataJson,
    UpgradeJson,
    UpgradePreviewJson,
    UpgradeUnneededJson,
)
from installer.services.registry_docker.json_results import CollectedJson, LoginJson, TagsJson, WasteJson
from installer.setup.json_results import SetupJson
from installer.uninstall.json_results import UninstallJson
from installer.vpn.json_results import (
    ClientJson,
    ClientPreviewJson,
    ClientRemovalJson,
    ClientsJson,
    TunnelJson,
    VpnJson,
    VpnRemovalJson,
)
from runtime.output.json_results import ChangesJson, PlanJson, ReportJson

DRY_RUN = "With `--dry-run`"


@dataclass(frozen=True)
class JsonAnswer:
    """The type of an answer, and when commands return it; empty: as a rule."""

    kind: type
    when: str = ""


@dataclass(frozen=True)
class JsonSection:
    """Commands that return the same types."""

    commands: tuple[str, ...]
    answers: tuple[JsonAnswer, ...]


def _section(commands: str, *answers: JsonAnswer) -> JsonSection:
    return JsonSection(tuple(commands.split(", ")), answers)


SECTIONS = (
    _section("setup", JsonAnswer(SetupJson)),
    _section("status", JsonAnswer(HostStatusJson)),
    _section("plan", JsonAnswer(PlanJson)),
    _section("start, watchdog", JsonAnswer(ReportJson), JsonAnswer(PlanJson, DRY_RUN)),
    _section("stop, reload", JsonAnswer(ReportJson), JsonAnswer(ChangesJson, DRY_RUN)),
    _section("ssl status", JsonAnswer(CertificatesJson)),
    _section("ssl issue, ssl renew, ssl load", JsonAnswer(ReportJson), JsonAnswer(ChangesJson, DRY_RUN)),
    _section(
        "ssl ca",
        JsonAnswer(CaJson),
        JsonAnswer(ReportJson, "With `--new`"),
        JsonAnswer(CaPreviewJson, "With `--new --dry-run`"),
    ),
    _section("timers status, timers install", JsonAnswer(TimersJson)),
    _section("timers remove", JsonAnswer(TimersRemovalJson)),
    _section("firewall status, firewall off", JsonAnswer(FirewallJson)),
    _section("firewall on", JsonAnswer(FirewallOnJson)),
    _section("memory", JsonAnswer(MemoryJson)),
    _section("swap status, swap add, swap remove", JsonAnswer(SwapJson)),
    _section("uninstall", JsonAnswer(UninstallJson)),
    _section("service list", JsonAnswer(ServicesJson)),
    _section("service add", JsonAnswer(ServiceAddJson)),
    _section("service remove", JsonAnswer(ServiceRemoveJson)),
    _section("registry list", JsonAnswer(TagsJson)),
    _section("registry gc", JsonAnswer(CollectedJson), JsonAnswer(WasteJson, DRY_RUN)),
    _section("registry login", JsonAnswer(LoginJson)),
    _section("registry user add, npm user add", JsonAnswer(UserJson)),
    _section("registry user list, npm user list", JsonAnswer(UsersJson)),
    _section("registry user remove, npm user remove", JsonAnswer(UserRemovalJson)),
    _section("images list", JsonAnswer(ImagesJson)),
    _section("images pull, images build", JsonAnswer(FetchedJson), JsonAnswer(ImagesPreviewJson, DRY_RUN)),
    _section("deploy, rollback", JsonAnswer(DeployJson), JsonAnswer(DeployPreviewJson, DRY_RUN)),
    _section("history", JsonAnswer(HistoryJson)),
    _section("vpn add", JsonAnswer(ClientJson), JsonAnswer(ClientPreviewJson, DRY_RUN)),
    _section("vpn show", JsonAnswer(ClientJson)),
    _section("vpn list", JsonAnswer(ClientsJson)),
    _section("vpn remove", JsonAnswer(ClientRemovalJson), JsonAnswer(ClientPreviewJson, DRY_RUN)),
    _section("vpn status", JsonAnswer(VpnJson)),
    _section("vpn apply", JsonAnswer(VpnJson), JsonAnswer(VpnRemovalJson, "With `wireguard.enabled` off")),
    _section("vpn tunnel, vpn hosts", JsonAnswer(TunnelJson)),
    _section("metrics", JsonAnswer(MetricsJson)),
    _section("metrics retention", JsonAnswer(RetentionJson), JsonAnswer(RetentionChangeJson, "With `DAYS`")),
    _section("postgres create", JsonAnswer(DatabaseJson)),
    _section(
        "postgres upgrade",
        JsonAnswer(UpgradeJson),
        JsonAnswer(UpgradePreviewJson, DRY_RUN),
        JsonAnswer(UpgradeUnneededJson, "Where the version already runs"),
    ),
    _section("postgres prune", JsonAnswer(UnusedDataJson)),
)
