"""A faked systemd, for tests in which units are written."""

from __future__ import annotations

from pathlib import Path

# As systemctl(1) on a booted host: a unit that is not there is an error.
SYSTEMCTL = """\
#!/bin/sh
echo "$*" >>"$PLACE/calls"
verb=$1
shift
for word; do
  case $word in -*) continue ;; esac
  [ -e "$PLACE/units/$word" ] && continue
  echo "Unit $word does not exist." >&2
  exit 1
done
if [ "$verb" = "$(cat "$PLACE/refused")" ]; then
  echo "Refused, for the test." >&2
  exit 1
fi
"""


class FakedSystemd:
    """A directory of units and a systemctl that knows what is in it. Records its calls."""

    def __init__(self, place: Path) -> None:
        self.units = place / "units"
        self.programs = place / "bin"
        self._calls, self._refused = place / "calls", place / "refused"
        for directory in (self.units, self.programs):
            directory.mkdir(parents=True)
        self._calls.touch()
        self.refuse("")
        self.program("systemctl", SYSTEMCTL.replace("$PLACE", str(place)))
        self.program("sync", f'#!/bin/sh\necho "sync $*" >>{self._calls}\n')

    @property
    def calls(self) -> list[str]:
        """The calls of systemctl and sync so far."""
        return self._calls.read_text().splitlines()

    def refuse(self, verb: str) -> None:
        """Have systemctl fail at one of its verbs."""
        self._refused.write_text(verb)

    def program(self, name: str, script: str) -> None:
        """Put a program in place of that of this machine."""
        file = self.programs / name
        file.write_text(script)
        file.chmod(0o755)
