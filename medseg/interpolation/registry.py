"""The methods of interpolation, by name."""

from __future__ import annotations

from medseg.interpolation.method import Method
from medseg.interpolation.signed_distance import signed_distance

METHODS: dict[str, Method] = {"signed-distance": signed_distance}
"""Each method stands in a file of its own and is entered here."""

DEFAULT_METHOD = "signed-distance"


def method_named(name: str) -> Method:
    """Look up a method.

    Raises:
        ValueError: There is none of this name.
    """
    if name not in METHODS:
        raise ValueError(f"expected a method of {sorted(METHODS)}, got {name!r}")
    return METHODS[name]
