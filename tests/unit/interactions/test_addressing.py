"""Which interaction an address means: the grammar that requests and Bundle entries share."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.fhir.outcome import Failure, FailureKind
from api.interactions.addressing import MethodFailure, address, parse_query


@pytest.mark.parametrize(
    ("method", "path", "interaction"),
    [
        ("GET", "Patient/a", "read"),
        ("HEAD", "Patient/a", "read"),
        ("PUT", "Patient/a.B-9", "update"),
        ("DELETE", "Patient/a", "delete"),
        ("GET", "Patient", "search-type"),
        ("POST", "Patient", "create"),
        ("POST", "Patient/_search", "search-type"),
        ("GET", "Patient/_history", "history-type"),
        ("GET", "Patient/a/_history", "history-instance"),
        ("GET", "Patient/a/_history/1", "vread"),
        ("GET", "_history", "history-system"),
        ("GET", "metadata", "capabilities"),
        ("GET", "Patient/metadata", "read"),
        ("POST", "", "transaction"),
        ("POST", "Assessment/$evaluate", "$evaluate"),
        ("POST", "Assessment/a/$plan", "$plan"),
    ],
)
def test_every_interaction_has_its_address(method: str, path: str, interaction: str) -> None:
    assert address(method, path).interaction == interaction


def test_an_address_gives_type_id_and_version() -> None:
    request = address("GET", "Patient/a/_history/7")
    assert (request.resource_type, request.resource_id, request.version_id) == ("Patient", "a", "7")


@pytest.mark.parametrize(
    ("method", "path", "kind"),
    [
        ("GET", "a/b/c/d/e", FailureKind.UNKNOWN_ID),
        ("GET", "Patient/a/b", FailureKind.UNKNOWN_ID),
        ("POST", "Patient/$nothing", FailureKind.UNKNOWN_ID),
        ("POST", "Patient/$evaluate", FailureKind.UNKNOWN_ID),
        ("GET", "patient/a", FailureKind.UNKNOWN_ID),
        ("GET", "Patient/a%20b", FailureKind.INVALID),
        ("GET", "Patient/" + "a" * 65, FailureKind.INVALID),
        ("GET", "Patient/%zz", FailureKind.INVALID),
        ("GET", "Patient/%ff", FailureKind.INVALID),
        ("GET", "Patient/%00", FailureKind.INVALID),
        ("PATCH", "Patient/a/_history", FailureKind.METHOD),
        ("POST", "Patient/a", FailureKind.METHOD),
        ("DELETE", "metadata", FailureKind.METHOD),
    ],
)
def test_what_means_nothing_is_refused(method: str, path: str, kind: FailureKind) -> None:
    with pytest.raises(Failure) as refused:
        address(method, path)
    assert refused.value.kind is kind


def test_a_refused_method_is_answered_with_those_that_are_taken() -> None:
    with pytest.raises(MethodFailure) as refused:
        address("POST", "Patient/a")
    assert refused.value.allowed == ["DELETE", "GET", "PATCH", "PUT", "HEAD"]


def test_a_misspelt_type_is_answered_with_the_nearest() -> None:
    with pytest.raises(Failure, match="Did you mean Patient"):
        address("GET", "patient/a")


def test_a_query_is_decoded_in_its_order() -> None:
    pairs = parse_query("name=J%C3%BCrgen+M&_count=2&date=ge2026-03-02T12:00:00%2B11:00&x")
    assert pairs == (
        ("name", "Jürgen M"),
        ("_count", "2"),
        ("date", "ge2026-03-02T12:00:00+11:00"),
        ("x", ""),
    )


@given(st.text(max_size=80), st.text(max_size=80))
def test_any_address_and_query_is_an_interaction_or_a_failure(path: str, query: str) -> None:
    status = 200
    try:
        address("GET", path, parse_query(query))
    except Failure as failure:
        status = failure.kind.status
    assert status in {200, 400, 404, 405, 413}
