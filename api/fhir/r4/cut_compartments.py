"""Cut the compartments: which resources belong to a patient, an encounter, and so on.

https://hl7.org/fhir/R4/compartmentdefinition.html
"""

from collections.abc import Collection, Iterable
from typing import Any

EXAMPLE = "example"
# The parameter that stands for the resource whose compartment it is.
ITSELF = "{def}"


def compartments(
    definitions: Iterable[dict[str, Any]], served: Collection[str]
) -> dict[str, dict[str, list[str]]]:
    """Give compartment → type → search parameters that put a resource of the type into it."""
    found = [
        each
        for each in definitions
        if each["resourceType"] == "CompartmentDefinition" and each["id"] != EXAMPLE
    ]
    return {
        each["code"]: {
            row["code"]: [code for code in row["param"] if code != ITSELF]
            for row in each["resource"]
            if row["code"] in served and set(row.get("param", ())) - {ITSELF}
        }
        for each in sorted(found, key=lambda each: str(each["code"]))
    }
