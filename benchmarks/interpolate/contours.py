"""How many contours a reader needs who draws where ``draw_next`` says, beside evenly spaced axial ones."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from statistics import median

import numpy as np
import numpy.typing as npt

from interpolate.cases import Case
from interpolate.jitter import jittered
from interpolate.metrics import dice
from interpolate.options import Options
from interpolate.ours import STRUCTURE
from interpolate.over_cases import over_cases
from interpolate.real_cases import distinct, wanted_cases
from interpolate.record import ENOUGH_DICE, JITTERS_MM, Record
from interpolate.table import points, table
from medseg.contour import Slice
from medseg.interpolation import Completion, interpolate_masks
from medseg.interpolation.draw_next import draw_next

Mask = npt.NDArray[np.bool_]

ASKED_SHARE = 0.6
"""At most this share of the peer's contours, median over the sarcomas."""

ALLOWED_LOSS = 0.01
"""By how much one more contour may lower the Dice."""

MOST_CONTOURS = 30
MORE_CONTOURS = 3
"""How many to draw at most, and after enough: these show whether a further one does harm."""

NEVER = 1_000.0
"""Stands for a number of contours that is never enough."""


@dataclass(frozen=True)
class Reading:
    """What a simulated reader drew of one case.

    Attributes:
        case: The case.
        jitter_mm: The unsteadiness of the hand.
        drawn: The planes in the order of drawing.
        dice: Of the whole structure, after each of them.
    """

    case: Case
    jitter_mm: float
    drawn: tuple[Slice, ...]
    dice: tuple[float, ...]

    @property
    def needed(self) -> int | None:
        """How many contours it took; None where it was never enough."""
        return next((n for n, value in enumerate(self.dice, 1) if value >= ENOUGH_DICE), None)

    @property
    def worst_loss(self) -> float:
        """By how much a further contour lowered the Dice most; 0 where none did."""
        return max([0.0, *(a - b for a, b in pairwise(self.dice))])


def run(options: Options) -> str:
    """Measure and say it in Markdown."""
    cases = distinct(wanted_cases(options, ("sarcoma",)))
    jitters = JITTERS_MM[:1] if options.quick else JITTERS_MM
    readings = over_cases(partial(_readings, jitters_mm=jitters), cases)
    return "\n\n".join(_sections(readings, Record()))


def _readings(case: Case, jitters_mm: Sequence[float]) -> Iterator[Reading]:
    for jitter_mm in jitters_mm:
        yield read(case, jitter_mm)


def read(
    case: Case, jitter_mm: float = 0.0, *, axes: Sequence[int] = (0, 1, 2), more: int = MORE_CONTOURS
) -> Reading:
    """Let a reader draw one case.

    He begins with the axial slice on which the structure is largest. Then he draws what he finds on the
    plane that ``draw_next`` names first, even if that is nothing, until the completion is good enough,
    and ``more`` contours beyond. He stops where nothing is suggested.

    Args:
        case: The case.
        jitter_mm: Standard deviation of his hand.
        axes: Array axes along which he is ready to draw.
        more: How many contours to draw beyond.
    """
    drawn: dict[Slice, Mask] = {}
    reached: list[float] = []
    where: Slice | None = Slice(0, int(case.truth.sum(axis=(1, 2)).argmax()))
    enough_at = MOST_CONTOURS
    while where is not None and len(drawn) < min(enough_at + more, MOST_CONTOURS):
        drawn |= jittered({where: case.truth.take(where.index, where.axis)}, case.grid, jitter_mm, case.name)
        completion = interpolate_masks({STRUCTURE.id: drawn}, case.grid, [STRUCTURE])
        reached.append(dice(completion.label_map.voxels > 0, case.truth))
        if reached[-1] >= ENOUGH_DICE:
            enough_at = min(enough_at, len(drawn))
        where = _next(completion, axes)
    return Reading(case, jitter_mm, tuple(drawn), tuple(reached))


def _next(completion: Completion, axes: Sequence[int]) -> Slice | None:
    suggestions = draw_next(completion, STRUCTURE.id, axes=axes)
    return suggestions[0].where if suggestions else None


def _sections(readings: Sequence[Reading], record: Record) -> Iterator[str]:
    yield (
        f"## Contours needed for a Dice of {ENOUGH_DICE}\n\n"
        "A simulated reader begins on the axial slice where the tumour is largest and goes on where *draw "
        "here next* says, along any of the three axes; a plane that misses the tumour counts too. ITK-MCI is "
        "given evenly spaced axial slices, both ends among them. Jitter moves each outline by smooth noise "
        "of this standard deviation; Dice is of the whole tumour, against the truth without jitter."
    )
    yield _summary(readings, record)
    yield "### Case by case\n\n" + _cases(readings, record)


def _summary(readings: Sequence[Reading], record: Record) -> str:
    rows = []
    for jitter_mm in sorted({reading.jitter_mm for reading in readings}):
        for split in ("tune", "report"):
            some = [r for r in readings if (r.jitter_mm, r.case.split) == (jitter_mm, split)]
            if some:
                rows.append([f"{jitter_mm:g} mm, {split}", *_figures(some, record)])
    return table(
        [
            "jitter",
            "ITK-MCI",
            "draw next",
            f"share, median (asked: {ASKED_SHARE})",
            f"worst loss, points (allowed: {points(-ALLOWED_LOSS)})",
        ],
        rows,
    )


def _figures(readings: Sequence[Reading], record: Record) -> list[str]:
    peers = [_or_never(record.contours_needed(r.case, r.jitter_mm)) for r in readings]
    ours = [_or_never(reading.needed) for reading in readings]
    shares = [own / peer for own, peer in zip(ours, peers, strict=True) if own + peer < 2 * NEVER]
    worst = max(reading.worst_loss for reading in readings)
    share = f"{median(shares):.2f}" if shares else "–"
    return [_count(median(peers)), _count(median(ours)), share, points(-worst)]


def _cases(readings: Sequence[Reading], record: Record) -> str:
    rows = [
        [
            f"{reading.case.name}, {reading.case.split}, {reading.jitter_mm:g} mm",
            _count(_or_never(record.contours_needed(reading.case, reading.jitter_mm))),
            _count(_or_never(reading.needed)),
            points(-reading.worst_loss),
            " ".join(f"{100 * value:.1f}" for value in reading.dice),
            " ".join(map(str, reading.drawn)),
        ]
        for reading in readings
    ]
    return table(["", "ITK-MCI", "draw next", "worst loss", "Dice ×100", "planes"], rows)


def _or_never(needed: int | None) -> float:
    return NEVER if needed is None else float(needed)


def _count(number: float) -> str:
    return "never" if number >= NEVER else f"{number:g}"
