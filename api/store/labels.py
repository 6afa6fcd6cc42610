"""The profiles, tags and security labels in use, from the index."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, select

from api.store.tables import index_token, index_uri

Coding = tuple[str, str]
"""System and code; a system that there is not is empty."""


@dataclass(slots=True)
class Labels:
    """What `meta` holds anywhere, each once and sorted."""

    profiles: list[str] = field(default_factory=list)
    tags: list[Coding] = field(default_factory=list)
    security: list[Coding] = field(default_factory=list)


def in_use(connection: Connection, tenant: int, resource_types: Sequence[str]) -> Labels:
    """Give the labels of the current resources of these types; three statements."""
    uris, tokens = index_uri.c, index_token.c

    def distinct(columns: Any, parameter: str, *values: Any) -> list[Any]:
        parameters = [f"{name}.{parameter}" for name in resource_types]
        statement = (
            select(*values)
            .where(columns.tenant == tenant, columns.parameter.in_(parameters))
            .distinct()
            .order_by(*values)
        )
        return list(connection.execute(statement))

    return Labels(
        profiles=[row[0] for row in distinct(uris, "_profile", uris.value)],
        tags=[(row[0], row[1]) for row in distinct(tokens, "_tag", tokens.system, tokens.code)],
        security=[
            (row[0], row[1]) for row in distinct(tokens, "_security", tokens.system, tokens.code)
        ],
    )
