"""Dates as intervals: every precision, every zone, and nothing that is not a date."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.fhir.dates import (
    BEGINNING,
    DAY,
    END,
    SECOND,
    Interval,
    instant_text,
    interval_of,
    parse_instant,
    parse_interval,
    parse_search_date,
)
from api.fhir.outcome import Failure, FailureKind

MELBOURNE = ZoneInfo("Australia/Melbourne")
GREENWICH = ZoneInfo("UTC")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def microseconds(text: str) -> int:
    return (datetime.fromisoformat(text) - EPOCH) // timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("2026", "2026-01-01T00:00:00+11:00", "2027-01-01T00:00:00+11:00"),
        ("2026-02", "2026-02-01T00:00:00+11:00", "2026-03-01T00:00:00+11:00"),
        ("2026-12", "2026-12-01T00:00:00+11:00", "2027-01-01T00:00:00+11:00"),
        ("2024-02-29", "2024-02-29T00:00:00+11:00", "2024-03-01T00:00:00+11:00"),
        ("2026-03-02T13:10", "2026-03-02T13:10:00+11:00", "2026-03-02T13:11:00+11:00"),
        ("2026-03-02T13:10:05Z", "2026-03-02T13:10:05+00:00", "2026-03-02T13:10:06+00:00"),
        ("2026-03-02T13:10:05-03:30", "2026-03-02T16:40:05+00:00", "2026-03-02T16:40:06+00:00"),
        ("2026-03-02T13:10:05.5Z", "2026-03-02T13:10:05.5+00:00", "2026-03-02T13:10:05.6+00:00"),
        (
            "2026-03-02T13:10:05.123456789Z",
            "2026-03-02T13:10:05.123456+00:00",
            "2026-03-02T13:10:05.123457+00:00",
        ),
        ("2016-12-31T23:59:60Z", "2017-01-01T00:00:00+00:00", "2017-01-01T00:00:01+00:00"),
    ],
)
def test_a_date_covers_all_that_its_precision_leaves_open(text: str, low: str, high: str) -> None:
    assert parse_interval(text, MELBOURNE) == Interval(microseconds(low), microseconds(high))


@pytest.mark.parametrize(
    ("text", "hours"), [("2026-04-05", 25), ("2026-10-04", 23), ("2026-07-01", 24)]
)
def test_a_day_on_which_the_clocks_change_is_as_long_as_it_is(text: str, hours: int) -> None:
    interval = parse_interval(text, MELBOURNE)
    assert interval.high - interval.low == hours * 3600 * SECOND


@pytest.mark.parametrize("zone", [MELBOURNE, GREENWICH, ZoneInfo("America/New_York")])
@pytest.mark.parametrize("text", ["0001", "0001-01-01", "9999", "9999-12", "9999-12-31"])
def test_the_first_and_the_last_year_can_be_told(text: str, zone: ZoneInfo) -> None:
    interval = parse_interval(text, zone)
    assert BEGINNING < interval.low < interval.high < END


@pytest.mark.parametrize(
    "text",
    [
        "", "0000", "26", "2026-13", "2026-00", "2026-2", "2026-02-30", "2025-02-29", "***",
        "2026-03-02T", "2026-03-02T13", "2026-03-02T24:00:00Z", "2026-03-02T13:60:00Z",
        "2026-03-02T13:10:61Z", "2026-03-02 13:10", "2026-03-02T13:10:05.Z", "20260302",
        "2026-03-02T13:10:05+15:00", "2026-03-02T13:10:05+1100", "\u0662\u0660\u0662\u0666",
        "2026-03-02\n", " 2026",
    ],
)  # fmt: skip
def test_what_is_no_date_is_refused_and_the_parameter_named(text: str) -> None:
    with pytest.raises(Failure) as refused:
        parse_search_date(text, MELBOURNE, "birthdate")
    assert refused.value.kind is FailureKind.INVALID
    assert refused.value.issues[0].expression == ("http.birthdate",)


def test_a_plus_sign_that_arrived_as_a_space_is_still_a_zone() -> None:
    written = parse_search_date("2026-03-02T13:10:00 11:00", GREENWICH, "date")
    assert written == parse_interval("2026-03-02T13:10:00+11:00", GREENWICH)


@pytest.mark.parametrize("text", ["2026", "2026-03-02T13:10Z", "2026-03-02T13:10:00", "soon"])
def test_an_instant_has_seconds_and_a_zone(text: str) -> None:
    with pytest.raises(Failure) as refused:
        parse_instant(text, "_since")
    assert refused.value.issues[0].expression == ("http._since",)


@pytest.mark.parametrize(
    ("period", "low", "high"),
    [
        ({"start": "2026-03-02", "end": "2026-03-04"}, "2026-03-02", "2026-03-05"),
        ({"start": "2026-03-02"}, "2026-03-02", None),
        ({"end": "2026-03-04"}, None, "2026-03-05"),
    ],
)
def test_a_period_includes_its_end_and_may_be_open(
    period: dict[str, str], low: str | None, high: str | None
) -> None:
    expected = Interval(
        microseconds(f"{low}T00:00:00+00:00") if low else BEGINNING,
        microseconds(f"{high}T00:00:00+00:00") if high else END,
    )
    assert interval_of(period, "Period", GREENWICH) == expected


def test_only_the_outer_limits_of_a_timing_count() -> None:
    timing = {
        "event": ["2026-03-05", "2026-03-02"],
        "repeat": {"boundsPeriod": {"start": "2026-03-01", "end": "2026-03-03"}},
    }
    first, last = (
        microseconds("2026-03-01T00:00:00+00:00"),
        microseconds("2026-03-06T00:00:00+00:00"),
    )
    assert interval_of(timing, "Timing", GREENWICH) == Interval(first, last)


@pytest.mark.parametrize(
    ("value", "datatype"),
    [
        ({"extension": []}, "Period"),
        ({"repeat": {"frequency": 1}}, "Timing"),
        ({"repeat": {"boundsDuration": {"value": 6}}}, "Timing"),
        ("last spring", "dateTime"),
        ("2026", "string"),
        ({"value": 40}, "Age"),
        (None, "date"),
    ],
)
def test_what_says_no_date_has_no_interval(value: object, datatype: str) -> None:
    assert interval_of(value, datatype, GREENWICH) is None


@given(st.integers(-62_135_596_800_000, 253_402_300_799_999))
def test_an_instant_survives_being_written_and_read(milliseconds: int) -> None:
    text = instant_text(milliseconds * 1_000)
    assert len(text) == len("2026-11-22T02:15:39.123Z")
    assert parse_instant(text, "_since") == milliseconds * 1_000


@given(st.dates(), st.sampled_from(["Australia/Melbourne", "UTC", "America/St_Johns"]))
def test_a_day_lies_in_its_month_and_the_month_in_its_year(day: object, zone: str) -> None:
    intervals = [parse_interval(str(day)[:length], ZoneInfo(zone)) for length in (10, 7, 4)]
    for inner, outer in pairwise(intervals):
        assert outer.low <= inner.low < inner.high <= outer.high
    assert abs(intervals[0].high - intervals[0].low - DAY) <= DAY


@given(st.text())
def test_any_text_is_a_date_or_refused(text: str) -> None:
    try:
        interval = parse_search_date(text, MELBOURNE, "date")
    except Failure:
        return
    assert interval.low < interval.high
