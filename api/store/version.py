"""Versions as the store keeps them, and changes as it is asked to write them.

Instants are integers: microseconds since 1970-01-01T00:00:00Z, always whole milliseconds, since
milliseconds are what `meta.lastUpdated` shows.
"""

from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

Method = Literal["POST", "PUT", "PATCH", "DELETE"]
ResourceKey = tuple[str, str]
"""What a client calls a resource by: (resource type, logical id)."""


@dataclass(frozen=True, slots=True)
class StoredVersion:
    """One version of one resource; `content` is the text to send, None when it was deleted."""

    resource_type: str
    resource_id: str
    version_id: int
    last_updated: int
    content: bytes | None
    method: Method
    change_seq: int
    resource_key: int

    @property
    def is_deleted(self) -> bool:
        """Whether this version says that the resource is gone."""
        return self.content is None

    @property
    def key(self) -> ResourceKey:
        """The name that clients use: type and logical id."""
        return self.resource_type, self.resource_id


@dataclass(slots=True)
class Change:
    """A version to be written: `resource` None deletes, `previous` None creates.

    `previous` is what was read under the lock of this transaction, a deletion included: a resource
    that is put again goes on counting its versions.
    """

    resource_type: str
    resource_id: str
    resource: dict[str, Any] | None
    previous: StoredVersion | None
    method: Method

    @property
    def key(self) -> ResourceKey:
        """The name that clients use: type and logical id."""
        return self.resource_type, self.resource_id


class Referrer(NamedTuple):
    """A current resource that refers to another."""

    resource_type: str
    resource_id: str
    target_type: str
    target_id: str
