"""Media types in and out, and the Prefer header."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.fhir.outcome import Failure, FailureKind
from api.http.media_types import FORM, JSON_TYPES, check_accept, check_content_type
from api.http.request import read_prefer


@pytest.mark.parametrize(
    ("accept", "format_parameter"),
    [
        (None, None),
        ("*/*", None),
        ("application/json", None),
        ("application/fhir+json; fhirVersion=4.0", None),
        ("text/html,application/xhtml+xml,*/*;q=0.8", None),
        ("application/fhir+xml;q=0.9, application/fhir+json;q=0.1", None),
        ("text/html", "json"),
        ("application/fhir+xml", "application/fhir+json"),
        ("text/html", "application/fhir json"),
    ],
)
def test_json_is_served_under_all_its_names(
    accept: str | None, format_parameter: str | None
) -> None:
    check_accept(accept, format_parameter)


@pytest.mark.parametrize(
    ("accept", "format_parameter"),
    [
        ("application/fhir+xml", None),
        ("text/html", None),
        ("application/json;q=0", None),
        ("application/fhir+json; fhirVersion=5.0", None),
        ("*/*", "xml"),
        (None, "../../x"),
    ],
)
def test_what_is_not_served_is_not_acceptable(
    accept: str | None, format_parameter: str | None
) -> None:
    with pytest.raises(Failure) as refused:
        check_accept(accept, format_parameter)
    assert refused.value.kind is FailureKind.NOT_ACCEPTABLE


@pytest.mark.parametrize(
    "header",
    [
        "application/fhir+json",
        "application/json; charset=UTF-8",
        'application/fhir+json;charset="utf8"',
        "APPLICATION/FHIR+JSON; Charset=Utf_8",
        "application/fhir+json; fhirVersion=4.0",
    ],
)
def test_json_in_utf8_is_read_however_it_is_spelt(header: str) -> None:
    assert check_content_type(header, JSON_TYPES) in JSON_TYPES


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "text/plain",
        "application/fhir+xml",
        "application/json; charset=latin1",
        "application/fhir+json; fhirVersion=5.0",
        FORM,
    ],
)
def test_other_bodies_are_refused(header: str | None) -> None:
    with pytest.raises(Failure) as refused:
        check_content_type(header, JSON_TYPES)
    assert refused.value.kind is FailureKind.MEDIA_TYPE


def test_preferences_are_read_in_any_order_and_case() -> None:
    prefer = read_prefer("handling=lenient, return=OperationOutcome; wait=1")
    assert (prefer.representation, prefer.lenient, prefer.strict) == (
        "OperationOutcome",
        True,
        False,
    )
    assert read_prefer("Return=MINIMAL").representation == "minimal"
    assert read_prefer("return=garbage, handling=x, respond-async").representation == ""


@given(st.text(max_size=60))
def test_any_header_is_read_or_refused(text: str) -> None:
    read_prefer(text)
    for read in (lambda: check_accept(text, None), lambda: check_content_type(text, JSON_TYPES)):
        status = 200
        try:
            read()
        except Failure as failure:
            status = failure.kind.status
        assert status in {200, 406, 415}
