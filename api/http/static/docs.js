// Starts Swagger UI. It is a file of its own because the page allows no inline script.
"use strict";

// The types of the story stand open; everything else waits for a click, which keeps the page quick.
const OPENED_FIRST = ["Patient", "Encounter", "Assessment", "CarePlan"];

const dark = window.matchMedia("(prefers-color-scheme: dark)");
const followScheme = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
dark.addEventListener("change", followScheme);
followScheme();

// What a newcomer needs least stands last in its group; all else keeps the document's order.
const isLate = (each) => each.getIn(["operation", "operationId"]).startsWith("conditional");
const leastNeededLast = (one, other) => isLate(one) - isLate(other);

const ui = SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  docExpansion: "none",
  tryItOutEnabled: true,
  filter: true,
  persistAuthorization: true,
  operationsSorter: leastNeededLast,
  displayRequestDuration: true,
  defaultModelsExpandDepth: 0,
  defaultModelExpandDepth: 1,
  defaultModelRendering: "example",
  requestSnippetsEnabled: true,
  requestSnippets: { defaultExpanded: false },
  showCommonExtensions: true,
  // No document leaves the house to be judged elsewhere.
  validatorUrl: null,
  presets: [SwaggerUIBundle.presets.apis],
  onComplete: () => {
    if (window.location.hash.length > 2) return;
    OPENED_FIRST.forEach((tag) => ui.layoutActions.show(["operations-tag", tag], true));
  },
});
