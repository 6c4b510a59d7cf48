"""The services of a setup: chosen by questions or answers, checked to fit, and shown at the end."""

from __future__ import annotations

from collections.abc import Iterable

from installer.data_directory import default_directory
from installer.host import memory
from installer.services import catalogue, offer, report, service_files, status
from installer.services.add import WrittenServices
from installer.services.catalogue import Catalogue
from installer.services.plan import ServicePlan, plan, with_networks
from installer.services.service import Service
from runtime.base.errors import ShoestringError
from runtime.base.paths import Paths
from runtime.config.settings import Settings
from runtime.docker import images


def choose(paths: Paths, settings: Settings, given: tuple[str, ...], *, asks: bool, first: bool) -> ServicePlan:
    """Plan the services that were added before, and new ones with those that they need.

    If some are `given`, there is no question. `first`: nothing runs yet. Raises ShoestringError if they do not fit.
    """
    if settings.internal is None and not given:
        return ServicePlan()
    known = catalogue.load()
    present = tuple(each.name for each in catalogue.present(known, paths))
    host = offer.before_start(memory.observe_host()) if first else memory.observe_host()
    names = given

    def problem(names: Iterable[str]) -> str:
        return offer.problem(_new(known, present, names), host)

    if asks and not given and known:
        from installer.setup import wizard

        offered = offer.offers(known, present, host, first=first, pulled=_pulled(known, settings))
        names = wizard.ask_services(offered, problem, default_directory.option(paths.root))
    found = problem(names)
    if found:
        planned = " ".join(names)
        raise ShoestringError(f"{found} To add them anyway after setup: shoestring service add {planned} --force")
    services = catalogue.complete(known, (*present, *names))
    # Their networks are part of what setup itself writes.
    return plan(paths, with_networks(settings, services), services, service_files.template_host())


def _new(known: Catalogue, present: tuple[str, ...], names: Iterable[str]) -> tuple[Service, ...]:
    return tuple(each for each in catalogue.complete(known, names) if each.name not in present)


def _pulled(known: Catalogue, settings: Settings) -> tuple[str, ...]:
    """Return the services with an image that is pulled although images are built on this host."""
    if settings.images.source != images.LOCAL:
        return ()
    host = service_files.template_host()
    return tuple(
        name
        for name, service in known.items()
        if not all(map(images.local_image, service_files.images(service_files.load(service, settings, host))))
    )


def closing_lines(paths: Paths, planned: ServicePlan, written: WrittenServices, *, terminal: bool) -> list[str]:
    """Return addresses of new services, how to log in, and on a `terminal` their passwords."""
    if not planned.new or planned.settings is None:
        return []
    addresses = {each.name: status.addresses_of(paths, planned.settings, each.name) for each in planned.new}
    return ["", *report.added_lines(planned.new, written, addresses, terminal=terminal)]
