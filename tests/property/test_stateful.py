"""Versions of one record against a dictionary: create, update, delete, read, vread, history."""

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from tests.factories import patient, unique_name
from tests.service import Service

GENDERS = ["male", "female", "other", "unknown"]


class RecordMachine(RuleBasedStateMachine):
    """One record at a time; `versions` holds what each version said, None for a deletion."""

    service: Service

    @initialize(under_own_id=st.booleans(), gender=st.sampled_from(GENDERS))
    def create(self, under_own_id: bool, gender: str) -> None:  # noqa: FBT001 - drawn by hypothesis
        self.versions: list[dict[str, Any] | None] = []
        if under_own_id:
            self.id = unique_name()
            self.write({}, gender, expected=201)
            return
        made = self.service.create(patient(gender=gender))
        self.id = made["id"]
        self.versions.append(made)

    def write(self, headers: dict[str, str], gender: str, expected: int) -> None:
        answer = self.service.put(patient(id=self.id, gender=gender), **headers)
        assert answer.status_code == expected, answer.text
        if expected == 412:
            return
        current = self.versions[-1] if self.versions else None
        if current is None or current["gender"] != gender:
            self.versions.append(answer.json())
        assert answer.headers["etag"] == f'W/"{len(self.versions)}"'

    @rule(gender=st.sampled_from(GENDERS))
    def update(self, gender: str) -> None:
        self.write({}, gender, expected=200 if self.versions[-1] else 201)

    @rule(gender=st.sampled_from(GENDERS), behind=st.integers(0, 3), weak=st.booleans())
    def update_if_match(self, gender: str, behind: int, weak: bool) -> None:  # noqa: FBT001
        tag = f'"{len(self.versions) - behind}"'
        holds = behind == 0 and self.versions[-1] is not None
        headers = {"If_Match": f"W/{tag}" if weak else tag}
        self.write(headers, gender, expected=200 if holds else 412)

    @rule()
    def delete(self) -> None:
        answer = self.service.request("DELETE", f"Patient/{self.id}")
        assert answer.status_code in {200, 204}
        if self.versions[-1] is not None:
            self.versions.append(None)

    @rule(number=st.integers(1, 12))
    def vread(self, number: int) -> None:
        answer = self.service.get(f"Patient/{self.id}/_history/{number}")
        if number > len(self.versions):
            assert answer.status_code == 404
        elif self.versions[number - 1] is None:
            assert answer.status_code == 410
        else:
            assert answer.json() == self.versions[number - 1]

    @invariant()
    def the_current_version_is_the_last(self) -> None:
        answer = self.service.get(f"Patient/{self.id}")
        if self.versions[-1] is None:
            assert answer.status_code == 410
        else:
            assert answer.json() == self.versions[-1]
        found = self.service.found(f"Patient?_id={self.id}")
        assert len(found) == (self.versions[-1] is not None)

    @invariant()
    def history_is_every_version_newest_first(self) -> None:
        entries = self.service.get(f"Patient/{self.id}/_history?_count=100").json()["entry"]
        assert [each.get("resource") for each in entries] == self.versions[::-1]
        stamps = [each["response"]["lastModified"] for each in entries]
        assert all(later > earlier for later, earlier in pairwise(stamps))


@pytest.mark.timeout(300)
def test_a_record_behaves_like_a_list_of_its_versions(service: Service) -> None:
    machine = type("Machine", (RecordMachine,), {"service": service})
    run_state_machine_as_test(
        machine, settings=settings(max_examples=40, stateful_step_count=15, deadline=None)
    )
