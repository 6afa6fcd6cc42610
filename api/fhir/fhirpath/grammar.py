"""The grammar of FHIRPath: an expression as a tree.

https://hl7.org/fhirpath/N1/#grammar
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, TypeAlias

_WORD: Final = re.compile(
    r"\s*(?:(?P<text>'(?:[^'\\]|\\.)*')|(?P<number>\d+(?:\.\d+)?)"
    r"|(?P<name>[A-Za-z_]\w*|`[^`]+`)|(?P<variable>[%$](?:[A-Za-z_]\w*|`[^`]+`|'[^']+'))"
    r"|(?P<symbol>!=|<=|>=|[-+*/|&=<>().,{}\[\]]))"
)
_ESCAPE: Final = re.compile(r"\\(u[0-9a-fA-F]{4}|.)", re.DOTALL)
_ESCAPES: Final = {"n": "\n", "r": "\r", "t": "\t", "f": "\f"}
# Each level binds tighter than the one before it; `is` and `as` take a type on their right.
LEVELS: Final = (
    ("implies",),
    ("or", "xor"),
    ("and",),
    ("in", "contains"),
    ("=", "!="),
    ("<", ">", "<=", ">="),
    ("|",),
    ("is", "as"),
    ("+", "-", "&"),
)
TYPE_OPERATORS: Final = ("is", "as")


class ExpressionError(ValueError):
    """An expression that is not FHIRPath, or not of the part that is compiled here."""


@dataclass(frozen=True, slots=True)
class Literal:
    """`'text'`, `5`, `true`."""

    value: str | int | Decimal | bool


@dataclass(frozen=True, slots=True)
class Empty:
    """`{}`."""


@dataclass(frozen=True, slots=True)
class Name:
    """A member, or a type where the expression starts with it."""

    name: str


@dataclass(frozen=True, slots=True)
class Variable:
    """`%resource`, `$this`; the sign is part of the name."""

    name: str


@dataclass(frozen=True, slots=True)
class Call:
    """`name(arguments)`."""

    name: str
    arguments: "tuple[Tree, ...]"


@dataclass(frozen=True, slots=True)
class Step:
    """`source.step`, where the step is a Name or a Call."""

    source: "Tree"
    step: "Name | Call"


@dataclass(frozen=True, slots=True)
class Item:
    """`source[position]`."""

    source: "Tree"
    position: int


@dataclass(frozen=True, slots=True)
class Operation:
    """`left operator right`."""

    operator: str
    left: "Tree"
    right: "Tree"


Tree: TypeAlias = Literal | Empty | Name | Variable | Call | Step | Item | Operation


def parse(expression: str) -> Tree:
    """Read an expression; raises ExpressionError that says where it stops being one."""
    return _Parser(expression).whole()


def _words(expression: str) -> Sequence[re.Match[str]]:
    words: list[re.Match[str]] = []
    position = 0
    text = expression.rstrip()
    while position < len(text):
        word = _WORD.match(text, position)
        if word is None:
            message = f"{expression}: not FHIRPath from character {position + 1} on"
            raise ExpressionError(message)
        words.append(word)
        position = word.end()
    return words


class _Parser:
    def __init__(self, expression: str) -> None:
        self.expression = expression
        self.words = _words(expression)
        self.position = 0

    def whole(self) -> Tree:
        tree = self._level(0)
        if self._next():
            raise self._unexpected()
        return tree

    def _level(self, level: int) -> Tree:
        if level == len(LEVELS):
            return self._invocations()
        left = self._level(level + 1)
        while (operator := self._take(*LEVELS[level])) is not None:
            right = Name(self._type()) if operator in TYPE_OPERATORS else self._level(level + 1)
            left = Operation(operator, left, right)
        return left

    def _type(self) -> str:
        name = self._name()
        return self._name() if self._take(".") else name

    def _invocations(self) -> Tree:
        tree = self._term()
        while (symbol := self._take(".", "[")) is not None:
            if symbol == ".":
                tree = Step(tree, self._named(self._name()))
            else:
                tree = Item(tree, int(self._advance("number")))
                self._expect("]")
        return tree

    def _term(self) -> Tree:
        if self._take("("):
            tree = self._level(0)
            self._expect(")")
            return tree
        if self._take("{"):
            self._expect("}")
            return Empty()
        return self._word()

    def _word(self) -> Tree:
        if self.position == len(self.words):
            raise self._unexpected()
        word = self.words[self.position]
        kind = word.lastgroup
        if kind == "name":
            name = self._name()
            return Literal(name == "true") if name in ("true", "false") else self._named(name)
        if kind == "symbol":
            raise self._unexpected()
        self.position += 1
        text = word[kind or 0]
        if kind == "variable":
            return Variable(text.replace("`", "").replace("'", ""))
        if kind == "number":
            return Literal(Decimal(text) if "." in text else int(text))
        return Literal(_ESCAPE.sub(_unescaped, text[1:-1]))

    def _named(self, name: str) -> Name | Call:
        if not self._take("("):
            return Name(name)
        arguments: list[Tree] = []
        while not self._take(")"):
            if arguments:
                self._expect(",")
            arguments.append(self._level(0))
        return Call(name, tuple(arguments))

    def _name(self) -> str:
        return self._advance("name").strip("`")

    def _next(self) -> str:
        if self.position == len(self.words):
            return ""
        word = self.words[self.position]
        return word[word.lastgroup or 0]

    def _take(self, *wanted: str) -> str | None:
        word = self._next()
        if word not in wanted:
            return None
        self.position += 1
        return word

    def _advance(self, kind: str) -> str:
        if self.position == len(self.words) or self.words[self.position].lastgroup != kind:
            raise self._unexpected()
        word = self._next()
        self.position += 1
        return word

    def _expect(self, symbol: str) -> None:
        if self._take(symbol) is None:
            raise self._unexpected()

    def _unexpected(self) -> ExpressionError:
        found = self._next() or "its end"
        return ExpressionError(f"{self.expression}: {found} is not expected there")


def _unescaped(escape: re.Match[str]) -> str:
    code = escape[1]
    if len(code) > 1:
        return chr(int(code[1:], 16))
    return _ESCAPES.get(code, code)
