"""transaction: https://hl7.org/fhir/R4/http.html#transaction"""

import pytest

from tests.factories import Resource, bundle, entry, observation, patient, unique_name
from tests.service import Service

FIRST = "urn:uuid:0d4b9d7e-52a5-4f0e-8d5a-0f6f0c1a0001"
SECOND = "urn:uuid:0d4b9d7e-52a5-4f0e-8d5a-0f6f0c1a0002"


def marked(name: str, **elements: object) -> Resource:
    return patient(identifier=[{"system": "http://example.org/run", "value": name}], **elements)


def post(service: Service, *entries: Resource) -> tuple[int, Resource]:
    answer = service.request("POST", "", bundle("transaction", *entries))
    return answer.status_code, answer.json()


def statuses(answer: Resource) -> list[str]:
    return [each["response"]["status"][:3] for each in answer["entry"]]


def test_references_between_entries_are_rewritten(service: Service) -> None:
    narrative = f'<div xmlns="http://www.w3.org/1999/xhtml"><a href="{FIRST}">her</a></div>'
    status, answer = post(
        service,
        entry(
            "POST",
            "Observation",
            observation(
                FIRST,
                text={"status": "generated", "div": narrative},
                extension=[{"url": "http://example.org/x", "valueUri": FIRST}],
            ),
        ),
        entry("POST", "Patient", patient(), fullUrl=FIRST),
    )
    assert status == 200, answer
    assert answer["type"] == "transaction-response"
    assert statuses(answer) == ["201", "201"]
    made = answer["entry"][1]["response"]["location"].split("/_history")[0]
    path = answer["entry"][0]["response"]["location"].split("/_history")[0]
    stored = service.get(path).json()
    reference = made.removeprefix(service.base + "/")
    assert stored["subject"]["reference"] == reference
    assert stored["extension"][0]["valueUri"].endswith(reference)
    assert FIRST not in stored["text"]["div"]
    assert reference in stored["text"]["div"]


def test_entries_that_refer_to_each_other_in_a_circle_are_resolved(service: Service) -> None:
    def linked(other: str) -> Resource:
        return patient(link=[{"type": "seealso", "other": {"reference": other}}])

    status, answer = post(
        service,
        entry("POST", "Patient", linked(SECOND), fullUrl=FIRST),
        entry("POST", "Patient", linked(FIRST), fullUrl=SECOND),
    )
    assert status == 200, answer
    paths = [each["response"]["location"].split("/_history")[0] for each in answer["entry"]]
    others = [service.get(path).json()["link"][0]["other"]["reference"] for path in paths]
    assert [f"{service.base}/{other}" for other in others] == paths[::-1]


@pytest.mark.parametrize("place", [0, 1, 2])
def test_one_bad_entry_undoes_them_all(service: Service, place: int) -> None:
    name = unique_name()
    entries = [entry("POST", "Patient", marked(name)) for _ in range(2)]
    entries.insert(place, entry("POST", "Patient", marked(name, gender="weiblich")))
    status, answer = post(service, *entries)
    assert status in {400, 422}
    assert answer["resourceType"] == "OperationOutcome"
    assert f"Bundle.entry[{place}]" in answer["issue"][0]["expression"][0]
    assert service.found(f"Patient?identifier={name}") == []


def test_deletes_come_first_and_the_answer_keeps_the_order_of_the_request(
    service: Service,
) -> None:
    name = unique_name()
    old = service.create(marked(name))
    status, answer = post(
        service,
        entry("GET", f"Patient?identifier={name}"),
        entry("PUT", f"Patient/{name}", marked(name, id=name)),
        entry("POST", "Patient", marked(name)),
        entry("DELETE", f"Patient/{old['id']}"),
    )
    assert status == 200, answer
    assert statuses(answer)[0] == "200"
    assert statuses(answer)[1] == "201"
    assert statuses(answer)[2] == "201"
    assert statuses(answer)[3] in {"200", "204"}
    assert answer["entry"][0]["resource"]["total"] == 2
    assert len(service.found(f"Patient?identifier={name}")) == 2


@pytest.mark.parametrize("other", ["PUT", "DELETE"])
def test_two_entries_on_one_resource_fail(service: Service, other: str) -> None:
    stored = service.create(patient())
    path = f"Patient/{stored['id']}"
    changed = stored | {"gender": "male"}
    second = entry(other, path, changed if other == "PUT" else None)
    status, answer = post(service, entry("PUT", path, changed), second)
    assert status == 400
    assert answer["resourceType"] == "OperationOutcome"
    assert service.get(path).json() == stored


def test_the_same_full_url_twice_fails(service: Service) -> None:
    status, _ = post(
        service,
        entry("POST", "Patient", patient(), fullUrl=FIRST),
        entry("POST", "Patient", patient(), fullUrl=FIRST),
    )
    assert status == 422  # bdl-7


def test_a_condition_and_an_address_of_the_same_resource_fail(service: Service) -> None:
    name = unique_name()
    stored = service.create(marked(name))
    status, _ = post(
        service,
        entry("PUT", f"Patient/{stored['id']}", stored | {"gender": "male"}),
        entry("PUT", f"Patient?identifier={name}", marked(name, gender="other")),
    )
    assert status in {400, 412}
    assert service.get(f"Patient/{stored['id']}").json() == stored


@pytest.mark.parametrize(
    "reference",
    ["urn:uuid:9d4b9d7e-52a5-4f0e-8d5a-0f6f0c1a0009", "Patient/does-not-exist-anywhere"],
)
def test_a_reference_that_nothing_resolves_fails(service: Service, reference: str) -> None:
    status, answer = post(service, entry("POST", "Observation", observation(reference)))
    assert status in {400, 422}
    assert answer["resourceType"] == "OperationOutcome"


def test_a_conditional_reference_needs_exactly_one_match(service: Service) -> None:
    name = unique_name()
    reference = f"Patient?identifier=http://example.org/run|{name}"
    attempt = entry("POST", "Observation", observation(reference))
    assert post(service, attempt)[0] in {400, 412, 422}
    stored = service.create(marked(name))
    status, answer = post(service, attempt)
    assert status == 200, answer
    made = service.get(answer["entry"][0]["response"]["location"].split("/_history")[0]).json()
    assert made["subject"]["reference"] == f"Patient/{stored['id']}"
    service.create(marked(name))
    assert post(service, attempt)[0] == 412


def test_a_conditional_reference_finds_what_the_same_transaction_creates(
    service: Service,
) -> None:
    name = unique_name()
    reference = f"Patient?identifier=http://example.org/run|{name}"
    status, _ = post(
        service,
        entry("POST", "Observation", observation(reference)),
        entry("POST", "Patient", marked(name), fullUrl=FIRST),
    )
    # R4 leaves open whether the search sees the transaction's own resources, but not half a result.
    assert len(service.found(f"Patient?identifier={name}")) == (1 if status == 200 else 0)


def test_the_same_conditional_create_twice_makes_one_resource_or_fails(service: Service) -> None:
    name = unique_name()
    condition = f"identifier=http://example.org/run|{name}"
    attempt = entry("POST", "Patient", marked(name), ifNoneExist=condition)
    status, _ = post(service, attempt, attempt)
    found = len(service.found(f"Patient?identifier={name}"))
    assert (status, found) in {(200, 1), (400, 0), (412, 0)}


def test_a_conditional_create_in_a_transaction_links_to_what_exists(service: Service) -> None:
    name = unique_name()
    stored = service.create(marked(name))
    status, answer = post(
        service,
        entry("POST", "Observation", observation(FIRST)),
        entry("POST", "Patient", marked(name), fullUrl=FIRST, ifNoneExist=f"identifier={name}"),
    )
    assert status == 200, answer
    assert statuses(answer) == ["201", "200"]
    path = answer["entry"][0]["response"]["location"].split("/_history")[0]
    assert service.get(path).json()["subject"]["reference"] == f"Patient/{stored['id']}"


def test_a_stale_if_match_undoes_the_whole_transaction(service: Service) -> None:
    name = unique_name()
    stored = service.create(patient())
    status, _ = post(
        service,
        entry("POST", "Patient", marked(name)),
        entry("PUT", f"Patient/{stored['id']}", stored | {"gender": "male"}, ifMatch='W/"9"'),
    )
    assert status == 412
    assert service.found(f"Patient?identifier={name}") == []


@pytest.mark.parametrize(
    ("method", "url", "has_resource"),
    [
        ("post", "Patient", True),
        ("TRACE", "Patient", False),
        ("POST", "Patient/1", True),
        ("PUT", "Patient", True),
        ("PUT", "Patient/", True),
        ("POST", "Patient", False),
        ("PUT", "Patient/x1", False),
        ("DELETE", "Patient", False),
        ("POST", "", True),
        ("GET", "../secrets", False),
        ("GET", "", False),
        ("POST", "Nonsense", True),
        ("POST", "http://other.example.org/fhir/Patient", True),
    ],
)
def test_an_entry_that_is_no_interaction_fails(
    service: Service,
    method: str,
    url: str,
    has_resource: bool,  # noqa: FBT001 - a column of the table above
) -> None:
    resource = patient(id="x1") if has_resource else None
    status, answer = post(service, entry(method, url, resource))
    assert status in {400, 404, 405, 422}, answer
    assert answer["resourceType"] == "OperationOutcome"


def test_an_entry_without_a_request_fails(service: Service) -> None:
    status, answer = post(service, {"resource": patient()})
    assert status == 400
    assert "Bundle.entry[0]" in answer["issue"][0]["expression"][0]


@pytest.mark.parametrize("kind", ["collection", "searchset", "history", "document", None, 5])
def test_only_batches_and_transactions_are_carried_out(service: Service, kind: object) -> None:
    name = unique_name()
    whole = bundle("x", entry("POST", "Patient", marked(name)))
    whole = {key: item for key, item in whole.items() if key != "type"}
    answer = service.request("POST", "", whole | ({} if kind is None else {"type": kind}))
    assert answer.status_code in {400, 422}
    assert service.found(f"Patient?identifier={name}") == []


def test_a_bundle_posted_to_its_own_type_is_stored(service: Service) -> None:
    name = unique_name()
    whole = bundle("transaction", entry("POST", "Patient", marked(name)))
    answer = service.request("POST", "Bundle", whole)
    assert answer.status_code == 201, answer.text
    assert service.found(f"Patient?identifier={name}") == []


def test_a_resource_of_another_type_than_bundle_is_not_carried_out(service: Service) -> None:
    answer = service.request("POST", "", patient())
    assert answer.status_code == 400
    assert answer.json()["resourceType"] == "OperationOutcome"


def test_more_entries_than_the_limit_are_refused(service: Service) -> None:
    reads = [entry("GET", "Patient/x")] * 5001
    answer = service.request("POST", "", bundle("transaction", *reads))
    assert answer.status_code == 413


def test_five_hundred_entries_are_one_transaction(service: Service) -> None:
    name = unique_name()
    status, answer = post(service, *[entry("POST", "Patient", marked(name)) for _ in range(500)])
    assert status == 200
    assert set(statuses(answer)) == {"201"}
    found = service.get(f"Patient?identifier={name}&_count=0").json()
    assert found["total"] == 500


def test_delete_and_create_of_referenced_resources_are_judged_on_the_end_state(
    service: Service,
) -> None:
    stored = service.create(patient())
    held = service.create(observation(f"Patient/{stored['id']}"))
    moved = {**held, "subject": {"reference": FIRST}}
    status, answer = post(
        service,
        entry("DELETE", f"Patient/{stored['id']}"),
        entry("PUT", f"Observation/{held['id']}", moved),
        entry("POST", "Patient", patient(), fullUrl=FIRST),
    )
    assert status == 200, answer


def test_a_put_under_a_new_id_may_be_referenced_by_its_address(service: Service) -> None:
    name = unique_name()
    status, answer = post(
        service,
        entry("POST", "Observation", observation(f"Patient/{name}")),
        entry("PUT", f"Patient/{name}", patient(id=name)),
    )
    assert status == 200, answer


def test_an_empty_transaction_is_answered(service: Service) -> None:
    answer = service.request("POST", "", {"resourceType": "Bundle", "type": "transaction"})
    assert answer.status_code == 200
    assert answer.json()["type"] == "transaction-response"
