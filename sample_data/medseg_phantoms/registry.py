"""The phantoms by name, in the sizes that are offered."""

from __future__ import annotations

from collections.abc import Callable

from medseg_phantoms.abdomen import abdominal_ct
from medseg_phantoms.abdomen import acquisition as abdomen
from medseg_phantoms.brain import acquisition as brain
from medseg_phantoms.brain import brain_mr
from medseg_phantoms.phantom import Phantom

SIZES = ("small", "full")
"""What each phantom is offered in: quick to make, or as a clinical scanner would give it."""


def make_abdomen(size: str) -> Phantom:
    """The abdominal CT in a size by name."""
    return abdominal_ct(_shape(size, abdomen.SMALL_KJI, abdomen.FULL_KJI))


def make_brain(size: str) -> Phantom:
    """The brain MR in a size by name."""
    return brain_mr(_shape(size, brain.SMALL_KJI, brain.FULL_KJI))


PHANTOMS: dict[str, Callable[[str], Phantom]] = {"abdomen": make_abdomen, "brain": make_brain}
"""Name → function of the size's name (one of :data:`SIZES`)."""


def _shape(size: str, small: tuple[int, int, int], full: tuple[int, int, int]) -> tuple[int, int, int]:
    if size not in SIZES:
        raise ValueError(f"expected a size out of {', '.join(SIZES)}, got {size!r}")
    return small if size == "small" else full
