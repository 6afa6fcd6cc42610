"""The code that an operation is asked about, in the three forms in which it may come.

https://hl7.org/fhir/R4/valueset-operation-validate-code.html
"""

from dataclasses import dataclass
from typing import Any

from api.operations.arguments import Arguments, refused


@dataclass(frozen=True, slots=True)
class Asked:
    """A code to look at; `system` is None where the context says which one it is."""

    system: str | None
    code: str
    version: str | None = None
    display: str | None = None


def read_codings(arguments: Arguments, version_name: str) -> list[Asked]:
    """Give the code, the coding, or the codings of the concept that a request brings.

    Raises Failure INVALID unless it brings exactly one of the three.
    """
    code = arguments.text("code")
    coding, concept = arguments.one("coding"), arguments.one("codeableConcept")
    if sum(each is not None for each in (code, coding, concept)) != 1:
        raise refused("code", "Send one of `code`, `coding` and `codeableConcept`.", "required")
    if code is not None:
        system = arguments.text("system")
        version = arguments.text(version_name)
        return [Asked(system, code, version, arguments.text("display"))]
    listed: list[Any] = [coding] if coding is not None else concept.get("coding", [])
    found = [
        Asked(each.get("system"), each["code"], each.get("version"), each.get("display"))
        for each in listed
        if "code" in each
    ]
    if not found:
        raise refused("coding", "There is no code in it.", "required")
    return found
