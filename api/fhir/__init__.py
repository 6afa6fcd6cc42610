"""FHIR R4 as plain Python: definitions, parsing, validation, search grammar."""
