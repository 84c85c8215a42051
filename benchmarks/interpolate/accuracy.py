"""Parallel slices: every k-th slice of each structure is given, along each axis."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from statistics import mean

from interpolate.cases import EVERY, KINDS, Case, given_slices, share_repeated
from interpolate.metrics import changed, dice_not_given, hd95_mm, volume_not_given
from interpolate.options import Options
from interpolate.ours import complete, methods_for
from interpolate.over_cases import over_cases
from interpolate.real_cases import distinct, wanted_cases
from interpolate.record import Record
from interpolate.table import percent, points, table

PEER = "ITK-MCI"
ASKED_MARGINS = {3: 0.019, 5: 0.023, 8: 0.040}
"""k → by how much the mean Dice of the sarcomas is to lie above ITK-MCI's, sliced axially."""

GROUPS: dict[str, Callable[[Case], bool]] = {
    "tune": lambda case: case.split == "tune",
    "report": lambda case: case.split == "report",
    "own slices": lambda case: not case.repeats,
}

ALLOWED_LOSS_ACROSS = 0.003
"""By how much a single case may lie below ITK-MCI along the two other axes."""


@dataclass(frozen=True)
class Score:
    """One method on one case with every k-th slice along one axis.

    Attributes:
        case: The case.
        axis: Array axis of the slices.
        every: The k.
        method: Name in the registry, or :data:`PEER`.
        dice: Of the voxels not given.
        hd95_mm: Of the whole; None where it was not asked for.
        volume: Of the slices not given, as a share of the truth's; None where it is not known.
        changed: Drawn voxels that came out otherwise.
    """

    case: Case
    axis: int
    every: int
    method: str
    dice: float
    hd95_mm: float | None
    volume: float | None = None
    changed: int = 0


def run(options: Options) -> str:
    """Measure and say it in Markdown."""
    cases = distinct(wanted_cases(options))
    methods = methods_for(mixed=False, chosen=options.methods)
    axes = (0,) if options.quick else (0, 1, 2)
    scores = over_cases(partial(measure, methods=methods, record=Record(), axes=axes), cases)
    return "\n\n".join(_sections(scores, methods))


def measure(case: Case, *, methods: Sequence[str], record: Record, axes: Sequence[int]) -> Iterator[Score]:
    """All methods on one case, the peer's scores taken from its record.

    HD95 is taken axially alone: it costs more than everything else.
    """
    for axis in axes:
        for every in EVERY:
            recorded = record.parallel(case, axis, every)
            if recorded:
                yield Score(case, axis, every, PEER, *recorded)
            drawn = given_slices(case.truth, axis, every)
            for method in methods:
                found = complete(drawn, case.grid, method)
                distance = hd95_mm(found, case.truth, case.spacing_kji_mm) if axis == 0 else None
                dice = round(dice_not_given(found, case.truth, drawn), 5)
                volume = volume_not_given(found, case.truth, drawn)
                yield Score(case, axis, every, method, dice, distance, volume, changed(found, drawn))


def _sections(scores: Sequence[Score], methods: Sequence[str]) -> Iterator[str]:
    names = [PEER, *methods]
    counts = ", ".join(
        f"{len({s.case.name for s in scores if s.case.kind == kind})} {kind}s" for kind in KINDS
    )
    yield (
        "## Parallel slices\n\n"
        f"Every k-th slice given, both ends among them: {counts}. Dice ×100 of the slices not given / "
        "95 % Hausdorff distance in mm of the whole; means over the structures. *tune* are the patients "
        "that methods were adjusted on, *report* the others."
    )
    for kind in KINDS:
        some = [score for score in scores if score.case.kind == kind and score.axis == 0]
        if some:
            yield f"### {kind.capitalize()}s, sliced axially\n\n" + _means(some, names)
    yield "### Volume\n\n" + _volumes([score for score in scores if score.axis == 0], methods)
    yield "### Case by case, beside ITK-MCI\n\n" + _beside(scores, methods)
    sarcomas = [s for s in scores if s.case.kind == "sarcoma" and s.axis == 0]
    if sarcomas:
        yield "### Sarcomas: points above ITK-MCI\n\n" + _margins(sarcomas, methods)
    yield f"Voxels of drawn slices that came out otherwise: {sum(score.changed for score in scores)}."


def _means(scores: Sequence[Score], names: Sequence[str]) -> str:
    rows = []
    for split in ("tune", "report"):
        for name in names:
            row = [f"{name}, {split}"]
            for every in EVERY:
                key = (name, split, every)
                some = [score for score in scores if (score.method, score.case.split, score.every) == key]
                row.append(_mean_cell(some))
            rows.append(row)
    return table(["", *(f"k = {every}" for every in EVERY)], rows)


def _mean_cell(scores: Sequence[Score]) -> str:
    if not scores:
        return "–"
    distances = [score.hd95_mm for score in scores if score.hd95_mm is not None]
    dice = percent(mean(score.dice for score in scores))
    return f"{dice} / {mean(distances):.2f}" if distances else dice


def _volumes(scores: Sequence[Score], methods: Sequence[str]) -> str:
    """Whether structures come out too large or too small."""
    rows = [
        [f"{method}, {kind}s", *(_share(scores, method, kind, every) for every in EVERY)]
        for method in methods
        for kind in KINDS
        if any(score.case.kind == kind for score in scores)
    ]
    return (
        "Of the slices not given, in percent of the truth's: mean over the structures, sliced axially.\n\n"
        + table(["", *(f"k = {every}" for every in EVERY)], rows)
    )


def _share(scores: Sequence[Score], method: str, kind: str, every: int) -> str:
    shares = [
        score.volume
        for score in scores
        if (score.method, score.case.kind, score.every) == (method, kind, every) and score.volume is not None
    ]
    return percent(mean(shares) if shares else None, 1)


def _beside(scores: Sequence[Score], methods: Sequence[str]) -> str:
    """How often each method is at least as good as the peer, and where it is worst."""
    rows = []
    for method in methods:
        for axis in sorted({score.axis for score in scores}):
            for name, belongs in GROUPS.items():
                gains = list(_gains([score for score in scores if belongs(score.case)], method, axis))
                if not gains:
                    continue
                worst, where = min(gains, key=lambda pair: pair[0])
                allowed = 0.0 if axis == 0 else ALLOWED_LOSS_ACROSS
                rows.append(
                    [
                        f"{method}, {'kji'[axis]}, {name}",
                        len(gains),
                        sum(gain >= 0 for gain, _ in gains),
                        sum(gain < -allowed for gain, _ in gains),
                        points(mean(gain for gain, _ in gains)),
                        f"{points(worst)} ({where.case.name}, k = {where.every})",
                    ]
                )
    return (
        "k is the patient's long axis. Asked: axially none below; along j and i none more than 0.3 points "
        "below, and the mean above. *Own slices* are all of both halves but "
        f"{_repeating(scores)}.\n\n"
        + table(["", "(case, k)", "at least ITK-MCI", "below what is asked", "mean", "worst"], rows)
    )


def _repeating(scores: Sequence[Score]) -> str:
    """Which structures are made of repeated slices, and how many of theirs are copies."""
    repeating = {score.case.name: score.case for score in scores if score.case.repeats}
    if not repeating:
        return "none"
    shares = [[share_repeated(case.truth, axis) for case in repeating.values()] for axis in range(3)]
    copies = ", ".join(
        f"{percent(min(some), 0)} to {percent(max(some), 0)} % along {axis}"
        for axis, some in zip("kji", shares, strict=True)
    )
    patients = " and ".join(sorted({name.rpartition("-")[0] for name in repeating}))
    return (
        f"the {len(repeating)} structures of {patients}, whose slices are those of a coarser grid, repeated: "
        f"{copies} are copies of the one before, and which one a missing slice is a copy of nothing tells"
    )


def _gains(scores: Sequence[Score], method: str, axis: int) -> Iterator[tuple[float, Score]]:
    """Dice above the peer's for each (case, k)."""
    peer = {(s.case.name, s.axis, s.every): s.dice for s in scores if s.method == PEER}
    for score in scores:
        key = (score.case.name, score.axis, score.every)
        if (score.method, score.axis) == (method, axis) and key in peer:
            yield score.dice - peer[key], score


def _margins(scores: Sequence[Score], methods: Sequence[str]) -> str:
    rows = [["asked", *(points(ASKED_MARGINS.get(every)) for every in EVERY)]]
    for method in methods:
        gains = {
            split: list(_gains([score for score in scores if score.case.split == split], method, 0))
            for split in ("tune", "report")
        }
        gains["all"] = gains["tune"] + gains["report"]
        for split, some in gains.items():
            row = [[gain for gain, score in some if score.every == every] for every in EVERY]
            rows.append([f"{method}, {split}", *(points(mean(g) if g else None) for g in row)])
    return table(["", *(f"k = {every}" for every in EVERY)], rows)
