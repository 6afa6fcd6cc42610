"""`_filter`: comparisons of search parameters, joined by and, or and not.

https://hl7.org/fhir/R4/search_filter.html

    filter   = test / filter ("and" / "or") filter / "not" "(" filter ")" / "(" filter ")"
    test     = path operator value
    path     = name / reference "." path / reference "[" filter "]" "." path

`and` and `or` are read from left to right, neither binds tighter. A value is a JSON string, or
anything without white space, `)` and `]`.
"""

import json
import re
from typing import Final

from api.fhir.outcome import Failure
from api.fhir.search_condition import Criterion, Group, Setting, invalid
from api.fhir.search_filter_tests import OPERATORS, comparison
from api.fhir.search_links import linked, parameter_of, reference_of

_SPACE: Final = re.compile(r"\s*")
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_\-]*(?::[A-Za-z]+)?")
_WORD: Final = re.compile(r"[A-Za-z]+(?![^\s()])")
_VALUE: Final = re.compile(r'"(?:[^"\\]|\\.)*"|[^\s)\]]+')
_MAX_TESTS: Final = 50
_MAX_DEPTH: Final = 20


def read_filter(resource_type: str, text: str, setting: Setting) -> Criterion:
    """Read a filter on a type.

    Raises NotUnderstoodError for a name, and Failure INVALID for anything else amiss.
    """
    reading = _Filter(text, setting)
    criterion = reading.filter(resource_type)
    if reading.position < len(text):
        raise reading.refused("its end")
    return criterion


class _Filter:
    """Recursive descent over the text; every method leaves `position` after the space it read."""

    def __init__(self, text: str, setting: Setting) -> None:
        self.text = text
        self.setting = setting
        self.position = 0
        self.tests = 0
        self.depth = 0
        self._skip()

    def filter(self, resource_type: str) -> Criterion:
        self.depth += 1
        if self.depth > _MAX_DEPTH:
            raise invalid("_filter", f"_filter nests more than {_MAX_DEPTH} deep.")
        found = self._term(resource_type)
        while (word := self._word()) in ("and", "or"):
            found = Group((found, self._term(resource_type)), is_all=word == "and")
        if word:
            raise self.refused("and, or")
        self.depth -= 1
        return found

    def _term(self, resource_type: str) -> Criterion:
        start = self.position
        is_negated = self._word() == "not" and self._peek() == "("
        if not is_negated:
            self.position = start
        if self._peek() != "(":
            return self._test(resource_type)
        self._take("(")
        found = self.filter(resource_type)
        self._take(")")
        return Group((found,), is_negated=True) if is_negated else found

    def _test(self, resource_type: str) -> Criterion:
        self.tests += 1
        if self.tests > _MAX_TESTS:
            raise invalid("_filter", f"_filter takes up to {_MAX_TESTS} comparisons.")
        name = self._match(_NAME, "the name of a search parameter")
        if self._peek() in (".", "["):
            return self._beyond(resource_type, name)
        self._skip()
        operator = self._word()
        if operator not in OPERATORS:
            raise self.refused(f"one of {', '.join(OPERATORS)}")
        value = self._match(_VALUE, "a value")
        self._skip()
        if value.startswith('"'):
            value = self._string(value)
        return comparison(parameter_of(resource_type, name), operator, value, self.setting)

    def _beyond(self, resource_type: str, name: str) -> Criterion:
        """Read what is asked of the other side of a reference, for each type it may be of."""
        start, tests = self.position, self.tests

        def read(target: str) -> Criterion:
            self.position, self.tests = start, tests
            criteria = []
            if self._peek() == "[":
                self._take("[")
                criteria.append(self.filter(target))
                self._take("]")
            self._take(".")
            criteria.append(self._test(target))
            return criteria[0] if len(criteria) == 1 else Group(tuple(criteria), is_all=True)

        self.depth += 1
        found = linked(reference_of(resource_type, name, f"_filter={name}."), name, read)
        self.depth -= 1
        return found

    def _string(self, text: str) -> str:
        try:
            value = json.loads(text, strict=False)
        except ValueError:
            raise self.refused("a JSON string") from None
        return str(value)

    def _match(self, pattern: re.Pattern[str], expected: str) -> str:
        match = pattern.match(self.text, self.position)
        if match is None:
            raise self.refused(expected)
        self.position = match.end()
        return match[0]

    def _word(self) -> str:
        match = _WORD.match(self.text, self.position)
        if match is None:
            return ""
        self.position = match.end()
        self._skip()
        return match[0]

    def _peek(self) -> str:
        return self.text[self.position : self.position + 1]

    def _take(self, mark: str) -> None:
        if self._peek() != mark:
            raise self.refused(f"'{mark}'")
        self.position += 1
        self._skip()

    def _skip(self) -> None:
        match = _SPACE.match(self.text, self.position)
        self.position = match.end() if match else self.position

    def refused(self, expected: str) -> Failure:
        place = f"at character {self.position + 1}"
        return invalid("_filter", f"_filter: {expected} was expected {place}.")
