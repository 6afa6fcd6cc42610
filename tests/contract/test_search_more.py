"""Composites, places, words, filters, modifiers and parts: https://hl7.org/fhir/R4/search.html"""

from typing import Any

import pytest

from tests.factories import (
    LOINC,
    UCUM,
    Digits,
    care_plan,
    concept,
    observation,
    patient,
    quantity,
    unique_name,
)
from tests.service import Service

ACT_CODE = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
TYPES = "http://terminology.hl7.org/CodeSystem/v2-0203"
STREAM_PHASE = "https://runspine.example.org/fhir/StructureDefinition/stream-phase"


def refusal(service: Service, query: str) -> str:
    answer = service.get(query)
    assert answer.status_code == 400, answer.text
    return str(answer.json()["issue"][0]["diagnostics"])


@pytest.fixture
def pressure(service: Service) -> str:
    """A blood pressure of 107 over 60, another of 140 over 90, and a score of 10."""
    run = unique_name("bp")
    for high, low in ((107, 60), (140, 90)):
        parts = [
            {"code": concept(LOINC, code), "valueQuantity": quantity(value, "mm[Hg]")}
            for code, value in (("8480-6", high), ("8462-4", low))
        ]
        service.create(observation(identifier=[{"value": run}], component=parts))
    code = concept(LOINC, "9269-2")
    service.create(
        observation(identifier=[{"value": run}], code=code, valueQuantity=quantity(10, "{score}"))
    )
    return run


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("component-code-value-quantity=8480-6$107", 1),
        ("component-code-value-quantity=" + LOINC + "|8480-6$gt100|" + UCUM + "|mm[Hg]", 2),
        ("component-code-value-quantity=8480-6$60", 0),
        ("component-code-value-quantity=8480-6$107,8462-4$90", 2),
        ("component-code-value-quantity=8480-6$107&component-code-value-quantity=8462-4$60", 1),
        ("component-code-value-quantity=8480-6$107&component-code-value-quantity=8462-4$90", 0),
        ("combo-code-value-quantity=8480-6$ne107", 1),
        ("combo-code-value-quantity=9269-2$10", 1),
        ("code-value-quantity=9269-2$ge10", 1),
        ("code-value-quantity=9269-2$lt10", 0),
        ("code-value-quantity=8480-6$107", 0),
    ],
)
def test_the_parts_of_a_composite_match_in_one_element(
    service: Service, pressure: str, query: str, count: int
) -> None:
    assert len(service.found(f"Observation?identifier={pressure}&{query}")) == count


def test_composites_of_every_kind_of_value(service: Service) -> None:
    run = unique_name("cmp")
    kinds: dict[str, dict[str, Any]] = {
        "code-value-string=x$Blue": {"valueString": "blue eyes"},
        "code-value-date=x$2026-05": {"valueDateTime": "2026-05-06"},
        "code-value-concept=x$" + LOINC + "|b": {"valueCodeableConcept": concept(LOINC, "b")},
    }
    for value in kinds.values():
        service.create(observation(code=concept(LOINC, "x"), identifier=[{"value": run}], **value))
    for query in kinds:
        assert len(service.found(f"Observation?identifier={run}&{query}")) == 1, query


def test_stream_and_phase_of_a_plan_match_together(service: Service) -> None:
    who = service.create(patient())
    streams = [
        {
            "url": STREAM_PHASE,
            "extension": [
                {"url": "stream", "valueCode": stream},
                {"url": "phase", "valuePositiveInt": phase},
            ],
        }
        for stream, phase in (("mobility", 2), ("control", 1))
    ]
    made = service.create(care_plan(f"Patient/{who['id']}", extension=streams))
    base = f"CarePlan?patient={who['id']}&stream-phase="
    assert service.found(base + "mobility$2") == [f"CarePlan/{made['id']}"]
    assert service.found(base + "mobility$1") == []
    assert service.found(base + "control$le1") == [f"CarePlan/{made['id']}"]


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("Observation?code-value-quantity=a", "[code]$[value-quantity]"),
        ("Observation?code-value-quantity=a$b$c", "[code]$[value-quantity]"),
        ("Observation?code-value-quantity=a$b", "number"),
        ("Observation?code-value-quantity:missing=true", "composite"),
        ("Location?near=1", "latitude|longitude|distance|unit"),
        ("Location?near=91|0", "degrees"),
        ("Location?near=1|2|3|parsec", "km"),
        ("Patient?_sort=near", "near"),
        ("Observation?_sort=code-value-quantity", "composite"),
        ("Patient?_text=(a", "back pain"),
        ("Patient?_content=AND", "back pain"),
        ("Patient?identifier:of-type=a|b", "system|code|value"),
        ("Patient?gender:in=nonsense", "canonical URL"),
        ("Condition?code:below=http://snomed.info/sct|22298006", "SNOMED"),
        ("Condition?code:below=22298006", "system|code"),
        ("Patient?birthdate:text=x", ":missing"),
        ("Patient?_elements=nmae", "'name'"),
        ("Patient?_elements=name.family", "root"),
        ("Patient?_summary=some", "true or text"),
        ("Patient?_explain=maybe", "true or false"),
        ("Patient?_query=x", "not supported"),
        ("Patient?zzzzqqqq=x", "It has:"),
    ],
)
def test_what_cannot_be_asked_is_taught(service: Service, query: str, words: str) -> None:
    assert words in refusal(service, query)


@pytest.fixture
def places(service: Service) -> str:
    """Places at 0, 9.6, 100 and 712 km from Flinders Street Station."""
    run = unique_name("near")
    for name, latitude, longitude in (
        ("station", "-37.8183", "144.9671"),
        ("airport", "-37.7330", "144.9050"),
        ("ballarat", "-37.5622", "143.8503"),
        ("sydney", "-33.8688", "151.2093"),
    ):
        position = {"latitude": Digits(latitude), "longitude": Digits(longitude)}
        service.create(
            {"resourceType": "Location", "name": run, "alias": [name], "position": position}
        )
    service.create({"resourceType": "Location", "name": run, "alias": ["nowhere"]})
    return run


@pytest.mark.parametrize(
    ("near", "names"),
    [
        ("-37.8183|144.9671|0.1|km", ["station"]),
        ("-37.8183|144.9671|12", ["station", "airport"]),
        ("-37.8183|144.9671|12000|m", ["station", "airport"]),
        ("-37.8183|144.9671", ["station", "airport"]),
        ("-37.8183|144.9671|100|[mi_i]", ["station", "airport", "ballarat"]),
        ("-37.8183|144.9671|713.5|km", ["station", "airport", "ballarat"]),
        ("-37.8183|144.9671|714.5|km", ["station", "airport", "ballarat", "sydney"]),
        ("37.8183|-35.0329|20100", ["station", "airport", "ballarat", "sydney"]),
        ("37.8183|-35.0329|1000", []),
        ("-33.8688|151.2093|1,-37.5622|143.8503|1", ["sydney", "ballarat"]),
    ],
)
def test_near_finds_places_by_their_distance(
    service: Service, places: str, near: str, names: list[str]
) -> None:
    found = service.matches(f"Location?name={places}&near={near}")
    assert {each["alias"][0] for each in found} == set(names)


def test_a_match_says_how_far_away_it_is(service: Service, places: str) -> None:
    page = service.get(f"Location?name={places}&near=-37.8183|144.9671|12").json()
    told = [each["search"]["extension"][0] for each in page["entry"]]
    assert all(each["url"].endswith("/location-distance") for each in told)
    assert [each["valueDistance"]["value"] for each in told] == [0.0, pytest.approx(10.9, abs=0.1)]
    assert service.found(f"Location?name={places}&near:missing=true")


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("_text=knee", ["a"]),
        ("_text=KNEE", ["a"]),
        ("_text=kne", []),
        ("_text=kne*", ["a"]),
        ("_text=pain", ["a", "b"]),
        ("_text=pain knee", ["a"]),
        ("_text=knee OR back", ["a", "b"]),
        ("_text=(knee OR back) and pain and not dull", ["b"]),
        ('_text="back pain"', ["b"]),
        ('_text="pain back"', []),
        ("_text=knee,back", ["a", "b"]),
        ("_text=div", []),
        ("_content=Höhe", ["b"]),
        ("_content=hohe", ["b"]),
        ("_content=knee", ["a"]),
        ("_text=hohe", []),
        ("_content:x=knee", None),
    ],
)
def test_words_are_found_in_narrative_and_content(
    service: Service, query: str, names: list[str] | None
) -> None:
    run = unique_name("words")
    texts = {"a": "A dull pain in the knee", "b": "Sharp <b>back</b> pain"}
    notes = {"a": "nothing", "b": "Höhe"}
    made = {
        name: service.create(
            {
                "resourceType": "Basic",
                "code": {"text": notes[name]},
                "identifier": [{"value": run}],
                "text": {
                    "status": "generated",
                    "div": f'<div xmlns="http://www.w3.org/1999/xhtml">{text}</div>',
                },
            }
        )["id"]
        for name, text in texts.items()
    }
    if names is None:
        assert service.get(f"Basic?{query}").status_code == 400
        return
    found = service.found(f"Basic?identifier={run}&{query}")
    assert set(found) == {f"Basic/{made[name]}" for name in names}
    changed = {"resourceType": "Basic", "id": made["a"], "code": {"text": "Höhe"}}
    service.put(changed | {"identifier": [{"value": run}]})
    assert f"Basic/{made['a']}" not in service.found(f"Basic?identifier={run}&_text=pain")


@pytest.fixture
def people(service: Service) -> str:
    run = unique_name("flt")
    for family, given, born, gender in (
        ("Peterson", "Ann", "1980-05-01", "female"),
        ("Smith", "Peter", "1990-10-10", "male"),
        ("Young", "Amy", "2001-01-01", "female"),
    ):
        service.create(
            patient(
                name=[{"family": family, "given": [given]}],
                birthDate=born,
                gender=gender,
                identifier=[{"system": "http://example.org/run", "value": run}],
            )
        )
    return run


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ('name co "pet"', ["Peterson", "Smith"]),
        ('given eq "peter" and birthdate ge 1990-10-10', ["Smith"]),
        ("given eq pete", []),
        ("given sw pete", ["Smith"]),
        ("family ew son", ["Peterson"]),
        ("family ne Smith", ["Peterson", "Young"]),
        ("gender eq female", ["Peterson", "Young"]),
        ("gender ne female", ["Smith"]),
        ("not (gender eq female)", ["Smith"]),
        ("gender eq male or birthdate gt 2000", ["Smith", "Young"]),
        ("gender eq male or birthdate gt 2000 and family eq young", ["Young"]),
        ("gender eq male or (birthdate gt 2000 and family eq young)", ["Smith", "Young"]),
        ("birthdate po 1980", ["Peterson"]),
        ("death-date pr false", ["Peterson", "Smith", "Young"]),
        ("birthdate pr true", ["Peterson", "Smith", "Young"]),
        ("birthdate lt 1985", ["Peterson"]),
        ("organization.name co x", []),
        ("_id pr true and family sw you", ["Young"]),
    ],
)
def test_a_filter_joins_comparisons(
    service: Service, people: str, text: str, names: list[str]
) -> None:
    query = f"Patient?identifier=http://example.org/run|{people}"
    found = service.matches(f"{query}&_filter={text}")
    assert {each["name"][0]["family"] for each in found} == set(names)


def test_a_filter_follows_references(service: Service, people: str) -> None:
    who = service.found(f"Patient?identifier={people}&family=Smith")[0]
    seen = service.create(observation(who))
    expected = [f"Observation/{seen['id']}"]
    where = f"identifier eq http://example.org/run|{people}"
    for text in (
        f'subject.name co "smi" and subject:Patient.{where}',
        f"subject[{where}].gender eq male",
        f"patient re {who}",
    ):
        assert service.found(f"Observation?_filter={text}") == expected, text


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("name", "was expected"),
        ("name zz x", "one of eq"),
        ("name eq", "a value"),
        ("nmae eq x", "Did you mean"),
        ("(name eq x", "')'"),
        ("name eq x garbage", "and, or"),
        ("birthdate co 1980", "does not compare"),
        ("birthdate ge soon", "date"),
        ('name eq "x', "was expected"),
        ("(" * 30 + "name eq x" + ")" * 30, "deep"),
    ],
)
def test_a_filter_that_cannot_be_read_is_refused(service: Service, text: str, words: str) -> None:
    assert words in refusal(service, f"Patient?_filter={text}")


def test_text_and_type_of_identifiers_and_concepts(service: Service) -> None:
    run = unique_name("mod")
    kind = {"coding": [{"system": TYPES, "code": "MR"}], "text": "Hospital number"}
    who = service.create(patient(identifier=[{"type": kind, "system": "urn:x", "value": run}]))
    coded = {"text": "Weight of a runner", "coding": [{"code": "w", "display": "Body weight"}]}
    seen = service.create(observation(f"Patient/{who['id']}", code=coded))
    mine = f"Patient?_id={who['id']}&identifier"
    assert service.found(f"{mine}:of-type={TYPES}|MR|{run}")
    assert not service.found(f"{mine}:of-type={TYPES}|MC|{run}")
    assert service.found(f"{mine}:text=hospital")
    assert not service.found(f"{mine}:text=number")
    mine = f"Observation?_id={seen['id']}&code"
    assert service.found(f"{mine}:text=body")
    assert service.found(f"{mine}:text=WEIGHT OF")
    assert not service.found(f"{mine}:text=runner")


def test_codes_of_value_sets_and_hierarchies(service: Service) -> None:
    run = unique_name("vs")
    female = service.create(patient(identifier=[{"value": run}]))
    url = "http://hl7.org/fhir/ValueSet/administrative-gender"
    mine = f"Patient?identifier={run}&gender"
    assert service.found(f"{mine}:in={url}") == [f"Patient/{female['id']}"]
    assert service.found(f"{mine}:not-in={url}") == []
    act = {
        "resourceType": "Encounter",
        "status": "finished",
        "identifier": [{"value": run}],
        "class": {"system": ACT_CODE, "code": "ACUTE"},
    }
    stored = service.create(act)
    mine = f"Encounter?identifier={run}&class"
    assert service.found(f"{mine}:below={ACT_CODE}|IMP") == [f"Encounter/{stored['id']}"]
    assert service.found(f"{mine}:below={ACT_CODE}|AMB") == []
    assert service.found(f"{mine}:above={ACT_CODE}|ACUTE") == [f"Encounter/{stored['id']}"]
    url = f"http://example.org/ValueSet/{run}"
    service.create(
        {
            "resourceType": "ValueSet",
            "status": "active",
            "url": url,
            "compose": {"include": [{"system": ACT_CODE, "concept": [{"code": "ACUTE"}]}]},
        }
    )
    assert service.found(f"{mine}:in={url}") == [f"Encounter/{stored['id']}"]
