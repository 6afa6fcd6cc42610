"""Narrative: the XHTML that a resource may carry for people to read.

https://hl7.org/fhir/R4/narrative.html: well formed, one div in the XHTML namespace, the basic
formatting elements only, and nothing that a browser would run or fetch on its own. What breaks this
is refused, never cleaned: a record keeps what was signed.
"""

import re
from collections.abc import Mapping
from html import escape, unescape
from typing import Any
from xml.parsers import expat

from api.fhir.validation_problem import NONE, Problem, Problems, Scope, rule

XHTML = "http://www.w3.org/1999/xhtml"
XML = "http://www.w3.org/XML/1998/namespace"
SEPARATOR = " "

ELEMENT_NAMES = (
    "a abbr acronym address area b bdo big blockquote br caption cite code col colgroup dd del dfn"
    " div dl dt em h1 h2 h3 h4 h5 h6 hr i img ins kbd li map ol p pre q s samp small span strike"
    " strong sub sup table tbody td tfoot th thead tr tt u ul var"
)
ATTRIBUTE_NAMES = (
    "abbr accesskey align alt axis bgcolor border cellpadding cellspacing char charoff charset cite"
    " class clear color colspan compact coords datetime dir frame headers height href hreflang"
    " hspace id ID ismap lang longdesc name nohref noshade nowrap rel rev rowspan rules scope shape"
    " size span src start style summary tabindex target title type usemap valign value vspace width"
)
ELEMENTS = frozenset(ELEMENT_NAMES.split())
ATTRIBUTES = frozenset(ATTRIBUTE_NAMES.split()).union(
    f"{XML}{SEPARATOR}{name}" for name in ("id", "lang", "space")
)
ADDRESSES = frozenset(("href", "src", "cite", "longdesc", "usemap"))

# Control characters and white space count for nothing in a browser's reading of a scheme.
SCHEME = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]*):", re.IGNORECASE)
IGNORED_IN_ADDRESS = re.compile(r"[\x00-\x20]")
SCHEMES = frozenset(("http", "https", "mailto", "tel", "urn", "ftp", "cid"))
EMBEDDED_IMAGE = re.compile(r"data:image/(png|gif|jpeg|webp);base64,[A-Za-z0-9+/=]+")
# A style may colour and place; it may not fetch, run or reach beyond its element.
STYLE_FORBIDDEN = re.compile(
    r"url\s*\(|expression\s*\(|@import|javascript:|behavior\s*:|\\", re.IGNORECASE
)
ADDRESS = re.compile(
    r"""(?P<start>\b(?:href|src)\s*=\s*)(?P<quote>["'])(?P<address>.*?)(?P=quote)"""
)
SHOWS_SOMETHING = frozenset(("img", "hr"))
MAX_NAME_SHOWN = 40


class _Reader:
    """Follows the parser through the div and notes what must not be there."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self.depth = 0
        self.is_blank = True

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        namespace, _, local = name.rpartition(SEPARATOR)
        if self.depth == 0 and (namespace, local) != (XHTML, "div"):
            self.problems.append(
                Problem("structure", f'The narrative must be one <div xmlns="{XHTML}">.')
            )
        elif namespace != XHTML or local not in ELEMENTS:
            self._forbid(f"the element <{local[:MAX_NAME_SHOWN]}>")
        self.depth += 1
        self.is_blank = self.is_blank and local not in SHOWS_SOMETHING
        for attribute, value in attributes.items():
            self._attribute(local, attribute, value)

    def end(self, _name: str) -> None:
        self.depth -= 1

    def text(self, text: str) -> None:
        # White space alone is let through, though txt-2 forbids it: HL7's own examples hold it.
        self.is_blank = self.is_blank and not text

    def instruction(self, _target: str, _data: str) -> None:
        self._forbid("a processing instruction")

    def _attribute(self, element: str, attribute: str, value: str) -> None:
        if attribute not in ATTRIBUTES:
            self._forbid(f"the attribute {attribute.rpartition(SEPARATOR)[2][:MAX_NAME_SHOWN]}")
        elif attribute in ADDRESSES and not _is_harmless(element, value):
            self._forbid(f"this kind of address in {attribute}")
        elif attribute == "style" and STYLE_FORBIDDEN.search(value):
            self._forbid("a style that fetches or runs something")

    def _forbid(self, what: str) -> None:
        self.problems.append(rule("invariant", f"A narrative may not hold {what}."))


def _is_harmless(element: str, address: str) -> bool:
    plain = IGNORED_IN_ADDRESS.sub("", address)
    scheme = SCHEME.match(plain)
    if scheme is None or scheme["scheme"].lower() in SCHEMES:
        return True
    return element == "img" and bool(EMBEDDED_IMAGE.fullmatch(plain))


def _doctype(*_arguments: object) -> None:
    message = "it holds a DOCTYPE"
    raise ValueError(message)


def check_xhtml(value: Any, _scope: Scope) -> Problems:
    """Check `Narrative.div`."""
    if type(value) is not str:
        return (Problem("structure", "xhtml is written as a string in JSON."),)
    reader = _Reader()
    try:
        _parser(reader).Parse(value.encode("utf-8", "replace"), True)  # noqa: FBT003 - expat's own.
    except (expat.ExpatError, ValueError) as error:
        reason = expat.errors.messages[error.code] if isinstance(error, expat.ExpatError) else error
        return (Problem("structure", f"The narrative is not well formed XHTML: {reason}."),)
    if reader.is_blank and not reader.problems:
        return (Problem("value", "A narrative's div must hold text or an image."),)
    return reader.problems or NONE


def _parser(reader: _Reader) -> expat.XMLParserType:
    parser = expat.ParserCreate(encoding="utf-8", namespace_separator=SEPARATOR)
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    parser.ProcessingInstructionHandler = reader.instruction
    # Without a DOCTYPE no entity can be declared, so nothing can expand or be fetched.
    parser.StartDoctypeDeclHandler = _doctype
    return parser


def rewrite_addresses(div: str, mapping: Mapping[str, str]) -> str:
    """Replace the addresses of `<a href>` and `<img src>` that are keys of the mapping."""

    def replaced(found: re.Match[str]) -> str:
        new = mapping.get(unescape(found["address"]))
        if new is None:
            return found[0]
        return f"{found['start']}{found['quote']}{escape(new)}{found['quote']}"

    return ADDRESS.sub(replaced, div)
