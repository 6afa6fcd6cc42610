"""Plans: drafted once, held to their invariants, put on hold while their runner is blocked."""

from collections import Counter
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest

from api.fhir.outcome import Failure, FailureKind
from tests.unit.clinic import cases
from tests.unit.clinic.ward import BASE, TWO_STREAM, Resource, Ward, assessment

PLANNED = [case for case in cases.worked_cases() if not case.expected["planBlocked"]]
EXERCISES = f"{BASE}/CodeSystem/rs-exercise"
DOSAGE = f"{BASE}/StructureDefinition/exercise-dosage"


def exercises(plan: Resource) -> list[tuple[str, str, int, Resource]]:
    """(stream, exercise, phase, detail) of every exercise of a plan, in its order."""
    found = []
    for activity in plan["activity"]:
        detail = activity["detail"]
        for extension in detail.get("extension", []):
            if extension["url"] == DOSAGE:
                parts = {part["url"]: part for part in extension["extension"]}
                code = detail["code"]["coding"][0]["code"]
                phase = parts["phase"]["valuePositiveInt"]
                found.append((parts["stream"]["valueCode"], code, phase, detail))
    return found


def drafted(ward: Ward, name: str = "case-01") -> tuple[Resource, Resource]:
    """A runner's Assessment and the plan drafted from it."""
    (stored,) = ward.put(assessment(name, ward.patient()))
    return stored, ward.plan(stored)


def refusal(ward: Ward, plan: Resource) -> Failure:
    with pytest.raises(Failure) as failure:
        ward.put(plan)
    assert failure.value.kind is FailureKind.UNPROCESSABLE
    return failure.value


def block(ward: Ward, subject: str, **elements: Any) -> Resource:
    later = {"effectiveDateTime": "2026-11-28T10:00:00+11:00"} | elements
    (stored,) = ward.put(assessment("case-06", subject, **later))
    return stored


@pytest.mark.parametrize("case", PLANNED, ids=lambda case: case.name)
def test_a_plan_holds_the_streams_of_its_assessment(ward: Ward, case: cases.Case) -> None:
    decisions = [
        {"redFlag": rule, "decision": decision} for rule, decision in case.dispositions.items()
    ]
    elements = {"disposition": decisions} if decisions else {}
    (stored,) = ward.put(assessment(case.name, ward.patient(), **elements))
    found: dict[str, dict[str, list[str]]] = {}
    for stream, code, phase, _ in exercises(ward.plan(stored)):
        found.setdefault(f"phase{phase}", {}).setdefault(stream, []).append(code)
    assert found == case.expected["streams"]


def test_a_plan_is_a_draft_that_names_its_source(ward: Ward) -> None:
    stored, plan = drafted(ward)
    assert (plan["status"], plan["intent"]) == ("draft", "plan")
    assert plan["instantiatesCanonical"] == [TWO_STREAM]
    assert plan["subject"] == stored["subject"]
    assert plan["supportingInfo"] == [{"reference": f"Assessment/{stored['id']}/_history/1"}]
    codes = [category["coding"][0]["code"] for category in plan["category"]]
    assert codes == ["773513001", "mobility", "control"]


def test_an_exercise_carries_its_dose_and_its_reasons(ward: Ward) -> None:
    stored, plan = drafted(ward)
    stream, code, phase, detail = exercises(plan)[0]
    assert (stream, code, phase) == ("mobility", "MX01", 1)
    parts = {part["url"]: part for part in detail["extension"][0]["extension"]}
    assert parts["sets"]["valueRange"]["low"]["value"] == 3
    assert parts["side"]["valueCode"] == "left"
    assert detail["scheduledTiming"]["repeat"] == {
        "frequency": 5,
        "frequencyMax": 7,
        "period": 1,
        "periodUnit": "wk",
    }
    twins = {f"Observation/{twin['id']}": name for name, twin in ward.twins(stored).items()}
    cited = {twins[reason["reference"]] for reason in detail["reasonReference"]}
    assert cited == {"F-HIPFLEX hip-left", "F-HIPEXT hip-left"}


@pytest.mark.parametrize("case", PLANNED, ids=lambda case: case.name)
def test_every_reference_of_a_plan_leads_to_something(ward: Ward, case: cases.Case) -> None:
    decisions = [{"redFlag": rule, "decision": word} for rule, word in case.dispositions.items()]
    elements = {"disposition": decisions} if decisions else {}
    (stored,) = ward.put(assessment(case.name, ward.patient(), **elements))
    plan = ward.plan(stored)
    reasons = [
        reason for *_, detail in exercises(plan) for reason in detail.get("reasonReference", [])
    ]
    goals = [goal for *_, detail in exercises(plan) for goal in detail.get("goal", [])]
    for reference in [*reasons, *goals, *plan["goal"]]:
        resource_type, resource_id = reference["reference"].split("/")
        assert ward.read((resource_type, resource_id))["subject"] == plan["subject"]


def test_goals_can_be_measured_and_hold_the_runners_own_words(ward: Ward) -> None:
    _, plan = drafted(ward)
    goals = [ward.read(("Goal", one["reference"].split("/")[1])) for one in plan["goal"]]
    texts = {goal["description"]["text"] for goal in goals}
    assert {"Run without back pain", "Complete half marathon"} <= texts
    measured = [
        target for goal in goals for target in goal.get("target", []) if "measure" in target
    ]
    codes = {target["measure"]["coding"][0]["code"] for target in measured}
    assert {"mo.hip-extension", "om.psfs"} <= codes
    assert all(target["detailQuantity"]["comparator"] in (">=", "<=") for target in measured)


def test_advice_education_and_review_are_activities_too(ward: Ward) -> None:
    _, plan = drafted(ward)
    kinds = Counter(activity["detail"].get("kind") for activity in plan["activity"])
    assert kinds["CommunicationRequest"] > 5
    assert kinds["Appointment"] == 1
    texts = {activity["detail"]["code"].get("text") for activity in plan["activity"]}
    assert "Self-management" in texts


def test_asking_again_gives_the_same_plan(ward: Ward) -> None:
    stored, plan = drafted(ward)
    again = ward.draft(stored)
    assert again.resource_id == plan["id"]
    assert again.existing is not None
    assert again.changes == ()


def test_an_amended_assessment_has_a_plan_of_its_own(ward: Ward) -> None:
    resource = assessment("case-01", ward.patient())
    (first,) = ward.put(resource)
    before = ward.plan(first)
    (second,) = ward.put(resource | {"status": "amended"})
    assert ward.plan(second)["id"] != before["id"]


def test_an_incomplete_checklist_is_planned_from_and_the_plan_says_so(ward: Ward) -> None:
    resource = assessment("case-01", ward.patient())
    items = [item for item in resource["item"] if item["linkId"] != "fw.wear"]
    (stored,) = ward.put(resource | {"item": items})
    notes = " ".join(note["text"] for note in ward.plan(stored)["note"])
    assert "fw.wear" in notes


@pytest.mark.parametrize("status", ["in-progress", "entered-in-error"])
def test_no_plan_comes_from_an_assessment_that_is_not_finished(ward: Ward, status: str) -> None:
    (stored,) = ward.put(assessment("case-01", ward.patient(), status=status))
    with pytest.raises(Failure) as failure:
        ward.draft(stored)
    assert failure.value.kind is FailureKind.CONFLICT
    assert failure.value.issues[0].code == "business-rule"


def test_no_plan_is_drafted_while_a_red_flag_blocks(ward: Ward) -> None:
    (stored,) = ward.put(assessment("case-06", ward.patient()))
    with pytest.raises(Failure) as failure:
        ward.draft(stored)
    assert failure.value.kind is FailureKind.CONFLICT
    assert "RF-CES" in failure.value.issues[0].diagnostics


def test_no_plan_is_drafted_from_before_a_block(ward: Ward) -> None:
    subject = ward.patient()
    (stored,) = ward.put(assessment("case-01", subject))
    block(ward, subject)
    with pytest.raises(Failure) as failure:
        ward.draft(stored)
    assert failure.value.kind is FailureKind.CONFLICT


def test_a_draft_becomes_active_by_an_ordinary_update(ward: Ward) -> None:
    _, plan = drafted(ward)
    (active,) = ward.put(plan | {"status": "active"})
    assert active["status"] == "active"


def test_a_plan_is_created_as_a_draft(ward: Ward) -> None:
    _, plan = drafted(ward)
    failure = refusal(ward, plan | {"id": "another", "status": "active"})
    assert failure.issues[0].expression == ("CarePlan.status",)


def test_a_plan_stays_ours(ward: Ward) -> None:
    _, plan = drafted(ward)
    other = {name: value for name, value in plan.items() if name != "instantiatesCanonical"}
    failure = refusal(ward, other)
    assert failure.issues[0].expression == ("CarePlan.instantiatesCanonical",)


def test_other_plans_are_left_alone(ward: Ward) -> None:
    other = {"resourceType": "CarePlan", "id": "other", "status": "active", "intent": "plan"}
    (stored,) = ward.put(other | {"subject": {"reference": ward.patient()}})
    assert stored["status"] == "active"


def without_stream(plan: Resource) -> None:
    gone = [
        detail for stream, _, phase, detail in exercises(plan) if (stream, phase) == ("control", 3)
    ]
    plan["activity"] = [one for one in plan["activity"] if one["detail"] not in gone]


def struck_out_stream(plan: Resource) -> None:
    for stream, _, phase, detail in exercises(plan):
        if (stream, phase) == ("mobility", 2):
            detail["status"] = "cancelled"


def over_the_cap(plan: Resource) -> None:
    first = plan["activity"][0]
    plan["activity"] += [deepcopy(first) for _ in range(4)]


def without_reason(plan: Resource) -> None:
    del plan["activity"][0]["detail"]["reasonReference"]


def with_reason_of_another_kind(plan: Resource) -> None:
    control = next(d for _, code, _, d in exercises(plan) if code == "CX08")
    plan["activity"][0]["detail"]["reasonReference"] = control["reasonReference"]


def without_phase(plan: Resource) -> None:
    extension = plan["activity"][0]["detail"]["extension"][0]
    extension["extension"] = [part for part in extension["extension"] if part["url"] != "phase"]


def in_the_wrong_stream(plan: Resource) -> None:
    extension = plan["activity"][0]["detail"]["extension"][0]
    extension["extension"][0]["valueCode"] = "control"


def unknown_exercise(plan: Resource) -> None:
    plan["activity"][0]["detail"]["code"]["coding"][0]["code"] = "MX99"


def without_active_hip_exercise(plan: Resource) -> None:
    paired = ("MX08", "CX07")
    gone = [detail for _, code, phase, detail in exercises(plan) if code in paired and phase == 1]
    plan["activity"] = [one for one in plan["activity"] if one["detail"] not in gone]


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (without_stream, "control stream has no exercise in phase 3"),
        (struck_out_stream, "mobility stream has no exercise in phase 2"),
        (over_the_cap, "at most 4"),
        (without_reason, "cites"),
        (with_reason_of_another_kind, "cites"),
        (without_phase, "says its stream"),
        (in_the_wrong_stream, "belongs to the mobility stream"),
        (unknown_exercise, "no such code"),
        (without_active_hip_exercise, "active hip exercise"),
    ],
)
def test_an_invariant_is_refused_when_broken(
    ward: Ward, spoil: Callable[[Resource], None], words: str
) -> None:
    _, plan = drafted(ward)
    spoil(plan)
    failure = refusal(ward, plan)
    assert words in str(failure)
    assert all(issue.expression[0].startswith("CarePlan.activity") for issue in failure.issues)


def test_the_findings_of_another_runner_are_no_reason(ward: Ward) -> None:
    _, plan = drafted(ward)
    _, other = drafted(ward)
    plan["activity"][0]["detail"]["reasonReference"] = other["activity"][0]["detail"][
        "reasonReference"
    ]
    assert "own findings" in str(refusal(ward, plan))


def test_a_plan_struck_out_as_an_error_need_not_be_a_good_one(ward: Ward) -> None:
    _, plan = drafted(ward)
    without_stream(plan)
    (stored,) = ward.put(plan | {"status": "entered-in-error"})
    assert stored["status"] == "entered-in-error"


def test_a_block_puts_active_plans_on_hold_and_removes_nothing(ward: Ward) -> None:
    stored, plan = drafted(ward)
    ward.put(plan | {"status": "active"})
    block(ward, stored["subject"]["reference"])
    held = ward.read(("CarePlan", plan["id"]))
    assert held["status"] == "on-hold"
    assert {one["detail"]["status"] for one in held["activity"]} == {"on-hold"}
    assert len(held["activity"]) == len(plan["activity"])


def test_what_is_done_stays_done_when_a_plan_is_held(ward: Ward) -> None:
    stored, plan = drafted(ward)
    plan["activity"][0]["detail"]["status"] = "completed"
    ward.put(plan | {"status": "active"})
    block(ward, stored["subject"]["reference"])
    held = ward.read(("CarePlan", plan["id"]))
    assert held["activity"][0]["detail"]["status"] == "completed"


def test_drafts_and_the_plans_of_others_are_not_held(ward: Ward) -> None:
    stored, plan = drafted(ward)
    subject = stored["subject"]["reference"]
    other = {"resourceType": "CarePlan", "id": "other", "status": "active", "intent": "plan"}
    ward.put(other | {"subject": {"reference": subject}})
    block(ward, subject)
    assert ward.read(("CarePlan", plan["id"]))["status"] == "draft"
    assert ward.read(("CarePlan", "other"))["status"] == "active"


def test_resuming_waits_until_the_block_is_gone(ward: Ward) -> None:
    stored, plan = drafted(ward)
    ward.put(plan | {"status": "active"})
    blocking = block(ward, stored["subject"]["reference"])
    assert "latest assessment blocks" in str(refusal(ward, plan | {"status": "active"}))
    excluded = [{"redFlag": "RF-CES", "decision": "excluded"}]
    ward.put(blocking | {"status": "amended", "disposition": excluded})
    (resumed,) = ward.put(plan | {"status": "active"})
    assert resumed["status"] == "active"


def test_a_draft_is_not_activated_while_blocked(ward: Ward) -> None:
    stored, plan = drafted(ward)
    block(ward, stored["subject"]["reference"])
    refusal(ward, plan | {"status": "active"})


def test_one_transaction_is_judged_on_its_end_state(ward: Ward) -> None:
    stored, plan = drafted(ward)
    subject = stored["subject"]["reference"]
    later = "2026-11-28T10:00:00+11:00"
    blocking = assessment("case-06", subject, effectiveDateTime=later)
    with pytest.raises(Failure):
        ward.put(plan | {"status": "active"}, blocking)
    ward.put(plan | {"status": "active"})
    held, _ = ward.put(plan | {"status": "active", "title": "New title"}, blocking)
    assert (held["status"], held["title"]) == ("on-hold", "New title")


def test_an_unfinished_assessment_holds_nothing(ward: Ward) -> None:
    stored, plan = drafted(ward)
    ward.put(plan | {"status": "active"})
    block(ward, stored["subject"]["reference"], status="in-progress")
    assert ward.read(("CarePlan", plan["id"]))["status"] == "active"


def test_deleting_the_latest_assessment_can_bring_a_block_back(ward: Ward) -> None:
    subject = ward.patient()
    ward.put(assessment("case-06", subject, effectiveDateTime="2026-11-20"))
    (stored,) = ward.put(assessment("case-01", subject))
    (later,) = ward.put(
        assessment("case-04", subject, effectiveDateTime="2026-11-29T10:00:00+11:00")
    )
    plan = ward.plan(stored)
    ward.put(plan | {"status": "active"})
    ward.delete(("Assessment", later["id"]))
    assert ward.read(("CarePlan", plan["id"]))["status"] == "active"
    ward.delete(("Assessment", stored["id"]))
    assert ward.read(("CarePlan", plan["id"]))["status"] == "on-hold"
