"""Bad input, one row a kind: refused with an OperationOutcome, and nothing is written."""

import time

import pytest

from tests.factories import Digits, Resource, encoded, observation, patient, unique_name
from tests.service import Service

DIV = '<div xmlns="http://www.w3.org/1999/xhtml">{}</div>'


def body(text: str) -> bytes:
    return text.encode()


def with_value(digits: str) -> bytes:
    return encoded(observation(valueQuantity={"value": Digits(digits), "unit": "kg"}))


def with_integer(text: str) -> bytes:
    return encoded(observation(valueInteger=Digits(text)))


def narrative(inside: str) -> Resource:
    return patient(text={"status": "generated", "div": DIV.format(inside)})


def nested(depth: int) -> bytes:
    extension = '{"url":"http://e.org/x","extension":[' * depth + "]}" * depth
    return body(f'{{"resourceType":"Patient","extension":[{extension}]}}')


def answers(depth: int) -> bytes:
    items = '{"linkId":"x","item":[' * depth + '{"linkId":"end"}' + "]}" * depth
    return body(f'{{"resourceType":"QuestionnaireResponse","status":"completed","item":[{items}]}}')


MALFORMED: dict[str, bytes] = {
    "truncated": b'{"resourceType":"Patient"',
    "trailing garbage": b'{"resourceType":"Patient"} x',
    "two documents": b'{"resourceType":"Patient"}{"resourceType":"Patient"}',
    "comment": b'{"resourceType":"Patient" /* x */}',
    "single quotes": b"{'resourceType':'Patient'}",
    "trailing comma": b'{"resourceType":"Patient",}',
    "raw newline": b'{"resourceType":"Patient","language":"e\nn"}',
    "empty": b"",
    "white space": b"   ",
    "null": b"null",
    "array": b"[]",
    "string": b'"x"',
    "number": b"5",
    "duplicate key": b'{"resourceType":"Patient","gender":"male","gender":"female"}',
    "duplicate escaped key": b'{"resourceType":"Patient","gender":"male","g\\u0065nder":"male"}',
    "duplicate deep key": b'{"resourceType":"Patient","name":[{"text":"a","text":"b"}]}',
    "NaN": with_value("NaN"),
    "Infinity": with_value("Infinity"),
    "-Infinity": with_value("-Infinity"),
    "1E400": with_value("1E400"),
    "1e131000": with_value("1e131000"),
    "1e-999999": with_value("1e-999999"),
    "leading zero": with_value("01"),
    "leading plus": with_value("+1"),
    "bare point": with_value(".5"),
    "hexadecimal": with_value("0x10"),
    "2^31": with_integer("2147483648"),
    "2^63": with_integer("9223372036854775808"),
    "5000 digits": with_integer("1" * 5000),
    "1.0 as integer": with_integer("1.0"),
    "1e0 as integer": with_integer("1e0"),
    "5000 digits of a decimal": with_value("1" * 5000),
    "invalid UTF-8": b'{"resourceType":"Patient","language":"\xff"}',
    "overlong UTF-8": b'{"resourceType":"Patient","language":"\xc0\xaf"}',
    "UTF-16": '{"resourceType":"Patient"}'.encode("utf-16"),
    "UTF-32": '{"resourceType":"Patient"}'.encode("utf-32"),
    "byte order mark": b'\xef\xbb\xbf{"resourceType":"Patient"}',
    "raw surrogate": b'{"resourceType":"Patient","language":"\xed\xa0\x80"}',
    "lone surrogate": b'{"resourceType":"Patient","name":[{"text":"\\ud800"}]}',
    "reversed surrogates": b'{"resourceType":"Patient","name":[{"text":"\\udc00\\ud800"}]}',
    "NUL": b'{"resourceType":"Patient","name":[{"text":"a\\u0000b"}]}',
    "NUL in a key": b'{"resourceType":"Patient","na\\u0000me":[{"text":"a"}]}',
    "control character": b'{"resourceType":"Patient","name":[{"text":"a\\u0001b"}]}',
    "escape character": b'{"resourceType":"Patient","name":[{"text":"a\\u001bb"}]}',
    "no type": b'{"name":[{"text":"a"}]}',
    "depth 65": nested(40),
    "depth 1000": nested(1000),
    "depth 100000": nested(100_000),
    "arrays 100000 deep": b"[" * 100_000,
}

WRONG: dict[str, Resource] = {
    "decimal as string": observation(valueQuantity={"value": "1.10"}),
    "integer as string": observation(valueInteger="2"),
    "boolean as string": patient(active="true"),
    "boolean as number": patient(active=1),
    "boolean as yes": patient(active="yes"),
    "date as number": patient(birthDate=0),
    "string as number": patient(name=[{"family": 5}]),
    "string as boolean": patient(name=[{"family": True}]),
    "null": patient(birthDate=None),
    "null in an array": patient(name=[{"given": ["a", None]}]),
    "only null in an array": patient(name=[{"given": [None]}]),
    "empty object": patient(maritalStatus={}),
    "empty array": patient(name=[]),
    "empty string": patient(name=[{"family": ""}]),
    "blank string": patient(name=[{"family": "   "}]),
    "object in an array is empty": patient(name=[{}]),
    "scalar where an array stands": patient(name={"family": "x"}),
    "array where a scalar stands": patient(gender=["male"]),
    "array of arrays": patient(name=[[{"family": "x"}]]),
    "string where an object stands": patient(maritalStatus="married"),
    "object where a string stands": patient(gender={"code": "male"}),
    "unknown element": patient(nickname="x"),
    "misspelt element": patient(birthdate="2000"),
    "element of R5": observation(bodyStructure={"reference": "BodyStructure/1"}),
    "comments of DSTU2": patient(fhir_comments=["x"]),
    "two values": observation(valueInteger=1, valueString="x"),
    "a value of no type": observation(valueNonsense=1),
    "a value of another type": observation(valueAddress={"text": "x"}),
    "value without its type": observation(value=1),
    "unknown gender": patient(gender="M"),
    "unknown status": observation(status="bogus"),
    "no status": {key: item for key, item in observation().items() if key != "status"},
    "unknown type": {"resourceType": "Nonsense"},
    "type in lower case": {"resourceType": "patient"},
    "type as array": {"resourceType": ["Patient"]},
    "type as number": {"resourceType": 5},
    "contained of no type": patient(contained=[{"id": "a"}]),
    "contained of an unknown type": patient(contained=[{"resourceType": "os.system", "id": "a"}]),
    "contained in contained": patient(
        contained=[
            patient(id="a", contained=[patient(id="b")]),
        ],
        link=[{"type": "seealso", "other": {"reference": "#a"}}],
    ),
    "reference to a script": observation("javascript:alert(1)"),
    "reference to an unknown type": observation("Foo/1"),
    "reference without an id": observation("Patient/"),
    "reference with too many parts": observation("Patient/a/b"),
    "reference that climbs": observation("../Patient/1"),
    "reference with a query": observation("Patient/1?x"),
    "reference of 8 KB": observation("Patient/" + "a" * 8000),
    "reference to the wrong type": observation("Encounter/1"),
    "reference to nothing contained": observation("#missing"),
    "reference with a space": observation("Patient/a b"),
    "identifier system with spaces": patient(identifier=[{"system": "a b", "value": "1"}]),
    "id with a slash in contained": patient(
        contained=[{"resourceType": "Organization", "id": "a/b", "name": "x"}],
        managingOrganization={"reference": "#a/b"},
    ),
    "an instant without a time": patient(meta={"lastUpdated": "2020-01-01"}),
    "time without seconds": observation(effectiveDateTime="2024-01-01T12:00Z"),
    "time without a zone": observation(effectiveDateTime="2024-01-01T12:00:00"),
    "time at 24:00": observation(effectiveDateTime="2024-01-01T24:00:00Z"),
    "zone of 25 hours": observation(effectiveDateTime="2024-01-01T12:00:00+25:00"),
    "lower-case time": observation(effectiveDateTime="2024-01-01t12:00:00z"),
    "base64 of another alphabet": patient(photo=[{"data": "!!!!"}]),
    "base64 of a wrong length": patient(photo=[{"data": "YQ"}]),
    "code with two spaces": observation(code={"coding": [{"code": "a  b"}]}),
    "code with a space before": observation(code={"coding": [{"code": " a"}]}),
    "negative positiveInt": patient(telecom=[{"rank": 0}]),
    "a string of 2 MB": patient(name=[{"text": "a" * 2_000_000}]),
    "SampledData without a period": observation(valueSampledData={"dimensions": 1}),
}

DATES = [
    "0000", "10000", "1900-02-29", "2024-02-30", "2023-13", "2024-1-1", " 2024", "24-01-01",
    "2024-00", "2024-01-00", "2024-01-32", "2024/01/01", "20240101", "2024-01-01T00:00:00Z", "٢٠٢٤",
    "2024\n", "2024-", "today",
]  # fmt: skip

SCRIPTS = [
    "<script>alert(1)</script>", '<p onerror="x">a</p>', '<a href="javascript:x">a</a>',
    "<iframe/>", "<style>@import 'x'</style>", '<svg onload="x"/>', "<object/>", "<form/>",
    '<img src="data:text/html,x"/>', '<base href="http://evil.example"/>', "<p>unclosed", "&nbsp;x",
    '<!DOCTYPE x [<!ENTITY a "b">]>&a;', "<?php x ?>", "", "<embed/>", "<input/>",
    '<a href="JaVaScRiPt:x">a</a>', '<a href=" javascript:x">a</a>', '<p style="x:url(y)">a</p>',
]  # fmt: skip


@pytest.mark.parametrize("name", MALFORMED)
def test_a_malformed_body_is_refused(service: Service, name: str) -> None:
    path = "Observation" if b"Observation" in MALFORMED[name] else "Patient"
    began = time.monotonic()
    answer = service.request("POST", path, MALFORMED[name])
    assert answer.status_code == 400, answer.text[:300]
    assert answer.json()["resourceType"] == "OperationOutcome"
    assert time.monotonic() - began < 1.0


@pytest.mark.parametrize("name", WRONG)
def test_a_resource_that_breaks_a_rule_is_refused(service: Service, name: str) -> None:
    resource = WRONG[name]
    kind = resource["resourceType"]
    path = "Observation" if kind == "Observation" else "Patient"
    answer = service.request("POST", path, resource)
    assert answer.status_code in {400, 413, 422}, answer.text[:300]
    outcome = answer.json()
    assert outcome["resourceType"] == "OperationOutcome"
    assert all(issue["severity"] == "error" for issue in outcome["issue"])


@pytest.mark.parametrize("text", DATES)
def test_a_birth_date_that_is_no_date_is_refused(service: Service, text: str) -> None:
    answer = service.request("POST", "Patient", patient(birthDate=text))
    assert answer.status_code == 400, answer.text
    assert answer.json()["issue"][0]["expression"] == ["Patient.birthDate"]


@pytest.mark.parametrize("text", ["0001", "9999", "2024-02-29", "1900-02-28", "2024-12"])
def test_a_birth_date_at_the_edge_is_kept(service: Service, text: str) -> None:
    assert service.create(patient(birthDate=text))["birthDate"] == text


@pytest.mark.parametrize(
    "text",
    [
        "2024-01-01T12:00:00+14:00", "2024-01-01T12:00:00-00:00", "2016-12-31T23:59:60Z",
        "2024-01-01T12:00:00.123456789Z", "2024-01-01T12:00:00.10Z", "2024-01-01T00:00:00Z",
        "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z",
    ],
)  # fmt: skip
def test_an_instant_keeps_its_text_and_is_found(service: Service, text: str) -> None:
    stored = service.create(observation(effectiveDateTime=text))
    assert service.get(f"Observation/{stored['id']}").json()["effectiveDateTime"] == text
    query = f"Observation?_id={stored['id']}&date={text.replace('+', '%2B')}"
    assert service.found(query) == [f"Observation/{stored['id']}"]


@pytest.mark.parametrize("inside", SCRIPTS)
def test_a_narrative_that_could_do_harm_is_refused(service: Service, inside: str) -> None:
    answer = service.request("POST", "Patient", narrative(inside))
    assert answer.status_code in {400, 422}, answer.text
    assert "Patient.text" in answer.json()["issue"][0]["expression"][0]


@pytest.mark.parametrize(
    "div", ["plain text", "<div>no namespace</div>", "<p>x</p>", '<div xmlns="urn:x">x</div>', 5]
)
def test_a_narrative_that_is_no_xhtml_is_refused(service: Service, div: object) -> None:
    answer = service.request("POST", "Patient", patient(text={"status": "generated", "div": div}))
    assert answer.status_code in {400, 422}, answer.text


@pytest.mark.parametrize(
    "inside",
    [
        "<p>An <b>ordinary</b> text</p>", '<a href="Patient/1">a</a>', "&lt;script&gt;",
        "<table><tr><td>1</td></tr></table>", '<img src="#a" alt="b"/>', "é 😀",
        '<p style="color: red" class="x">a</p>',
    ],
)  # fmt: skip
def test_an_ordinary_narrative_is_kept_as_it_is(service: Service, inside: str) -> None:
    written = narrative(inside)
    assert service.create(written)["text"] == written["text"]


@pytest.mark.parametrize(
    "text",
    [
        "😀",
        "\u202eabc",
        "e\u0301",
        "é",
        "a\tb",
        "a\nb",
        "a\u2028b",
        "İ",
        "a\u00a0b",
        "山田\u3000太郎",
    ],
)
def test_any_text_of_unicode_is_stored_as_it_is(service: Service, text: str) -> None:
    stored = service.create(patient(name=[{"family": text}]))
    assert service.get(f"Patient/{stored['id']}").json()["name"][0]["family"] == text


@pytest.mark.parametrize(
    "digits",
    ["1.10", "1.0", "100", "1e2", "0.010", "-0.0", "-0", "0", "1E+2", "1e-7",
     "123456789012345678901.123456789"],
)  # fmt: skip
def test_a_decimal_is_kept_in_its_digits_or_refused(service: Service, digits: str) -> None:
    answer = service.request("POST", "Observation", with_value(digits))
    assert answer.status_code == 201, answer.text
    text = service.get(f"Observation/{answer.json()['id']}").text
    assert f'"value":{digits},' in text or f'"value":{digits}}}' in text


def test_answers_three_hundred_items_deep_are_refused_and_wide_ones_taken(
    service: Service,
) -> None:
    deep = service.request("POST", "QuestionnaireResponse", answers(300))
    assert deep.status_code == 400
    shallow = service.request("POST", "QuestionnaireResponse", answers(10))
    assert shallow.status_code == 201, shallow.text


def test_nothing_that_was_refused_has_been_written(service: Service) -> None:
    name = unique_name()
    marked = {"identifier": [{"value": name}]}
    for resource in WRONG.values():
        if resource["resourceType"] == "Patient" and "identifier" not in resource:
            service.request("POST", "Patient", resource | marked)
            service.request("PUT", f"Patient/{name}", resource | marked | {"id": name})
    assert service.found(f"Patient?identifier={name}") == []
    assert service.get(f"Patient/{name}").status_code == 404


@pytest.mark.parametrize("size", [50_000])
def test_a_pattern_cannot_be_made_slow(service: Service, size: int) -> None:
    long_text = "a" * size + "!"
    for resource in (
        patient(birthDate=long_text),
        patient(id=long_text),
        patient(identifier=[{"system": long_text, "value": "1"}]),
        observation(effectiveDateTime="2024-01-01T12:00:00." + "1" * size),
        observation(long_text),
    ):
        began = time.monotonic()
        service.request("POST", resource["resourceType"], resource)
        assert time.monotonic() - began < 1.0
