"""The figures of the page of plots, as data; docs/services.md lists all metrics."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

# Telegraf's interval; a smaller step has gaps.
INTERVAL_SECONDS = 30


class FigureUnit(StrEnum):
    """The unit of a number."""

    PERCENT = "percent"
    BYTES = "bytes"
    BYTES_PER_SECOND = "bytes per second"
    PER_SECOND = "per second"
    MILLISECONDS = "milliseconds"
    DAYS = "days"
    NUMBER = "number"


@dataclass(frozen=True)
class Figure:
    """One query of the page, and the rows that it makes.

    `value` is the field as InfluxQL. With `by` there is a row for each value of that tag, and `name` has it in
    braces. `top` is the upper end of the scale, 0 for the highest value.
    """

    group: str
    name: str
    unit: FigureUnit
    measurement: str
    value: str
    by: str = ""
    where: str = ""
    top: float = 0.0

    def query(self, start: int, step: int, column: str) -> str:
        """Return InfluxQL for a value each `step` (seconds) since `start` (seconds since the epoch), as `column`."""
        where = f"{self.where} AND " if self.where else ""
        by = f', "{self.by}"' if self.by else ""
        select = f'SELECT {self.value} AS "{column}" FROM "{self.measurement}"'  # noqa: S608 - words of our own
        return f"{select} WHERE {where}time >= {start}s GROUP BY time({step}s){by} fill(none)"


def _rate(field: str) -> str:
    return f'non_negative_derivative(last("{field}"), 1s)'


# Backends of applications; those that the proxy itself answers begin with an underscore.
_BACKENDS = '"type" = \'backend\' AND "proxy" !~ /^_/'
_CONTAINER, _PROXY, _CLIENT = "container_name", "proxy", "client"
_TRAFFIC = FigureUnit.BYTES_PER_SECOND
FIGURES = (
    Figure("HOST", "processor", FigureUnit.PERCENT, "cpu", 'mean("usage_active")', top=100),
    Figure("HOST", "memory", FigureUnit.PERCENT, "mem", '100 - mean("available_percent")', top=100),
    Figure("HOST", "swap", FigureUnit.PERCENT, "swap", 'mean("used_percent")', top=100),
    Figure("HOST", "load", FigureUnit.NUMBER, "system", 'mean("load1")'),
    Figure("HOST", "disk {disk}", FigureUnit.PERCENT, "disk", 'max("used_percent")', by="disk", top=100),
    Figure("HOST", "{interface} in", _TRAFFIC, "net", _rate("bytes_recv"), by="interface"),
    Figure("HOST", "{interface} out", _TRAFFIC, "net", _rate("bytes_sent"), by="interface"),
    Figure(
        "PROCESSOR",
        "{container_name}",
        FigureUnit.PERCENT,
        "docker_container_cpu",
        'mean("usage_percent")',
        _CONTAINER,
    ),
    Figure("MEMORY", "{container_name}", FigureUnit.BYTES, "docker_container_mem", 'mean("usage")', _CONTAINER),
    Figure("REQUESTS", "{proxy}", FigureUnit.PER_SECOND, "haproxy", _rate("req_tot"), _PROXY, _BACKENDS),
    Figure("ERRORS", "{proxy}", FigureUnit.PER_SECOND, "haproxy", _rate("http_response.5xx"), _PROXY, _BACKENDS),
    Figure("LATENCY", "{proxy}", FigureUnit.MILLISECONDS, "haproxy", 'mean("rtime")', _PROXY, _BACKENDS),
    Figure("CERTIFICATES", "{name}", FigureUnit.DAYS, "shoestring_certificate", 'last("days_left")', "name"),
    Figure("VPN", "{client} in", _TRAFFIC, "shoestring_peer", _rate("rx_bytes"), _CLIENT),
    Figure("VPN", "{client} out", _TRAFFIC, "shoestring_peer", _rate("tx_bytes"), _CLIENT),
)
