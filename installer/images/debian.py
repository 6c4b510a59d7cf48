"""The Debian that local images are based on: pulled if a registry answers, else made by mmdebstrap."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from installer.images.progress import EngineRefusalError, Meter, engine_refusals
from installer.images.pull import PullError, pull
from installer.images.stream import check_text
from runtime.base import command, files
from runtime.base.errors import ShoestringError
from runtime.docker import images

if TYPE_CHECKING:
    from docker import DockerClient

# The same three as in the official image: without the last, no image would get security updates.
SOURCES = (
    f"deb http://deb.debian.org/debian {images.BASE_SUITE} main",
    f"deb http://deb.debian.org/debian {images.BASE_SUITE}-updates main",
    f"deb http://deb.debian.org/debian-security {images.BASE_SUITE}-security main",
)
# Not /tmp: on many hosts that is memory, and an unpacked Debian does not fit there. Only root can write here, so
# nobody else can create the directory first.
WORK_DIRECTORY = Path("/var/cache")
TIMEOUT_SECONDS = 1800.0
IMPORT_REPOSITORY = f"{images.LOCAL_REPOSITORY}/debian"


@contextmanager
def provided(client: DockerClient, meter: Meter) -> Iterator[str]:
    """Provide a minimal Debian in the engine. Yield its name, which may be removed afterwards.

    Raises ShoestringError if no registry answers, and mmdebstrap is not installed or fails.
    """
    if _pulled(client, meter):
        yield images.BASE.reference
        return
    imported = _bootstrap(client, meter)
    try:
        yield imported
    finally:
        with suppress(EngineRefusalError), engine_refusals():
            client.images.remove(imported)


def _pulled(client: DockerClient, meter: Meter) -> bool:
    meter.report_line(f"pulling {images.BASE.reference}")
    try:
        pull(client, (images.BASE.reference,))
    except PullError as error:
        if not command.exists("mmdebstrap"):
            raise ShoestringError(
                f"{images.BASE.reference} cannot be pulled, and mmdebstrap, which makes it without a registry, "
                "is not installed. Install it (apt-get install mmdebstrap debian-archive-keyring) and try again."
            ) from error
        return False
    return True


def _bootstrap(client: DockerClient, meter: Meter) -> str:
    """Make a Debian with mmdebstrap and import it. Return its name."""
    meter.report_line("no registry answers; mmdebstrap makes it from Debian's packages")
    directory = WORK_DIRECTORY / f"shoestring-{secrets.token_hex(8)}"
    try:
        # apt drops its privileges in there, and must still be able to read.
        files.make_directory(directory, 0o755)
        archive = directory / "debian.tar"
        try:
            command.check(bootstrap_command(archive), timeout=TIMEOUT_SECONDS, environment={"TMPDIR": str(directory)})
        except command.CommandError as error:
            raise ShoestringError(
                "mmdebstrap could not make the base of the local images. Check that this host reaches "
                f"deb.debian.org, then try again. Its output:\n{error.result.tail()}"
            ) from error
        meter.report_line("importing it into the engine")
        with engine_refusals():
            check_text(client.api.import_image(str(archive), repository=IMPORT_REPOSITORY, tag=images.BASE_SUITE))
    except EngineRefusalError as error:
        raise ShoestringError(f"Docker could not import the base of the local images: {error}.") from error
    finally:
        files.remove_tree(directory)
    return f"{IMPORT_REPOSITORY}:{images.BASE_SUITE}"


def bootstrap_command(archive: Path) -> tuple[str, ...]:
    """Return the command that makes a minimal Debian as a tar archive, see mmdebstrap(1)."""
    recipe = images.recipe_folder(images.BASE)
    return (
        "mmdebstrap",
        "--variant=minbase",
        f"--dpkgopt={recipe / 'dpkg.conf'}",
        f"--aptopt={recipe / 'apt.conf'}",
        # mmdebstrap takes both from the host.
        '--customize-hook=rm -f "$1/etc/hostname" "$1/etc/resolv.conf"',
        '--customize-hook=rm -f "$1"/var/cache/debconf/*-old "$1"/var/lib/dpkg/*-old',
        images.BASE_SUITE,
        str(archive),
        *SOURCES,
    )
