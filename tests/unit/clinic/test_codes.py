"""The codes by which FHIR knows the clinic's rules are those that the knowledge holds."""

import pytest

from api.fhir.definitions import codes
from domain.knowledge import load

BASE = "https://runspine.example.org/fhir"
KNOWN = load(None)


@pytest.mark.parametrize(
    ("name", "rows", "beside"),
    [
        ("rs-finding", KNOWN.findings, set()),
        ("rs-pattern", KNOWN.patterns, {"P-NONSPECIFIC"}),
        ("rs-red-flag", KNOWN.red_flags, set()),
        ("rs-contributor", KNOWN.contributors, set()),
        ("rs-run-modification", KNOWN.run_modifications, set()),
        ("rs-exercise", KNOWN.exercises, set()),
        ("rs-education", KNOWN.education, set()),
    ],
)
def test_every_code_of_the_knowledge_is_in_its_value_set(
    name: str, rows: dict[str, object], beside: set[str]
) -> None:
    listed = codes(f"{BASE}/ValueSet/{name}")
    assert listed == {f"{BASE}/CodeSystem/{name}": frozenset({*rows, *beside})}
