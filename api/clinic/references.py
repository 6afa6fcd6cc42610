"""References in the one form that the clinic compares: `Patient/123`.

https://hl7.org/fhir/R4/references.html#literal
"""

import re
from typing import Any

from api.fhir.reference import LocalReference, local_reference


def reference_text(reference: object, base_url: str) -> str | None:
    """Return `Type/id` of a reference to this server; a foreign address stays as it is.

    The version falls away, since a person is the same in all versions of the record.
    """
    if not isinstance(reference, str) or not reference:
        return None
    local = local_reference(reference, base_url)
    return reference if local is None else f"{local.type}/{local.id}"


def search_value(reference: str) -> str:
    """Return a reference as a search value, in which `,` `$` and `|` would mean something."""
    return re.sub(r"([\\,$|])", r"\\\1", reference)


def local_keys(references: list[dict[str, Any]], base_url: str) -> list[LocalReference]:
    """Return (type, id) of those references that lead to resources of this server."""
    found = (reference.get("reference") for reference in references)
    keys = (local_reference(text, base_url) for text in found if isinstance(text, str))
    return [key for key in keys if key is not None]
