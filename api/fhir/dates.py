"""Dates, partial dates and instants as half-open intervals of microseconds.

https://hl7.org/fhir/R4/search.html#date and https://hl7.org/fhir/R4/datatypes.html#dateTime

`1980-05` is every microsecond of that month: `[low, high)`. Values without a time zone are read in
a zone that the caller names (the server's). Instants inside the program are integers, microseconds
since 1970-01-01T00:00:00Z, because a database that drops zones cannot then drop anything.
"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from api.fhir.outcome import Failure, FailureKind, Issue

SECOND: Final = 1_000_000
DAY: Final = 86_400 * SECOND

# Open ends of Periods. They stay far outside the years 0001 to 9999 and inside 64 bits, also after
# an approximate search has widened an interval by a tenth of its distance from now.
BEGINNING: Final = -(2**62)
END: Final = 2**62

_EPOCH_DAY: Final = date(1970, 1, 1).toordinal()
_YEAR_DIGITS: Final = 4
_DATE: Final = re.compile(
    r"(?P<year>\d{4})(?:-(?P<month>0[1-9]|1[0-2])(?:-(?P<day>0[1-9]|[12]\d|3[01])"
    r"(?:T(?P<hour>[01]\d|2[0-3]):(?P<minute>[0-5]\d)"
    r"(?::(?P<second>[0-5]\d|60)(?:\.(?P<fraction>\d{1,30}))?)?"
    r"(?P<zone>Z|[+-](?:0\d|1[0-3]):[0-5]\d|[+-]14:00)?)?)?)?",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Interval:
    """A half-open interval `[low, high)` of microseconds since 1970 in UTC."""

    low: int
    high: int


def parse_interval(text: str, zone: ZoneInfo) -> Interval:
    """Read a FHIR date, dateTime or instant of any precision; raise ValueError for anything else.

    Minutes without seconds are read too, because search values may end there. A leap second is
    the first second of the next minute, as POSIX time has it.
    """
    match = _DATE.fullmatch(text)
    if match is None or match["year"] == "0000":
        msg = "not a FHIR date"
        raise ValueError(msg)
    if match["hour"] is None:
        return _whole_days(match, zone)
    low = _local_microseconds(match) - _offset(match, zone)
    return Interval(low, low + _precision(match))


def parse_instant(text: str, parameter: str) -> int:
    """Read an instant, which has seconds and a zone; the Failure names `parameter`."""
    match = _DATE.fullmatch(text)
    if match is None or match["zone"] is None or match["second"] is None:
        raise _not_a_date(parameter, "an instant such as 2026-03-02T13:10:00+11:00")
    try:
        return parse_interval(text, ZoneInfo("UTC")).low
    except ValueError:
        raise _not_a_date(parameter, "an instant such as 2026-03-02T13:10:00+11:00") from None


def parse_search_date(text: str, zone: ZoneInfo, parameter: str) -> Interval:
    """Read the date of a search value, its prefix already taken off; the Failure names it."""
    try:
        # A plus sign that was not percent-encoded arrives as a space, and no date holds a space.
        return parse_interval(re.sub(r" (?=\d\d:\d\d$)", "+", text), zone)
    except ValueError:
        raise _not_a_date(
            parameter, "a date such as 2026, 2026-03, 2026-03-02 or a dateTime"
        ) from None


def instant_text(microseconds: int) -> str:
    """Write an instant with milliseconds in UTC, as `meta.lastUpdated` carries it."""
    moment = datetime.fromtimestamp(0, tz=UTC) + timedelta(microseconds=microseconds)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z".rjust(24, "0")


def interval_of(value: Any, datatype: str, zone: ZoneInfo) -> Interval | None:
    """Give the interval of a date, dateTime, instant, Period or Timing; None when it has none.

    Only the outer limits of a Timing count: its events and the Period that bounds its repetition.
    """
    try:
        if isinstance(value, str):
            return parse_interval(value, zone) if datatype in _TEXTS else None
        if isinstance(value, dict) and datatype in _READERS:
            return _READERS[datatype](value, zone)
    except ValueError:
        return None
    return None


def _period(period: dict[str, Any], zone: ZoneInfo) -> Interval | None:
    start, end = period.get("start"), period.get("end")
    if not isinstance(start, str) and not isinstance(end, str):
        return None
    low = parse_interval(start, zone).low if isinstance(start, str) else BEGINNING
    high = parse_interval(end, zone).high if isinstance(end, str) else END
    return Interval(low, high) if low < high else None


def _timing(timing: dict[str, Any], zone: ZoneInfo) -> Interval | None:
    events = timing.get("event") or []
    limits = [parse_interval(event, zone) for event in events if isinstance(event, str)]
    bounds = (timing.get("repeat") or {}).get("boundsPeriod")
    period = _period(bounds, zone) if isinstance(bounds, dict) else None
    if period is not None:
        limits.append(period)
    if not limits:
        return None
    return Interval(min(each.low for each in limits), max(each.high for each in limits))


def _not_a_date(parameter: str, expected: str) -> Failure:
    sentence = f"The value of {parameter} is not {expected}."
    return Failure(FailureKind.INVALID, Issue("value", sentence, (f"http.{parameter}",)))


def _whole_days(match: re.Match[str], zone: ZoneInfo) -> Interval:
    """Run from local midnight to local midnight, also over a change of the clocks."""
    year, month, day = int(match["year"]), int(match["month"] or 1), int(match["day"] or 1)
    first = date(year, month, day).toordinal()
    if match["day"]:
        return Interval(_midnight(first, zone), _midnight(first + 1, zone))
    months = 1 if match["month"] else 12
    last = year * 12 + month - 1 + months
    after = _first_of_month(last // 12, last % 12 + 1)
    return Interval(_midnight(first, zone), _midnight(after, zone))


def _first_of_month(year: int, month: int) -> int:
    if year > date.max.year:
        return date.max.toordinal() + 1
    return date(year, month, 1).toordinal()


def _midnight(ordinal: int, zone: ZoneInfo) -> int:
    known = min(ordinal, date.max.toordinal())
    offset = zone.utcoffset(datetime.combine(date.fromordinal(known), time()))
    return (ordinal - _EPOCH_DAY) * DAY - _microseconds(offset)


def _local_microseconds(match: re.Match[str]) -> int:
    day = date(int(match["year"]), int(match["month"]), int(match["day"])).toordinal()
    seconds = int(match["hour"]) * 3600 + int(match["minute"]) * 60 + int(match["second"] or 0)
    fraction = int((match["fraction"] or "0").ljust(6, "0")[:6])
    return (day - _EPOCH_DAY) * DAY + seconds * SECOND + fraction


def _precision(match: re.Match[str]) -> int:
    if match["second"] is None:
        return 60 * SECOND
    digits = min(len(match["fraction"] or ""), 6)
    return SECOND // int(f"1{'0' * digits}")


def _offset(match: re.Match[str], zone: ZoneInfo) -> int:
    written = match["zone"]
    if written == "Z":
        return 0
    if written:
        minutes = int(written[1:3]) * 60 + int(written[4:6])
        return (-minutes if written[0] == "-" else minutes) * 60 * SECOND
    day = date(int(match["year"]), int(match["month"]), int(match["day"]))
    wall_clock = datetime.combine(day, time(int(match["hour"]), int(match["minute"])))
    return _microseconds(zone.utcoffset(wall_clock))


def _microseconds(offset: timedelta | None) -> int:
    return (offset or timedelta()) // timedelta(microseconds=1)


_TEXTS: Final = ("date", "dateTime", "instant")
_READERS: Final = {"Period": _period, "Timing": _timing}
