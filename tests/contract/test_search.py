"""search-type: https://hl7.org/fhir/R4/search.html

What each parameter type finds is the matter of the property test beside; here stand the Bundle, its
links and counts, and what is refused.
"""

from urllib.parse import parse_qsl, quote, urlsplit

import pytest

from tests.factories import (
    LOINC,
    Digits,
    Resource,
    concept,
    observation,
    patient,
    quantity,
    unique_name,
)
from tests.service import FHIR_JSON, Service


def links(page: Resource) -> dict[str, str]:
    return {each["relation"]: each["url"] for each in page["link"]}


def parameters(link: str) -> list[tuple[str, str]]:
    return parse_qsl(urlsplit(link).query, keep_blank_values=True)


@pytest.fixture
def family(service: Service) -> str:
    """Five patients of one family name, written in the order of their birth."""
    name = unique_name("fam")
    for year in (1990, 1991, 1992, 1993, 1994):
        service.create(patient(name=[{"family": name}], birthDate=str(year)))
    return name


def test_a_searchset_says_what_it_found(service: Service, family: str) -> None:
    page = service.get(f"Patient?family={family}").json()
    assert (page["resourceType"], page["type"], page["total"]) == ("Bundle", "searchset", 5)
    for each in page["entry"]:
        assert each["search"]["mode"] == "match"
        assert each["fullUrl"] == f"{service.base}/Patient/{each['resource']['id']}"
    assert set(links(page)) == {"self"}


def test_a_search_that_finds_nothing_is_an_empty_searchset(service: Service) -> None:
    page = service.get(f"Patient?family={unique_name()}").json()
    assert page["total"] == 0
    assert "entry" not in page


def test_the_self_link_repeats_what_was_understood(service: Service, family: str) -> None:
    page = service.get(f"Patient?family={family}&gender=female&_sort=birthdate&_count=3").json()
    link = links(page)["self"]
    assert link.startswith(f"{service.base}/Patient?")
    assert ("family", family) in parameters(link)
    assert ("gender", "female") in parameters(link)
    assert ("_sort", "birthdate") in parameters(link)
    assert ("_count", "3") in parameters(link)


def test_the_links_ignore_what_headers_claim_about_the_host(service: Service, family: str) -> None:
    answer = service.get(
        f"Patient?family={family}&_count=2",
        X_Forwarded_Host="evil.example",
        X_Forwarded_Proto="https",
        Forwarded="host=evil.example;proto=https",
    )
    assert "evil.example" not in answer.text
    assert all(link.startswith(service.base + "/") for link in links(answer.json()).values())


@pytest.mark.parametrize("count", [1, 2, 4, 5])
def test_pages_hold_every_match_once_in_order(service: Service, family: str, count: int) -> None:
    found = list(service.matches(f"Patient?family={family}&_sort=-birthdate&_count={count}"))
    assert [each["birthDate"] for each in found] == ["1994", "1993", "1992", "1991", "1990"]


def test_there_is_no_empty_last_page(service: Service, family: str) -> None:
    page = service.get(f"Patient?family={family}&_count=5").json()
    assert len(page["entry"]) == 5
    assert "next" not in links(page)


def test_the_previous_link_leads_back(service: Service, family: str) -> None:
    first = service.get(f"Patient?family={family}&_sort=birthdate&_count=2").json()
    assert "previous" not in links(first)
    second = service.get(links(first)["next"]).json()
    third = service.get(links(second)["next"]).json()
    again = service.get(links(third)["previous"]).json()
    assert [each["fullUrl"] for each in again["entry"]] == [
        each["fullUrl"] for each in second["entry"]
    ]
    back = service.get(links(again)["previous"]).json()
    assert [each["fullUrl"] for each in back["entry"]] == [
        each["fullUrl"] for each in first["entry"]
    ]


def test_pages_stay_stable_while_others_write(service: Service, family: str) -> None:
    page = service.get(f"Patient?family={family}&_sort=birthdate&_count=2").json()
    seen = [each["resource"]["birthDate"] for each in page["entry"]]
    while link := links(page).get("next"):
        service.create(patient(name=[{"family": family}], birthDate="1980"))
        page = service.get(link).json()
        seen += [each["resource"]["birthDate"] for each in page["entry"]]
    assert seen == ["1990", "1991", "1992", "1993", "1994"]


@pytest.mark.parametrize("change", ["x", "", "AAAA", "e30.e30"])
def test_a_page_token_of_anothers_making_is_refused(
    service: Service, family: str, change: str
) -> None:
    page = service.get(f"Patient?family={family}&_count=2").json()
    link = links(page)["next"]
    known = {"family", "_count"}
    name, token = next(pair for pair in parameters(link) if pair[0] not in known)
    forged = link.replace(quote(token, safe=""), change).replace(token, change)
    assert forged != link
    answer = service.get(forged)
    assert answer.status_code == 400, name
    assert answer.json()["resourceType"] == "OperationOutcome"


def test_a_page_token_of_another_query_is_refused(service: Service, family: str) -> None:
    link = links(service.get(f"Patient?family={family}&_count=2").json())["next"]
    assert service.get(link.replace(f"family={family}", "family=other")).status_code == 400


@pytest.mark.parametrize(("count", "shown"), [("0", 0), ("1000000000", 5), ("1001", 5)])
def test_count_is_honoured_or_clamped(
    service: Service, family: str, count: str, shown: int
) -> None:
    page = service.get(f"Patient?family={family}&_count={count}").json()
    assert len(page.get("entry", ())) == shown
    assert page["total"] == 5
    assert "next" not in links(page)
    used = dict(parameters(links(page)["self"]))["_count"]
    assert used == count if count == "0" else int(used) <= 1000


@pytest.mark.parametrize("count", ["-1", "abc", "1.5", "", "1&_count=2", "%00", "1e2", "٣"])
def test_a_count_that_is_no_count_is_refused(service: Service, count: str) -> None:
    answer = service.get(f"Patient?_count={count}")
    assert answer.status_code == 400
    assert answer.json()["resourceType"] == "OperationOutcome"


def test_total_is_counted_when_it_is_asked_for(service: Service, family: str) -> None:
    query = f"Patient?family={family}&_count=2"
    assert "total" not in service.get(query).json()
    assert service.get(f"{query}&_total=none").json().get("total") is None
    page = service.get(f"{query}&_total=accurate").json()
    assert page["total"] == 5
    assert service.get(links(page)["next"]).json()["total"] == 5
    assert service.get(f"{query}&_total=most").status_code == 400


@pytest.mark.parametrize(
    ("query", "nearest"),
    [
        ("famly=x", "family"),
        ("birthDate=2000", "birthdate"),
        ("_lastupdated=2020", "_lastUpdated"),
        ("nonsense=1", ""),
        ("_nonsense=1", ""),
        ("family:exakt=x", "exact"),
        ("birthdate:exact=2000", ""),
        ("gender:exact=male", ""),
        ("_sort=nonsense", ""),
        ("_sort=-", ""),
        ("_sort=", ""),
        ("active:missing=maybe", ""),
    ],
)
def test_what_is_not_understood_is_refused_with_the_nearest_name(
    service: Service, query: str, nearest: str
) -> None:
    answer = service.get(f"Patient?{query}")
    assert answer.status_code == 400
    issue = answer.json()["issue"][0]
    assert nearest in issue["diagnostics"]
    assert issue["expression"], "the parameter is not named"


def test_lenient_handling_drops_what_is_unknown_and_says_so(service: Service, family: str) -> None:
    answer = service.get(f"Patient?family={family}&nonsense=1", Prefer="handling=lenient")
    page = answer.json()
    assert answer.status_code == 200
    modes = [each["search"]["mode"] for each in page["entry"]]
    assert modes.count("match") == 5
    assert modes.count("outcome") == 1
    outcome = next(each for each in page["entry"] if each["search"]["mode"] == "outcome")
    assert "nonsense" in str(outcome["resource"])
    assert "nonsense" not in links(page)["self"]
    assert page["total"] == 5


def test_lenient_handling_still_refuses_a_value_that_cannot_be_read(service: Service) -> None:
    answer = service.get("Patient?birthdate=garbage", Prefer="handling=lenient")
    assert answer.status_code == 400


def test_search_by_post_answers_like_get(service: Service, family: str) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    url = f"{service.base}/Patient/_search?_sort=-birthdate"
    answer = service.client.post(url, content=f"family={family}&_count=2".encode(), headers=form)
    assert answer.status_code == 200, answer.text
    page = answer.json()
    assert [each["resource"]["birthDate"] for each in page["entry"]] == ["1994", "1993"]
    second = service.get(links(page)["next"]).json()
    assert [each["resource"]["birthDate"] for each in second["entry"]] == ["1992", "1991"]


@pytest.mark.parametrize("media_type", [FHIR_JSON, "multipart/form-data; boundary=x", "text/plain"])
def test_search_by_post_takes_only_a_form(service: Service, media_type: str) -> None:
    url = f"{service.base}/Patient/_search"
    answer = service.client.post(url, content=b"{}", headers={"Content-Type": media_type})
    assert answer.status_code == 415
    assert answer.json()["resourceType"] == "OperationOutcome"


def test_missing_values_sort_last_and_are_kept(service: Service) -> None:
    name = unique_name("fam")
    for born in ("1990", None, "1980"):
        service.create(
            patient(name=[{"family": name}]) | ({"birthDate": born} if born else {}),
        )
    for order, dates in (
        ("birthdate", ["1980", "1990", None]),
        ("-birthdate", ["1990", "1980", None]),
    ):
        found = service.matches(f"Patient?family={name}&_sort={order}&_count=1")
        assert [each.get("birthDate") for each in found] == dates


def test_token_forms_mean_what_they_say(service: Service) -> None:
    run = concept("http://example.org/run", unique_name())
    code = run["coding"][0]["code"]
    forms = {
        "both": {"system": "http://s.example.org", "code": "a"},
        "none": {"code": "a"},
        "other": {"system": "http://t.example.org", "code": "a"},
    }
    ids = {
        service.create(observation(code=run, valueCodeableConcept={"coding": [coding]}))["id"]: name
        for name, coding in forms.items()
    }
    expected = {
        "a": {"both", "none", "other"},
        "http://s.example.org|a": {"both"},
        "|a": {"none"},
        "http://s.example.org|": {"both"},
        "http://s.example.org|b": set(),
    }
    for value, names in expected.items():
        found = service.matches(f"Observation?code={code}&value-concept={value}")
        assert {ids[each["id"]] for each in found} == names, value


def test_code_does_not_look_into_components_and_combo_code_does(service: Service) -> None:
    name = unique_name()
    part = {"code": concept(LOINC, name), "valueInteger": 1}
    service.create(observation(component=[part]))
    assert service.found(f"Observation?code={name}") == []
    assert len(service.found(f"Observation?combo-code={name}")) == 1
    assert len(service.found(f"Observation?component-code={name}")) == 1


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("100", ["99.5", "100", "100.4"]),
        ("100.00", ["100"]),
        ("1e2", ["95", "99.5", "100", "100.4", "100.5", "104.9"]),
        ("gt100", ["100.4", "100.5", "104.9", "105"]),
        ("le99.5", ["95", "99.5"]),
        ("100||kg", ["99.5", "100", "100.4"]),
        ("100||g", []),
        ("100|http://unitsofmeasure.org|kg", ["99.5", "100", "100.4"]),
        ("100|http://other.example.org|kg", []),
    ],
)
def test_the_digits_of_a_number_are_its_precision(
    service: Service, value: str, found: list[str]
) -> None:
    name = unique_name()
    for number in ("95", "99.5", "100", "100.4", "100.5", "104.9", "105"):
        service.create(
            observation(code=concept(LOINC, name), valueQuantity=quantity(Digits(number), "kg"))
        )
    query = f"Observation?code={name}&value-quantity={value}&_sort=value-quantity"
    got = [str(each["valueQuantity"]["value"]) for each in service.matches(query)]
    assert got == [str(float(text)) if "." in text else text for text in found]


@pytest.mark.parametrize(
    "query",
    [
        "name=' OR 1=1--", "name=%25", "name=_", "name=%5C%5C", "name=%5C", "name=%24",
        "name=%5C%24", "name=a%5C,b", "identifier=%7C", "identifier=a%7Cb%5C%7Cc",
        "identifier=%5C%7C", "name=%F0%9F%98%80", "_id=%27", "name=;DROP TABLE resource",
    ],
)  # fmt: skip
def test_what_looks_like_sql_is_only_text(empty_service: Service, query: str) -> None:
    empty_service.create(patient())
    answer = empty_service.get(f"Patient?{query}")
    assert answer.status_code in {200, 400}, answer.text
    if answer.status_code == 200:
        assert answer.json()["total"] == 0


def test_wildcards_of_sql_are_found_literally(service: Service) -> None:
    name = unique_name()
    for given in ("100%", "100x", "a_b", "axb", "a\\b"):
        service.create(patient(identifier=[{"value": name}], name=[{"given": [given]}]))
    for value, expected in (("100%25", "100%"), ("a_b", "a_b"), ("a%5C%5Cb", "a\\b")):
        for modifier in ("", ":contains", ":exact"):
            found = service.matches(f"Patient?identifier={name}&given{modifier}={value}")
            assert [each["name"][0]["given"][0] for each in found] == [expected]


@pytest.mark.parametrize(
    "value",
    ["gt", "2024-13", "eq2024-02-30", "xx2024", "2024-1-1", "", "24", "2024-01-01T25:00:00Z",
     "2024-01-01T10", "0000", "10000"],
)  # fmt: skip
def test_a_date_that_is_no_date_is_refused(service: Service, value: str) -> None:
    for parameter in ("Patient?birthdate", "Patient?_lastUpdated", "Observation?date"):
        answer = service.get(f"{parameter}={value}")
        assert answer.status_code == 400, parameter
        assert parameter.partition("?")[2] in answer.json()["issue"][0]["expression"][0]


@pytest.mark.parametrize(
    "value", ["1e400", "abc", "NaN", "Infinity", "", "1,5e", "0x10", "\u0661", "1e"]
)
def test_a_number_that_is_no_number_is_refused(service: Service, value: str) -> None:
    for parameter in ("RiskAssessment?probability", "Observation?value-quantity"):
        assert service.get(f"{parameter}={value}").status_code == 400, parameter


@pytest.mark.parametrize("names", [50, 500])
def test_a_long_list_of_values_or_sort_keys_is_answered(service: Service, names: int) -> None:
    many = ",".join(unique_name() for _ in range(names))
    assert service.get(f"Patient?_id={many}").status_code in {200, 400}
    keys = ",".join(["birthdate"] * names)
    assert service.get(f"Patient?_sort={keys}").status_code in {200, 400}


def test_a_value_that_no_field_can_hold_is_refused(service: Service) -> None:
    assert service.get("Patient?name=%00").status_code == 400
    assert service.get("Patient?name=%FF").status_code == 400
    assert service.get("Patient?na%00me=x").status_code == 400


def test_repeating_a_parameter_is_and_and_a_comma_is_or(service: Service) -> None:
    name = unique_name()
    for given in (["Ann"], ["Ann", "Bea"], ["Cy"]):
        service.create(patient(identifier=[{"value": name}], name=[{"given": given}]))
    base = f"Patient?identifier={name}"
    assert len(service.found(f"{base}&given=Ann&given=Bea")) == 1
    assert len(service.found(f"{base}&given=Ann,Cy")) == 3


def test_search_across_types_is_answered_or_refused_but_never_crashes(service: Service) -> None:
    for query in ("?_type=Patient&_id=x", "?_id=x", "?", "?_type=Nonsense"):
        answer = service.get(query)
        assert answer.status_code < 500
        if answer.status_code >= 400:
            assert answer.json()["resourceType"] == "OperationOutcome"
