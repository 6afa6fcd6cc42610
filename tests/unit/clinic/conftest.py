"""One clinic with the shipped knowledge, on a store of its own, by a clock that stands still."""

from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from api.clinic.gate import Clinic
from api.store.session import Store
from domain.knowledge import load
from tests.unit.clinic.ward import Ward

NOW = 1_795_312_800_000_000  # 2026-11-22T02:00:00Z in microseconds
MELBOURNE = ZoneInfo("Australia/Melbourne")


@pytest.fixture
def clinic() -> Clinic:
    return Clinic(load(), MELBOURNE, lambda: NOW)


@pytest.fixture
def ward(clinic: Clinic, tmp_path: Path) -> Iterator[Ward]:
    url = f"sqlite:///{tmp_path / 'ward.sqlite'}"
    store = Store.open(url, clock=lambda: NOW, time_zone=MELBOURNE, create=True)
    yield Ward(store, clinic)
    store.close()
