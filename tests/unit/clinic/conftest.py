"""One clinic with the shipped knowledge and a clock that stands still."""

from zoneinfo import ZoneInfo

import pytest

from api.clinic.gate import Clinic
from domain.knowledge import load

NOW = 1_795_312_800_000_000  # 2026-11-22T02:00:00Z in microseconds


@pytest.fixture
def clinic() -> Clinic:
    return Clinic(load(), ZoneInfo("Australia/Melbourne"), lambda: NOW)
