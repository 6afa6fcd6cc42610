"""Random queries about the random resources, from the same pools."""

from collections.abc import Mapping, Sequence

from hypothesis import strategies as st

from tests.property.resources import (
    CODES,
    DATES,
    IDS,
    INSTANTS,
    NUMBERS,
    PROBABILITIES,
    REFERENCES,
    SYSTEMS,
    URIS,
    Strategy,
    codes,
    systems,
    words,
)

SEARCHED_ONLY = [
    "2020-02-29T10:00",
    "2020-02-29T10:00+11:00",
    "2020-02-29T10:00:00",
    "2020-02-28T23:00Z",
]

QUERIED: Mapping[str, Sequence[tuple[str, str]]] = {
    "Patient": [
        ("name", "string"), ("family", "string"), ("given", "string"), ("address", "string"),
        ("address-city", "string"), ("identifier", "token"), ("telecom", "value"),
        ("phone", "value"), ("email", "value"), ("birthdate", "date"), ("death-date", "date"),
        ("gender", "gender"), ("active", "boolean"), ("deceased", "boolean"),
        ("language", "token"), ("organization", "reference"),
    ],
    "Observation": [
        ("code", "token"), ("combo-code", "token"), ("component-code", "token"),
        ("category", "token"), ("identifier", "token"), ("date", "date"), ("value-date", "date"),
        ("value-quantity", "quantity"), ("combo-value-quantity", "quantity"),
        ("component-value-quantity", "quantity"), ("value-concept", "token"),
        ("combo-value-concept", "token"), ("value-string", "string"), ("status", "status"),
        ("subject", "reference"), ("patient", "reference"), ("method", "token"),
    ],
    "Encounter": [
        ("date", "date"), ("class", "token"), ("type", "token"), ("subject", "reference"),
        ("patient", "reference"), ("length", "quantity"), ("status", "status"),
        ("identifier", "token"),
    ],
    "Condition": [
        ("code", "token"), ("body-site", "token"), ("recorded-date", "date"),
        ("onset-date", "date"), ("onset-info", "string"), ("onset-age", "quantity"),
        ("severity", "token"), ("subject", "reference"), ("patient", "reference"),
        ("evidence", "token"),
    ],
    "RiskAssessment": [
        ("probability", "number"), ("risk", "token"), ("method", "token"), ("date", "date"),
        ("subject", "reference"),
    ],
    "ValueSet": [
        ("url", "uri"), ("reference", "uri"), ("name", "string"), ("title", "string"),
        ("publisher", "string"), ("version", "value"), ("date", "date"), ("identifier", "token"),
        ("status", "status"),
    ],
    "CarePlan": [
        ("date", "date"), ("activity-date", "date"), ("category", "token"),
        ("activity-code", "token"), ("instantiates-uri", "uri"), ("subject", "reference"),
        ("patient", "reference"), ("status", "status"),
    ],
}  # fmt: skip


def escaped(text: str) -> str:
    r"""Protect FHIR's separators with `\`."""
    for letter in ("\\", ",", "|", "$"):
        text = text.replace(letter, "\\" + letter)
    return text


prefixes = st.sampled_from(["", "eq", "ne", "gt", "lt", "ge", "le", "sa", "eb"])
searched_words = words.map(escaped) | words.map(lambda word: escaped(word[:2]))
searched_tokens = st.one_of(
    codes.map(escaped),
    st.builds(lambda system, code: f"{system}|{escaped(code)}", systems, codes),
    codes.map(lambda code: f"|{escaped(code)}"),
    systems.map(lambda system: f"{system}|"),
)
searched_numbers = st.builds("{}{}".format, prefixes, st.sampled_from(NUMBERS + PROBABILITIES))
searched_quantities = st.builds(
    "{}{}".format,
    searched_numbers,
    st.sampled_from(["", "||mg", "||kg", *(f"|{each}|" for each in SYSTEMS),
                     *(f"|{each}|mg" for each in SYSTEMS), "|http://unitsofmeasure.org|a"]),
)  # fmt: skip

SEARCHED: Mapping[str, Strategy] = {
    "string": searched_words,
    "token": searched_tokens,
    "value": st.sampled_from([*map(escaped, CODES), "0412", "ann@example.org"]),
    "date": st.builds("{}{}".format, prefixes, st.sampled_from(DATES + INSTANTS + SEARCHED_ONLY)),
    "number": searched_numbers,
    "quantity": searched_quantities,
    "uri": st.sampled_from(URIS).map(escaped),
    "reference": st.sampled_from([*REFERENCES, *IDS, "Organization/p1"]).map(escaped),
    "gender": st.sampled_from(["male", "female", "other"]),
    "status": st.sampled_from(["final", "amended", "draft", "active", "planned", "finished"]),
    "boolean": st.sampled_from(["true", "false"]),
}
MODIFIERS: Mapping[str, Sequence[str]] = {
    "string": ["", "", ":exact", ":contains"],
    **dict.fromkeys(("token", "gender", "status", "boolean", "value"), ("", "", ":not")),
}


@st.composite
def clauses(draw: st.DrawFn, resource_type: str) -> tuple[str, str]:
    """One `name[:modifier]` and its text."""
    code, kind = draw(st.sampled_from(QUERIED[resource_type]))
    if draw(st.integers(0, 7)) == 0:
        return f"{code}:missing", draw(st.sampled_from(["true", "false"]))
    if kind == "reference" and draw(st.integers(0, 3)) == 0:
        kinds = ["Organization"] if code == "organization" else ["Patient"]
        return f"{code}:{draw(st.sampled_from(kinds))}", draw(st.sampled_from(IDS))
    modifier = draw(st.sampled_from(MODIFIERS.get(kind, [""])))
    texts = draw(st.lists(SEARCHED[kind], min_size=1, max_size=2))
    return f"{code}{modifier}", ",".join(texts)


def own_clauses() -> Strategy:
    """`_id` or `_lastUpdated` of resources of the set, which are known once it is written.

    (name, prefix, positions in the set), or None.
    """
    positions = st.lists(st.integers(0, 7), min_size=1, max_size=3)
    return st.one_of(
        st.none(),
        st.none(),
        st.tuples(st.just("_id"), st.just(""), positions),
        st.tuples(st.just("_lastUpdated"), prefixes, positions),
    )


def queries(resource_type: str) -> Strategy:
    """A query of one to three clauses, which must all hold."""
    drawn: Strategy = st.lists(clauses(resource_type), min_size=1, max_size=3)
    return drawn


def sort_keys(resource_type: str) -> Strategy:
    """Up to three keys to sort by, upwards or downwards."""
    known = [code for code, _ in QUERIED[resource_type]]
    key = st.builds(
        "{}{}".format, st.sampled_from(["", "-"]), st.sampled_from([*known, "_id", "_lastUpdated"])
    )
    drawn: Strategy = st.lists(key, max_size=3, unique_by=lambda each: each.removeprefix("-"))
    return drawn
