"""The media types in which a patch is read.

https://hl7.org/fhir/R4/http.html#patch
"""

from api.fhir.outcome import Failure, FailureKind, Issue

JSON_PATCH = "application/json-patch+json"
FORMATS = (JSON_PATCH, "application/fhir+json", "application/json")


class PatchFormatFailure(Failure):
    """A patch in a format that is not read; the answer lists those that are in Accept-Patch."""

    def __init__(self, sentence: str) -> None:
        """Name what is read."""
        super().__init__(
            FailureKind.MEDIA_TYPE,
            Issue(
                "not-supported",
                f"{sentence} A patch is {JSON_PATCH} (JSON Patch) or application/fhir+json (a "
                "Parameters resource with a FHIRPath Patch).",
                ("http.Content-Type",),
            ),
        )
