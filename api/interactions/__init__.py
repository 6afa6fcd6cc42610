"""One module for each FHIR interaction."""
