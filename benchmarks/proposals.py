"""Each classical segmenter from one hint on real tumours: Dice with the reference, and time.

The hints are made from the reference as a reader would give them (`proposal_hints.py`), once at their best
and five times with a reader's errors. Every setting is the default. The defaults were chosen on the six
patients of `interpolation/sarcoma` that have images; the other tumours had no part in that, and are told
apart.

    python benchmarks/proposals.py [--data DATA] [--write]
"""

from __future__ import annotations

import argparse
import os
import platform
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import ndimage

import medseg
from medseg.assist.proposing import propose
from medseg.assist.registry import segmenter
from medseg.measurement import dice
from medseg.volume import Volume
from proposal_hints import hint_alone, hints_for

Mask = npt.NDArray[np.bool_]

RESULT = Path(__file__).parent / "results" / "proposals.md"

DRAWS = 5
"""Of a reader's errors, besides the hint at its best."""

TABLES = (
    ("From a ball, or a click in a ball", ("threshold-in-sphere", "region-growing", "confidence-connected")),
    ("From strokes on one slice, in a ball", ("grow-from-seeds",)),
    ("From a rough contour", ("geodesic-contour",)),
    ("PET, from a ball", ("pet-fraction", "pet-gradient")),
)


class Case(NamedTuple):
    """A tumour: what it is called, its image, and its reference on all of the image."""

    name: str
    image: Volume
    truth: Mask


def cases(data: Path) -> Iterator[Case]:
    """Tumours that no setting was chosen on: sarcomas on MR, PET and CT, and an NRRD collection."""
    for folder in sorted((data / "sarcoma_pet_ct_mr" / "nifti").iterdir()):
        for modality in ("MR_T1", "PET", "CT"):
            yield _nifti(f"{folder.name}, {modality.replace('_', ' ')}", folder / f"{modality}_image.nii.gz")
    for path in sorted((data / "tumour_nrrd").glob("*_image.nrrd")):
        yield nrrd(path)


def chosen_on(data: Path) -> Iterator[Case]:
    """Sarcomas on MR and CT that the defaults were chosen on."""
    for path in sorted((data / "interpolation" / "sarcoma").glob("*_image.nii.gz")):
        number, *modality, _ = path.name.removesuffix(".nii.gz").split("_")
        yield _nifti(f"{number}, {' '.join(modality)}", path)


def nrrd(path: Path) -> Case:
    """A tumour of the NRRD collection."""
    import SimpleITK

    image = SimpleITK.ReadImage(str(path))
    labels = SimpleITK.ReadImage(str(path).replace("_image", "_label"))
    turn = np.reshape(image.GetDirection(), (3, 3)) * image.GetSpacing()
    values = SimpleITK.GetArrayFromImage(image).astype(np.float32)
    grid = medseg.Grid.from_axes(
        values.shape,
        origin_lps_mm=image.GetOrigin(),
        step_k_mm=turn[:, 2],
        step_j_mm=turn[:, 1],
        step_i_mm=turn[:, 0],
    )
    volume = Volume(grid, values, medseg.Quantity.ARBITRARY, medseg.Source("NRRD"))
    truth = _inner_part(np.asarray(SimpleITK.GetArrayFromImage(labels) > 0))
    return Case(f"{path.name.removesuffix('_image.nrrd')}, tumour_nrrd", volume, truth)


def _inner_part(labels: Mask) -> Mask:
    """Without what reaches the border of slices: in `prostate` that is all around the anatomy."""
    parts, count = ndimage.label(labels)
    whole = [part for part in range(1, count + 1) if not (_border(labels) & (parts == part)).any()]
    return np.asarray(np.isin(parts, whole))


def _border(labels: Mask) -> Mask:
    border = np.ones_like(labels)
    border[:, 1:-1, 1:-1] = False
    return border


def _nifti(name: str, path: Path) -> Case:
    truth = medseg.open_image(path.with_name(path.name.replace("_image", "_mask"))).voxels > 0
    return Case(name, medseg.open_image(path), np.asarray(truth))


class Measured(NamedTuple):
    """Of one segmenter on one tumour: Dice of each hint, the best one first, and of what came of it."""

    hints: list[float]
    proposals: list[float]
    seconds: float


def measured(case: Case, name: str, draws: int = DRAWS) -> Measured:
    """Ask a segmenter from the hint at its best, and from hints with errors.

    Args:
        case: The tumour.
        name: The segmenter.
        draws: How many times with errors.
    """
    hints_dice, found_dice, seconds = [], [], []
    for draw in range(draws + 1):
        errors = np.random.default_rng(draw) if draw else None
        region, hints = hints_for(name, case.image, case.truth, errors)
        started = time.perf_counter()
        found = propose(segmenter(name), case.image, ["tumour"], hints, region=region)
        seconds.append(time.perf_counter() - started)
        hints_dice.append(_dice(hint_alone(case.image, region, hints), case, region))
        found_dice.append(_dice(found.masks["tumour"], case, region))
    return Measured(hints_dice, found_dice, float(np.median(seconds)))


def _dice(mask: Mask, case: Case, region: tuple[slice, slice, slice]) -> float:
    """On all of the image: a tumour may reach beyond the part that is looked at."""
    whole = np.zeros(case.truth.shape, dtype=bool)
    whole[region] = mask
    return dice(whole, case.truth)


def table(some: Iterable[Case], names: tuple[str, ...]) -> Iterator[str]:
    """A row a case, as Markdown, and the medians of all."""
    yield "| tumour | ml | hint alone | " + " | ".join(names) + " |"
    yield "| --- | ---: |" + " ---: |" * (len(names) + 1)
    medians: list[list[float]] = []
    for case in some:
        ml = np.count_nonzero(case.truth) * case.image.grid.voxel_volume_mm3 / 1000
        results = [measured(case, name) for name in names]
        cells = [_told(results[0].hints)]
        cells += [f"{_told(one.proposals)}, {one.seconds:.2f} s" for one in results]
        medians.append([float(np.median(dices[1:])) for dices in _columns(results)])
        yield f"| {case.name} | {ml:.3g} | {' | '.join(cells)} |"
    middle = [f"{value:.2f}" for value in np.median(medians, axis=0)]
    yield f"| *median of the medians* | | {' | '.join(middle)} |"


def _columns(results: list[Measured]) -> list[list[float]]:
    return [results[0].hints, *(one.proposals for one in results)]


def _told(dices: list[float]) -> str:
    best, *drawn = dices
    return f"{best:.2f} · {np.median(drawn):.2f} ({min(drawn):.2f})"


def page(data: Path) -> Iterator[str]:
    """The results, line by line."""
    yield from INTRODUCTION.format(machine=platform.machine(), draws=DRAWS).split("\n")
    compiled = False
    for heading, names in TABLES:
        wanted = [case for case in cases(data) if ("PET" in case.name) or not heading.startswith("PET")]
        if not compiled:
            measured(wanted[-1], "grow-from-seeds", draws=0)
            compiled = True
        yield from ("", f"## {heading}", "", *table(wanted, names))
    yield from CHOSEN_ON.split("\n")
    for heading, names in TABLES:
        if not heading.startswith("PET"):
            yield from ("", f"### {heading}", "", *table(chosen_on(data), names))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    data = os.environ.get("MEDSEG_REAL_DATA")
    parser.add_argument("--data", type=Path, default=data, required=data is None, help="the real data")
    parser.add_argument("--write", action="store_true", help=f"keep the tables in {RESULT.name}")
    given = parser.parse_args()
    lines = []
    for line in page(given.data):
        print(line, flush=True)
        lines.append(line)
    if given.write:
        RESULT.write_text("\n".join(lines) + "\n", encoding="utf-8")


INTRODUCTION = """# Proposals from one hint

Dice with the reference, and seconds without compiling, of each segmenter with its default settings;
{machine}, one core. A cell reads: hint at its best · median of {draws} hints with a reader's errors (the
least of them), time. "Hint alone" takes the ball, or the rough contour, for the proposal: what a segmenter
adds is the difference.

The hints are made from the reference (`benchmarks/proposal_hints.py`). At their best: a click at its deepest
point; a ball 5 mm larger than the tumour around its middle; strokes on its largest slice; a rough contour
4 mm outside of it. With errors: the click and the ball's middle off by up to 5 mm, the ball's radius by up to
20 %, so that it may cut the tumour; strokes on another slice, thinner or thicker, with a ring further out; a
wavy rough contour between 4 mm inside and 4 mm outside, less on a tumour that is less than 4 mm deep.

What limits these figures: the sarcomas' references were drawn on MR with T2 and carried over to CT and PET;
they hold oedema and necrosis, which take up nothing, so that what a PET shows is less. On CT and T1 much of
their border runs through tissue of the same value: no method that goes by values finds it there, and where a
cell does not exceed the hint alone the segmenter is of no use. `brain1` is two tumours in one ball of 25
times their volume. `prostate` is the tube within its image, which is no tumour; the corners around it, which
bear the same label, are left out. There is no real vessel with a reference: vessels are tried on
phantoms alone."""

CHOSEN_ON = """
## The tumours that the defaults were chosen on

The share of necks, the limits by contrast and the settings of the geodesic contour were chosen on these (and
on phantoms), and on none of those above: they tell nothing about other tumours, only that the ones above
are no worse."""

if __name__ == "__main__":
    main()
