"""What an interaction is described for."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Subject:
    """What an interaction is described for: one resource type, or any of the unpublished ones."""

    resource_type: str  # "" stands for any other type
    tag: str
    noun: str
    schema: str
    example: Mapping[str, Any]  # a resource to write, with its id
    read_id: str  # an id that is there once the examples above it have run, or in the demo clinic
    outline: Mapping[str, Any]  # what a Bundle shows of it
    search: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The ending of operation ids."""
        return self.resource_type or "Resource"

    @property
    def root(self) -> str:
        """The address of the type below the base."""
        return f"/{self.resource_type or '{resourceType}'}"

    @property
    def written_id(self) -> str:
        """The id that the example of an update writes."""
        return str(self.example["id"])

    @property
    def whole(self) -> dict[str, str]:
        """The example as an update sends it: with its id."""
        return {"$ref": f"#/components/examples/{self.example['resourceType']}"}

    @property
    def answered(self) -> dict[str, str]:
        """The example as it comes back: with meta, and with what the server worked out."""
        return {"$ref": f"#/components/examples/{self.example['resourceType']}.answer"}

    @property
    def new(self) -> dict[str, str]:
        """The example as it is sent to be created: without an id."""
        return {"$ref": f"#/components/examples/{self.example['resourceType']}.new"}

    @property
    def reference(self) -> dict[str, str]:
        """The schema of one resource."""
        return {"$ref": f"#/components/schemas/{self.schema}"}
