"""Has HAProxy itself check a configuration, in a container that ends."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from runtime.base.errors import ShoestringError
from runtime.docker.hardening import Hardening
from runtime.docker.images import LOCAL_REPOSITORY
from runtime.proxy.container import CERTIFICATES_MOUNT, CONFIGURATION_MOUNT, PROXY_GID, PROXY_UID

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.containers import Container

TIMEOUT_SECONDS = 60
FILE = "haproxy.cfg"
# Left behind only if this process is killed while HAProxy checks; the next check then removes it.
LABEL = "shoestring.check"
_HARDENING = Hardening("128m", 16, f"{PROXY_UID}:{PROXY_GID}")
_MESSAGE = re.compile(r"\[(ALERT|WARNING|NOTICE)\]\s+\(\d+\) : (?:config : )?(.*)")
_PLACE = re.compile(r"\[[^\]]*" + re.escape(FILE) + r":(\d+)\] ?")
_PREFIX = re.compile(r"(parsing )?" + _PLACE.pattern + r": ?")
# The lines that HAProxy adds at the end have no further information.
_SUMMARIES = ("Error(s) found in configuration file", "Fatal errors found in configuration", "Proxy '")


@dataclass(frozen=True)
class CheckMessage:
    """One message of HAProxy about a configuration; `line` counts from 1, 0 if it names none."""

    line: int
    text: str


@dataclass(frozen=True)
class CheckResult:
    """Whether HAProxy accepts a configuration; why not; and its warnings."""

    ok: bool
    errors: tuple[CheckMessage, ...]
    warnings: tuple[CheckMessage, ...]


def check(
    client: DockerClient, image: str, directory: Path, certificates: Path, timeout: float = TIMEOUT_SECONDS
) -> CheckResult:
    """Have HAProxy check `directory`/haproxy.cfg with the certificates, as the user and with the rights it runs with.

    The container has no network, is bounded by `timeout` (in seconds) and is always removed. Raises
    ShoestringError if it cannot be run at all or does not end in time.
    """
    from docker.errors import DockerException

    try:
        _remove_leftovers(client, directory)
        _get(client, image)
        with _container(client, image, directory, certificates) as container:
            container.start()
            try:
                code = int(container.wait(timeout=timeout)["StatusCode"])
            # The SDK lets the errors of its HTTP library through; they are OSErrors.
            except OSError as error:
                raise ShoestringError(f"HAProxy did not check {directory / FILE} within {timeout:.0f} s.") from error
            output = container.logs(stdout=True, stderr=True).decode(errors="replace")
    except (DockerException, OSError) as error:
        raise ShoestringError(f"Docker cannot run HAProxy to check {directory / FILE}: {error}") from error
    return parse(code, output)


def _get(client: DockerClient, image: str) -> None:
    """Pull an image that is not there yet, as Compose does for all that runs: a setup may have been killed before."""
    from docker.errors import DockerException, ImageNotFound

    try:
        client.images.get(image)
    except ImageNotFound as missing:
        if image.startswith(f"{LOCAL_REPOSITORY}/"):
            raise ShoestringError(
                f"The local image {image} is not on this host. Build it: shoestring images build"
            ) from missing
        try:
            client.images.pull(image)
        except DockerException as error:
            raise ShoestringError(
                f"The image {image} is not on this host, and cannot be pulled: {error}. Check that this host reaches "
                "its registry; to build it here, set images.source to local and run: shoestring images build"
            ) from error


@contextmanager
def _container(client: DockerClient, image: str, directory: Path, certificates: Path) -> Iterator[Container]:
    container = client.containers.create(
        image,
        entrypoint=["haproxy", "-c", "-f", f"{CONFIGURATION_MOUNT}/{FILE}"],
        command=[],
        network_mode="none",
        **_HARDENING.sdk_options(),
        labels={LABEL: str(directory)},
        volumes={
            str(directory): {"bind": CONFIGURATION_MOUNT, "mode": "ro,z"},
            str(certificates): {"bind": CERTIFICATES_MOUNT, "mode": "ro,z"},
        },
    )
    try:
        yield container
    finally:
        container.remove(force=True, v=True)


def _remove_leftovers(client: DockerClient, directory: Path) -> None:
    for container in client.containers.list(all=True, filters={"label": f"{LABEL}={directory}"}):
        container.remove(force=True, v=True)


def parse(code: int, output: str) -> CheckResult:
    """Return what HAProxy found, from its exit code and output. Anything but exit code 0 is a refusal."""
    alerts: list[CheckMessage] = []
    warnings: list[CheckMessage] = []
    for line in output.splitlines():
        match = _MESSAGE.match(line)
        if match is None or match[2].startswith(_SUMMARIES):
            continue
        place = _PLACE.search(match[2])
        # The line is reported separately, and the path is that inside the container.
        message = CheckMessage(int(place[1]) if place else 0, _PLACE.sub("", _PREFIX.sub("", match[2])).strip())
        if match[1] != "NOTICE":
            (alerts if match[1] == "ALERT" else warnings).append(message)
    if code == 0:
        return CheckResult(True, (), tuple(warnings))
    if not alerts:
        last = output.strip().splitlines()[-3:]
        alerts = [CheckMessage(0, " ".join(last) or f"HAProxy ended with exit code {code}")]
    return CheckResult(False, tuple(dict.fromkeys(alerts)), tuple(warnings))
