"""Which resource types the document spells out, in the order in which a newcomer meets them.

Every stored type is served by the same code. The four of the story and the ones that practice
software brings are written out with their own schemas and search parameters; all others share the
paths of `/{resourceType}`, which keeps the document small enough for a browser to open at once.
"""

from collections.abc import Mapping

# resource type → what it is for in a clinic, shown beside its group of requests
STORY: Mapping[str, str] = {
    "Patient": "1. Register the runner.",
    "Encounter": "2. Open the visit.",
    "Assessment": (
        "3. Post the clinician's checklist. The server answers with its evaluation: findings, red "
        "flags, ranked hypotheses with every line of evidence, and whether the runner may run. "
        "`$evaluate` does the same and stores nothing; `$plan` drafts the plan."
    ),
    "CarePlan": (
        "4. The two-stream plan. `Assessment/{id}/$plan` drafts it; the clinician changes and "
        "accepts it by an ordinary update, draft to active."
    ),
}
BROUGHT: Mapping[str, str] = {
    "Observation": "What was measured or seen; the evaluation's findings are kept as these too.",
    "Goal": "What the runner and the clinician want to reach, with targets and due dates.",
    "Condition": "What a clinician has confirmed. The server never writes one by itself.",
    "Practitioner": "Who treats, assesses and signs.",
    "Organization": "The clinic, and those that refer to it.",
    "Appointment": "Booked visits and reviews.",
    "ServiceRequest": "Referrals in and out.",
    "DiagnosticReport": "Imaging and laboratory reports.",
    "DocumentReference": "Letters and other documents.",
    "Coverage": "Who pays.",
    "Questionnaire": "Forms.",
    "QuestionnaireResponse": "Filled-in forms.",
}
PUBLISHED: Mapping[str, str] = {**STORY, **BROUGHT}

SYSTEM_TAG = "System"
SYSTEM_TEXT = (
    "What this server can do, batch and transaction Bundles, and the history of all resources."
)
TERMINOLOGY_TAG = "Terminology"
TERMINOLOGY_TEXT = (
    "What codes mean and which value sets hold them: R4's own, this server's, and those that are "
    "stored here. SNOMED CT and LOINC are not held."
)
OTHER_TAG = "Every other R4 type"
OTHER_TEXT = (
    "The remaining R4 types behave exactly like the ones above: choose a type and go on. Search "
    "parameters of each type are listed in `GET /metadata`."
)
