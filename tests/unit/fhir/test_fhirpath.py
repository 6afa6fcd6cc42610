"""FHIRPath as invariants use it: https://hl7.org/fhirpath/N1/"""

from typing import Any

import pytest

from api.fhir.fhirpath.code import Around
from api.fhir.fhirpath.compiler import compile_expression
from api.fhir.fhirpath.grammar import ExpressionError, parse
from api.fhir.lexical import LexicalDecimal

PATIENT: dict[str, Any] = {
    "resourceType": "Patient",
    "id": "p",
    "active": True,
    "name": [
        {"family": "Ng", "given": ["Mai", "Thi"], "use": "official"},
        {"family": "Tran", "_family": {"extension": [{"url": "x", "valueCode": "y"}]}},
    ],
    "telecom": [{"system": "phone", "value": "1"}],
    "birthDate": "1980-05-04",
    "_birthDate": {"extension": [{"url": "t", "valueDateTime": "1980-05-04T10:00:00Z"}]},
    "_gender": {"extension": [{"url": "x", "valueCode": "unknown"}]},
    "multipleBirthInteger": 2,
    "managingOrganization": {"reference": "#o"},
    "contained": [{"resourceType": "Organization", "id": "o", "name": "Clinic"}],
}


def evaluate(expression: str, resource: dict[str, Any] = PATIENT) -> list[Any]:
    name = resource["resourceType"]
    code = compile_expression(expression, name, name)
    return code.run(resource, Around(resource, resource, resource))


RESULTS: dict[str, list[Any]] = {
    "name.given": ["Mai", "Thi"],
    "Patient.name.first().family": ["Ng"],
    "name[1].family.hasValue()": [True],
    "name.tail().count()": [1],
    "name.where(use = 'official').given.first()": ["Mai"],
    "name.select(given).count()": [2],
    "name.all(family.exists())": [True],
    "name.all(given.exists())": [False],
    "name.exists(use = 'official')": [True],
    "gender.exists()": [True],
    "gender.hasValue()": [False],
    "gender = 'male'": [False],
    "maritalStatus = 'x'": [],
    "maritalStatus.exists()": [False],
    "maritalStatus.exists() or active": [True],
    "maritalStatus.text = 'x' and false": [False],
    "maritalStatus.text = 'x' or false": [],
    "maritalStatus.text = 'x' implies false": [],
    "false implies maritalStatus.text = 'x'": [True],
    "active xor maritalStatus.exists()": [True],
    "multipleBirth is integer": [True],
    "multipleBirth is boolean": [False],
    "multipleBirth.ofType(integer) + 1": [3],
    "(multipleBirth as integer) <= 2": [True],
    "deceased is boolean": [],
    "birthDate.extension('t').value": ["1980-05-04T10:00:00Z"],
    "birthDate.extension('t').value.toString().substring(0,10) = birthDate.toString()": [True],
    "birthDate >= '1980'": [True],
    "birthDate < '1980-05-04'": [False],
    "birthDate > '1981'": [False],
    "telecom.system & '-' & telecom.value & telecom.use": ["phone-1"],
    "'phone' in telecom.system": [True],
    "telecom.system contains 'fax'": [False],
    "(name.given | name.family | name.given).count()": [4],
    "name.given.combine(name.given).isDistinct()": [False],
    "name.given.isDistinct()": [True],
    "name.given.intersect('Mai' | 'Lan')": ["Mai"],
    "managingOrganization.resolve().name": ["Clinic"],
    "managingOrganization.resolve().is(Organization)": [True],
    "managingOrganization.resolve().ofType(Patient)": [],
    "name.family.first().matches('N.')": [True],
    "name.family.first().matches('N')": [False],
    "name.family.first().startsWith('N')": [True],
    "name.family.first().contains('g')": [True],
    "name.family.first().length()": [2],
    "name.family.first().replaceMatches('N', 'n')": ["ng"],
    "'12'.toInteger() > 3": [True],
    "iif(active, 'yes', 'no')": ["yes"],
    "name.where(family = 'x').iif(empty(), true, false)": [True],
    "descendants().family": ["Ng", "Tran"],
    "%resource.id": ["p"],
    "%ucum = 'http://unitsofmeasure.org'": [True],
    "{}": [],
    "name.trace('x').count() = 2": [True],
    "(1 + 2 - 1) = 2 and 1.50 = 1.5": [True],
    "true = 1": [False],
}


@pytest.mark.parametrize(("expression", "expected"), RESULTS.items())
def test_an_expression_gives(expression: str, expected: list[Any]) -> None:
    found = evaluate(expression)
    assert [getattr(each, "value", each) for each in found] == expected


def test_a_text_may_hold_escapes() -> None:
    assert evaluate(r"'it\'s \u0041\n'") == ["it's A\n"]


NO_EXPRESSIONS = [
    "", "name.", "name..given", "(name", "name)", "name = ", "name.given[x]", "'open", "#", "a b",
    "name.nothing()", "%nothing", "name is", "{", "where(", "1 +",
]  # fmt: skip


@pytest.mark.parametrize("expression", NO_EXPRESSIONS)
def test_what_is_no_expression_or_not_covered_is_refused(expression: str) -> None:
    with pytest.raises(ExpressionError):
        compile_expression(expression, "Patient", "Patient")


def test_operators_bind_as_the_grammar_says() -> None:
    assert parse("a or b and c = d | e") == parse("a or (b and (c = (d | e)))")
    assert parse("a implies b or c") == parse("a implies (b or c)")
    assert parse("a is B implies c") == parse("(a is B) implies c")
    assert parse("a & b = c") == parse("(a & b) = c")


PERIODS: dict[tuple[str, str], bool] = {
    ("2020", "2020"): True,
    ("2020-02", "2020"): True,
    ("2020", "2020-02"): True,
    ("2020-03", "2020-02"): False,
    ("2021", "2020-12-31"): False,
    ("2020-02-01T10:00:00Z", "2020-02-01"): True,
    ("2020-02-01", "2020-02-01T10:00:00Z"): True,
    ("2020-02-03", "2020-02-01T10:00:00Z"): False,
    # In Auckland it is already the second.
    ("2020-02-02", "2020-02-01T23:00:00Z"): True,
    ("2020-02-01T10:00:00+11:00", "2020-02-01T00:00:00Z"): True,
    ("2020-02-01T10:00:00Z", "2020-02-01T20:00:00+11:00"): False,
    ("2016-12-31T23:59:60Z", "2017-01-01T00:00:00Z"): True,
}


@pytest.mark.parametrize(("limits", "is_kept"), PERIODS.items())
def test_a_period_ends_after_it_starts_as_far_as_can_be_told(
    limits: tuple[str, str], *, is_kept: bool
) -> None:
    code = compile_expression("start <= end", "Period", "Period")
    period = {"start": limits[0], "end": limits[1]}
    assert code.truth(period, Around(period, period)) is is_kept


RANGES: list[tuple[dict[str, Any], dict[str, Any], bool]] = [
    ({"value": 1}, {"value": 2}, True),
    ({"value": 2}, {"value": 1}, False),
    ({"value": LexicalDecimal("1.0")}, {"value": 1}, True),
    ({"value": 2, "unit": "km"}, {"value": 1, "unit": "mi"}, True),
    ({"value": 2, "unit": "km"}, {"value": 1, "unit": "km"}, False),
    ({"value": 2}, {"unit": "km"}, True),
]


@pytest.mark.parametrize(("low", "high", "is_kept"), RANGES)
def test_quantities_are_compared_in_one_unit(
    low: dict[str, Any], high: dict[str, Any], *, is_kept: bool
) -> None:
    code = compile_expression("low <= high", "Range", "Range")
    value = {"low": low, "high": high}
    assert code.truth(value, Around(value, value)) is is_kept
