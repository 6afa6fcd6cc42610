"""FHIRPath that finds elements of a resource in order to change them.

https://hl7.org/fhirpath/N1/ and https://hl7.org/fhir/R4/fhirpatch.html

The part of the language that leads to an element: member paths, indexes, `where`, `ofType`,
`first()`, `last()`, `tail()`, `skip()`, `take()`, `single()`, `extension(url)`; and what criteria
need: comparisons, `and`, `or`, `xor`, `implies`, `not()`, `exists()`, `empty()`, `count()`,
`startsWith`, `endsWith`, `contains`, `lower`, `upper`, `is`, `in`, `$this`. A regular expression
out of a request could run for ever, and `resolve()` leaves the resource: neither is here.
"""

import re
from typing import Final

from api.fhir.element_path_steps import (
    FUNCTIONS,
    INFIX,
    OF_TYPES,
    Step,
    chain,
    combined,
    constant,
    index,
    is_type,
    literal,
    member,
    of_type,
)
from api.fhir.element_tree import Element

MAX_LENGTH: Final = 2_000
_TOKEN: Final = re.compile(
    r"\s*(?:(?P<string>'(?:[^'\\]|\\.)*')|(?P<number>\d+(?:\.\d+)?)|(?P<date>@[\d\-T:.+Z]+)"
    r"|(?P<name>`[^`]+`|\$this|[A-Za-z_]\w*)|(?P<symbol>!=|!~|<=|>=|[.()\[\]=~<>|,]))"
)


class PathError(ValueError):
    """A path that cannot be read; the message says why."""


def find(path: str, root: Element) -> list[Element]:
    """Give the elements that a path leads to, in document order; raises PathError."""
    return [item for item in compiled(path)([root]) if isinstance(item, Element)]


def compiled(path: str) -> Step:
    """Read a path; raises PathError."""
    if len(path) > MAX_LENGTH:
        raise PathError(f"a path has at most {MAX_LENGTH} characters")
    return _Parser(path).whole()


def last_member(path: str) -> tuple[str, str] | None:
    """Split `Patient.name.given` into `Patient.name` and `given`; None when it ends otherwise."""
    match = re.fullmatch(r"(.+)\.([A-Za-z]\w*)\s*", path, re.DOTALL)
    return (match[1], match[2]) if match else None


class _Parser:
    """Recursive descent; each method is a level of precedence, loosest first."""

    def __init__(self, text: str) -> None:
        self.words: list[tuple[str, str]] = []
        position = 0
        while text[position:].strip():
            match = _TOKEN.match(text, position)
            if match is None:
                raise PathError(f"a character after {text[max(0, position - 20) : position]!r}")
            self.words.append((str(match.lastgroup), match.group(str(match.lastgroup))))
            position = match.end()
        self.position = 0
        self.depth = 0

    def whole(self) -> Step:
        step = self._implication()
        if self.position < len(self.words):
            raise PathError(f"{self._peek()!r} is out of place")
        return step

    def _implication(self) -> Step:
        self.depth += 1
        if self.depth > 20:  # noqa: PLR2004 - deeper than any path that a person writes.
            raise PathError("it is nested too deep")
        step = self._infix(0)
        self.depth -= 1
        return step

    def _infix(self, level: int) -> Step:
        if level == len(INFIX):
            return self._typed()
        left = self._infix(level + 1)
        while (word := self._take(*INFIX[level])) is not None:
            left = combined(INFIX[level][word], left, self._infix(level + 1))
        return left

    def _typed(self) -> Step:
        step = self._invocations()
        while (word := self._take("is", "as")) is not None:
            step = chain(step, is_type(self._name()) if word == "is" else of_type(self._name()))
        return step

    def _invocations(self) -> Step:
        step = self._term(is_first=True)
        while (word := self._take(".", "[")) is not None:
            if word == ".":
                step = chain(step, self._term(is_first=False))
            else:
                step = chain(step, index(self._number()))
                self._expect("]")
        return step

    def _term(self, *, is_first: bool) -> Step:
        if is_first and self._take("("):
            step = self._implication()
            self._expect(")")
            return step
        kind, word = self._advance()
        if kind == "name" and word in ("true", "false") and is_first:
            return constant(word == "true")
        if kind == "name" and self._take("("):
            return self._function(word)
        if kind == "name":
            return member(word.strip("`"), is_first=is_first)
        if not is_first or kind == "symbol":
            raise PathError(f"{word!r} is out of place")
        return constant(literal(kind, word))

    def _function(self, name: str) -> Step:
        arguments: list[Step] = []
        if name in OF_TYPES:
            type_name = self._name()
            self._expect(")")
            return OF_TYPES[name](type_name)
        while not self._take(")"):
            arguments.append(self._implication())
            if self._peek() != ")":
                self._expect(",")
        build, least, most = FUNCTIONS.get(name, (None, 0, 0))
        if build is None:
            raise PathError(f"{name}() is not supported")
        if not least <= len(arguments) <= most:
            raise PathError(f"{name}() takes another number of arguments")
        return build(*arguments)

    def _peek(self) -> str:
        return self.words[self.position][1] if self.position < len(self.words) else ""

    def _take(self, *wanted: str) -> str | None:
        if self.position < len(self.words) and self.words[self.position][0] != "string":
            word = self.words[self.position][1]
            if word in wanted:
                self.position += 1
                return word
        return None

    def _advance(self) -> tuple[str, str]:
        if self.position == len(self.words):
            raise PathError("it ends too early")
        self.position += 1
        return self.words[self.position - 1]

    def _expect(self, word: str) -> None:
        if self._take(word) is None:
            raise PathError(f"{word!r} is missing")

    def _name(self) -> str:
        kind, word = self._advance()
        if kind != "name":
            raise PathError(f"{word!r} is no name of a type")
        if word in ("FHIR", "System") and self._take("."):
            return self._name()
        return word

    def _number(self) -> int:
        kind, word = self._advance()
        if kind != "number" or not word.isdigit():
            raise PathError("an index is a whole number from 0")
        return int(word[:9])
