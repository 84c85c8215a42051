"""RECIST 1.1: how target lesions respond, from the sum of their diameters at each time.

Eisenhauer et al. 2009, New response evaluation criteria in solid tumours: revised RECIST guideline (version
1.1), Eur J Cancer 45:228-247: section 4.3.1 for target lesions, 4.4.2 for those that were not evaluated,
table 1 for all. A lesion that comes back after a complete response: Schwartz et al. 2016, Eur J Cancer
62:132-137.

What comes from here is a proposal. It becomes a response only by :meth:`Proposed.confirmed`: new lesions,
lesions that are not measured and whether two numbers may be compared at all are for a reader to judge.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

SOURCE = "RECIST 1.1 (Eisenhauer et al. 2009, Eur J Cancer 45:228-247)"

PARTIAL_RESPONSE = -0.30
"""At least a 30 % decrease of the sum, taking the baseline as reference."""

PROGRESSION = 0.20
"""At least a 20 % increase of the sum, taking the smallest sum on study as reference …"""

PROGRESSION_MM = 5.0
"""… which must also be an increase of at least 5 mm."""

NORMAL_NODE_MM = 10.0
"""A lymph node with a short axis below this is not pathological."""

MEASURABLE_MM = 10.0
"""The least longest diameter of a target lesion on CT with slices of at most 5 mm."""

MEASURABLE_NODE_MM = 15.0
"""The least short axis of a target lymph node."""

TOO_SMALL_MM = 5.0
"""A lesion that is there but too small to measure counts as 5 mm; whether it is, the reader says."""

MAX_TARGETS = 5
"""Target lesions of a patient; at most two of one organ."""

_ROUNDING = 1e-9
"""Thresholds are met from exactly 30 % or 5 mm on, whatever the last bit of a sum says."""


class Category(StrEnum):
    """A response of RECIST 1.1."""

    CR = "CR"
    """Complete response."""
    PR = "PR"
    """Partial response."""
    SD = "SD"
    """Stable disease."""
    PD = "PD"
    """Progressive disease."""
    NE = "NE"
    """Not evaluable."""

    @property
    def words(self) -> str:
        """What the letters stand for."""
        return _WORDS[self]


_WORDS = {
    Category.CR: "complete response",
    Category.PR: "partial response",
    Category.SD: "stable disease",
    Category.PD: "progressive disease",
    Category.NE: "not evaluable",
}


class NonTarget(StrEnum):
    """What a reader says of the lesions that are not measured (section 4.3.3)."""

    NONE = "none"
    """There were none at baseline."""
    CR = "CR"
    """All are gone, and all nodes are of normal size."""
    NON_CR_NON_PD = "non-CR/non-PD"
    """At least one is still there."""
    PD = "PD"
    """They progressed beyond doubt."""
    NE = "NE"
    """Not all were evaluated."""


@dataclass(frozen=True)
class TargetLesion:
    """A lesion that was chosen at baseline to be measured.

    Attributes:
        id: Id of its structure, the same at all times.
        name: What people read.
        is_node: Whether it is a lymph node, of which the short axis counts.
    """

    id: str
    name: str
    is_node: bool = False

    @property
    def measurable_mm(self) -> float:
        """The least diameter that a target lesion of its kind has at baseline."""
        return MEASURABLE_NODE_MM if self.is_node else MEASURABLE_MM


@dataclass(frozen=True)
class LesionSize:
    """A target lesion at one time.

    Attributes:
        lesion: Which.
        diameter_mm: Its longest diameter in the plane of acquisition, of a node the perpendicular one; 0
            where it is gone, None where it was not evaluated.
    """

    lesion: TargetLesion
    diameter_mm: float | None

    @property
    def is_gone(self) -> bool:
        """Whether a complete response may hold with this lesion."""
        if self.diameter_mm is None:
            return False
        return self.diameter_mm < NORMAL_NODE_MM if self.lesion.is_node else self.diameter_mm == 0


@dataclass(frozen=True)
class TargetResponse:
    """How the target lesions changed up to one time, by their diameters alone.

    Attributes:
        category: The proposal.
        sum_mm: Sum of the diameters; None where a lesion was not evaluated.
        baseline_mm: The sum at baseline.
        nadir_mm: The smallest sum before this time, the baseline among them.
        grounds: Why, one sentence each.
    """

    category: Category
    sum_mm: float | None
    baseline_mm: float
    nadir_mm: float
    grounds: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """The response as a JSON object; changes are fractions."""
        return {
            "category": self.category.value,
            "sum_mm": self.sum_mm,
            "baseline_mm": self.baseline_mm,
            "nadir_mm": self.nadir_mm,
            "change_from_baseline": relative_change(self.baseline_mm, self.sum_mm),
            "change_from_nadir": relative_change(self.nadir_mm, self.sum_mm),
            "grounds": list(self.grounds),
        }


@dataclass(frozen=True)
class Proposed:
    """An overall response that nobody has confirmed yet.

    Attributes:
        category: The overall response.
        target: That of the target lesions.
        non_target: What the reader said of the others.
        new_lesions: Ids of the structures that the reader called new lesions.
    """

    category: Category
    target: TargetResponse
    non_target: NonTarget
    new_lesions: tuple[str, ...]

    def confirmed(self, by: str, at: datetime) -> Confirmed:
        """Make it a response.

        Args:
            by: The reader's name.
            at: When the reader said so.

        Raises:
            ValueError: Nobody is named.
        """
        if not by.strip():
            raise ValueError("a response is confirmed by somebody: expected a name, got none")
        return Confirmed(self, by.strip(), at)

    def as_dict(self) -> dict[str, Any]:
        """The proposal as a JSON object."""
        return {
            "category": self.category.value,
            "status": "proposed",
            "confirmed_by": None,
            "confirmed_at": None,
            "target": self.target.category.value,
            "non_target": self.non_target.value,
            "new_lesions": list(self.new_lesions),
            "source": SOURCE,
        }


@dataclass(frozen=True)
class Confirmed:
    """A response that a reader confirmed.

    Attributes:
        proposed: What was confirmed.
        by: The reader's name, as claimed: it is no signature.
        at: When, by the clock of the reader's machine.
    """

    proposed: Proposed
    by: str
    at: datetime

    @property
    def category(self) -> Category:
        """The overall response."""
        return self.proposed.category

    def as_dict(self) -> dict[str, Any]:
        """The response as a JSON object."""
        return self.proposed.as_dict() | {
            "status": "confirmed",
            "confirmed_by": self.by,
            "confirmed_at": self.at.isoformat(timespec="seconds"),
        }


def sum_of_diameters_mm(sizes: Sequence[LesionSize]) -> float | None:
    """The sum of the diameters of all target lesions; None where one was not evaluated."""
    diameters = [size.diameter_mm for size in sizes]
    return None if None in diameters else sum(filter(None, diameters), 0.0)


def relative_change(before: float | None, after: float | None) -> float | None:
    """The change as a fraction of what was before; None where either is unknown or nothing was there."""
    return after / before - 1 if before and after is not None else None


def target_response(times: Sequence[Sequence[LesionSize]]) -> TargetResponse:
    """How target lesions responded at the last of some times (section 4.3.1).

    Args:
        times: The same target lesions at baseline and at each time since, in order; the last one is judged.

    Returns:
        The proposal. Where a lesion was not evaluated it is ``NE``, unless the others alone are progressive
        (section 4.4.2: its size could not change that).

    Raises:
        ValueError: No time since baseline; no lesion; other lesions than at baseline, or one that was not
            evaluated at baseline.
    """
    _require_comparable(times)
    *earlier, now = times
    sums = [total for total in map(sum_of_diameters_mm, earlier) if total is not None]
    baseline_mm, nadir_mm, total = sums[0], min(sums), sum_of_diameters_mm(now)
    category, grounds = _category(earlier, now, baseline_mm, nadir_mm)
    return TargetResponse(category, total, baseline_mm, nadir_mm, grounds)


def overall_response(
    target: TargetResponse,
    non_target: NonTarget = NonTarget.NONE,
    new_lesions: Sequence[str] = (),
) -> Proposed:
    """Combine target lesions with what the reader says of others and of new ones (table 1).

    Args:
        target: Response of the target lesions.
        non_target: The reader's word on lesions that are not measured.
        new_lesions: Ids of structures that the reader calls new lesions.
    """
    category = target.category
    if new_lesions or non_target is NonTarget.PD:
        category = Category.PD
    elif category is Category.CR and non_target in (NonTarget.NON_CR_NON_PD, NonTarget.NE):
        category = Category.PR
    return Proposed(category, target, non_target, tuple(new_lesions))


def _require_comparable(times: Sequence[Sequence[LesionSize]]) -> None:
    if len(times) < 2:
        raise ValueError(f"expected a baseline and a later time, got {len(times)} time(s)")
    lesions = [[size.lesion for size in sizes] for sizes in times]
    if not lesions[0] or any(other != lesions[0] for other in lesions):
        raise ValueError("expected the same target lesions at all times, at least one")
    if sum_of_diameters_mm(times[0]) is None:
        raise ValueError("expected a diameter of every target lesion at baseline")


def _category(
    earlier: Sequence[Sequence[LesionSize]],
    now: Sequence[LesionSize],
    baseline_mm: float,
    nadir_mm: float,
) -> tuple[Category, tuple[str, ...]]:
    measured_mm = sum((size.diameter_mm for size in now if size.diameter_mm is not None), 0.0)
    rise_mm = measured_mm - nadir_mm
    missing = [size.lesion.name for size in now if size.diameter_mm is None]
    if all(size.is_gone for size in now):
        return Category.CR, ("every target lesion is gone, and every node below 10 mm",)
    back = (
        [] if not _was_complete(earlier) else [s.lesion.name for s in now if s.diameter_mm and not s.is_gone]
    )
    if back:
        return Category.PD, (f"after a complete response again there: {', '.join(back)}",)
    if rise_mm >= PROGRESSION_MM - _ROUNDING and rise_mm >= PROGRESSION * nadir_mm - _ROUNDING:
        return Category.PD, (f"{rise_mm:.1f} mm above the smallest sum of {nadir_mm:.1f} mm",)
    if missing:
        return Category.NE, (f"not evaluated: {', '.join(missing)}",)
    change = relative_change(baseline_mm, measured_mm) or 0.0
    from_baseline = f"{change:+.1%} from the baseline of {baseline_mm:.1f} mm"
    if change <= PARTIAL_RESPONSE + _ROUNDING:
        return Category.PR, (from_baseline,)
    return Category.SD, (from_baseline, f"{rise_mm:+.1f} mm from the smallest sum of {nadir_mm:.1f} mm")


def _was_complete(earlier: Sequence[Sequence[LesionSize]]) -> bool:
    return any(all(size.is_gone for size in sizes) for sizes in earlier)
