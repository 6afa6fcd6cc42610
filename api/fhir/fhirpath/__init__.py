"""FHIRPath compiled to Python: the language of invariants, read once and run on plain JSON.

https://hl7.org/fhirpath/N1/ and https://hl7.org/fhir/R4/fhirpath.html

`grammar` reads an expression into a tree, `compiler` turns the tree into nested functions over the
JSON of a resource, `functions` and `operators` say what each name means, `values` what the JSON of
an element is to FHIRPath. Which keys a name stands for is looked up in the R4 definitions while
compiling, so that running does little more than look into dictionaries.

Covered is what the invariants of FHIR R4 and AU Core use; anything else is refused while compiling.
Search parameters have a language of their own, smaller and with datatypes: `api.fhir.path`.
"""
