from contextlib import suppress
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from api.fhir import definitions
from api.fhir.lexical import LexicalDecimal, parse
from api.fhir.outcome import Failure, FailureKind
from api.fhir.resource import check, equal_content, stamp, without_server_meta

NOON = 1_795_262_400_123_000  # 2026-11-21T12:00:00.123Z in microseconds
OBSERVATION = {"resourceType": "Observation", "status": "final", "code": {"text": "x"}}
ASSESSMENT = {
    "resourceType": "Assessment",
    "status": "completed",
    "subject": {"reference": "Patient/1"},
}


def refusal(resource: Any, resource_type: str) -> Failure:
    with pytest.raises(Failure) as refused:
        check(resource, resource_type)
    return refused.value


def test_structure_wins_over_rules_and_both_are_listed() -> None:
    failure = refusal({**OBSERVATION, "status": "bogus", "nothing": 1}, "Observation")
    assert failure.kind is FailureKind.INVALID
    assert {issue.expression for issue in failure.issues} == {
        ("Observation.status",),
        ("Observation.nothing",),
    }


def test_a_broken_rule_alone_is_unprocessable() -> None:
    failure = refusal({**OBSERVATION, "status": "bogus"}, "Observation")
    assert failure.kind is FailureKind.UNPROCESSABLE
    assert [issue.code for issue in failure.issues] == ["code-invalid"]


def test_a_type_of_another_name_is_refused() -> None:
    assert refusal(OBSERVATION, "Patient").kind is FailureKind.INVALID
    assert refusal({"resourceType": "Runner"}, "Runner").kind is FailureKind.INVALID


def test_a_summary_is_not_stored_as_the_whole() -> None:
    tag = {
        "system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue",
        "code": "SUBSETTED",
    }
    failure = refusal({**OBSERVATION, "meta": {"tag": [tag]}}, "Observation")
    assert failure.kind is FailureKind.UNPROCESSABLE
    assert failure.issues[0].expression == ("Observation.meta.tag",)


def test_an_evaluation_that_a_client_sends_is_dropped_unread() -> None:
    sent: dict[str, Any] = {**ASSESSMENT, "evaluation": {"nonsense": [None]}}
    assert check(sent, "Assessment") == ASSESSMENT
    assert "evaluation" in sent


def test_elements_may_be_missing_where_nothing_is_stored() -> None:
    optional = ("Assessment.status", "Assessment.subject")
    assert check({"resourceType": "Assessment"}, "Assessment", optional=optional)
    assert refusal({"resourceType": "Assessment"}, "Assessment").issues[0].code == "required"


def test_a_stamp_puts_the_server_s_own_first_and_keeps_the_client_s() -> None:
    sent = {
        "id": "theirs",
        "meta": {"versionId": "9", "profile": ["http://example.org/p"], "lastUpdated": "x"},
        "status": "final",
        "resourceType": "Observation",
        "valueQuantity": {"value": LexicalDecimal("1.10")},
    }
    assert stamp(sent, "ours", 3, NOON) == (
        b'{"resourceType":"Observation","id":"ours","meta":{"versionId":"3",'
        b'"lastUpdated":"2026-11-21T12:00:00.123Z","profile":["http://example.org/p"]},'
        b'"status":"final","valueQuantity":{"value":1.10}}'
    )


def test_server_meta_is_left_out_and_the_rest_of_meta_stays() -> None:
    resource = {**OBSERVATION, "id": "a", "meta": {"versionId": "1", "lastUpdated": "x"}}
    assert without_server_meta(resource) == OBSERVATION
    tagged = {**OBSERVATION, "meta": {"versionId": "1", "source": "urn:x"}}
    assert without_server_meta(tagged) == {**OBSERVATION, "meta": {"source": "urn:x"}}


SAME = [
    (b'{"resourceType":"Patient","active":true}', b'{"active":true,"resourceType":"Patient"}'),
    (b'{"resourceType":"Patient","id":"a"}', b'{"resourceType":"Patient","id":"b","meta":{}}'),
    (b'{"resourceType":"Patient"}', b'{"resourceType":"Patient","meta":{"versionId":"2"}}'),
]
DIFFERENT = [
    (b'{"resourceType":"Patient","x":1.0}', b'{"resourceType":"Patient","x":1.00}'),
    (b'{"resourceType":"Patient","x":1}', b'{"resourceType":"Patient","x":true}'),
    (b'{"resourceType":"Patient","x":1}', b'{"resourceType":"Patient","x":1.0}'),
    (b'{"resourceType":"Patient","x":[1,2]}', b'{"resourceType":"Patient","x":[2,1]}'),
    (b'{"resourceType":"Patient"}', b'{"resourceType":"Patient","meta":{"source":"x"}}'),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_content_that_says_the_same_is_equal(one: bytes, other: bytes) -> None:
    assert equal_content(read(one), read(other))


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_content_that_differs_in_a_digit_is_not_equal(one: bytes, other: bytes) -> None:
    assert not equal_content(read(one), read(other))


def read(text: bytes) -> dict[str, Any]:
    value = parse(text)
    assert isinstance(value, dict)
    return value


PATIENT_KEYS = [
    *definitions.elements("Patient"), "resourceType", "_gender", "_name", "reference", "url",
    "valueString", "given", "_given", "div", "coding", "nothing", "",
]  # fmt: skip
SCALARS = st.none() | st.booleans() | st.integers() | st.text() | st.sampled_from(
    ["Patient", "male", "#a", "Patient/1", "2000-01-01", LexicalDecimal("1.5")]
)  # fmt: skip
TREES: st.SearchStrategy[Any] = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(PATIENT_KEYS), inner),
)


def nested(depth: int) -> Any:
    tree: Any = {"url": "x"}
    for _ in range(depth):
        tree = {"extension": [tree]}
    return {"resourceType": "Patient", **tree}


@given(TREES | st.dictionaries(st.sampled_from(PATIENT_KEYS), TREES))
@example(nested(60))
@example(nested(5000))
@example({"resourceType": "Patient", "contained": [{"resourceType": []}, {"id": {}}, None]})
def test_any_tree_is_a_resource_or_a_failure(tree: Any) -> None:
    for each in (tree, {**tree, "resourceType": "Patient"} if isinstance(tree, dict) else tree):
        with suppress(Failure):
            assert check(each, "Patient")["resourceType"] == "Patient"
