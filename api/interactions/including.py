"""What comes along with a page of matches: `_include` and `_revinclude`.

https://hl7.org/fhir/R4/search.html#revinclude

Matches are asked first, then, by edges that iterate, what they brought, and so on. Whatever is
there already does not come again.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from api.fhir.search_include import Include
from api.store.session import Snapshot
from api.store.version import StoredVersion

MAX_INCLUDED = 2_000
MAX_ROUNDS = 12
"""Limits of what one page brings along."""

MAX_SHOWN_SOURCES = 5


@dataclass(frozen=True, slots=True)
class Included:
    """A resource that came along: by which references (`Observation:subject`) of which others."""

    version: StoredVersion
    by: tuple[tuple[str, str], ...]


@dataclass(slots=True)
class Including:
    """Everything that has come so far; `is_cut` when there was more than the limits allow."""

    resources: list[Included] = field(default_factory=list)
    is_cut: bool = False
    names: dict[int, str] = field(default_factory=dict)


def including(
    snapshot: Snapshot, edges: Sequence[Include], matches: Sequence[StoredVersion]
) -> Including:
    """Give what the edges bring along with these matches; a statement for each edge and round."""
    found = Including(names={each.resource_key: _name(each) for each in matches})
    sources: Sequence[StoredVersion] = matches
    for number in range(MAX_ROUNDS):
        asked = [each for each in edges if number == 0 or each.is_iterative]
        if not asked or not sources:
            return found
        sources = [new for edge in asked for new in _follow(snapshot, edge, sources, found)]
    found.is_cut = found.is_cut or bool(sources)
    return found


def _follow(
    snapshot: Snapshot, edge: Include, sources: Iterable[StoredVersion], found: Including
) -> list[StoredVersion]:
    """Follow one edge, and give what is new."""
    near_end = edge.target_type if edge.is_reverse else edge.source_type
    keys = [each.resource_key for each in sources if near_end in ("", each.resource_type)]
    room = MAX_INCLUDED - len(found.resources)
    if not keys or room <= 0:
        found.is_cut = found.is_cut or bool(keys)
        return []
    # All that is there already may be found again, and must not take the room of what is new.
    limit = room + len(found.names) + 1
    brought = snapshot.included(edge, keys, limit)
    new = [each for each in brought if each.version.resource_key not in found.names]
    found.is_cut = found.is_cut or len(brought) == limit or len(new) > room
    for version, by in new[:room]:
        shown = tuple(
            (parameter.replace(".", ":", 1), found.names[key])
            for parameter, key in by[:MAX_SHOWN_SOURCES]
        )
        found.resources.append(Included(version, shown))
    versions = [version for version, _ in new[:room]]
    found.names.update({each.resource_key: _name(each) for each in versions})
    return versions


def _name(version: StoredVersion) -> str:
    return f"{version.resource_type}/{version.resource_id}"
