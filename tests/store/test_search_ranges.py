"""What searches of dates, numbers and quantities find, on both databases.

Every table begins with a positive control: a query that finds everything there is.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest

from api.store.session import Store
from tests.store.records import Records
from tests.store.searches import Searches, resources

Elements = Mapping[str, Mapping[str, Any]]

UCUM = "http://unitsofmeasure.org"


@pytest.fixture
def searches(store: Store) -> Searches:
    """Searches of the empty store of this test."""
    return Searches(store)


def quantity(value: str, unit: str, code: str | None = None, system: str = UCUM) -> dict[str, Any]:
    found: dict[str, Any] = {"value": Decimal(value), "unit": unit}
    return found | ({"code": code, "system": system} if code else {})


def test_dates(records: Records, searches: Searches) -> None:
    times: Elements = {
        "day": {"effectiveDateTime": "2025-12-31"},
        "year": {"effectiveDateTime": "2026"},
        "month": {"effectiveDateTime": "2026-05"},
        "second": {"effectiveDateTime": "2026-05-11T16:32:15Z"},
        "half": {"effectiveDateTime": "2026-05-11T16:32:15.500Z"},
        "period": {"effectivePeriod": {"start": "2026-05-16", "end": "2026-06-17"}},
        "since": {"effectivePeriod": {"start": "2026-05-16"}},
        "until": {"effectivePeriod": {"end": "2026-05-16"}},
        "events": {"effectiveTiming": {"event": ["2026-01-05", "2026-09-05"]}},
        "never": {"effectiveTiming": {"repeat": {"frequency": 1}}},
    }
    records.put(*resources("Observation", times))
    searches.check(
        "Observation",
        [
            ("", "day year month second half period since until events never"),
            ("date=2026", "year month second half period events"),
            ("date=2026-05", "month second half"),
            ("date=2026-05-11", "second half"),
            ("date=2026-05-11T16:32:15Z", "second half"),
            ("date=2026-05-11T16:32:15.5Z", "half"),
            ("date=2026-05-11T16:32", "second half"),
            ("date=2026-05-12T02:32:15+10:00", "second half"),
            ("date=ne2026", "day since until"),
            ("date=gt2026", "since"),
            ("date=gt2026-05", "year period since events"),
            ("date=lt2026", "day until"),
            ("date=lt2026-05-11", "day year month until events"),
            ("date=ge2026-05-11", "year month second half period since until events"),
            ("date=ge2026", "year month second half period since events"),
            ("date=le2026-05-11", "day year month second half until events"),
            ("date=le2025", "day until"),
            ("date=sa2026-05-11", "period since"),
            ("date=sa2025-12-31", "year month second half period since events"),
            ("date=eb2026-05-16", "day second half"),
            ("date=eb2026", "day"),
            ("date=ge2026-05-11&date=lt2026-05-12", "year month second half until events"),
            ("date=2025-12-31,2026-05-11", "day second half"),
            ("date=ap2025-12-31T12:00:00Z", "day until"),
            ("date:missing=true", "never"),
        ],
    )


def test_numbers(records: Records, searches: Searches) -> None:
    risks: Elements = {
        name: {"prediction": [{"probabilityDecimal": Decimal(value)}]}
        for name, value in (
            ("a", "99.5"), ("b", "100.49"), ("c", "100.5"), ("d", "0"), ("e", "-3.5"),
            ("f", "1e-7"), ("g", "104.9"),
        )
    } | {
        "low": {"prediction": [{"probabilityRange": {"low": {"value": 200}}}]},
        "both": {"prediction": [{"probabilityRange": {"low": {"value": 1}, "high": {"value": 2}}}]},
        "none": {},
    }  # fmt: skip
    records.put(*resources("RiskAssessment", risks))
    searches.check(
        "RiskAssessment",
        [
            ("", "a b c d e f g low both none"),
            ("probability=100", "a b"),
            ("probability=100.0", ""),
            ("probability=100.5", "b c"),
            ("probability=100.50", "c"),
            ("probability=1e2", "a b c g"),
            ("probability=0", "d f"),
            ("probability=1e-7", "f"),
            ("probability=0.00000010", "f"),
            ("probability=-3.5", "e"),
            ("probability=ne100", "c d e f g low both"),
            ("probability=gt100.49", "c g low"),
            ("probability=ge100.49", "b c g low"),
            ("probability=lt0", "e"),
            ("probability=le0", "d e"),
            ("probability=lt1.5", "d e f both"),
            ("probability=gt1.5&probability=lt1.5", "both"),
            ("probability=sa104", "g low"),
            ("probability=eb1", "d e f"),
            ("probability=ap110", "a b c g"),
            ("probability=1.5,100.50", "c"),
            ("probability:missing=true", "none"),
        ],
    )


def test_quantities(records: Records, searches: Searches) -> None:
    values: Elements = {
        "a": {"valueQuantity": quantity("5.40", "mg", "mg")},
        "b": {"valueQuantity": quantity("5.4", "milligram")},
        "c": {"valueQuantity": quantity("5.4", "mg")},
        "d": {"valueQuantity": quantity("5", "mg", "mg", "http://other.test")},
        "e": {"valueQuantity": {"unit": "mg"}},
        "f": {"valueString": "5.4 mg"},
    }
    records.put(*resources("Observation", values))
    searches.check(
        "Observation",
        [
            ("", "a b c d e f"),
            ("value-quantity=5.4", "a b c"),
            ("value-quantity=5", "a b c d"),
            (f"value-quantity=5.4|{UCUM}|mg", "a"),
            (f"value-quantity=5|{UCUM}|", "a"),
            ("value-quantity=5.4||mg", "a c"),
            ("value-quantity=5||", "a b c d"),
            ("value-quantity=gt5||mg", "a c"),
            ("value-quantity=5||mg,5||milligram", "a b c d"),
            (f"value-quantity=ge5|{UCUM}|mg&value-quantity=lt6", "a"),
            ("value-quantity:missing=true", "e f"),
        ],
    )
