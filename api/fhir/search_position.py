"""`near`: places within a distance of another.

https://hl7.org/fhir/R4/location.html#positional

`latitude|longitude|distance|unit`; without a distance 50 km, without a unit km.
"""

import re
from collections.abc import Mapping
from typing import Final

from api.fhir.index_position import chord, point
from api.fhir.search_condition import (
    WITHIN,
    Comparison,
    Setting,
    conjunction,
    invalid,
    split_values,
    unescape,
)
from api.fhir.search_parameter import NamedParameter
from api.fhir.search_ranges import Alternatives

DEFAULT_METRES: Final = 50_000.0

METRES: Final[Mapping[str, float]] = {
    "": 1_000.0,
    "km": 1_000.0,
    "kms": 1_000.0,
    "m": 1.0,
    "cm": 0.01,
    "mm": 0.001,
    "[mi_i]": 1_609.344,
    "mi": 1_609.344,
    "[mi_us]": 6_336_000 / 3_937,
    "[nmi_i]": 1_852.0,
    "[yd_i]": 0.9144,
    "[ft_i]": 0.3048,
    "[in_i]": 0.0254,
}
"""UCUM unit of length, and what people write for it → metres."""

_DECIMAL: Final = re.compile(r"[+-]?\d{1,12}(?:\.\d{1,30})?", re.ASCII)
_LIMITS: Final = (90.0, 180.0)
_PARTS: Final = (2, 3, 4)


def read_near(named: NamedParameter, value: str, _setting: Setting) -> Alternatives:
    """Read one place and distance; the Failure names the parameter."""
    parts = [unescape(each).strip() for each in split_values(value, "|")]
    numbers = [each for each in parts[:3] if each]
    if len(parts) not in _PARTS or not all(map(_DECIMAL.fullmatch, numbers)) or not all(parts[:2]):
        sentence = (
            f"{named.name} takes latitude|longitude|distance|unit, such as -37.81|144.96|10|km."
        )
        raise invalid(named.name, sentence)
    latitude, longitude, *distances = map(float, numbers)
    if abs(latitude) > _LIMITS[0] or abs(longitude) > _LIMITS[1]:
        raise invalid(
            named.name, f"{named.name} takes degrees: latitudes to 90, longitudes to 180."
        )
    unit = parts[3] if len(parts) == max(_PARTS) else ""
    if unit not in METRES:
        listed = ", ".join(each for each in METRES if each)
        raise invalid(named.name, f"{named.name} takes a distance in {listed}.")
    metres = distances[0] * METRES[unit] if distances else DEFAULT_METRES
    if metres < 0:
        raise invalid(named.name, f"{named.name} takes a distance of 0 or more.")
    return [_within(latitude, longitude, metres)]


def _within(latitude: float, longitude: float, metres: float) -> tuple[Comparison, ...]:
    """Ask for the box around the sphere first, because an index leads to its slice."""
    centre = point(latitude, longitude)
    # Coordinates are rounded; a tenth of a millimetre keeps a place that is exactly as far away.
    line = chord(metres, latitude) + 0.0001
    box = (
        side
        for name, middle in zip("xyz", centre, strict=True)
        for side in ((name, ">=", middle - line), (name, "<", middle + line))
    )
    return conjunction(*box, ("x", WITHIN, (*centre, line * line)))
