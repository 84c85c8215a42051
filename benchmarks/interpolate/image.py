"""The image as a help: what it changes, and whether the gate lets it in only where it does good."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import mean

from interpolate.cases import Case, given_slices
from interpolate.metrics import changed, dice_not_given
from interpolate.options import Options
from interpolate.ours import STRUCTURE, complete, completion_of
from interpolate.over_cases import over_cases
from interpolate.real_cases import wanted_cases
from interpolate.table import percent, points, table
from medseg.volume import Quantity, Source, Volume

EVERY = (3, 5, 8)
QUANTITIES = {"CT": Quantity.HU, "T1": Quantity.ARBITRARY}
ASKED_RISE = 0.005
"""Of the mean Dice over the CT cases, at k = 3."""

ASKED_FALL = 0.003
"""By how much no case may fall."""


@dataclass(frozen=True)
class Score:
    """One case with every k-th axial slice: Dice of the voxels not given without and with the image.

    Attributes:
        case: The case.
        every: The k.
        without: Dice of the default method alone.
        with_image: Dice where it was given the image too.
        used: Whether the gate let the image in.
        changed: Drawn voxels that came out otherwise.
    """

    case: Case
    every: int
    without: float
    with_image: float
    used: bool
    changed: int


def run(options: Options) -> str:
    """Measure and say it in Markdown."""
    cases = [case for case in wanted_cases(options, ("sarcoma", "organ")) if case.image is not None]
    scores = over_cases(_scores, cases)
    return "\n\n".join(_sections(scores))


def _scores(case: Case) -> Iterator[Score]:
    volume = Volume(case.grid, case.image, QUANTITIES[case.image_kind], Source("benchmark"))
    for every in EVERY:
        drawn = given_slices(case.truth, 0, every)
        without = complete(drawn, case.grid)
        completion = completion_of(drawn, case.grid, image=volume)
        found = completion.label_map.voxels > 0
        use = completion.structures[STRUCTURE.id].image
        yield Score(
            case,
            every,
            round(dice_not_given(without, case.truth, drawn), 5),
            round(dice_not_given(found, case.truth, drawn), 5),
            use is not None and use.used,
            changed(found, drawn),
        )


def _sections(scores: Sequence[Score]) -> Iterator[str]:
    yield (
        "## The image as a help\n\n"
        "Every k-th axial slice given, both ends among them. *Gated*: the image takes part only where "
        "predicting some of the reader's own slices from the others shows that it helps. Dice ×100 of the "
        f"slices not given. Asked of CT at k = 3: a mean rise of {100 * ASKED_RISE:g} points, and no case "
        f"that falls by more than {100 * ASKED_FALL:g}."
    )
    rows = []
    for kind in QUANTITIES:
        for every in EVERY:
            for split in ("tune", "report"):
                some = [
                    s for s in scores if (s.case.image_kind, s.every, s.case.split) == (kind, every, split)
                ]
                if some:
                    rows.append([f"{kind}, k = {every}, {split}", *_figures(some)])
    head = ["", "cases", "image used", "without", "gated", "mean rise", "cases that fall too far", "worst"]
    yield table(head, rows)
    yield f"Voxels of drawn slices that came out otherwise: {sum(score.changed for score in scores)}."


def _figures(scores: Sequence[Score]) -> list[object]:
    rises = [score.with_image - score.without for score in scores]
    worst = min(scores, key=lambda score: score.with_image - score.without)
    return [
        len(scores),
        sum(score.used for score in scores),
        percent(mean(score.without for score in scores)),
        percent(mean(score.with_image for score in scores)),
        points(mean(rises)),
        sum(rise < -ASKED_FALL for rise in rises),
        f"{points(min(rises))} ({worst.case.name})",
    ]
