"""Random resources and random queries, drawn from small pools so that they often meet.

The pools hold what implementations get wrong: accents, case, SQL's wildcards, FHIR's separators,
partial dates around a Melbourne midnight, and numbers at the edge of what their digits imply.
"""

from collections.abc import Mapping
from typing import Any, TypeAlias

from hypothesis import strategies as st

from tests.factories import UCUM, Digits
from tests.property.intervals import date_interval

Resource: TypeAlias = dict[str, Any]
Strategy: TypeAlias = st.SearchStrategy[Any]

WORDS = [
    "Ann", "Anna", "ANNE", "Ánna", "Mary Ann", "Mary  Ann", "O'Neil", "Müller", "Muller", "mül",
    "a,b", "a|b", "a$b", "a\\b", "100%", "1000", "a_b", "axb", "é", "e\u0301", "日本", "日", "x-y",
    "Straße", "STRASSE", "İ", "i", "ﬁn", "fin", "😀", "ab", "Ab",
]  # fmt: skip
SYSTEMS = ["http://example.org/a", "http://example.org/b", "urn:oid:1.2.3"]
CODES = ["a", "b", "ab", "A", "a b", "x,y", "x$y", "x\\y"]
UNITS = ["mg", "kg", "{score}"]
IDS = ["p1", "p2", "p3"]
DATES = [
    "2019", "2020", "2021", "2019-12", "2020-01", "2020-02", "2020-03", "2019-12-31",
    "2020-01-01", "2020-02-28", "2020-02-29", "2020-03-01",
]  # fmt: skip
INSTANTS = [
    "2019-12-31T13:00:00Z", "2019-12-31T12:59:59Z", "2019-12-31T12:59:59.999Z",
    "2020-01-01T00:00:00+11:00", "2020-01-01T00:00:00Z", "2020-02-28T23:00:00Z",
    "2020-02-29T10:00:00+11:00", "2020-02-29T10:00:00.5+11:00", "2020-02-29T10:00:00.500+11:00",
    "2020-02-29T23:59:59.999+11:00", "2020-03-01T00:00:00+11:00", "2020-04-05T02:30:00+11:00",
    "2020-04-05T02:30:00+10:00", "2020-02-28T12:00:00-12:00", "2020-02-29T00:00:00+14:00",
]  # fmt: skip
NUMBERS = [
    "0", "0.0", "-0.0", "5", "5.0", "5.00", "5.4", "5.40", "5.35", "5.45", "5.449", "5.451",
    "-5.4", "-5.35", "-5.45", "100", "99.5", "100.5", "99.49999999999999999999", "95", "105",
    "104.99", "1e2", "1E2", "1e-3", "0.001", "0.0005", "0.0015", "4.5", "5.5", "-1e1", "1.5e2",
    "145", "155", "1000000000000000000.1", "1000000000000000000",
]  # fmt: skip
PROBABILITIES = ["0", "0.05", "0.050", "0.5", "0.45", "0.55", "0.549", "1", "1e-3", "33.3", "100"]
URIS = [
    "http://example.org/vs/a", "http://example.org/vs/a/", "http://example.org/vs/A",
    "http://example.org/vs", "urn:oid:1.2.3", "http://example.org/vs/a,b", "urn:uuid:x",
    "http://example.org/vs/a%20b", "http://example.org/vs?x=1&y=2",
]  # fmt: skip
REFERENCES = [
    *(f"Patient/{each}" for each in IDS), "Patient/p1/_history/2", "Group/p1", "Group/p2",
    "http://runspine.test/fhir/Patient/p1", "http://runspine.test/fhir/Patient/p2/_history/1",
    "http://other.example.org/fhir/Patient/p1", "https://runspine.test/fhir/Patient/p1",
    "urn:uuid:3f6e8b52-9f5c-4a39-9f0c-2b9a3b1c0001",
]  # fmt: skip


def optional(**elements: Strategy) -> Strategy:
    """An object of some of these elements."""
    return st.fixed_dictionaries({}, optional=elements)


def some(strategy: Strategy, most: int = 3) -> Strategy:
    """A non-empty array, since FHIR knows no empty one."""
    return st.lists(strategy, min_size=1, max_size=most)


def filled(**elements: Strategy) -> Strategy:
    """An object of at least one of these elements."""
    return optional(**elements).filter(bool)


words = st.sampled_from(WORDS)
codes = st.sampled_from(CODES)
systems = st.sampled_from(SYSTEMS)
dates = st.sampled_from(DATES)
date_times = st.sampled_from(DATES + INSTANTS)
coding = st.fixed_dictionaries({"code": codes}, optional={"system": systems})
concept = st.builds(lambda each: {"coding": each}, some(coding)) | st.builds(
    lambda text: {"text": text}, words
)
identifier = st.fixed_dictionaries({"value": codes}, optional={"system": systems})
name = filled(
    family=words, given=some(words), prefix=some(words, 1), suffix=some(words, 1), text=words
)
address = filled(line=some(words), city=words, state=words, postalCode=words, country=words)
telecom = st.builds(
    lambda system, value: {"system": system, "value": value},
    st.sampled_from(["phone", "email"]),
    st.sampled_from(["0412", "ann@example.org", "Ann@example.org"]),
)
numbers = st.builds(Digits, st.sampled_from(NUMBERS)) | st.builds(
    lambda whole, fraction: Digits(f"{whole}.{fraction}"),
    st.integers(-6, 6).filter(bool),
    st.sampled_from(["4", "40", "35", "45", "449"]),
)


def _with_code(base: Resource) -> Strategy:
    """A Quantity with a code needs a system."""
    if "system" not in base:
        return st.just(base)
    return st.just(base) | st.sampled_from(UNITS).map(lambda code: base | {"code": code})


quantity = st.fixed_dictionaries(
    {"value": numbers}, optional={"unit": st.sampled_from(UNITS), "system": systems}
).flatmap(_with_code)

# Encounter.length is a Duration (drt-1): a code of UCUM, and a unit of time.
duration = st.fixed_dictionaries(
    {
        "value": numbers,
        "system": st.just("http://unitsofmeasure.org"),
        "code": st.sampled_from(["min", "h", "d"]),
    },
    optional={"unit": st.sampled_from(UNITS)},
)


def _keeps_obs_7(observation: Mapping[str, Any]) -> bool:
    """Whether a component with the code of the whole stands only where there is no value."""
    whole = observation["code"].get("coding", [])
    repeated = any(
        coding in whole
        for component in observation.get("component", [])
        for coding in component.get("code", {}).get("coding", [])
    )
    return not (repeated and any(key.startswith("value") for key in observation))


def _is_ordered(period: Mapping[str, str]) -> bool:
    if "start" not in period or "end" not in period:
        return True
    return date_interval(period["start"]).low <= date_interval(period["end"]).low


period = filled(start=date_times, end=date_times).filter(_is_ordered)
reference = st.builds(lambda text: {"reference": text}, st.sampled_from(REFERENCES))
patient_reference = reference.filter(lambda each: "Group" not in each["reference"])
timing = st.builds(lambda events: {"event": events}, some(date_times))


def effective() -> Strategy:
    """An Observation's effective[x], or none."""
    return st.one_of(
        st.just({}),
        st.builds(lambda each: {"effectiveDateTime": each}, date_times),
        st.builds(lambda each: {"effectivePeriod": each}, period),
        st.builds(lambda each: {"effectiveTiming": each}, timing),
        st.builds(lambda each: {"effectiveInstant": each}, st.sampled_from(INSTANTS)),
    )


def value() -> Strategy:
    """A value[x], or none."""
    return st.one_of(
        st.just({}),
        st.builds(lambda each: {"valueQuantity": each}, quantity),
        st.builds(lambda each: {"valueCodeableConcept": each}, concept),
        st.builds(lambda each: {"valueString": each}, words),
        st.builds(lambda each: {"valueDateTime": each}, date_times),
        st.builds(lambda each: {"valueBoolean": each}, st.booleans()),
    )


def merged(base: Resource, *parts: Strategy) -> Strategy:
    """A resource made of a base and parts drawn one by one."""
    return st.tuples(*parts).map(
        lambda drawn: base | {key: item for part in drawn for key, item in part.items()}
    )


component = st.tuples(
    st.fixed_dictionaries({"code": concept}), value()
).map(lambda drawn: drawn[0] | drawn[1])  # fmt: skip
age = st.builds(
    lambda each: {"value": Digits(each), "unit": "a", "system": UCUM, "code": "a"},
    st.sampled_from(["5", "5.4", "5.5", "100"]),
)  # fmt: skip

RESOURCES: Mapping[str, Strategy] = {
    "Patient": merged(
        {"resourceType": "Patient"},
        optional(
            name=some(name),
            address=some(address, 2),
            identifier=some(identifier),
            telecom=some(telecom),
            birthDate=dates,
            gender=st.sampled_from(["male", "female", "other"]),
            active=st.booleans(),
            communication=some(st.builds(lambda each: {"language": each}, concept), 2),
            managingOrganization=st.just({"reference": "Organization/p1"}),
        ),
        st.sampled_from([{}, {"deceasedBoolean": True}, {"deceasedBoolean": False}])
        | st.builds(lambda each: {"deceasedDateTime": each}, date_times),
    ),
    "Observation": merged(
        {"resourceType": "Observation", "status": "final"},
        st.fixed_dictionaries(
            {"code": concept, "status": st.sampled_from(["final", "amended", "preliminary"])},
            optional={
                "subject": reference,
                "category": some(concept, 2),
                "component": some(component, 2),
                "identifier": some(identifier, 2),
                "method": concept,
            },
        ),
        effective(),
        value(),
    ).filter(_keeps_obs_7),
    "Encounter": merged(
        {"resourceType": "Encounter"},
        st.fixed_dictionaries(
            {"status": st.sampled_from(["planned", "finished"]), "class": coding},
            optional={
                "period": period,
                "subject": reference,
                "type": some(concept, 2),
                "length": duration,
                "identifier": some(identifier, 2),
            },
        ),
    ),
    "Condition": merged(
        {"resourceType": "Condition"},
        st.fixed_dictionaries(
            {"subject": reference},
            optional={
                "code": concept,
                "bodySite": some(concept, 2),
                "recordedDate": date_times,
                "severity": concept,
                "evidence": some(st.builds(lambda each: {"code": [each]}, concept), 2),
            },
        ),
        st.one_of(
            st.just({}),
            st.builds(lambda each: {"onsetDateTime": each}, date_times),
            st.builds(lambda each: {"onsetPeriod": each}, period),
            st.builds(lambda each: {"onsetString": each}, words),
            st.builds(lambda each: {"onsetAge": each}, age),
        ),
    ),
    "RiskAssessment": merged(
        {"resourceType": "RiskAssessment", "status": "final"},
        st.fixed_dictionaries(
            {"subject": reference},
            optional={
                "prediction": some(
                    filled(
                        probabilityDecimal=st.builds(Digits, st.sampled_from(PROBABILITIES)),
                        qualitativeRisk=concept,
                    )
                ),
                "method": concept,
                "occurrenceDateTime": date_times,
            },
        ),
    ),
    "ValueSet": merged(
        {"resourceType": "ValueSet", "status": "draft"},
        optional(
            url=st.sampled_from(URIS),
            name=words,
            title=words,
            version=codes,
            date=date_times,
            publisher=words,
            identifier=some(identifier, 2),
            compose=st.builds(
                lambda each: {"include": [{"system": uri} for uri in each]},
                some(st.sampled_from(URIS)),
            ),
        ),
    ),
    "CarePlan": merged(
        {"resourceType": "CarePlan", "intent": "plan"},
        st.fixed_dictionaries(
            {"status": st.sampled_from(["draft", "active"]), "subject": reference},
            optional={
                "period": period,
                "category": some(concept, 2),
                "instantiatesUri": some(st.sampled_from(URIS), 2),
                "activity": some(
                    st.builds(
                        lambda code, when: {
                            "detail": {"status": "scheduled", "code": code, **when}
                        },
                        concept,
                        st.just({})
                        | st.builds(lambda each: {"scheduledPeriod": each}, period)
                        | st.builds(lambda each: {"scheduledTiming": each}, timing),
                    ),
                    2,
                ),
            },
        ),
    ),
}
