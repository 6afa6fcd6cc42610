"""Whatever a patch says, it is carried out or refused, and never does half of anything."""

import copy
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from api.fhir.fhirpath_patch import apply_fhirpath_patch
from api.fhir.json_patch import apply_json_patch
from api.fhir.lexical import MAX_DEPTH, parse, serialize
from api.fhir.outcome import Failure

PATIENT: dict[str, Any] = {
    "resourceType": "Patient",
    "id": "1",
    "meta": {"versionId": "1"},
    "active": True,
    "name": [{"use": "official", "family": "O", "given": ["A", "B"]}, {"given": ["C"]}],
    "birthDate": "1990",
    "_birthDate": {"extension": [{"url": "urn:t", "valueString": "n"}]},
    "contact": [{"name": {"text": "x"}}],
}

VALUES: st.SearchStrategy[Any] = st.sampled_from(
    [None, True, 0, 1, "x", "", [], {}, {"family": "Z"}, ["q"], [[[]]]]
)
TOKENS = st.sampled_from(
    ["name", "0", "1", "-", "given", "family", "contact", "id", "meta", "versionId", "text", "~0",
     "", "birthDate", "x", "01", "99999999999", "resourceType"]
)  # fmt: skip
POINTERS = st.lists(TOKENS, max_size=5).map(lambda tokens: "".join(f"/{each}" for each in tokens))
OPERATIONS = st.fixed_dictionaries(
    {
        "op": st.sampled_from(["add", "remove", "replace", "move", "copy", "test", "turn"]),
        "path": POINTERS,
        "from": POINTERS,
        "value": VALUES,
    }
)

PATHS = st.sampled_from(
    ["Patient", "Patient.name", "Patient.name[0]", "Patient.name.given", "Patient.contact",
     "Patient.name[0].given[1]", "Patient.contact.name.text", "Patient.birthDate", "Patient.id",
     "Patient.birthDate.extension", "Patient.meta", "Patient.deceased", "x..", "true", "'a'",
     "Patient.name.where(use = 'official')", "Patient.name.count()", "Patient.meta.versionId"]
)  # fmt: skip
NAMES = st.sampled_from(
    ["name", "given", "contact", "contained", "extension", "deceased", "deceasedBoolean", "id",
     "birthDate", "dummy", "value", "gender", "versionId"]
)  # fmt: skip
PARTS: st.SearchStrategy[dict[str, Any]] = st.sampled_from(
    [{"valueString": "s"}, {"valueHumanName": {"family": "Q"}}, {"valueBoolean": True}, {},
     {"part": [{"name": "gender", "valueCode": "male"}]}, {"part": []}, {"valueId": "2"},
     {"part": [{"name": "name", "part": [{"name": "text", "valueString": "t"}]}]},
     {"resource": {"resourceType": "Patient", "active": True}}, {"valueExtension": {"url": "u"}},
     {"_valueString": {"extension": [{"url": "u", "valueString": "v"}]}}]
)  # fmt: skip


@st.composite
def steps(draw: st.DrawFn) -> dict[str, Any]:
    """An operation of a FHIRPath Patch with any of its parts."""
    kind = draw(st.sampled_from(["add", "insert", "delete", "replace", "move", "turn"]))
    made: list[dict[str, Any]] = [
        {"name": "type", "valueCode": kind},
        {"name": "path", "valueString": draw(PATHS)},
    ]
    if draw(st.booleans()):
        made.append({"name": "name", "valueString": draw(NAMES)})
    if draw(st.booleans()):
        made.append({"name": "value", **draw(PARTS)})
    made += [
        {"name": name, "valueInteger": draw(st.integers(-2, 4))}
        for name in ("index", "source", "destination")
        if draw(st.booleans())
    ]
    return {"name": "operation", "part": made}


def assert_whole(patched: dict[str, Any]) -> None:
    """It is still the same resource, and one that can be read again."""
    assert (patched["resourceType"], patched["id"]) == ("Patient", "1")
    assert parse(serialize(patched)) == patched


@settings(max_examples=400, deadline=None)
@given(st.lists(OPERATIONS, max_size=8))
def test_any_json_patch_is_carried_out_or_refused(operations: Any) -> None:
    try:
        patched = apply_json_patch(copy.deepcopy(PATIENT), operations)
    except Failure as refused:
        status = refused.kind.status
    else:
        assert_whole(patched)
        status = 200
    assert status in {200, 400, 413, 422}


@settings(max_examples=400, deadline=None)
@given(st.lists(steps(), max_size=6))
def test_any_fhirpath_patch_is_carried_out_or_refused(operations: Any) -> None:
    before = copy.deepcopy(PATIENT)
    parameters = {"resourceType": "Parameters", "parameter": operations}
    try:
        patched = apply_fhirpath_patch(PATIENT, parameters)
    except Failure as refused:
        status = refused.kind.status
    else:
        assert_whole(patched)
        status = 200
    assert status in {200, 400, 413, 422}
    assert before == PATIENT


def test_a_patch_cannot_make_a_resource_deeper_than_can_be_read() -> None:
    resource: dict[str, Any] = {"resourceType": "Basic", "id": "1", "a": {"a": {}}}
    deeper: Any = [
        {"op": "copy", "from": "/a", "path": "/a" * depth + "/b"} for depth in range(1, MAX_DEPTH)
    ]
    try:
        patched = apply_json_patch(resource, deeper)
    except Failure as refused:
        assert refused.kind.status in {413, 422}  # noqa: PT017 - either answer will do
    else:
        assert parse(serialize(patched)) == patched
