"""Profiles: what a StructureDefinition asks of a resource beyond R4 itself.

https://hl7.org/fhir/R4/profiling.html

`published` gives the profiles that come with this server, `structure` an element of a profile and
what is below it, `slicing` tells to which slice a value belongs, `conformance` checks a resource.
The data is cut from HL7's packages (`cut`): R4's own profiles and extensions, and AU Core.
"""
