"""Each classical segmenter from one hint on real tumours: Dice with the reference, and time.

The hints are made from the reference as a reader would give them: a click at its deepest point; a ball 5 mm
larger than it around its middle; strokes on one slice, the largest one, of its inner part and of a ring
around it; a rough contour 4 mm outside of it. Nothing is tuned to a case: every setting is the default.

    python benchmarks/proposals.py [--data DATA] [--write]
"""

from __future__ import annotations

import argparse
import os
import platform
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy import ndimage

import medseg
from medseg.assist.proposing import propose
from medseg.assist.registry import segmenter
from medseg.assist.segmenter import BACKGROUND, Hints, Point, Sphere
from medseg.measurement import dice
from medseg.space import Box, box_grown, box_of
from medseg.volume import Volume

Mask = npt.NDArray[np.bool_]

RESULT = Path(__file__).parent / "results" / "proposals.md"

BALL_MARGIN_MM, ROUGH_MM, AROUND_MM = 5.0, 4.0, 20.0
RING_MM = (5.0, 7.0)
INNER = 0.4
"""Of the depth of the largest slice: a stroke through the inner part."""

OF_PET = ("pet-fraction", "pet-gradient")
OF_ALL = (
    "threshold-in-sphere",
    "region-growing",
    "confidence-connected",
    "grow-from-seeds",
    "geodesic-contour",
)


def cases(data: Path) -> Iterator[tuple[str, Volume, Mask]]:
    """Sarcomas on MR and PET, and tumours of an NRRD collection."""
    for folder in sorted((data / "sarcoma_pet_ct_mr" / "nifti").iterdir()):
        for modality in ("MR_T1", "PET"):
            image = medseg.open_image(folder / f"{modality}_image.nii.gz")
            truth = medseg.open_image(folder / f"{modality}_mask.nii.gz").voxels > 0
            yield f"{folder.name}, {modality.replace('_', ' ')}", image, np.asarray(truth)
    for path in sorted((data / "tumour_nrrd").glob("*_image.nrrd")):
        yield (f"{path.name.removesuffix('_image.nrrd')}, tumour_nrrd", *_nrrd(path))


def _nrrd(path: Path) -> tuple[Volume, Mask]:
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
    return volume, np.asarray(SimpleITK.GetArrayFromImage(labels) > 0)


def hints_for(name: str, image: Volume, truth: Mask, region: Box) -> Hints:
    """The hint that a segmenter is given; see the head of this file."""
    grid, inside = image.grid, truth[region]
    spacing = np.array(grid.spacing_kji_mm)
    start = [side.start for side in region]
    middle = grid.to_lps_mm(np.argwhere(truth).mean(axis=0))
    radius = float(np.linalg.norm(grid.to_lps_mm(np.argwhere(truth)) - middle, axis=1).max())
    ball = Sphere(tuple(map(float, middle)), radius + BALL_MARGIN_MM)
    if name == "geodesic-contour":
        return Hints(rough={"tumour": ndimage.distance_transform_edt(~inside, sampling=spacing) <= ROUGH_MM})
    if name in (*OF_PET, "threshold-in-sphere"):
        return Hints(sphere=ball)
    depth = ndimage.distance_transform_edt(inside, sampling=spacing)
    deepest = np.unravel_index(int(depth.argmax()), depth.shape)
    click = Point(tuple(map(float, grid.to_lps_mm(np.add(deepest, start)))), "tumour")
    if name != "grow-from-seeds":
        return Hints(points=(click,), sphere=ball)
    k = int(inside.sum(axis=(1, 2)).argmax())
    within = ndimage.distance_transform_edt(inside[k], sampling=spacing[1:])
    beyond = ndimage.distance_transform_edt(~inside[k], sampling=spacing[1:])
    stroke, ring = np.zeros((2, *inside.shape), dtype=bool)
    stroke[k] = within > INNER * within.max()
    ring[k] = (beyond > RING_MM[0]) & (beyond <= RING_MM[1])
    return Hints(sphere=ball, marks={"tumour": stroke, BACKGROUND: ring})


def measured(image: Volume, truth: Mask, name: str) -> tuple[float, float]:
    """Dice, and seconds."""
    box = box_of(truth)
    assert box is not None
    reach = np.ceil(AROUND_MM / np.array(image.grid.spacing_kji_mm)).astype(int)
    region = box_grown(box, reach.tolist(), truth.shape)
    hints = hints_for(name, image, truth, region)
    started = time.perf_counter()
    found = propose(segmenter(name), image, ["tumour"], hints, region=region)
    return dice(found.masks["tumour"], truth[region]), time.perf_counter() - started


def table(data: Path) -> list[str]:
    """A row a case, as Markdown."""
    names = (*OF_ALL, *OF_PET)
    lines = ["| tumour | ml | " + " | ".join(names) + " |", "| --- | ---: |" + " ---: |" * len(names)]
    for case, image, truth in cases(data):
        ml = np.count_nonzero(truth) * image.grid.voxel_volume_mm3 / 1000
        cells = []
        for name in names:
            if name in OF_PET and "PET" not in case:
                cells.append("")
                continue
            measured(image, truth, name)  # compiled
            agreement, seconds = measured(image, truth, name)
            cells.append(f"{agreement:.2f}, {seconds:.2f} s")
        lines.append(f"| {case} | {ml:.3g} | " + " | ".join(cells) + " |")
        print(lines[-1], flush=True)
    return lines


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    data = os.environ.get("MEDSEG_REAL_DATA")
    parser.add_argument("--data", type=Path, default=data, required=data is None, help="the real data")
    parser.add_argument("--write", action="store_true", help=f"keep the table in {RESULT.name}")
    given = parser.parse_args()
    made = "\n".join([*INTRODUCTION.format(machine=platform.machine()).split("\n"), *table(given.data)])
    if given.write:
        RESULT.write_text(made + "\n", encoding="utf-8")


INTRODUCTION = """# Proposals from one hint

Dice with the reference, and time without compiling, of each segmenter with its default settings; {machine}.
The hints are made from the reference (`benchmarks/proposals.py`): a click at its deepest point and a ball
5 mm larger than it; for `grow-from-seeds` strokes on one slice; for `geodesic-contour` a rough contour 4 mm
outside. The sarcomas' reference was drawn on MR and holds necrosis and oedema, which take up nothing: what a
PET shows is less.
"""

if __name__ == "__main__":
    main()
