from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from api.fhir.links import references, rewrite_links

OLD = "urn:uuid:c757873d-ec9a-4326-a141-556f43239520"
NEW = "Patient/9"
MAPPING = {OLD: NEW}


def test_references_are_found_at_any_depth_with_their_paths() -> None:
    resource = {
        "resourceType": "Observation",
        "subject": {"reference": "Patient/1"},
        "performer": [{"display": "x"}, {"reference": "Practitioner/2"}],
        "contained": [{"resourceType": "Specimen", "subject": {"reference": "Patient/3"}}],
        "extension": [{"url": "u", "valueReference": {"reference": "Patient/4"}}],
        "_status": {"extension": [{"url": "u", "valueReference": {"reference": "Patient/5"}}]},
    }
    assert {path: each.get("reference") for path, each in references(resource)} == {
        "Observation.subject": "Patient/1",
        "Observation.performer[0]": None,
        "Observation.performer[1]": "Practitioner/2",
        "Observation.contained[0].subject": "Patient/3",
        "Observation.extension[0].valueReference": "Patient/4",
        "Observation._status.extension[0].valueReference": "Patient/5",
    }


def test_a_uri_named_reference_is_no_reference() -> None:
    issue = {"resourceType": "DetectedIssue", "reference": "http://example.org"}
    assert list(references(issue)) == []


def test_resources_in_a_bundle_are_left_to_themselves() -> None:
    inner = {"resourceType": "Observation", "subject": {"reference": OLD}}
    bundle = {"resourceType": "Bundle", "entry": [{"fullUrl": "x:y", "resource": inner}]}
    assert list(references(bundle)) == []
    assert rewrite_links(bundle, MAPPING) is bundle


def test_links_are_rewritten_wherever_r4_asks_for_it() -> None:
    resource = {
        "resourceType": "Provenance",
        "target": [{"reference": OLD, "display": OLD}],
        "policy": [OLD, "http://example.org"],
        "text": {"status": "generated", "div": f'<div><a href="{OLD}">{OLD}</a></div>'},
        "extension": [{"url": "u", "valueUri": OLD}, {"url": "u", "valueString": OLD}],
        "entity": [{"what": {"identifier": {"system": OLD, "value": OLD}}}],
    }
    assert rewrite_links(resource, MAPPING) == {
        "resourceType": "Provenance",
        "target": [{"reference": NEW, "display": OLD}],
        "policy": [NEW, "http://example.org"],
        "text": {"status": "generated", "div": f'<div><a href="{NEW}">{OLD}</a></div>'},
        "extension": [{"url": "u", "valueUri": NEW}, {"url": "u", "valueString": OLD}],
        "entity": [{"what": {"identifier": {"system": NEW, "value": OLD}}}],
    }
    assert resource["policy"] == [OLD, "http://example.org"]


def test_a_resource_without_links_is_given_back_itself() -> None:
    resource = {"resourceType": "Patient", "name": [{"text": OLD}]}
    assert rewrite_links(resource, MAPPING) is resource


KEYS = st.sampled_from(
    ["resourceType", "subject", "reference", "contained", "extension", "text", "div", "item", "_x"]
)
ANYTHING: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from([OLD, "Patient", "Questionnaire"]),
    lambda inner: st.lists(inner) | st.dictionaries(KEYS, inner),
)


@given(st.dictionaries(KEYS, ANYTHING))
def test_what_was_never_checked_can_be_walked(resource: dict[str, Any]) -> None:
    for kind in ("Patient", "Observation", "Questionnaire"):
        one = {**resource, "resourceType": kind}
        assert all(path.startswith(kind) for path, _ in references(one))
        assert OLD not in [
            each.get("reference") for _, each in references(rewrite_links(one, MAPPING))
        ]
