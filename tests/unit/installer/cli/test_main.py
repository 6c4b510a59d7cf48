"""How the command line ends, as far as it needs no engine."""

from __future__ import annotations

import pytest

from installer.cli import main
from installer.data_directory import default_directory, settings_file
from runtime.base.errors import ExitCode
from runtime.base.paths import Paths
from tests.support.builders.runtime import make_settings


@pytest.mark.parametrize("recorded", [True, False])
def test_an_error_says_what_its_command_needs_for_this_instance(
    paths: Paths, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], recorded: bool
) -> None:
    paths.settings.write_text(settings_file.render(make_settings()))
    monkeypatch.setattr(default_directory, "read", lambda *_: paths.root if recorded else paths.root / "other")
    monkeypatch.setattr("sys.argv", ["shoestring", "ssl", "ca", "--data-directory", str(paths.root)])
    with pytest.raises(SystemExit) as ended:
        main.main()
    assert ended.value.code == ExitCode.FAILED
    said = capsys.readouterr().err.splitlines()
    assert said[0].endswith("Make it with: shoestring start")
    assert said[1:] == ([] if recorded else [f"For this instance add: --data-directory {paths.root}"])
