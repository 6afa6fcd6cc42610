"""The $-operations: which there are, on what, and by which method. One row each.

https://hl7.org/fhir/R4/operations.html

The code that performs a row stands in `api.operations`, in the module of its name.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

HL7: Final = "http://hl7.org/fhir/OperationDefinition/"
OURS: Final = "https://runspine.example.org/fhir/OperationDefinition/"

SYSTEM, TYPE, INSTANCE = "", "*", "*/*"
BOTH: Final = ("GET", "POST")


@dataclass(frozen=True, slots=True)
class OperationRow:
    """An operation: its code with the dollar sign, its definition, and where it is invoked.

    `levels` gives the methods by the shape of the address before the code. `resource_types` is
    empty for an operation that every type has.
    """

    code: str
    definition: str
    levels: Mapping[str, tuple[str, ...]]
    resource_types: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The code as a CapabilityStatement names it, without the dollar sign."""
        return self.code.removeprefix("$")

    def is_on(self, resource_type: str, level: str) -> bool:
        """Whether the operation is invoked on this type, at this level."""
        return level in self.levels and (
            not self.resource_types or not level or resource_type in self.resource_types
        )


OPERATIONS: Final = (
    OperationRow("$evaluate", f"{OURS}evaluate", {TYPE: ("POST",)}, ("Assessment",)),
    OperationRow("$plan", f"{OURS}plan", {INSTANCE: ("POST",)}, ("Assessment",)),
    OperationRow("$everything", f"{HL7}Patient-everything", {INSTANCE: BOTH}, ("Patient",)),
    OperationRow("$everything", f"{HL7}Encounter-everything", {INSTANCE: BOTH}, ("Encounter",)),
    OperationRow("$lastn", f"{HL7}Observation-lastn", {TYPE: BOTH}, ("Observation",)),
    OperationRow("$meta", f"{HL7}Resource-meta", {SYSTEM: BOTH, TYPE: BOTH, INSTANCE: BOTH}),
    OperationRow("$meta-add", f"{HL7}Resource-meta-add", {INSTANCE: ("POST",)}),
    OperationRow("$meta-delete", f"{HL7}Resource-meta-delete", {INSTANCE: ("POST",)}),
    OperationRow("$validate", f"{HL7}Resource-validate", {TYPE: ("POST",), INSTANCE: BOTH}),
    OperationRow("$expand", f"{HL7}ValueSet-expand", {TYPE: BOTH, INSTANCE: BOTH}, ("ValueSet",)),
    OperationRow(
        "$validate-code",
        f"{HL7}ValueSet-validate-code",
        {TYPE: BOTH, INSTANCE: BOTH},
        ("ValueSet",),
    ),
    OperationRow(
        "$validate-code",
        f"{HL7}CodeSystem-validate-code",
        {TYPE: BOTH, INSTANCE: BOTH},
        ("CodeSystem",),
    ),
    OperationRow("$lookup", f"{HL7}CodeSystem-lookup", {TYPE: BOTH}, ("CodeSystem",)),
    OperationRow(
        "$subsumes", f"{HL7}CodeSystem-subsumes", {TYPE: BOTH, INSTANCE: BOTH}, ("CodeSystem",)
    ),
)
OPERATION_CODES: Final = frozenset(row.code for row in OPERATIONS)


def shapes() -> dict[str, dict[str, str]]:
    """Give the shapes of the addresses of all operations, as `addressing.SHAPES` holds them."""
    found: dict[str, dict[str, str]] = {}
    for row in OPERATIONS:
        for level, methods in row.levels.items():
            shape = f"{level}/{row.code}".removeprefix("/")
            found.setdefault(shape, {}).update(dict.fromkeys(methods, row.code))
    return found


def operation_on(code: str, resource_type: str, level: str) -> OperationRow | None:
    """Give the operation that a code means on a type at a level, or None."""
    rows = (row for row in OPERATIONS if row.code == code)
    return next((row for row in rows if row.is_on(resource_type, level)), None)


def listed() -> str:
    """Name all operations with their places, for a client that asked for another."""
    levels = {SYSTEM: "", TYPE: "[type]/", INSTANCE: "[type]/[id]/"}
    return ", ".join(
        levels[level].replace("[type]", "|".join(row.resource_types) or "[type]") + row.code
        for row in OPERATIONS
        for level in row.levels
    )
