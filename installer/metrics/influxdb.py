"""Queries to InfluxDB by its own client in its container, as the administrator or as the reader."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from runtime.base import command
from runtime.base.errors import ShoestringError, UsageError
from runtime.context.cluster import Cluster
from runtime.docker.observed import observe

APPLICATION, SERVICE = "influxdb", "application"
DATABASE = "telegraf"
ADMIN, READER = "admin", "reader"
# The retention policies: points as measured, and hourly means; see templates/services/influxdb/conf/start.sh.
RECENT, HOURLY = "recent", "hourly"
# The file that says that InfluxDB has created its users and its database.
MADE = "data/influxdb/.shoestring"
LONGEST_DAYS = 3650
# From this many days on, a shard has a week of points instead of a day; a shard is removed as a whole.
WEEKLY_FROM_DAYS = 14
QUERY_TIMEOUT_SECONDS = 60.0
_DURATION = re.compile(r"(\d+)h0m0s")
# The container has the passwords in its environment: none is in a process list.
_CLIENT = """\
export INFLUX_USERNAME="$1" INFLUX_PASSWORD="$(printenv "$2")"
shift 2
exec influx "$@"
"""


@dataclass(frozen=True)
class Retention:
    """The days that points are kept (0: forever), and hourly means."""

    days: int
    hourly_days: int

    def shortens(self, days: int) -> bool:
        """Return whether existing points would be deleted if points were kept for `days` days."""
        return self.days == 0 or days < self.days


def shell(cluster: Cluster, terminal: bool) -> NoReturn:
    """Replace this process by InfluxDB's client as its administrator. Raises ShoestringError if it does not run."""
    interactive = ("-it",) if terminal else ("-i",)
    options = ("-database", DATABASE, "-precision", "rfc3339")
    command.exec_replace(("docker", "exec", *interactive, _container(cluster), *_client(ADMIN), *options))


def ask(cluster: Cluster, query: str, user: str = READER) -> list[Mapping[str, Any]]:
    """Return the series that a query finds, in InfluxDB's JSON form; for several statements all of them, in order.

    https://docs.influxdata.com/influxdb/v1/tools/api/#query-http-endpoint. Times are seconds since the epoch.
    Raises ShoestringError if InfluxDB does not run, or refuses the query.
    """
    options = ("-database", DATABASE, "-precision", "s", "-format", "json")
    container = _container(cluster)
    argv = ("docker", "exec", "-i", container, *_client(user), *options)
    result = command.run(argv, stdin=query, timeout=QUERY_TIMEOUT_SECONDS)
    try:
        answers = json.loads(result.out)["results"]
    except (ValueError, LookupError) as error:
        raise ShoestringError(
            f"InfluxDB gave no answer: {result.tail(1)}. If it has run for a minute, see why: docker logs {container}"
        ) from error
    wrong = [each["error"] for each in answers if "error" in each]
    if wrong:
        raise ShoestringError(
            f"InfluxDB refused a query: {wrong[0]}. If a user or the database is missing, re-create them: "
            f"remove {MADE}, then docker restart {container}"
        )
    # The client returns a result for each series.
    return [series for each in answers for series in each.get("series", ())]


def retention(cluster: Cluster) -> Retention:
    """Return how long points are kept. Raises ShoestringError as `ask`."""
    (series,) = ask(cluster, f'SHOW RETENTION POLICIES ON "{DATABASE}"', ADMIN)
    rows = [dict(zip(series["columns"], row, strict=True)) for row in series["values"]]
    days = {row["name"]: _days(row["duration"]) for row in rows}
    if RECENT not in days or HOURLY not in days:
        raise ShoestringError(
            f'The database {DATABASE} lacks the retention policy "{RECENT}" or "{HOURLY}". Make them again: remove '
            f"{MADE}, then docker restart {_container(cluster)}"
        )
    return Retention(days[RECENT], days[HOURLY])


def set_retention(cluster: Cluster, days: int) -> None:
    """Keep points for this many days; older ones are deleted within the hour. Raises ShoestringError as `ask`."""
    shard = "7d" if days >= WEEKLY_FROM_DAYS else "1d"
    ask(cluster, f'ALTER RETENTION POLICY "{RECENT}" ON "{DATABASE}" DURATION {days}d SHARD DURATION {shard}', ADMIN)


def checked_days(days: int) -> int:
    """Return a valid number of days. Raises UsageError."""
    if not 1 <= days <= LONGEST_DAYS:
        raise UsageError(f"{days} is not a number of days from 1 to {LONGEST_DAYS}.")
    return days


def _days(duration: str) -> int:
    found = _DURATION.fullmatch(duration)
    return int(found[1]) // 24 if found else 0


def _client(user: str) -> tuple[str, ...]:
    return ("sh", "-c", _CLIENT, "influx", user, f"INFLUXDB_{user.upper()}_PASSWORD")


def _container(cluster: Cluster) -> str:
    """Return the name of the running container."""
    seen = observe(cluster.client, cluster.settings.instance)
    for each in seen.of(APPLICATION):
        if each.service == SERVICE and each.running:
            return each.name
    raise ShoestringError(
        "InfluxDB does not run. Add it: shoestring service add influxdb telegraf; or see: shoestring status"
    )
