"""The clinic: FHIR resources to and from the reasoning in `domain`."""
