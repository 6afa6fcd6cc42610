"""Intervals of dates and numbers as R4 defines them, worked out afresh for the slow matcher.

https://hl7.org/fhir/R4/search.html#prefix
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import Decimal
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Australia/Melbourne")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
UNBOUNDED = 10**20

DATE_TIME = re.compile(
    r"(?P<year>\d{4})(?:-(?P<month>\d\d)(?:-(?P<day>\d\d)"
    r"(?:T(?P<hour>\d\d):(?P<minute>\d\d)(?::(?P<second>\d\d)(?:\.(?P<fraction>\d+))?)?"
    r"(?P<zone>Z|[+-]\d\d:\d\d)?)?)?)?"
)
PREFIXED = re.compile(r"(eq|ne|gt|lt|ge|le|sa|eb)?(.*)", re.DOTALL)


@dataclass(frozen=True)
class Interval:
    """Half open: `low` belongs to it and `high` does not."""

    low: int
    high: int

    def holds(self, prefix: str, searched: "Interval") -> bool:
        """Whether this value of a resource satisfies prefix and searched value."""
        contained = searched.low <= self.low and self.high <= searched.high
        return {
            "eq": contained,
            "ne": not contained,
            "gt": self.high > searched.high,
            "lt": self.low < searched.low,
            "ge": self.high > searched.high or contained,
            "le": self.low < searched.low or contained,
            "sa": self.low >= searched.high,
            "eb": self.high <= searched.low,
        }[prefix]


def split_prefix(text: str) -> tuple[str, str]:
    """The prefix, `eq` where there is none, and the rest."""
    found = PREFIXED.fullmatch(text)
    assert found is not None
    return found[1] or "eq", found[2]


def date_interval(text: str) -> Interval:
    """What a date, dateTime or instant covers, in microseconds since 1970 (UTC).

    Where it carries no zone it is read in Melbourne.
    """
    found = DATE_TIME.fullmatch(text)
    assert found is not None, text
    year, month = int(found["year"]), int(found["month"] or 1)
    day = int(found["day"] or 1)
    if found["hour"] is None:
        low = datetime(year, month, day, tzinfo=ZONE)
        if found["day"]:
            high = datetime(year, month, day, tzinfo=ZONE) + timedelta(days=1)
        elif found["month"]:
            high = datetime(year + month // 12, month % 12 + 1, 1, tzinfo=ZONE)
        else:
            high = datetime(year + 1, 1, 1, tzinfo=ZONE)
        return Interval(_microseconds(low), _microseconds(high))
    fraction = (found["fraction"] or "")[:6]
    moment = datetime(
        year, month, day, int(found["hour"]), int(found["minute"]), int(found["second"] or 0),
        int(fraction.ljust(6, "0")), tzinfo=_zone(found["zone"]),
    )  # fmt: skip
    width = 10 ** (6 - len(fraction)) if found["second"] else 60_000_000
    low_microseconds = _microseconds(moment)
    return Interval(low_microseconds, low_microseconds + width)


def _zone(text: str | None) -> tzinfo | None:
    if text is None:
        return ZONE
    return datetime.fromisoformat(f"2000-01-01T00:00:00{text}").tzinfo


def _microseconds(moment: datetime) -> int:
    return (moment.astimezone(UTC) - EPOCH) // MICROSECOND


def number_holds(value: Decimal, prefix: str, text: str) -> bool:
    """Whether an exact number satisfies prefix and searched number.

    Only `eq` and `ne` see the searched number as the range that its digits imply: `100` is
    [99.5, 100.5), `100.00` is [99.995, 100.005), and `1e2` is [95, 105), as R4's own table says.
    """
    searched = Decimal(text)
    exponent = searched.as_tuple().exponent
    assert isinstance(exponent, int)
    is_whole_with_exponent = "e" in text.lower() and "." not in text
    half = Decimal((0, (5,), exponent - (2 if is_whole_with_exponent else 1)))
    implied = searched - half <= value < searched + half
    return {
        "eq": implied,
        "ne": not implied,
        "gt": value > searched,
        "lt": value < searched,
        "ge": value >= searched,
        "le": value <= searched,
        "sa": value > searched,
        "eb": value < searched,
    }[prefix]
