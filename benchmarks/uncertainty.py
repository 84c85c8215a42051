"""Whether a bundle is least sure where it is worst, on cases that it has not learned from.

    python benchmarks/uncertainty.py BUNDLE FOLDER [--write]

FOLDER holds images with their true label maps beside them: ``x.nii.gz`` and ``x_dseg.nii.gz``. The structures
of the truth that the bundle knows by name count together.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.stats import spearmanr

from medseg.assist.bundle import BundleProcess, opened_bundle
from medseg.assist.uncertainty import CaseDoubt, doubt
from medseg.contour import Slice
from medseg.interpolation import uncertain_slices
from medseg.labelmap import LabelMap
from medseg.space import Grid
from medseg.workflows.open_image import open_image
from medseg.workflows.open_label_map import open_label_map

RESULT = Path(__file__).parent / "results" / "uncertainty.md"

SLICES = (1, 2, 3, 5)
"""How many slices of a label map are corrected."""


@dataclass(frozen=True)
class Measured:
    """One case.

    Attributes:
        value: How unsure the bundle is.
        dice: Of the case as it is.
        right: For each number of slices the share of the wrong voxels that correcting so many puts right:
            those that the map names one after the other, as many evenly spaced ones, and on average any.
    """

    value: float
    dice: float
    right: dict[int, tuple[float, float, float]]


def measure(bundle: Path, folder: Path) -> Iterator[Measured]:
    """Ask the bundle about each case that it finds anything in."""
    with opened_bundle(bundle) as opened, BundleProcess(opened) as process:
        for path in sorted(folder.glob("*_dseg.nii.gz")):
            volume = open_image(path.with_name(path.name.replace("_dseg", "")))
            found = doubt(process.predict, volume, modality=opened.modality)
            if found.value is not None:
                yield measured(found, open_label_map(path).label_map, volume.grid)


def measured(found: CaseDoubt, truth: LabelMap, grid: Grid) -> Measured:
    """Compare one case with the truth."""
    assert found.value is not None
    names = {s.name.casefold(): s.id for s in found.prediction.structures}
    predicted, true = np.zeros(grid.shape_kji, bool), np.zeros(grid.shape_kji, bool)
    for structure in truth.structures:
        if structure.name.casefold() in names:
            true |= truth.mask_with_parts(structure.id)
            predicted |= found.prediction.masks[names[structure.name.casefold()]]
    dice = 2 * np.count_nonzero(true & predicted) / (np.count_nonzero(true) + np.count_nonzero(predicted))
    wrong = np.count_nonzero(true != predicted, axis=(1, 2))
    reached = np.flatnonzero((true | predicted).any(axis=(1, 2)))
    right = {count: shares(found.entropy_bits, grid, wrong, reached, count) for count in SLICES}
    return Measured(found.value, dice, right)


def shares(
    bits: npt.NDArray[np.float32],
    grid: Grid,
    wrong: npt.NDArray[np.int64],
    reached: npt.NDArray[np.int64],
    count: int,
) -> tuple[float, float, float]:
    """The shares of wrong voxels on slices chosen by the map, at even distances, and at random."""
    drawn: list[Slice] = []
    while len(drawn) < count and (left := uncertain_slices(bits, grid, drawn=drawn)):
        drawn.append(left[0].where)
    even = reached[((np.arange(count) + 0.5) / count * len(reached)).astype(int)]
    total = max(int(wrong.sum()), 1)
    by_map = wrong[[where.index for where in drawn]].sum()
    return by_map / total, wrong[even].sum() / total, count * wrong[reached].mean() / total


def report(cases: Sequence[Measured], name: str) -> str:
    """The result as Markdown."""
    values, dices = [case.value for case in cases], [case.dice for case in cases]
    rho = spearmanr(values, [1 - dice for dice in dices])
    lines = [
        "# Whether a model is least sure where it is worst",
        "",
        f"{len(cases)} cases that the bundle {name} has not learned from; its mean Dice is "
        f"{np.mean(dices):.2f} ({min(dices):.2f} to {max(dices):.2f}). Made by "
        "`python benchmarks/uncertainty.py BUNDLE FOLDER --write`.",
        "",
        f"Spearman's correlation of the uncertainty of a case with 1 − Dice: **{rho.statistic:.2f}** "
        f"(p = {rho.pvalue:.1g}).",
        "",
        "| slices corrected | wrong voxels put right, by the map | evenly spaced | any, on average |",
        "| ---: | ---: | ---: | ---: |",
    ]
    for count in SLICES:
        by_map, even, any_slice = np.mean([case.right[count] for case in cases], axis=0)
        lines.append(f"| {count} | {by_map:.1%} | {even:.1%} | {any_slice:.1%} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bundle", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--write", action="store_true", help=f"keep the table in {RESULT.name}")
    given = parser.parse_args()
    made = report(list(measure(given.bundle, given.folder)), given.bundle.name)
    print(made)
    if given.write:
        RESULT.write_text(made, encoding="utf-8")


if __name__ == "__main__":
    main()
