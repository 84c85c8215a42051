"""Mixed planes: axial slices far apart with a few sagittal and coronal ones."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from statistics import mean

from interpolate.cases import KINDS, Case, mixed_slices
from interpolate.metrics import changed, dice_not_given, hd95_mm
from interpolate.options import Options
from interpolate.ours import complete, methods_for
from interpolate.over_cases import over_cases
from interpolate.real_cases import distinct, wanted_cases
from interpolate.record import MIXED, Record
from interpolate.table import percent, points, table

PEER = "ITK-MCI, all axes"
AXIAL_ONLY = "auto, axial slices alone"
Setting = tuple[int, int, int]

ASKED: Setting = (8, 3, 3)
ASKED_ABOVE = {PEER: 0.05, AXIAL_ONLY: 0.03}


@dataclass(frozen=True)
class Score:
    """One method on one case in one setting: Dice of the voxels on no drawn plane, HD95 of the whole."""

    case: Case
    setting: Setting
    method: str
    dice: float
    hd95_mm: float
    changed: int = 0


def run(options: Options) -> str:
    """Measure and say it in Markdown."""
    cases = distinct(wanted_cases(options))
    methods = methods_for(mixed=True, chosen=options.methods)
    settings = (ASKED,) if options.quick else MIXED
    scores = over_cases(partial(_scores, settings=settings, methods=methods, record=Record()), cases)
    return "\n\n".join(_sections(scores, methods))


def _scores(
    case: Case, *, settings: Sequence[Setting], methods: Sequence[str], record: Record
) -> Iterator[Score]:
    for setting in settings:
        recorded = record.mixed(case, setting)
        if recorded:
            yield Score(case, setting, PEER, *recorded)
        drawn = mixed_slices(case.truth, *setting)
        axial = {where: mask for where, mask in drawn.items() if where.axis == 0}
        runs = [(AXIAL_ONLY, axial, "auto"), *((method, drawn, method) for method in methods)]
        for name, given, method in runs:
            found = complete(given, case.grid, method)
            yield Score(
                case, setting, name,
                round(dice_not_given(found, case.truth, drawn), 5),
                hd95_mm(found, case.truth, case.spacing_kji_mm),
                changed(found, given),
            )  # fmt: skip


def _sections(scores: Sequence[Score], methods: Sequence[str]) -> Iterator[str]:
    settings = sorted({score.setting for score in scores})
    names = [PEER, AXIAL_ONLY, *methods]
    yield (
        "## Mixed planes\n\n"
        "Every 8th (or 12th) axial slice, both ends among them, with a few sagittal and coronal ones that "
        "cut the extent into equal parts. Dice ×100 of the voxels on no drawn plane / 95 % Hausdorff "
        "distance in mm of the whole; means. Columns: axial step, sagittal planes, coronal planes."
    )
    for kind in [kind for kind in KINDS if any(score.case.kind == kind for score in scores)]:
        rows = [
            [f"{name}, {split}", *(_cell(scores, kind, split, name, setting) for setting in settings)]
            for split in ("tune", "report")
            for name in names
        ]
        head = ["", *(", ".join(map(str, setting)) for setting in settings)]
        yield f"### {kind.capitalize()}s\n\n" + table(head, rows)
    yield "### 8, 3, 3: points above\n\n" + _above(scores, methods)
    yield f"Voxels of drawn planes that came out otherwise: {sum(score.changed for score in scores)}."


def _cell(scores: Sequence[Score], kind: str, split: str, name: str, setting: Setting) -> str:
    some = [
        score
        for score in scores
        if (score.case.kind, score.case.split, score.method, score.setting) == (kind, split, name, setting)
    ]
    if not some:
        return "–"
    return f"{percent(mean(s.dice for s in some))} / {mean(s.hd95_mm for s in some):.2f}"


def _above(scores: Sequence[Score], methods: Sequence[str]) -> str:
    dice = {(s.case.name, s.method): s.dice for s in scores if s.setting == ASKED}
    rows = [["asked", *(points(ASKED_ABOVE[other]) for other in ASKED_ABOVE), ""]]
    for method in methods:
        for kind in KINDS:
            names = {s.case.name for s in scores if s.case.kind == kind and s.setting == ASKED}
            gains = {
                other: [dice[n, method] - dice[n, other] for n in names if (n, other) in dice]
                for other in ASKED_ABOVE
            }
            if names:
                worst = min(gains[PEER], default=None)
                cells = [points(mean(gains[other]) if gains[other] else None) for other in ASKED_ABOVE]
                rows.append([f"{method}, {kind}s", *cells, points(worst)])
    return table(["", *ASKED_ABOVE, "worst case beside ITK-MCI"], rows)
