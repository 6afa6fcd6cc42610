"""What each type of search parameter finds, on both databases.

Every table begins with a positive control: a query that finds everything there is.
"""

from collections.abc import Mapping
from typing import Any

import pytest

from api.store.session import Store
from tests.store.records import Clock, Records
from tests.store.searches import Searches, resources

Elements = Mapping[str, Mapping[str, Any]]


@pytest.fixture
def searches(store: Store) -> Searches:
    """Searches of the empty store of this test."""
    return Searches(store)


def concept(*codings: tuple[str | None, str | None], text: str | None = None) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if codings:
        found["coding"] = [
            {key: each for key, each in (("system", system), ("code", code)) if each is not None}
            for system, code in codings
        ]
    if text is not None:
        found["text"] = text
    return found


def test_strings(records: Records, searches: Searches) -> None:
    long_name = "Wolfeschlegelsteinhausenbergerdorff " * 4
    people: Elements = {
        "a": {"name": [{"family": "Müller", "given": ["Bea", "Jo"]}]},
        "b": {"name": [{"family": "muller", "text": "Bea Smith"}]},
        "c": {"name": [{"family": "Miller"}, {"family": "O'Brien_50%"}]},
        "d": {"name": [{"family": "Smith,Jones"}], "address": [{"city": "New  York"}]},
        "e": {"name": [{"family": f"{long_name}Senior"}]},
        "f": {"address": [{"city": "Newcastle", "line": ["1 York St"]}]},
        "g": {"name": [{"_family": {"extension": []}, "given": ["Straße"]}]},
    }
    records.put(*resources("Patient", people))
    searches.check(
        "Patient",
        [
            ("", "a b c d e f g"),
            ("family=mul", "a b"),
            ("family=MÜL", "a b"),
            ("family:exact=Müller", "a"),
            ("family:exact=müller", ""),
            ("family:contains=ILLE", "c"),
            ("family:contains=e", "a b c d e"),
            (r"family:contains=50%25", "c"),
            ("family:contains=n_5", "c"),
            ("family:contains=%25", "c"),
            ("family:contains=_", "c"),
            (r"family=smith\,j", "d"),
            ("family=smith,muller", "a b d"),
            ("name=bea", "a b"),
            ("name=bea&name=smith", ""),
            ("name=bea&family=muller", "a b"),
            ("given=strasse", "g"),
            ("address-city=new york", "d"),
            ("address=york", ""),
            ("address=1 york", "f"),
            ("address-city=new", "d f"),
            (f"family={long_name}", "e"),
            (f"family={long_name}senior", "e"),
            (f"family={long_name}junior", ""),
            (f"family:exact={long_name}Senior", "e"),
            ("family:missing=true", "f g"),
            ("family:missing=false", "a b c d e"),
        ],
    )


def test_tokens(records: Records, searches: Searches) -> None:
    values: Elements = {
        "a": {"valueCodeableConcept": concept(("s1", "x"), ("s2", "y"))},
        "b": {"valueCodeableConcept": concept(("s2", "x"))},
        "c": {"valueCodeableConcept": concept((None, "x"))},
        "d": {"valueCodeableConcept": concept(("s1", None))},
        "e": {"valueCodeableConcept": concept(text="x")},
        "f": {"status": "final", "identifier": [{"system": "s1", "value": "A,B|C"}]},
        "g": {"status": "amended", "valueCodeableConcept": {"extension": []}},
    }
    records.put(*resources("Observation", values))
    searches.check(
        "Observation",
        [
            ("", "a b c d e f g"),
            ("value-concept=x", "a b c"),
            ("value-concept=X", ""),
            ("value-concept=s1|x", "a"),
            ("value-concept=|x", "c"),
            ("value-concept=s1|", "a d"),
            ("value-concept=s1|x,s2|x", "a b"),
            ("value-concept=x&value-concept=y", "a"),
            ("value-concept=z,y", "a"),
            ("value-concept:not=x", "d e f g"),
            ("value-concept:not=s2|x", "a c d e f g"),
            ("value-concept:not=x,s1|", "e f g"),
            ("value-concept:missing=true", "f g"),
            ("value-concept:missing=false", "a b c d e"),
            (r"identifier=A\,B\|C", "f"),
            (r"identifier=s1|A\,B\|C", "f"),
            ("identifier=A,B|C", ""),
            ("status=final", "f"),
            ("status=|final", "f"),
            ("status=http://hl7.org/fhir/observation-status|final", "f"),
            ("status=other|final", ""),
            ("status:not=final,amended", "a b c d e"),
        ],
    )


def test_contact_points_and_booleans(records: Records, searches: Searches) -> None:
    people: Elements = {
        "a": {"telecom": [{"system": "email", "value": "Ann@Example.org"}], "active": True},
        "b": {"telecom": [{"system": "phone", "value": "0412345678"}], "active": False},
        "c": {"deceasedBoolean": False},
        "d": {"deceasedDateTime": "2026"},
    }
    records.put(*resources("Patient", people))
    searches.check(
        "Patient",
        [
            ("", "a b c d"),
            ("email=ann@example.org", "a"),
            ("telecom=ANN@example.org", "a"),
            ("phone=ann@example.org", ""),
            ("telecom=0412345678", "b"),
            ("active=true", "a"),
            ("active:not=true", "b c d"),
            ("deceased=true", "d"),
            ("deceased=false", "a b c"),
            ("death-date:missing=false", "d"),
        ],
    )


def test_references(records: Records, searches: Searches) -> None:
    subjects: Elements = {
        "a": {"subject": {"reference": "Patient/1"}},
        "b": {"subject": {"reference": "http://runspine.test/fhir/Patient/1/_history/3"}},
        "c": {"subject": {"reference": "Group/1"}},
        "d": {"subject": {"reference": "http://other.test/fhir/Patient/1"}},
        "e": {"subject": {"reference": "urn:uuid:3f6e8b52-9f5c-4a39-9f0c-2b9a3b1c0001"}},
        "f": {"subject": {"identifier": {"system": "s", "value": "1"}}},
        "g": {"status": "final"},
    }
    records.put(*resources("Observation", subjects))
    searches.check(
        "Observation",
        [
            ("", "a b c d e f g"),
            ("subject=Patient/1", "a b"),
            ("subject=1", "a b c"),
            ("subject:Patient=1", "a b"),
            ("subject:Patient=Patient/1", "a b"),
            ("subject:Group=1", "c"),
            ("subject=http://runspine.test/fhir/Patient/1", "a b"),
            ("subject=Patient/1/_history/7", "a b"),
            ("subject=http://other.test/fhir/Patient/1", "d"),
            ("subject=urn:uuid:3f6e8b52-9f5c-4a39-9f0c-2b9a3b1c0001", "e"),
            ("subject:identifier=s|1", "f"),
            ("subject:identifier=1", "f"),
            ("subject:identifier=|1", ""),
            ("subject=Patient/1,Group/1", "a b c"),
            ("subject=Patient/2", ""),
            ("patient=1", "a b"),
            ("patient=Group/1", ""),
            ("patient:missing=true", "c e f g"),
            ("subject:missing=true", "g"),
        ],
    )


def test_uris(records: Records, searches: Searches) -> None:
    sets: Elements = {
        "a": {"url": "http://acme.test/fhir/ValueSet/1"},
        "b": {"url": "http://acme.test/fhir/ValueSet/10"},
        "c": {"url": "http://acme.test/fhir"},
        "d": {"url": "urn:oid:1.2.3"},
        "e": {"meta": {"profile": ["http://acme.test/p|2.0"]}},
        "f": {"url": "http://acme.test/" + "long/" * 200},
    }
    records.put(*resources("ValueSet", sets))
    searches.check(
        "ValueSet",
        [
            ("", "a b c d e f"),
            ("url=http://acme.test/fhir/ValueSet/1", "a"),
            ("url=HTTP://acme.test/fhir/ValueSet/1", ""),
            ("url:below=http://acme.test/fhir", "a b c"),
            ("url:below=http://acme.test/fhir/ValueSet/1", "a"),
            ("url:above=http://acme.test/fhir/ValueSet/1/x", "a c"),
            ("url=urn:oid:1.2.3", "d"),
            ("_profile=http://acme.test/p", "e"),
            ("_profile=http://acme.test/p|2.0", "e"),
            ("_profile=http://acme.test/p|1.0", ""),
            ("url=http://acme.test/" + "long/" * 200, "f"),
            ("url=http://acme.test/" + "long/" * 199 + "lung/", ""),
            ("url:missing=true", "e"),
        ],
    )


def test_the_parameters_of_every_resource(
    records: Records, searches: Searches, clock: Clock
) -> None:
    tag = {"tag": [{"system": "s", "code": "t"}], "security": [{"code": "R"}]}
    records.put({"resourceType": "Patient", "id": "a", "meta": {**tag, "source": "http://x#1"}})
    clock.now += 86_400_000_000
    records.put({"resourceType": "Patient", "id": "A"})
    searches.check(
        "Patient",
        [
            ("", "a A"),
            ("_id=a", "a"),
            ("_id=A,a,b,a", "a A"),
            ("_id:not=a", "A"),
            ("_id=b", ""),
            ("_tag=s|t", "a"),
            ("_security=R", "a"),
            ("_tag:not=t", "A"),
            ("_lastUpdated=2026-01-01", "a"),
            ("_lastUpdated=2026-01-01T00:00:00.000Z", "a"),
            ("_lastUpdated=gt2026-01-01T00:00:00Z", "A"),
            ("_lastUpdated=ge2026-01-01", "a A"),
            ("_lastUpdated=lt2026-01-02", "a"),
            ("_lastUpdated=sa2026-01-01", "A"),
            ("_lastUpdated:missing=true", ""),
            ("_lastUpdated=lt2001", ""),
        ],
    )


def test_a_resource_of_another_type_is_never_found(records: Records, searches: Searches) -> None:
    records.put(
        {"resourceType": "Patient", "id": "a", "active": True},
        {"resourceType": "Practitioner", "id": "a", "active": True},
    )
    for text in ("", "active=true", "active:not=false", "_id=a", "_sort=active"):
        assert searches.ids("Practitioner", text) == ["a"], text
        assert searches.ids("Organization", text) == [], text


def test_only_the_current_version_is_found(records: Records, searches: Searches) -> None:
    records.put({"resourceType": "Patient", "id": "a", "name": [{"family": "Old"}]})
    records.put({"resourceType": "Patient", "id": "a", "name": [{"family": "New"}]})
    searches.check("Patient", [("family=new", "a"), ("family=old", "")])
    assert searches.page("Patient", "family=new").versions[0].version_id == 2


def test_what_was_deleted_is_never_found(records: Records, searches: Searches) -> None:
    records.put(*resources("Patient", {"a": {"gender": "male"}, "b": {"gender": "male"}}))
    assert searches.ids("Patient", "gender=male") == ["a", "b"]
    records.delete("Patient", "a")
    searches.check(
        "Patient",
        [
            ("", "b"),
            ("_id=a,b", "b"),
            ("gender=male", "b"),
            ("gender:not=female", "b"),
            ("family:missing=true", "b"),
            ("_sort=gender", "b"),
            ("_sort=family", "b"),
            ("_sort=-_lastUpdated", "b"),
            ("_lastUpdated=gt2001", "b"),
        ],
    )
    records.put({"resourceType": "Patient", "id": "a"})
    searches.check("Patient", [("", "a b"), ("gender=male", "b"), ("gender:missing=true", "a")])


def test_tenants_do_not_find_each_others_resources(store: Store) -> None:
    other = store.for_tenant(2)
    other.add_tenant("another clinic")
    Records(store).put({"resourceType": "Patient", "id": "a", "gender": "male"})
    Records(other).put({"resourceType": "Patient", "id": "b", "gender": "male"})
    for text in ("", "gender=male", "gender:not=female", "_sort=gender", "_sort=family", "_id=a,b"):
        assert Searches(store).ids("Patient", text) == ["a"], text
        assert Searches(other).ids("Patient", text) == ["b"], text
