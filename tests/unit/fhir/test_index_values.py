"""What each datatype gives to the index."""

from decimal import Decimal
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.fhir.index_keys import (
    ABOVE_ALL_NUMBERS,
    BELOW_ALL_NUMBERS,
    end_of_prefix,
    equality_key,
    fold,
    high_key,
    like_pattern,
    low_key,
)
from api.fhir.index_nodes import CURRENCIES, SPECIAL_VALUES, Context
from api.fhir.index_values import COLUMNS, SORTED_TABLES, index_values
from api.fhir.lexical import parse
from api.fhir.registry import registry
from tests.unit.fhir.valid_resources import valid_resource

CONTEXT = Context("http://runspine.test/fhir", ZoneInfo("Australia/Melbourne"))
GENDERS = "http://hl7.org/fhir/administrative-gender"


def rows(resource: dict[str, Any], table: str, parameter: str) -> list[tuple[Any, ...]]:
    """The values of one parameter, without its name, ordinal and marks."""
    found = index_values(resource, resource["resourceType"], CONTEXT).get(table, [])
    width = len(COLUMNS[table]) - (COLUMNS[table][-1] == "ordinal")
    return [row[1:width] for row in found if row[0] == parameter]


def patient(**elements: Any) -> dict[str, Any]:
    return {"resourceType": "Patient", **elements}


def observation(**elements: Any) -> dict[str, Any]:
    return {"resourceType": "Observation", **elements}


def test_every_part_of_a_name_is_a_string_of_its_own() -> None:
    name = {
        "use": "official",
        "text": "Dr Zoë O'Brien",
        "family": "O'Brien",
        "given": ["Zoë", "Mae"],
        "prefix": ["Dr"],
    }
    found = rows(patient(name=[name]), "index_string", "Patient.name")
    assert {row[1] for row in found} == {"dr zoe o'brien", "o'brien", "zoe", "mae", "dr"}
    assert {row[2] for row in found} == {"Dr Zoë O'Brien", "O'Brien", "Zoë", "Mae", "Dr"}


def test_a_long_string_starts_with_what_stands_in_the_index() -> None:
    ((start, folded, exact),) = rows(
        patient(name=[{"family": "Ab " * 50}]), "index_string", "Patient.family"
    )
    assert len(start) == 64
    assert folded.startswith(start)
    assert exact == "Ab " * 50


@pytest.mark.parametrize(
    ("elements", "parameter", "expected"),
    [
        ({"gender": "male"}, "Patient.gender", [("male", GENDERS)]),
        ({"active": True}, "Patient.active", [("true", SPECIAL_VALUES)]),
        ({}, "Patient.deceased", [("false", SPECIAL_VALUES)]),
        (
            {"identifier": [{"system": "http://x", "value": "Aa"}]},
            "Patient.identifier",
            [("Aa", "http://x")],
        ),
        ({"identifier": [{"value": "A"}]}, "Patient.identifier", [("A", "")]),
        (
            {"telecom": [{"system": "email", "value": "Ann@Example.org"}]},
            "Patient.email",
            [("ann@example.org", "")],
        ),
        (
            {"communication": [{"language": {"coding": [{"code": "en"}, {"system": "s"}]}}]},
            "Patient.language",
            [("", "s"), ("en", "")],
        ),
        (
            {"communication": [{"language": {"text": "Auslan"}}]},
            "Patient.language",
            [("", "")],
        ),
        (
            {"communication": [{"language": {"extension": [{"url": "http://x"}]}}]},
            "Patient.language",
            [],
        ),
        ({"_gender": {"extension": [{"url": "http://x"}]}}, "Patient.gender", []),
    ],
)
def test_tokens(elements: dict[str, Any], parameter: str, expected: list[tuple[str, str]]) -> None:
    assert rows(patient(**elements), "index_token", parameter) == expected


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("Patient/1", ("1", "Patient")),
        ("Patient/1/_history/3", ("1", "Patient")),
        ("http://runspine.test/fhir/Patient/1", ("1", "Patient")),
        ("http://runspine.test/fhir/Patient/1/_history/3", ("1", "Patient")),
        ("http://other.test/fhir/Patient/1", ("http://other.test/fhir/Patient/1", "")),
        ("http://other.test/fhir/Patient/1/_history/3", ("http://other.test/fhir/Patient/1", "")),
        ("urn:uuid:1", ("urn:uuid:1", "")),
        ("#inside", ("#inside", "")),
    ],
)
def test_references_are_local_or_keep_their_url(text: str, target: tuple[str, str]) -> None:
    found = rows(observation(subject={"reference": text}), "index_reference", "Observation.subject")
    assert found == [target]


def test_a_logical_reference_is_found_by_its_identifier() -> None:
    subject = {"identifier": {"system": "http://x", "value": "7"}}
    resource = observation(subject=subject)
    assert rows(resource, "index_reference", "Observation.subject") == [("", "")]
    assert rows(resource, "index_token", "Observation.subject:identifier") == [("7", "http://x")]


def test_a_reference_that_no_parameter_covers_is_kept_for_deletes() -> None:
    resource = patient(
        contact=[{"organization": {"reference": "Organization/9"}}],
        managingOrganization={"reference": "Organization/1"},
    )
    assert rows(resource, "index_reference", "Patient.*") == [("9", "Organization")]


def test_the_resource_in_an_envelope_refers_on_its_own_behalf() -> None:
    inner = {"resourceType": "Observation", "encounter": {"reference": "Encounter/1"}}
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": inner}]}
    assert rows(bundle, "index_reference", "Bundle.*") == []
    assert rows(patient(contained=[inner]), "index_reference", "Patient.*") == [("1", "Encounter")]


def test_a_canonical_is_found_with_and_without_its_version() -> None:
    response = {
        "resourceType": "QuestionnaireResponse",
        "questionnaire": "http://x.test/Questionnaire/q|2",
    }
    found = rows(response, "index_reference", "QuestionnaireResponse.questionnaire")
    assert found == [
        ("http://x.test/Questionnaire/q", ""),
        ("http://x.test/Questionnaire/q|2", ""),
    ]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (
            {"valueQuantity": {"value": 4, "system": "s", "code": "mg", "unit": "milligram"}},
            [(low_key(Decimal(4)), high_key(Decimal(4)), "s", "mg", "milligram")],
        ),
        ({"valueQuantity": {"unit": "mg"}}, []),
        ({"valueString": "4"}, []),
    ],
)
def test_quantities(value: dict[str, Any], expected: list[tuple[str, ...]]) -> None:
    assert rows(observation(**value), "index_quantity", "Observation.value-quantity") == expected


def test_money_is_a_quantity_in_its_currency() -> None:
    invoice = {
        "resourceType": "Invoice",
        "totalGross": {"value": Decimal("9.50"), "currency": "AUD"},
    }
    ((low, high, system, code, unit),) = rows(invoice, "index_quantity", "Invoice.totalgross")
    assert (low, high) == (low_key(Decimal("9.5")), high_key(Decimal("9.5")))
    assert (system, code, unit) == (CURRENCIES, "AUD", "")


def test_a_range_may_be_open() -> None:
    risk = {
        "resourceType": "RiskAssessment",
        "prediction": [
            {"probabilityRange": {"low": {"value": 2}}},
            {"probabilityRange": {"high": {"value": 3}}},
            {"probabilityRange": {}},
            {"probabilityDecimal": Decimal("0.1")},
        ],
    }
    found = rows(risk, "index_number", "RiskAssessment.probability")
    assert set(found) == {
        (low_key(Decimal(2)), ABOVE_ALL_NUMBERS),
        (BELOW_ALL_NUMBERS, high_key(Decimal(3))),
        (low_key(Decimal("0.1")), high_key(Decimal("0.1"))),
    }


def test_one_row_sorts_first_and_one_sorts_last() -> None:
    names = [{"given": ["Cy", "Al", "Bo", "Al"]}]
    found = index_values(patient(name=names), "Patient", CONTEXT)["index_string"]
    marks = [(row[1], row[-2], row[-1]) for row in found if row[0] == "Patient.given"]
    assert marks == [("al", True, False), ("bo", False, False), ("cy", False, True)]


def test_rows_of_a_resource_are_distinct() -> None:
    twice = patient(identifier=[{"value": "1"}, {"value": "1"}])
    assert rows(twice, "index_token", "Patient.identifier") == [("1", "")]


@pytest.mark.parametrize("seed", range(3))
def test_every_valid_resource_of_every_type_gives_rows_that_fit_their_tables(seed: int) -> None:
    random = Random(seed)  # noqa: S311 - it draws test data.
    tables: set[str] = set()
    for name, resource_type in registry().types.items():
        if resource_type.is_stored:
            found = index_values(valid_resource(name, random), name, CONTEXT)
            tables.update(found)
            for table, each in found.items():
                marks = 2 if table in SORTED_TABLES else 0
                assert {len(row) for row in each} == {len(COLUMNS[table]) + marks}, name
                assert len({row[: len(COLUMNS[table])] for row in each}) == len(each), name
    assert tables >= SORTED_TABLES | {"index_composite"}


# --- keys ---------------------------------------------------------------------------------------

numbers = st.decimals(allow_nan=False, allow_infinity=False, places=None).filter(
    lambda number: len(number.as_tuple().digits) <= 40
)


@given(numbers, numbers)
def test_keys_of_numbers_sort_as_the_numbers_do(one: Decimal, other: Decimal) -> None:
    if max(abs(one.adjusted()), abs(other.adjusted())) > 9_000:
        return
    assert (low_key(one) < low_key(other)) == (one < other)
    assert (low_key(one) == low_key(other)) == (one == other)
    assert BELOW_ALL_NUMBERS < low_key(one) == high_key(one) < ABOVE_ALL_NUMBERS


def test_a_number_of_too_many_digits_lies_between_its_bounds() -> None:
    number = parse(b"0." + b"3" * 200)
    assert isinstance(number, Decimal)
    assert low_key(number) < high_key(number)


@given(st.text(), st.text())
def test_folding_is_stable_and_keeps_prefixes_comparable(text: str, rest: str) -> None:
    assert fold(fold(text)) == fold(text)
    assert fold(text.upper()) == fold(text) or not text.isascii()
    assert "  " not in fold(f"{text} {rest}")


@given(st.text(min_size=1), st.text())
def test_every_continuation_of_a_prefix_lies_below_its_end(prefix: str, rest: str) -> None:
    end = end_of_prefix(prefix)
    if end is not None:
        assert prefix.encode() <= (prefix + rest).encode() < end.encode()
    else:
        assert set(prefix) == {"\U0010ffff"}


@given(st.text(), st.text())
def test_a_key_for_equality_is_short_and_tells_texts_apart(one: str, other: str) -> None:
    long_one, long_other = one + "x" * 600, other + "x" * 600
    assert len(equality_key(long_one).encode()) <= 500
    assert (equality_key(long_one) == equality_key(long_other)) == (one == other)
    assert equality_key(one[:100]) == one[:100]


def test_what_stands_for_anything_in_a_pattern_stands_for_itself() -> None:
    assert like_pattern(r"50%_\x") == r"%50\%\_\\x%"
