"""Data cut from the FHIR R4 definitions, and the script that cuts it."""
