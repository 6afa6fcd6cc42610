"""The input of an operation, from the address or from a Parameters resource.

https://hl7.org/fhir/R4/operations.html#request

Primitive values come as text from either, so that an operation reads them in one way.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from api.fhir.lexical import Resource, parse
from api.fhir.outcome import Failure, FailureKind, Issue
from api.fhir.registry import registry
from api.fhir.resource import check
from api.interactions.context import InteractionRequest

_WHOLE_NUMBER = re.compile(r"[0-9]{1,9}")


@dataclass(slots=True)
class Arguments:
    """Values by name, in the order in which they came."""

    values: dict[str, list[Any]] = field(default_factory=dict)

    def all(self, name: str) -> list[Any]:
        """Give every value of a name."""
        return self.values.get(name, [])

    def one(self, name: str) -> Any:
        """Give the only value of a name or None; raises Failure INVALID when it is repeated."""
        found = self.all(name)
        if len(found) > 1:
            raise refused(name, f"{name!r} is given more than once.")
        return found[0] if found else None

    def text(self, name: str) -> str | None:
        """Give the only value of a primitive, or None; raises Failure INVALID for an empty one."""
        value = self.one(name)
        if value == "":
            raise refused(name, f"{name!r} has no value.")
        return None if value is None else str(value)

    def whole_number(self, name: str, *, least: int = 0) -> int | None:
        """Give a whole number, or None; raises Failure INVALID for anything else."""
        text = self.text(name)
        if text is None:
            return None
        if not _WHOLE_NUMBER.fullmatch(text) or int(text) < least:
            raise refused(name, f"{name!r} takes a whole number from {least}.")
        return int(text)

    def is_true(self, name: str) -> bool:
        """Give a boolean, false when it is not given; raises Failure INVALID for another text."""
        text = self.text(name)
        if text not in {None, "true", "false"}:
            raise refused(name, f"{name!r} takes true or false.")
        return text == "true"


def read_arguments(request: InteractionRequest, known: Mapping[str, str]) -> Arguments:
    """Read the input by the names and types that an operation has (`date`, `Coding`, `ValueSet`).

    Raises Failure NOT_SUPPORTED for a name that it does not have, unless the client asks for
    lenient handling, and INVALID for a value of another type.
    """
    arguments = Arguments()
    for name, value in request.parameters:
        if _is_known(name, known, lenient=request.prefer.lenient):
            if known[name][0].isupper():
                raise refused(name, f"{name!r} is a {known[name]}; send it in a Parameters body.")
            arguments.values.setdefault(name, []).append(value)
    for place, parameter in _of_body(request):
        name = str(parameter.get("name"))
        if _is_known(name, known, lenient=request.prefer.lenient):
            arguments.values.setdefault(name, []).append(_value(parameter, known[name], place))
    return arguments


def refused(name: str, sentence: str, code: str = "value") -> Failure:
    """Build the failure of a parameter that cannot be taken."""
    return Failure(FailureKind.INVALID, Issue(code, sentence, (f"http.{name[:64]}",)))


def _of_body(request: InteractionRequest) -> list[tuple[str, Resource]]:
    raw: Any = request.resource
    if raw is None and request.body:
        raw = parse(request.body)
    if raw is None:
        return []
    parameters = check(raw, "Parameters")
    return [
        (f"Parameters.parameter[{number}]", each)
        for number, each in enumerate(parameters.get("parameter", ()))
    ]


def _is_known(name: str, known: Mapping[str, str], *, lenient: bool) -> bool:
    if name in known or lenient:
        return name in known
    listed = f"it takes {', '.join(known)}" if known else "it takes none"
    raise Failure(
        FailureKind.NOT_SUPPORTED,
        Issue(
            "not-supported",
            f"{name[:64]!r} is no parameter of this operation; {listed}.",
            (f"http.{name[:64]}",),
        ),
    )


def _value(parameter: Resource, datatype: str, place: str) -> Any:
    if datatype in registry().types:
        value = parameter.get("resource")
        if isinstance(value, dict) and value.get("resourceType") == datatype:
            return value
        raise _mistyped(parameter, f"a {datatype} as `resource`", place)
    key = next((each for each in parameter if each.startswith("value")), "")
    value = parameter.get(key)
    if datatype[0].isupper():
        if key == f"value{datatype}":
            return value
        raise _mistyped(parameter, f"a value{datatype}", place)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int):
        return str(value)
    raise _mistyped(parameter, f"a value{datatype[0].upper()}{datatype[1:]}", place)


def _mistyped(parameter: Resource, wanted: str, place: str) -> Failure:
    sentence = f"{str(parameter.get('name'))!r} takes {wanted}."
    return Failure(FailureKind.INVALID, Issue("value", sentence, (place,)))
