"""The grammar of a search, and what it says when it refuses."""

from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.fhir.index_keys import low_key
from api.fhir.outcome import Failure, FailureKind
from api.fhir.search_condition import Condition, split_values, unescape
from api.fhir.search_parameter import CONTROLS, MODIFIERS
from api.fhir.search_query import (
    MAX_COMPARISONS,
    MAX_SORT_KEYS,
    SearchOptions,
    SearchQuery,
    parse_search,
)

NOW = 1_767_225_600_000_000  # 2026-01-01T00:00:00Z
BASE = "http://runspine.test/fhir"


def parsed(resource_type: str, query: str, *, lenient: bool = False) -> SearchQuery:
    options = SearchOptions(lenient, ZoneInfo("Australia/Melbourne"), BASE, NOW)
    return parse_search(resource_type, parse_qsl(query, keep_blank_values=True), options)


def condition(resource_type: str, query: str) -> Condition:
    (clause,) = parsed(resource_type, query).clauses
    assert isinstance(clause.condition, Condition)
    return clause.condition


def alternatives(resource_type: str, query: str) -> list[list[tuple[str, str, Any]]]:
    found = condition(resource_type, query).alternatives
    return [[(*each,) for each in alternative] for alternative in found]


def key(number: str) -> str:
    return low_key(Decimal(number))


def refusal(resource_type: str, query: str) -> Failure:
    with pytest.raises(Failure) as refused:
        parsed(resource_type, query)
    return refused.value


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("identifier=a", [[("code", "=", "a")]]),
        ("identifier=s|a", [[("code", "=", "a"), ("system", "=", "s")]]),
        ("identifier=|a", [[("code", "=", "a"), ("system", "=", "")]]),
        ("identifier=s|", [[("system", "=", "s")]]),
        ("identifier=a,b", [[("code", "=", "a")], [("code", "=", "b")]]),
        (r"identifier=a\,b", [[("code", "=", "a,b")]]),
        (r"identifier=s\|x|a\|b", [[("code", "=", "a|b"), ("system", "=", "s|x")]]),
        (r"identifier=a\\", [[("code", "=", "a\\")]]),
        ("gender=|male", [[("code", "=", "male")]]),
        ("email=Ann@X.org", [[("code", "=", "ann@x.org")]]),
        ("_id=Aa", [[("resource_id", "=", "Aa")]]),
        ("family=Mül", [[("value_start", ">=", "mul"), ("value_start", "<", "mum")]]),
        (
            "family:exact=Mül",
            [[("value_start", "=", "mul"), ("value_exact", "=", "Mül")]],
        ),
        ("family:contains=a_b", [[("value_folded", "like", r"%a\_b%")]]),
        (
            "organization=Organization/1",
            [[("target_id", "=", "1"), ("target_type", "=", "Organization")]],
        ),
        ("organization=1", [[("target_id", "=", "1"), ("target_type", "=", "Organization")]]),
        ("general-practitioner=1", [[("target_id", "=", "1"), ("target_type", ">", "")]]),
        (
            "general-practitioner:Organization=1",
            [[("target_id", "=", "1"), ("target_type", "=", "Organization")]],
        ),
        (
            f"organization={BASE}/Organization/1/_history/2",
            [[("target_id", "=", "1"), ("target_type", "=", "Organization")]],
        ),
        (
            "organization=http://x.test/Organization/1",
            [[("target_id", "=", "http://x.test/Organization/1"), ("target_type", "=", "")]],
        ),
        (
            "organization:identifier=s|1",
            [[("code", "=", "1"), ("system", "=", "s")]],
        ),
        ("family:missing=true", [[]]),
    ],
)
def test_a_value_becomes_comparisons(query: str, expected: list[list[Any]]) -> None:
    assert alternatives("Patient", query) == expected


@pytest.mark.parametrize(
    ("text", "least", "limit"),
    [
        ("100", "99.5", "100.5"),
        ("100.00", "99.995", "100.005"),
        ("1e2", "95", "105"),
        ("5.4e-3", "0.00535", "0.00545"),
        ("-2", "-2.5", "-1.5"),
        ("0", "-0.5", "0.5"),
    ],
)
def test_a_number_means_the_range_that_its_digits_imply(text: str, least: str, limit: str) -> None:
    low, end = key(least), key(limit)
    expected = [("low", ">=", low), ("low", "<", end), ("high", "<", end)]
    assert alternatives("RiskAssessment", f"probability={text}") == [expected]


@pytest.mark.parametrize(
    ("prefix", "expected"),
    [
        ("gt", [("high", ">")]),
        ("lt", [("low", "<")]),
        ("ge", [("high", ">=")]),
        ("le", [("low", "<=")]),
        ("sa", [("low", ">")]),
        ("eb", [("high", "<")]),
    ],
)
def test_a_prefix_takes_a_number_as_exact(prefix: str, expected: list[tuple[str, str]]) -> None:
    (found,) = alternatives("RiskAssessment", f"probability={prefix}0.5")
    assert found == [(*each, key("0.5")) for each in expected]


def test_about_a_number_is_a_tenth_around_it() -> None:
    (found,) = alternatives("RiskAssessment", "probability=ap100")
    assert found == [("low", "<=", key("110")), ("high", ">=", key("90"))]


def test_about_a_date_is_a_tenth_of_the_time_between_it_and_now() -> None:
    (found,) = alternatives("Patient", "birthdate=ap2025-12-22T00:00:00Z")
    low, high = NOW - 10 * 86_400_000_000, NOW - 10 * 86_400_000_000 + 1_000_000
    tenth = (NOW - high) // 10
    assert found == [("low", "<", high + tenth), ("high", ">", low - tenth)]


@pytest.mark.parametrize(
    ("query", "units"),
    [
        ("5", [[]]),
        ("5|s|mg", [[("system", "=", "s"), ("code", "=", "mg")]]),
        ("5|s|", [[("system", "=", "s")]]),
        ("5||mg", [[("code", "=", "mg")], [("unit", "=", "mg")]]),
        ("5||", [[]]),
    ],
)
def test_units_of_a_quantity(query: str, units: list[list[Any]]) -> None:
    found = alternatives("Observation", f"value-quantity=ge{query}")
    assert found == [[("high", ">=", key("5")), *unit] for unit in units]


@pytest.mark.parametrize(
    ("query", "negated"),
    [
        ("gender:not=male", True),
        ("gender=male", False),
        ("gender:missing=true", True),
        ("gender:missing=false", False),
    ],
)
def test_not_and_missing_ask_that_no_row_is_there(query: str, *, negated: bool) -> None:
    assert condition("Patient", query).is_negated is negated


@pytest.mark.parametrize(
    ("resource_type", "query", "code", "name", "hint"),
    [
        ("Patient", "birthDate=2000", "not-supported", "birthDate", "'birthdate'"),
        ("Patient", "familly=x", "not-supported", "familly", "'family'"),
        ("Patient", "sort=family", "not-supported", "sort", "'_sort'"),
        ("Patient", "zzzzzzzzz=x", "not-supported", "zzzzzzzzz", "birthdate"),
        ("Patient", "name:unknown=x", "not-supported", "name:unknown", ":contains"),
        ("Patient", "name:exakt=x", "not-supported", "name:exakt", "':exact'"),
        ("Patient", "gender:in=x", "not-supported", "gender:in", "canonical URL"),
        ("Patient", "gender:text=x", "not-supported", "gender:text", ":not"),
        ("Patient", "birthdate:not=x", "not-supported", "birthdate:not", ":missing"),
        ("Patient", "organization:Patient=1", "not-supported", "organization:Patient", ":missing"),
        ("Patient", "organization.nmae=x", "not-supported", "nmae", "'name'"),
        ("Patient", "gender.name=x", "not-supported", "gender.name", "references"),
        ("Patient", "_has:Observation:patient=x", "not-supported", "_has:", ":code"),
        ("Patient", "_has:Observation:subjekt:code=x", "not-supported", "_has:", "'subject'"),
        ("Patient", "_include=Patient:organisation", "not-supported", "_include", "'organization'"),
        ("Patient", "_elements=nmae", "value", "_elements", "'name'"),
        ("Patient", "_summary=all", "value", "_summary", "count"),
        ("Patient", "_list=$current-problems", "not-supported", "_list", "clinical-status"),
        ("Patient", "_filter=name is x", "value", "_filter", "one of eq"),
        ("Patient", "_text=(x", "value", "_text", "back pain"),
        ("Patient", "_query=x", "not-supported", "_query", "not supported"),
        ("Observation", "code-value-quantity=a", "value", "code-value-quantity", "$"),
        ("Location", "near=1|x", "value", "near", "latitude"),
        ("Patient", "name=", "value", "name", "name:missing=true"),
        ("Patient", "gender=male,", "value", "gender", "empty"),
        ("Patient", "birthdate=***", "value", "birthdate", "2026"),
        ("Patient", "birthdate=1973-02-30", "value", "birthdate", ""),
        ("Patient", "birthdate=gt", "value", "birthdate", ""),
        ("Observation", "value-quantity=foo", "value", "value-quantity", "number"),
        ("Observation", "value-quantity=5|mg", "value", "value-quantity", "number|system|code"),
        ("RiskAssessment", "probability=1e99999", "value", "probability", ""),
        ("Patient", "identifier=|", "value", "identifier", "system|code"),
        ("Patient", "organization=not an id", "value", "organization", "Type/id"),
        ("Patient", "gender:missing=yes", "value", "gender:missing", "true or false"),
        ("Patient", "_count=-1", "value", "_count", ""),
        ("Patient", "_count=ten", "value", "_count", ""),
        ("Patient", "_total=some", "value", "_total", "accurate"),
        ("Patient", "_sort=birthDate", "not-supported", "_sort", "'birthdate'"),
        ("Patient", "_count=1&_count=2", "invalid", "_count", "twice"),
        ("Patient", "name=" + "x" * 3000, "value", "name", "longer"),
    ],
)
def test_a_refusal_names_the_parameter_and_what_would_be_right(
    resource_type: str, query: str, code: str, name: str, hint: str
) -> None:
    failure = refusal(resource_type, query)
    assert failure.kind.status == 400
    issue = failure.issues[0]
    assert issue.code == code
    assert issue.expression[0].startswith(f"http.{name}"[:60])
    assert hint in issue.diagnostics


def test_every_problem_of_a_request_is_told_at_once() -> None:
    failure = refusal("Patient", "nme=x&birthdate=never&_count=a&gender=male")
    assert {issue.expression[0] for issue in failure.issues} == {
        "http.nme",
        "http.birthdate",
        "http._count",
    }
    assert failure.kind is FailureKind.INVALID


def test_a_refusal_never_repeats_the_value() -> None:
    failure = refusal("Patient", "birthdate=Nurmi&family:exact=&gender:missing=Nurmi")
    assert "Nurmi" not in str(failure)


def test_lenient_handling_leaves_out_what_is_unknown_and_says_so() -> None:
    query = parsed("Patient", "Cookie=Chip&gender=male&name:wat=x&_sort=-nme,family", lenient=True)
    assert query.understood == (("gender", "male"), ("_sort", "family"))
    assert [name for name, _ in query.ignored] == ["Cookie", "name:wat", "_sort"]


def test_lenient_handling_still_refuses_a_value_that_cannot_be_read() -> None:
    with pytest.raises(Failure):
        parsed("Patient", "birthdate=soon", lenient=True)


@pytest.mark.parametrize(
    ("query", "count", "shown"),
    [
        ("", 20, None),
        ("_count=5", 5, "5"),
        ("_count=005", 5, "5"),
        ("_count=5000", 1000, "1000"),
        ("_count=" + "9" * 6000, 1000, "1000"),
        ("_count=0", 0, "0"),
        ("_summary=count", 0, None),
        ("_summary=count&_count=5", 0, "5"),
        ("_count=5&_summary=count", 0, "5"),
        ("_summary=false&_count=5", 5, "5"),
    ],
)
def test_the_size_of_a_page_is_the_one_that_the_self_link_shows(
    query: str, count: int, shown: str | None
) -> None:
    found = parsed("Patient", query)
    assert found.count == count
    assert dict(found.understood).get("_count") == shown


def test_several_sort_keys_keep_their_order_and_direction() -> None:
    query = parsed("Patient", "_sort=-birthdate,family,_id,-_lastUpdated,family")
    assert [(key.code, key.is_descending) for key in query.sort] == [
        ("birthdate", True),
        ("family", False),
        ("_id", False),
        ("_lastUpdated", True),
    ]


def test_the_self_link_repeats_what_was_understood_in_its_order() -> None:
    query = parsed("Patient", "name=a,b&_format=json&name=c&_total=none")
    assert query.understood == (
        ("name", "a,b"),
        ("_format", "json"),
        ("name", "c"),
        ("_total", "none"),
    )
    assert [clause.values for clause in query.clauses] == [("a", "b"), ("c",)]


@pytest.mark.parametrize(
    "query",
    [
        "_id=" + ",".join(f"a{number}" for number in range(MAX_COMPARISONS + 1)),
        "&".join("gender=male" for _ in range(100)),
        "_sort=family,given,birthdate,gender,active,email,phone,language,_id",
    ],
)
def test_a_search_too_large_for_the_database_is_refused(query: str) -> None:
    assert refusal("Patient", query).issues[0].code == "too-costly"
    assert MAX_SORT_KEYS == 8


@given(st.lists(st.text(alphabet="a,|\\$", max_size=6), min_size=1, max_size=4))
def test_escaped_values_come_apart_as_they_were_put_together(values: list[str]) -> None:
    escaped = [
        value.replace("\\", "\\\\").replace(",", "\\,").replace("|", "\\|").replace("$", "\\$")
        for value in values
    ]
    assert [unescape(each) for each in split_values(",".join(escaped), ",")] == values


names = st.sampled_from(
    ["name", "family", "identifier", "birthdate", "gender", "organization", "_id", "_lastUpdated"]
)
modifiers = st.sampled_from(["", *(f":{each}" for every in MODIFIERS.values() for each in every)])


pairs_of_parameters = st.lists(
    st.tuples(
        st.one_of(st.builds(str.__add__, names, modifiers), st.sampled_from(CONTROLS), st.text()),
        st.one_of(st.text(), st.sampled_from(["ge2026", "1", "a|b", "true", "Organization/1"])),
    ),
    max_size=4,
)


@given(pairs=pairs_of_parameters, lenient=st.booleans())
def test_any_parameters_are_read_or_refused(pairs: list[tuple[str, str]], *, lenient: bool) -> None:
    options = SearchOptions(lenient, ZoneInfo("Australia/Melbourne"), BASE, NOW)
    try:
        query = parse_search("Patient", pairs, options)
    except Failure as refused:
        failure = refused
    else:
        again = parse_search("Patient", query.understood, options)
        assert again.clauses == query.clauses
        assert again.understood == query.understood
        return
    assert failure.kind.status == 400
    assert all(issue.expression for issue in failure.issues)


def test_clients_of_another_server_may_ask_for_the_total_in_its_words() -> None:
    asked = parsed("Patient", "_totalMethod=count&_count=0")
    assert asked.total == "accurate"
    assert ("_total", "accurate") in asked.understood
