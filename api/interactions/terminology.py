"""Where code systems and value sets are found.

https://hl7.org/fhir/R4/terminology-service.html

What a client has stored comes first, then what the clinic itself defines, then what HL7 publishes
with R4.
"""

from collections.abc import Callable

from api.clinic import code_systems
from api.clinic.gate import Clinic
from api.fhir.lexical import Resource, parse
from api.fhir.search_query import SearchQuery
from api.fhir.terminology.code_system import CodeSystem
from api.fhir.terminology.expansion import expand, split_canonical
from api.fhir.terminology.published import published_code_system, published_value_set
from api.store.session import Snapshot

Parsing = Callable[[str, tuple[tuple[str, str], ...]], SearchQuery]
"""Reads the parameters of a search on a type."""

# Versions of one canonical that are looked through for the one that is meant.
_VERSIONS = 50


class HeldLibrary:
    """Everything that this server holds, as one snapshot sees it."""

    def __init__(self, clinic: Clinic, snapshot: Snapshot | None, parse_search: Parsing) -> None:
        """Keep where to look; what was found is kept for as long as the library.

        Without a snapshot it holds nothing that clients have stored.
        """
        self._clinic = clinic
        self._snapshot = snapshot
        self._parse_search = parse_search
        self._systems: dict[tuple[str, str | None], CodeSystem | None] = {}

    def code_system(self, url: str, version: str | None) -> CodeSystem | None:
        """Give a code system, of the version that is named."""
        key = (url, version)
        if key not in self._systems:
            self._systems[key] = self._find_code_system(url, version)
        return self._systems[key]

    def value_set(self, url: str, version: str | None) -> Resource | None:
        """Give a ValueSet resource, of the version that is named."""
        stored = self._stored("ValueSet", url, version)
        own = self._own("ValueSet", url)
        for found in (stored, own, published_value_set(url)):
            if found is not None and version in {None, found.get("version")}:
                return found
        return None

    def codes_in(self, url: str) -> set[tuple[str, str]] | None:
        """Give system and code of everything in a value set; None for one that is not held.

        Raises Failure UNPROCESSABLE when it draws from what is not held.
        """
        value_set = self.value_set(*split_canonical(url))
        return {each.key for each in expand(value_set, self)} if value_set is not None else None

    def descendants(self, system: str, code: str) -> set[str] | None:
        """Give every code below a code; None for a code system that is not held."""
        found = self.code_system(system, None)
        return set(found.descendants(code)) if found is not None else None

    def ancestors(self, system: str, code: str) -> set[str] | None:
        """Give every code above a code; None for a code system that is not held."""
        found = self.code_system(system, None)
        return set(found.ancestors(code)) if found is not None else None

    def _find_code_system(self, url: str, version: str | None) -> CodeSystem | None:
        resource = self._stored("CodeSystem", url, version) or self._own("CodeSystem", url)
        found = CodeSystem.of(resource) if resource is not None else published_code_system(url)
        return found if found is not None and version in {None, found.version} else None

    def _own(self, resource_type: str, url: str) -> Resource | None:
        clinic = self._clinic
        root = f"{clinic.canonical.base}/{resource_type}/"
        name = url.removeprefix(root)
        if name == url or name not in code_systems.TITLES:
            return None
        build = (
            code_systems.code_system if resource_type == "CodeSystem" else code_systems.value_set
        )
        return build(name, clinic.knowledge, clinic.canonical)

    def _stored(self, resource_type: str, url: str, version: str | None) -> Resource | None:
        if self._snapshot is None:
            return None
        escaped = "".join(f"\\{each}" if each in "\\,|$" else each for each in url)
        parameters = (("url", escaped), ("_sort", "-_lastUpdated"), ("_count", str(_VERSIONS)))
        query = self._parse_search(resource_type, parameters)
        found = [content_of(each.content) for each in self._snapshot.search(query).versions]
        wanted = [each for each in found if version in {None, each.get("version")}]
        # An active one before a draft, the one written last before the others.
        wanted.sort(key=lambda each: each.get("status") != "active")
        return wanted[0] if wanted else None


def content_of(content: bytes | None) -> Resource:
    """Give the resource that a stored text holds."""
    resource = parse(content or b"{}")
    if not isinstance(resource, dict):  # It cannot be: what is stored is a resource.
        raise TypeError
    return resource
