"""Data of this server's own types, in the form of `api.fhir.r4`: the logical model Assessment."""
