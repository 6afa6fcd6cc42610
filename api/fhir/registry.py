"""The resource types of this server and their search parameters: rows of data, never modules."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from types import MappingProxyType
from typing import Any

from api.fhir import definitions
from api.fhir.path import compile_path

# The four that the clinic works with come first in every list.
FIRST_CLASS = ("Patient", "Encounter", "Assessment", "CarePlan")
# https://hl7.org/fhir/R4/parameters.html: "there is no RESTful end-point associated with it".
NOT_STORED = ("Parameters",)
# R4 knows no resource type of this name: `*`, $everything and system-wide requests leave it out.
LOGICAL = ("Assessment",)
NOT_DOMAIN_RESOURCES = ("Binary", "Bundle", "Parameters")


@dataclass(frozen=True, slots=True)
class Component:
    """One part of a composite parameter: the parameter it behaves as, and where its value is."""

    code: str
    expression: str


@dataclass(frozen=True, slots=True)
class SearchParameter:
    """A search parameter on one resource type.

    `expression` is FHIRPath and starts at `base` (`Patient.name`); the expression of a component
    starts at what the parameter's expression selects. `targets` holds types a reference may have.
    """

    code: str
    type: str
    expression: str
    targets: tuple[str, ...]
    url: str
    description: str
    components: tuple[Component, ...]
    base: str

    @property
    def holds_canonicals(self) -> bool:
        """Whether what it looks at may be a canonical URL, so that it refers without an id."""
        return "canonical" in compile_path(self.expression, self.base).datatypes


@dataclass(frozen=True, slots=True)
class ResourceType:
    """A resource type as the server offers it. `product_group` is HL7's category of it."""

    name: str
    product_group: str
    is_stored: bool
    first_class: bool
    is_logical: bool
    search_parameters: Mapping[str, SearchParameter]


@dataclass(frozen=True, slots=True)
class Registry:
    """Every resource type by name, the first class ones first, then by alphabet."""

    types: Mapping[str, ResourceType]

    def get(self, name: str) -> ResourceType | None:
        """Give the type, or None when this server does not know it."""
        return self.types.get(name)

    def nearest(self, name: str) -> str | None:
        """Give the type whose name is spelt most like this one, or None when none is close."""
        found = get_close_matches(name.capitalize()[:64], self.types, n=1, cutoff=0.7)
        return found[0] if found else None

    def search_parameter(self, resource_type: str, code: str) -> SearchParameter | None:
        """Give the parameter of this type, or None when either is not known."""
        found = self.types.get(resource_type)
        return found.search_parameters.get(code) if found else None


@cache
def registry() -> Registry:
    """Build the registry; the first call reads the data."""
    categories = definitions.resource_types()
    rows = definitions.search_parameter_rows()
    names = [*FIRST_CLASS, *sorted(categories.keys() - set(FIRST_CLASS))]
    return Registry(
        MappingProxyType({name: _resource_type(name, categories[name], rows) for name in names})
    )


def _resource_type(
    name: str, product_group: str, rows: Mapping[str, Mapping[str, list[Any]]]
) -> ResourceType:
    is_stored = name not in NOT_STORED
    bases = (
        ("Resource", name) if name in NOT_DOMAIN_RESOURCES else ("Resource", "DomainResource", name)
    )
    found = {
        parameter.code: parameter
        for base in bases
        for parameter in _search_parameters(rows.get(base, {}), name)
    }
    return ResourceType(
        name=name,
        product_group=product_group,
        is_stored=is_stored,
        first_class=name in FIRST_CLASS,
        is_logical=name in LOGICAL,
        search_parameters=MappingProxyType(found if is_stored else {}),
    )


def _search_parameters(rows: Mapping[str, list[Any]], base: str) -> Iterator[SearchParameter]:
    for code, row in rows.items():
        kind, expression, url, description, targets, components = row + [()] * (6 - len(row))
        yield SearchParameter(
            code=code,
            type=kind,
            expression=expression.replace("Resource.", base + ".", 1)
            if expression.startswith("Resource.")
            else expression,
            targets=tuple(targets),
            url=url,
            description=description,
            components=tuple(Component(*each) for each in components),
            base=base,
        )
