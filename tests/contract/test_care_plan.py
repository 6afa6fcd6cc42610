"""CarePlans over HTTP: invariants on every way of writing, and what a block does to them."""

import json

from tests.contract.test_assessment import runner
from tests.contract.test_plan import assessed, plan_url
from tests.factories import Resource, bundle, entry
from tests.service import Service
from tests.unit.clinic.test_plan import without_stream
from tests.unit.clinic.ward import assessment

LATER = "2026-11-28T10:00:00+11:00"


def drafted(service: Service) -> Resource:
    """The plan of a runner, a draft."""
    return dict(service.request("POST", plan_url(assessed(service))).json())


def activated(service: Service) -> Resource:
    """The plan of a runner, active."""
    answer = service.put(drafted(service) | {"status": "active"})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def blocking(plan: Resource) -> Resource:
    """A later Assessment of the same runner that blocks."""
    return assessment("case-06", plan["subject"]["reference"], effectiveDateTime=LATER)


def test_a_plan_that_breaks_an_invariant_is_refused_by_put(service: Service) -> None:
    plan = drafted(service)
    without_stream(plan)
    answer = service.put(plan)
    assert answer.status_code == 422
    assert answer.json()["issue"][0]["expression"][0].startswith("CarePlan")


def test_a_plan_that_breaks_an_invariant_is_refused_in_a_transaction(service: Service) -> None:
    plan = drafted(service)
    without_stream(plan)
    sent = bundle("transaction", entry("PUT", f"CarePlan/{plan['id']}", plan))
    assert service.request("POST", "", sent).status_code == 422
    assert service.get(f"CarePlan/{plan['id']}").headers["ETag"] == 'W/"1"'


def test_a_plan_that_breaks_an_invariant_is_refused_by_post(service: Service) -> None:
    plan = drafted(service) | {"status": "active"}
    del plan["id"]
    answer = service.request("POST", "CarePlan", plan)
    assert answer.status_code == 422
    assert answer.json()["issue"][0]["expression"] == ["CarePlan.status"]


def test_a_block_holds_the_plan_and_resuming_waits(service: Service) -> None:
    plan = activated(service)
    blocked = blocking(plan)
    assert service.put(blocked).status_code == 201
    held = service.get(f"CarePlan/{plan['id']}").json()
    assert held["status"] == "on-hold"
    assert {one["detail"]["status"] for one in held["activity"]} == {"on-hold"}
    assert service.put(held | {"status": "active"}).status_code == 422
    cleared = {"disposition": [{"redFlag": "RF-CES", "decision": "excluded"}]}
    assert service.put(blocked | {"status": "amended"} | cleared).status_code == 200
    assert service.put(held | {"status": "active"}).status_code == 200


def test_a_transaction_is_judged_on_its_end_state(service: Service) -> None:
    plan = drafted(service)
    blocked = blocking(plan)
    sent = bundle(
        "transaction",
        entry("PUT", f"CarePlan/{plan['id']}", plan | {"status": "active"}),
        entry("PUT", f"Assessment/{blocked['id']}", blocked),
    )
    assert service.request("POST", "", sent).status_code == 422
    assert service.get(f"CarePlan/{plan['id']}").json()["status"] == "draft"
    assert service.get(f"Assessment/{blocked['id']}").status_code == 404


def test_other_plans_are_plain_fhir(service: Service) -> None:
    other = {
        "resourceType": "CarePlan",
        "status": "active",
        "intent": "plan",
        "subject": {"reference": runner(service)},
    }
    stored = service.create(other)
    assert json.dumps(stored["status"]) == '"active"'
