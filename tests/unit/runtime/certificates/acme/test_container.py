"""The command line of a program in a container."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from runtime.certificates.acme import container
from runtime.certificates.acme.container import ContainerMount, ContainerTask
from runtime.config.sections import ImageSettings
from runtime.config.settings import Settings
from runtime.docker import images

SETTINGS = Settings(domain="example.test", email="ops@example.test", instance="one")
TASK = ContainerTask(
    "lego",
    images.LEGO.reference,
    ("run",),
    (ContainerMount(Path("/d/lego"), "/data"), ContainerMount(Path("/ca.pem"), "/ca.pem", read_only=True)),
    {"B": "public"},
    {"A": "s3cret"},
)


def test_argv_has_no_values_of_variables() -> None:
    argv = container.argv(SETTINGS, TASK)
    assert "s3cret" not in " ".join(argv)
    assert "public" not in " ".join(argv)
    assert argv[argv.index("--env") :][:4] == ("--env", "A", "--env", "B")


def test_argv_is_hardened_and_labeled_as_task() -> None:
    argv = container.argv(SETTINGS, TASK)
    line = " ".join(argv)
    assert argv[:5] == ("docker", "run", "--rm", "--name", "one_lego")
    for words in ("--read-only", "--cap-drop ALL", "--security-opt no-new-privileges", "--log-driver none"):
        assert words in line
    assert "--label shoestring.task=one " in line
    assert "shoestring.instance" not in line
    assert "--volume /d/lego:/data:z --volume /ca.pem:/ca.pem:ro,z" in line
    assert argv[-2:] == (images.LEGO.reference, "run")


def test_argv_never_pulls_local_image() -> None:
    local = container.argv(replace(SETTINGS, images=ImageSettings(source="local")), TASK)
    assert local[local.index("--pull") + 1] == "never"
    assert local[-2] == images.local_name(images.LEGO)
