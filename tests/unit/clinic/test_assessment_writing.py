"""Assessments on their way into the store: what is filled in, refused, and written beside them."""

import pytest

from api.fhir.outcome import Failure, FailureKind
from tests.unit.clinic.ward import Resource, Ward, assessment


def refusal(ward: Ward, resource: Resource) -> Failure:
    with pytest.raises(Failure) as failure:
        ward.put(resource)
    return failure.value


def without(resource: Resource, *names: str) -> Resource:
    return {name: value for name, value in resource.items() if name not in names}


def test_a_stored_assessment_has_its_evaluation(ward: Ward) -> None:
    (stored,) = ward.put(assessment("case-01", ward.patient()))
    assert stored["evaluation"]["hypothesis"][0]["pattern"] == "P-FACET"


def test_status_and_subject_are_needed(ward: Ward) -> None:
    bare = without(assessment("case-01", ward.patient()), "status", "subject")
    failure = refusal(ward, bare)
    assert failure.kind is FailureKind.UNPROCESSABLE
    paths = {issue.expression[0] for issue in failure.issues}
    assert paths == {"Assessment.status", "Assessment.subject"}


def test_the_time_is_filled_in_once(ward: Ward) -> None:
    resource = without(assessment("case-01", ward.patient()), "effectiveDateTime")
    (stored,) = ward.put(resource)
    assert stored["effectiveDateTime"] == "2026-11-22T13:00:00+11:00"
    (again,) = ward.put(resource)
    assert again["effectiveDateTime"] == stored["effectiveDateTime"]


@pytest.mark.parametrize("status", ["completed", "amended", "entered-in-error"])
def test_what_was_finished_never_becomes_unfinished(ward: Ward, status: str) -> None:
    resource = assessment("case-01", ward.patient())
    ward.put(resource | {"status": status})
    failure = refusal(ward, resource | {"status": "in-progress"})
    assert failure.issues[0].expression == ("Assessment.status",)


def test_an_unanswered_previous_run_status_is_taken_from_the_record(ward: Ward) -> None:
    subject = ward.patient()
    ward.put(assessment("case-05", subject, effectiveDateTime="2026-11-21"))
    (stored,) = ward.put(assessment("case-01", subject, effectiveDateTime="2026-12-01"))
    assert stored["evaluation"]["previousRunStatus"] == "pause"
    assert stored["evaluation"]["runStatus"]["reason"] == ["RS-R7"]
    items = [item["linkId"] for item in stored["item"]]
    assert "sx.previous-run-status" not in items


def test_only_an_earlier_finished_assessment_of_the_same_runner_counts(ward: Ward) -> None:
    subject = ward.patient()
    later = assessment("case-05", subject, id="later", effectiveDateTime="2026-12-31")
    open_one = assessment("case-05", subject, id="open", status="in-progress")
    other = assessment("case-05", ward.patient(), effectiveDateTime="2026-11-21")
    ward.put(later, open_one | {"effectiveDateTime": "2026-11-21"}, other)
    (stored,) = ward.put(assessment("case-01", subject, effectiveDateTime="2026-12-01"))
    assert "previousRunStatus" not in stored["evaluation"]


def test_one_transaction_is_evaluated_in_the_order_of_time(ward: Ward) -> None:
    subject = ward.patient()
    second = assessment("case-01", subject, effectiveDateTime="2026-12-01")
    first = assessment("case-05", subject, effectiveDateTime="2026-11-21")
    stored, _ = ward.put(second, first)
    assert stored["evaluation"]["previousRunStatus"] == "pause"


def test_of_two_on_one_day_the_one_that_came_first_is_the_earlier(ward: Ward) -> None:
    subject = ward.patient()
    first = assessment("case-05", subject, effectiveDateTime="2026-12-01")
    ward.put(first)
    (second,) = ward.put(assessment("case-01", subject, effectiveDateTime="2026-12-01"))
    (again,) = ward.put(first)
    assert second["evaluation"]["previousRunStatus"] == "pause"
    assert "previousRunStatus" not in again["evaluation"]


def test_a_finished_assessment_has_twins_for_all_that_a_plan_cites(ward: Ward) -> None:
    (stored,) = ward.put(assessment("case-01", ward.patient()))
    twins = ward.twins(stored)
    assert {"F-HIPEXT hip-left", "F-HIPEXT-ASYM", "P-FACET", "C-HIPEXT", "run-status"} <= set(twins)
    assert {twin["status"] for twin in twins.values()} == {"final"}
    hip = twins["F-HIPEXT hip-left"]
    assert hip["subject"] == stored["subject"]
    assert hip["effectiveDateTime"] == stored["effectiveDateTime"]
    assert hip["bodySite"]["coding"][1]["code"] == "287679003"
    assert hip["identifier"][0]["value"] == hip["id"]
    assert "4°" in hip["note"][0]["text"]


def test_a_measured_finding_carries_its_number(ward: Ward) -> None:
    (stored,) = ward.put(assessment("case-03", ward.patient()))
    assert ward.twins(stored)["F-LLD"]["valueQuantity"]["code"] == "mm"


def test_no_twin_calls_a_pattern_a_diagnosis(ward: Ward) -> None:
    (stored,) = ward.put(assessment("case-01", ward.patient()))
    assert "diagnos" not in str(ward.twins(stored)).lower()
    assert "hypothesis" in ward.twins(stored)["P-FACET"]["note"][0]["text"]


def test_an_unfinished_assessment_has_no_twins(ward: Ward) -> None:
    (stored,) = ward.put(assessment("case-01", ward.patient(), status="in-progress"))
    assert ward.twins(stored) == {}


def test_an_amendment_changes_only_the_twins_that_say_something_else(ward: Ward) -> None:
    resource = assessment("case-01", ward.patient())
    (stored,) = ward.put(resource)
    before = ward.twins(stored)
    items = [item for item in resource["item"] if item["linkId"] != "mo.hip-flexor.L"]
    ward.put(resource | {"status": "amended", "item": items})
    after = ward.twins(stored)
    assert {twin["id"] for twin in after.values()} == {twin["id"] for twin in before.values()}
    assert after["F-HIPFLEX hip-left"]["status"] == "entered-in-error"
    changed = {name for name, twin in after.items() if twin != before[name]}
    assert changed == {"F-HIPFLEX hip-left", "C-TIGHT"}
    assert after["C-TIGHT"]["status"] == "entered-in-error"


def test_a_finding_that_comes_back_is_amended(ward: Ward) -> None:
    resource = assessment("case-01", ward.patient())
    (stored,) = ward.put(resource)
    items = [item for item in resource["item"] if item["linkId"] != "mo.hip-flexor.L"]
    ward.put(resource | {"status": "amended", "item": items})
    ward.put(resource | {"status": "amended"})
    assert ward.twins(stored)["F-HIPFLEX hip-left"]["status"] == "amended"


def test_the_same_again_writes_no_twin(ward: Ward) -> None:
    resource = assessment("case-01", ward.patient())
    ward.put(resource)
    ward.put(resource)
    assert ward.written_types() == ["Assessment"]


def test_the_twins_of_an_error_are_errors(ward: Ward) -> None:
    resource = assessment("case-01", ward.patient())
    (stored,) = ward.put(resource)
    ward.put(resource | {"status": "entered-in-error"})
    statuses = {twin["status"] for twin in ward.twins(stored).values()}
    assert statuses == {"entered-in-error"}


def test_a_deleted_assessment_takes_its_twins_along(ward: Ward) -> None:
    (stored,) = ward.put(assessment("case-01", ward.patient()))
    twins = ward.twins(stored)
    ward.delete(("Assessment", stored["id"]))
    assert all(ward.find(("Observation", twin["id"])) is None for twin in twins.values())


def test_an_assessment_that_comes_back_brings_its_twins_back(ward: Ward) -> None:
    resource = assessment("case-01", ward.patient())
    (stored,) = ward.put(resource)
    before = set(ward.twins(stored))
    ward.delete(("Assessment", stored["id"]))
    ward.put(resource)
    assert set(ward.twins(stored)) == before


def test_twins_are_read_only_to_clients(ward: Ward) -> None:
    (stored,) = ward.put(assessment("case-01", ward.patient()))
    twin = ward.twins(stored)["P-FACET"]
    failure = refusal(ward, twin | {"status": "cancelled"})
    assert failure.kind is FailureKind.CONFLICT
    assert f"Assessment/{stored['id']}" in failure.issues[0].diagnostics
    with pytest.raises(Failure) as deletion:
        ward.delete(("Observation", twin["id"]))
    assert deletion.value.kind is FailureKind.CONFLICT


def test_an_ordinary_observation_is_left_alone(ward: Ward) -> None:
    observation = {
        "resourceType": "Observation",
        "id": "weight",
        "status": "final",
        "code": {"text": "Body weight"},
        "subject": {"reference": ward.patient()},
    }
    (stored,) = ward.put(observation)
    assert stored["code"] == {"text": "Body weight"}
