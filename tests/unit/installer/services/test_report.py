"""The output of the commands about services."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path, PurePosixPath

from installer.data_directory.templates import Action, FileChange
from installer.host.memory import HostMemory
from installer.services import report
from installer.services.add import WrittenServices
from installer.services.catalogue import Catalogue
from installer.services.json_results import ServicesJson
from installer.services.plan import ServicePlan
from installer.services.remove import ServiceRemoval
from installer.services.status import ServiceStatus
from runtime.base.constants import MEGABYTE
from runtime.base.paths import Paths
from runtime.config.sections import NetworkSettings
from runtime.context.results import Blocked, Code
from runtime.output.encoder import result_json
from tests.support.builders.data_directory import SETTINGS

HOST = HostMemory(957 * MEGABYTE, 353 * MEGABYTE)
ROOT = Path("/srv/shoestring")


def test_list_lines_and_json(known: Catalogue) -> None:
    store = ServiceStatus(
        known["store"], "healthy", 41 * MEGABYTE, ("https://store.internal.example.com", "10.0.0.1:5432")
    )
    broken = ServiceStatus(
        known["front"], "broken", problems=(Blocked(Code.FILE_INVALID, "front", "front.yaml:3 services: is missing"),)
    )
    absent = ServiceStatus(known["beside"], kept=(ROOT / "data" / "beside",))
    assert report.list_lines((store, broken, absent), HOST, " --data-directory /srv/demo") == [
        "  SERVICE  STATE     USED  EXPECTED",
        "  store    healthy  41 MB     60 MB  https://store.internal.example.com  10.0.0.1:5432",
        "  front    broken       -    100 MB",
        "  beside   absent       -     30 MB  Beside: fills the store; its data still exists",
        "  ✗ front.yaml:3 services: is missing",
        "",
        "  353 MB of 957 MB memory available. Add one: shoestring service add NAME --data-directory /srv/demo",
    ]
    answer = json.loads(result_json(ServicesJson.of((store, absent), HOST)))
    assert [each["present"] for each in answer["services"]] == [True, False]
    assert answer["services"][0]["expected"] == 60 * MEGABYTE


def test_plan_lines_of_all_parts(known: Catalogue) -> None:
    store = known["store"]
    wanted = ServicePlan(
        services=(store,),
        new=(store,),
        settings=replace(SETTINGS, networks=NetworkSettings(additional=("things",))),
        text="networks: …",
        changes=(FileChange(PurePosixPath("applications-internal/store.yaml"), b"", Action.WRITE),),
        secrets=("STORE_PASSWORD",),
        folders=store.folders,
    )
    assert report.plan_lines(wanted, SETTINGS, HOST) == [
        "  +  service  Store, 60 MB: keeps things",
        "  +  file     conf/applications-internal/store.yaml  new",
        "  +  secret   STORE_PASSWORD in conf/secrets.yaml",
        "  +  folder   data/store, owner 1234:1235",
        "  ~  setting  networks.additional  (empty) → things",
        "     memory   60 MB needed, 353 MB of 957 MB available",
    ]
    assert report.plan_lines(ServicePlan((store,)), SETTINGS, HOST) == ["  No file changes: store is already added."]


def test_setup_rows_of_new_services_and_files(known: Catalogue) -> None:
    changes = tuple(
        FileChange(PurePosixPath(path), b"", action)
        for path, action in (
            ("applications-internal/store.yaml", Action.WRITE),
            ("store/store.conf", Action.WRITE),
            ("applications-internal/front.yaml.new", Action.BESIDE),
        )
    )
    assert list(report.setup_rows(ServicePlan(new=(known["store"],), changes=changes))) == [
        ("+", "service", "Store, 60 MB: keeps things"),
        ("~", "service", "conf/applications-internal/front.yaml.new  you changed it; the new version is beside it"),
    ]


def test_added_lines_show_password_once(known: Catalogue) -> None:
    services, at = (known["store"], known["front"]), {"store": ("https://store.internal.example.com:8444",)}
    assert report.added_lines(services, WrittenServices((("STORE_PASSWORD", "abc"),)), at, terminal=True) == [
        "  Store",
        "    https://store.internal.example.com:8444",
        "    http store.internal.example.com:8444, user admin",
        "  Front has no web page",
        "",
        "  Shown only once; also in conf/secrets.yaml:",
        "    STORE_PASSWORD  abc",
    ]
    again = report.added_lines((known["store"],), WrittenServices(), at, terminal=True)
    assert again[-1] == "    password: STORE_PASSWORD in conf/secrets.yaml"


def test_added_lines_without_terminal_have_no_password(known: Catalogue) -> None:
    written = WrittenServices((("STORE_PASSWORD", "abc"),))
    assert report.added_lines((known["store"],), written, {}, terminal=False)[-1:] == [
        "    password: STORE_PASSWORD in conf/secrets.yaml"
    ]


def test_removal_lines(known: Catalogue) -> None:
    paths = Paths(ROOT)
    assert report.removal_lines(ServiceRemoval((known["store"],), kept=(paths.data / "store",)), paths) == [
        "  -  service  Store, its containers and file",
        "     keep     data/store",
    ]
    purge = ServiceRemoval(
        (), (known["store"],), True, (paths.data / "store",), ("STORE_PASSWORD",), (), ("STORE_READER",)
    )
    assert report.removal_lines(purge, paths) == [
        "  -  folder  data/store, for good",
        "  -  secret  STORE_PASSWORD, for good",
        "     keep    STORE_READER: another application uses it",
    ]
    assert report.removal_lines(ServiceRemoval(()), paths) == ["  Nothing to do: it was not added."]
