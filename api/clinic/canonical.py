"""The names of everything that this project defines, under one canonical root.

https://hl7.org/fhir/R4/references.html#canonical
"""

from dataclasses import dataclass
from typing import Any
from uuid import NAMESPACE_URL, uuid5

BASE = "https://runspine.example.org/fhir"
SNOMED = "http://snomed.info/sct"
UCUM = "http://unitsofmeasure.org"
OBSERVATION_CATEGORY = "http://terminology.hl7.org/CodeSystem/observation-category"


@dataclass(frozen=True, slots=True)
class Canonical:
    """The canonical root and the addresses that grow from it."""

    base: str = BASE

    def code_system(self, name: str) -> str:
        """Return the address of one of our code systems, `rs-finding` say."""
        return f"{self.base}/CodeSystem/{name}"

    def extension(self, name: str) -> str:
        """Return the address of one of our extensions, `exercise-dosage` say."""
        return f"{self.base}/StructureDefinition/{name}"

    @property
    def two_stream(self) -> str:
        """The PlanDefinition that makes a CarePlan ours."""
        return f"{self.base}/PlanDefinition/two-stream"

    @property
    def twin_system(self) -> str:
        """The identifier system that marks a resource as an Assessment's twin."""
        return f"{self.base}/twin"

    def stable_id(self, name: str) -> str:
        """Return the same id for the same name, always: uuid5 under the canonical root."""
        return str(uuid5(uuid5(NAMESPACE_URL, self.base), name))

    def coding(self, system: str, code: str, display: str | None = None) -> dict[str, Any]:
        """Return a Coding in one of our code systems."""
        coding = {"system": self.code_system(system), "code": code}
        return coding if display is None else coding | {"display": display}

    def is_two_stream(self, plan: dict[str, Any]) -> bool:
        """Whether this CarePlan is ours: it instantiates the two-stream definition."""
        named = plan.get("instantiatesCanonical", ())
        return any(_without_version(canonical) == self.two_stream for canonical in named)


def _without_version(canonical: object) -> str:
    # A primitive that only carries extensions stands as null in its array.
    return canonical.partition("|")[0] if isinstance(canonical, str) else ""


def quantity(value: object, unit: str) -> dict[str, Any]:
    """Return a Quantity in UCUM."""
    return {"value": value, "unit": unit, "system": UCUM, "code": unit}
