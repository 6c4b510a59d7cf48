"""Screens of timers, swap, memory, images, uninstall and setup."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path, PurePosixPath

from installer.data_directory.templates import Action, FileChange
from installer.host import swap
from installer.host.memory import HostMemory, MemoryUse, problem
from installer.host.report import install_lines, memory_lines, swap_lines, timers_lines
from installer.host.timers import CHECK, JOBS, RENEW, START, WATCHDOG, LastRun, TimerJob, TimerState, cron_lines
from installer.images import FetchedImage, ImageState
from installer.images.inventory import Source
from installer.images.progress import ImageOutcome
from installer.images.report import fetched_line, states_lines
from installer.setup import summary
from installer.setup.data_directory import DirectoryUpdate
from installer.setup.host_setup import HostPlan, rows
from installer.uninstall.report import uninstall_lines
from runtime.network.addresses import HostAddress
from tests.support.builders.host_facts import FACTS
from tests.support.builders.runtime import PATHS, make_settings
from tests.support.builders.uninstall import PLAN
from tests.support.screens.screen import NOW, Screens, moment, sections

_MB = 1024 * 1024
_FACTS = replace(
    FACTS,
    addresses=(HostAddress("127.0.0.1", "lo"), HostAddress("203.0.113.7", "eth0"), HostAddress("10.0.0.5", "eth1")),
)


def _timers() -> str:
    last = LastRun(moment(50), 0.2, "success", 0)
    jobs = (
        TimerJob(START, JOBS[START][0], TimerState.ON, None, replace(last, began=moment(200_000), seconds=4.1)),
        TimerJob(WATCHDOG, JOBS[WATCHDOG][0], TimerState.ON, moment(-10), last),
        TimerJob(RENEW, JOBS[RENEW][0], TimerState.ON, moment(-7200), replace(last, result="exit-code", exit_code=1)),
        TimerJob(CHECK, JOBS[CHECK][0], TimerState.OFF),
    )
    missing = tuple(TimerJob(name, JOBS[name][0], TimerState.MISSING) for name in JOBS)
    running = replace(jobs[1], last=replace(last, seconds=None))
    return sections(
        status=timers_lines((*jobs, running), NOW.timestamp()),
        plan_of_install=install_lines(missing),
        cron=cron_lines(PATHS.root, "example.com", "/usr/bin/python3"),
    )


def _swap() -> str:
    host = swap.SwapHost(
        memory=957 * _MB,
        available=353 * _MB,
        in_use=(swap.ActiveSwap(str(swap.FILE), 1024 * _MB, 12 * _MB), swap.ActiveSwap("/dev/vda2", 512 * _MB, 0)),
        own=swap.SwapKind.FILE,
        free_disk=18 * 1024 * _MB,
        file_system="ext2/ext3",
        has_systemd=True,
        has_zram=True,
    )
    without = replace(host, in_use=(), own=None)
    refusals = (
        swap.problem(swap.SwapKind.FILE, 1024 * _MB, host),
        swap.problem(swap.SwapKind.FILE, 1024 * _MB, replace(without, free_disk=1500 * _MB)),
        swap.problem(swap.SwapKind.FILE, 1024 * _MB, replace(without, file_system="zfs")),
        swap.problem(swap.SwapKind.ZRAM, 2048 * _MB, without),
        swap.problem(swap.SwapKind.ZRAM, 512 * _MB, replace(without, has_zram=False)),
        swap.problem(swap.SwapKind.FILE, 1024 * _MB, replace(without, has_systemd=False)),
    )
    return sections(
        status=swap_lines(host),
        none=swap_lines(without),
        refusals=map(str, refusals),
        offers=[swap.offer(each).why for each in (host, replace(host, memory=4096 * _MB))],
    )


def _memory() -> str:
    containers = (MemoryUse("shoestring-postgres-1", 120 * _MB, 256 * _MB, True), MemoryUse("nextcloud", 90 * _MB))
    docker = (MemoryUse("dockerd", 60 * _MB), MemoryUse("shims, one a container", 20 * _MB))
    memory = HostMemory(957 * _MB, 353 * _MB, 1024 * _MB, 1012 * _MB, containers, docker)
    return sections(
        memory=memory_lines(memory),
        no_swap=memory_lines(replace(memory, swap_total=0, swap_free=0))[-1:],
        does_not_fit=[problem("Grafana", 400 * _MB, memory)],
    )


def _images() -> str:
    states = (
        ImageState(
            "haproxy", "haproxy:3.0", Source.LOCAL, "localhost/shoestring/haproxy:1", True, 90 * _MB, 70 * _MB
        ),
        ImageState("dnsmasq", "dnsmasq:2", Source.REGISTRY, "dnsmasq:2", False, 0, 0),
    )
    fetched = (
        FetchedImage("haproxy", "localhost/shoestring/haproxy:1", ImageOutcome.BUILT, 14.2, 90 * _MB, 70 * _MB),
        FetchedImage("dnsmasq", "dnsmasq:2", ImageOutcome.PULLED, 3.1, 12 * _MB),
    )
    return sections(list=states_lines(states), fetched=map(fetched_line, fetched))


def _uninstall() -> str:
    wanted = replace(
        PLAN,
        units=("shoestring.service", "shoestring-watchdog.timer"),
        directory=PATHS.root,
        services=("registry-docker",),
    )
    purge = replace(wanted, purge=True, volumes=("shoestring_blog_pages",))
    beside = replace(wanted, others=("demo",), cron=(Path("/etc/cron.d/shoestring"),), units=(), changes=())
    return sections(
        plan=uninstall_lines(wanted), purge=uninstall_lines(purge), beside_another_instance=uninstall_lines(beside)
    )


def _setup() -> str:
    simple = make_settings("public: {address: 203.0.113.7}\n")
    vpn = make_settings("internal: {address: 10.12.0.1}\nwireguard: {enabled: on}\nimages: {source: local}\n")
    plain = make_settings("internal: {address: 10.0.0.5, tls: none}\n")
    reachable = make_settings("internal: {address: 203.0.113.7}\n")
    host = rows(HostPlan(timers=True, swap=swap.SwapOffer(size=1024 * _MB), firewall=True))
    update = DirectoryUpdate(
        None, (FileChange(PurePosixPath("applications-public/example.yaml"), b"", Action.WRITE),), b""
    )
    return sections(
        this_host=summary.host_lines(_FACTS),
        answers=summary.settings_lines(simple, PATHS),
        answers_with_the_vpn=summary.settings_lines(vpn, PATHS),
        answers_with_a_public_internal_address=summary.settings_lines(reachable, PATHS),
        plan=summary.new_lines(vpn, PATHS, host),
        plan_of_another_run=summary.update_lines(simple, plain, update, host),
        done=summary.closing_lines(simple, PATHS, 41.0, is_default=True),
        done_with_the_vpn=summary.closing_lines(vpn, PATHS, 41.0, is_default=False),
        done_without_tls=summary.closing_lines(plain, PATHS, 41.0, is_default=True),
    )


SCREENS: Screens = {
    "timers": _timers,
    "swap": _swap,
    "memory": _memory,
    "images": _images,
    "uninstall": _uninstall,
    "setup": _setup,
}
