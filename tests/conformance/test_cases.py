"""The specification's sentences as executable cases, on both databases.

In the areas in force every SHALL must hold and nine of ten SHOULD; the other areas are run and
shown as a table, so that a release that opens one sees how far it is.
"""

from collections import Counter

import httpx
import pytest

from tests.conformance.cases import Case, CaseRun, Mismatch, load_cases
from tests.factories import unique_name
from tests.service import Service

IN_FORCE = {
    "metadata", "create", "read", "update", "delete", "etag", "history", "content",
    "search-string", "search-token", "search-date", "search-reference", "search-quantity",
    "search-sort", "search-paging", "batch", "transaction",
}  # fmt: skip
CASES = load_cases()
SHALL = [case for case in CASES if case.area in IN_FORCE and case.level == "SHALL"]
SHOULD = [case for case in CASES if case.area in IN_FORCE and case.level != "SHALL"]
LATER = [case for case in CASES if case.area not in IN_FORCE]


def run(case: Case, service: Service) -> str | None:
    """Why the case fails, or None."""
    try:
        CaseRun(service.client, service.base, unique_name("r")).perform(case)
    except Mismatch as mismatch:
        return str(mismatch)
    except (httpx.HTTPError, ValueError, KeyError, TypeError, AttributeError) as error:
        return f"{case.id}: {type(error).__name__}: {error}"
    return None


@pytest.mark.parametrize("case", SHALL, ids=lambda case: case.id)
def test_what_the_server_shall_do(case: Case, service: Service) -> None:
    why = run(case, service)
    assert why is None, why


def test_nine_of_ten_of_what_the_server_should_do(service: Service) -> None:
    judged = [case for case in SHOULD if case.level == "SHOULD"]
    failures = [why for case in judged if (why := run(case, service)) is not None]
    held = len(judged) - len(failures)
    report = "\n".join(failures)
    print(f"{held} of {len(judged)} SHOULD hold\n{report}")  # noqa: T201 - the figure is the point.
    assert held >= 0.9 * len(judged), report


def test_the_areas_of_later_releases_are_counted_and_never_crash(service: Service) -> None:
    passed: Counter[str] = Counter()
    crashes = []
    for case in LATER:
        why = run(case, service)
        passed[case.area] += why is None
        if why is not None and "server error 5" in why:
            crashes.append(why)
    sizes = Counter(case.area for case in LATER)
    for area, size in sorted(sizes.items()):
        print(f"{area:24}{passed[area]:4} of {size:3}")  # noqa: T201 - the table is the point.
    assert not crashes, "\n".join(crashes)
