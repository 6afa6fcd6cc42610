"""Code systems and value sets: what their codes mean, and which codes they hold.

https://hl7.org/fhir/R4/terminology-module.html
"""
