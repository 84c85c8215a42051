"""Sizes, shapes and agreement on a label map of 512 × 512 × 400, beside peers in the same run.

Twenty structures, from a metastasis of 5 mm radius to an organ of 80 mm: medseg's sizes and shapes beside
SimpleITK's (which knows neither the diameters in plane nor the mesh). Then two readers of a tumour of 60 mm
on the whole volume: HD95 and surface Dice beside MONAI's and beside those of the published definition's own
program (deepmind's surface-distance), whose numbers must be equal.

    python benchmarks/measure.py [--quick] [--write]
"""

from __future__ import annotations

import argparse
import os
import platform
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt

from medseg.labelmap import LabelMap, Structure
from medseg.measurement import boundary_hausdorff_mm
from medseg.measurement.agreement import agreement
from medseg.measurement.families import Family, MeasureOptions
from medseg.space import Grid
from medseg.workflows.measure import measure
from side_by_side import compare

Mask = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]

RESULT = Path(__file__).parent / "results" / "measure.md"

SHAPE_KJI = (400, 512, 512)
SPACING_KJI_MM = (1.5, 0.8, 0.8)
RADII_MM = tuple(float(radius) for radius in np.geomspace(5, 80, 20)[::-1])
TUMOUR_RADIUS_MM = 30.0
TOLERANCE_MM = 2.0
EQUAL = 1e-6

SIZES = MeasureOptions(frozenset([Family.SHAPE, Family.DIAMETERS]))
ALL_SHAPES = MeasureOptions(frozenset([Family.SHAPE, Family.DIAMETERS, Family.IRREGULARITY]))


def grid_of(shape: tuple[int, int, int]) -> Grid:
    """A CT's grid."""
    k, j, i = SPACING_KJI_MM
    return Grid.from_axes(
        shape,
        origin_lps_mm=(-204.0, -204.0, -300.0),
        step_k_mm=(0, 0, k),
        step_j_mm=(0, j, 0),
        step_i_mm=(i, 0, 0),
    )


def lump(shape: tuple[int, int, int], centre_mm: npt.NDArray[np.float64], radii_mm: object) -> Mask:
    """An ellipsoid with dents."""
    z, y, x = (
        (np.arange(n) * step - centre) / radius
        for n, step, centre, radius in zip(
            shape, SPACING_KJI_MM, centre_mm, np.asarray(radii_mm), strict=True
        )
    )
    dents = 0.1 * np.sin(6 * z)[:, None, None] * np.cos(5 * y)[None, :, None]
    return np.asarray(z[:, None, None] ** 2 + y[None, :, None] ** 2 + x[None, None] ** 2 + dents < 1)


def twenty_structures(shape: tuple[int, int, int]) -> LabelMap:
    """Lumps of all sizes that don't touch, at random places."""
    rng = np.random.default_rng(7)
    extent_mm = np.array(shape) * SPACING_KJI_MM
    voxels, structures = np.zeros(shape, np.uint8), []
    for label, radius in enumerate(RADII_MM, start=1):
        radius *= min(1.0, extent_mm.min() / 408)
        for _ in range(500):
            centre = rng.uniform(1.3 * radius, extent_mm - 1.3 * radius)
            mask = lump(shape, centre, radius * rng.uniform(0.7, 1.3, 3))
            if not voxels[mask].any():
                voxels[mask] = label
                structures.append(Structure(f"structure-{label}", f"Structure {label}", label))
                break
    return LabelMap(grid_of(shape), (voxels,), tuple(structures))


def two_readers(shape: tuple[int, int, int]) -> tuple[Mask, Mask]:
    """A tumour as two readers see it: millimetres apart."""
    middle = np.array(shape) * SPACING_KJI_MM / 2
    radius = TUMOUR_RADIUS_MM * min(1.0, min(shape) / 400)
    first = lump(shape, middle, np.full(3, radius))
    second = lump(shape, middle + np.array([1.5, 1.0, -2.0]), radius * np.array([1.05, 0.95, 1.1]))
    return first, second


def simpleitk_shapes(label_map: LabelMap, *, feret: bool) -> Callable[[], object]:
    """SimpleITK's volume, perimeter and axes of every label; its longest diameter takes most of the time."""
    import SimpleITK

    image = SimpleITK.GetImageFromArray(label_map.voxels)
    image.SetSpacing(SPACING_KJI_MM[::-1])

    def run() -> object:
        shapes = SimpleITK.LabelShapeStatisticsImageFilter()
        shapes.ComputePerimeterOn()
        shapes.SetComputeFeretDiameter(feret)
        shapes.Execute(image)
        return shapes

    return run


def monai_numbers(first: Mask, second: Mask) -> Callable[[], tuple[float, float]]:
    """MONAI's HD95 and surface Dice."""
    import torch
    from monai.metrics import compute_hausdorff_distance, compute_surface_dice

    a, b = (torch.from_numpy(mask[None, None]) for mask in (first, second))
    spacing = list(SPACING_KJI_MM)

    def run() -> tuple[float, float]:
        hd95 = compute_hausdorff_distance(a, b, include_background=True, percentile=95, spacing=spacing)
        dice = compute_surface_dice(a, b, [TOLERANCE_MM], include_background=True, spacing=spacing)
        return float(hd95), float(dice)

    return run


def published_numbers(first: Mask, second: Mask) -> Callable[[], tuple[float, float]]:
    """HD95 and surface Dice by the program of the paper that defines them."""
    import surface_distance

    def run() -> tuple[float, float]:
        distances = surface_distance.compute_surface_distances(first, second, SPACING_KJI_MM)
        return (
            surface_distance.compute_robust_hausdorff(distances, 95),
            surface_distance.compute_surface_dice_at_tolerance(distances, TOLERANCE_MM),
        )

    return run


def medseg_numbers(first: Mask, second: Mask, grid: Grid) -> Callable[[], tuple[float, float]]:
    """All that medseg tells of two readers; HD95 and surface Dice are returned."""

    def run() -> tuple[float, float]:
        found = agreement(first, second, grid, TOLERANCE_MM)
        assert found.hd95_mm is not None
        return found.hd95_mm, found.surface_dice

    return run


def table(medians: Mapping[str, float]) -> list[str]:
    """Medians and their ratio to the first one, as Markdown."""
    reference = next(iter(medians.values()))
    return [
        "| | ms, median | ratio |",
        "| --- | ---: | ---: |",
        *(f"| {name} | {s * 1e3:.0f} | {s / reference:.1f} |" for name, s in medians.items()),
        "",
    ]


def sizes_and_shapes(shape: tuple[int, int, int], rounds: int) -> list[str]:
    """Twenty structures."""
    label_map = twenty_structures(shape)
    candidates: dict[str, Callable[[], object]] = {
        "medseg: sizes and shapes, diameters": lambda: measure(label_map, options=SIZES),
        "medseg: the same and irregularity": lambda: measure(label_map, options=ALL_SHAPES),
        "SimpleITK: volume, perimeter, axes": simpleitk_shapes(label_map, feret=False),
        "SimpleITK: the same and Feret": simpleitk_shapes(label_map, feret=True),
    }
    heading = f"{len(label_map.structures)} structures, {np.count_nonzero(label_map.voxels):,} voxels of them"
    return [f"## {heading} (asked: at most 2 s)", "", *table(compare(candidates, rounds=rounds))]


def two_readers_of_a_tumour(shape: tuple[int, int, int], rounds: int) -> list[str]:
    """HD95 and surface Dice on the whole volume."""
    first, second = two_readers(shape)
    grid = grid_of(shape)
    runs = {
        "medseg: these, Dice, Jaccard, HD, ASSD": medseg_numbers(first, second, grid),
        "MONAI": monai_numbers(first, second),
        "deepmind's surface-distance": published_numbers(first, second),
    }
    medians = compare(runs, rounds=rounds)
    numbers = {name: run() for name, run in runs.items()}
    ours, _, published = numbers.values()
    apart = max(abs(a - b) for a, b in zip(ours, published, strict=True))
    boundary_mm = boundary_hausdorff_mm(first, second, grid)
    return [
        f"## Two readers of a tumour of {2 * TUMOUR_RADIUS_MM:.0f} mm: HD95 and surface Dice at "
        f"{TOLERANCE_MM:g} mm (asked: at least 10 × faster than MONAI)",
        "",
        *table(medians),
        "| | HD95, mm | surface Dice |",
        "| --- | ---: | ---: |",
        *(f"| {name.split(':')[0]} | {hd95:.6f} | {dice:.6f} |" for name, (hd95, dice) in numbers.items()),
        f"| medseg, HD95 of boundary voxels | {boundary_mm:.6f} | |",
        "",
        f"medseg and deepmind's program differ by at most {apart:.1e} (asked: {EQUAL:.0e}). MONAI's HD95 is "
        "the percentile of distances of boundary voxels, unweighted; medseg has it by that name.",
        "",
    ]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="a small volume: only shows that it runs")
    parser.add_argument("--write", action="store_true", help=f"keep the tables in {RESULT.name}")
    given = parser.parse_args()
    shape = (64, 96, 96) if given.quick else SHAPE_KJI
    rounds = 1 if given.quick else 5
    # The peers call libraries, and themselves, by names that are going out of use.
    warnings.simplefilter("ignore")
    k, j, i = shape
    made = "\n".join(
        [
            "# Measuring, beside peers",
            "",
            f"A label map of {i} × {j} × {k} voxels of 0.8 × 0.8 × 1.5 mm, {platform.machine()}, "
            f"{os.cpu_count()} cores; medians of {rounds} rounds in turn. Made by "
            "`python benchmarks/measure.py --write`.",
            "",
            *sizes_and_shapes(shape, rounds),
            *two_readers_of_a_tumour(shape, rounds),
        ]
    )
    print(made)
    if given.write:
        RESULT.write_text(made.rstrip() + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
