import pytest

from api.fhir.narrative import check_xhtml, rewrite_addresses
from api.fhir.outcome import FailureKind
from api.fhir.validation_problem import Scope

DIV = '<div xmlns="http://www.w3.org/1999/xhtml">{}</div>'
PATIENT = Scope("Patient")

SAFE = [
    "Text with &lt; and &#233;",
    '<p class="x" style="color: red">a<br/>b</p><table><tr><td colspan="2">c</td></tr></table>',
    '<a href="https://example.org">a</a><a href="#b" name="b">b</a><a href="Patient/1">c</a>',
    '<img src="#photo" alt="x"/>',
    '<img src="data:image/png;base64,AAAA" alt="x"/>',
    '<p xml:lang="en" lang="en">x</p>',
    "<!-- a comment --><p>x</p>",
    "<![CDATA[ <script> ]]>",
]


@pytest.mark.parametrize("content", SAFE)
def test_plain_formatting_is_let_through(content: str) -> None:
    assert not check_xhtml(DIV.format(content), PATIENT)


DANGEROUS = [
    "<script>alert(1)</script>",
    '<img src="x" onerror="alert(1)"/>',
    '<p onclick="x">a</p>',
    '<a href="javascript:alert(1)">x</a>',
    '<a href=" java&#10;script:alert(1)">x</a>',
    '<a href="JaVaScRiPt:alert(1)">x</a>',
    '<a href="data:text/html;base64,AAAA">x</a>',
    '<img src="data:image/svg+xml;base64,AAAA"/>',
    '<a href="vbscript:x">x</a>',
    '<a href="file:///etc/passwd">x</a>',
    '<iframe src="https://example.org">x</iframe>',
    "<style>@import 'x';</style>",
    '<p style="background: url(https://example.org/x)">x</p>',
    '<p style="width: expression(alert(1))">x</p>',
    '<p style="b\\65 havior: x">x</p>',
    '<svg xmlns="http://www.w3.org/2000/svg" onload="x">x</svg>',
    '<object data="x">x</object>',
    '<form action="x"><input name="y"/></form>',
    '<base href="https://example.org"/>x',
    '<link rel="stylesheet" href="x"/>x',
    '<p xmlns:x="http://www.w3.org/1999/xlink" x:href="javascript:a">x</p>',
    "<?php x ?>x",
    "<body>x</body>",
]


@pytest.mark.parametrize("content", DANGEROUS)
def test_what_runs_or_fetches_is_refused(content: str) -> None:
    problems = check_xhtml(DIV.format(content), PATIENT)
    assert {each.kind for each in problems} == {FailureKind.UNPROCESSABLE}


LAUGHS = '<!DOCTYPE d [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]>' + DIV.format("&b;")
OUTSIDE = '<!DOCTYPE d [<!ENTITY a SYSTEM "file:///etc/passwd">]>' + DIV.format("&a;")
BROKEN = [
    "text",
    "<div>no namespace</div>",
    '<p xmlns="http://www.w3.org/1999/xhtml">x</p>',
    DIV.format("<p>x"),
    DIV.format("&nbsp;"),
    DIV.format("a & b"),
    DIV.format(""),
    DIV.format("<p></p>"),
    DIV.format("x") + DIV.format("y"),
    LAUGHS,
    OUTSIDE,
    "",
    "<",
]


@pytest.mark.parametrize("div", BROKEN)
def test_what_is_not_one_div_of_xhtml_is_refused(div: str) -> None:
    problems = check_xhtml(div, PATIENT)
    assert {each.kind for each in problems} == {FailureKind.INVALID}


def test_addresses_are_rewritten_and_nothing_else() -> None:
    div = DIV.format("urn:uuid:1 <a href=\"urn:uuid:1\">x</a><img src = 'urn:uuid:2'/>")
    expected = DIV.format("urn:uuid:1 <a href=\"Patient/9\">x</a><img src = 'urn:uuid:2'/>")
    assert rewrite_addresses(div, {"urn:uuid:1": "Patient/9"}) == expected
