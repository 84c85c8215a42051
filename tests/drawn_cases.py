"""A small DICOM series with a label map that was drawn on it, saved: what exports start from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from medseg.contour import Contour, ContourSet, Origin, Slice, trace_slice
from medseg.io.dicom import write_series
from medseg.io.label_map_files import LabelMapFiles
from medseg.labelmap import Code, LabelMap, Structure
from medseg.space import Grid
from medseg.volume import Quantity, Source, Volume
from medseg.workflows.interpolate import how_completed, interpolate
from medseg.workflows.open_image import open_image
from medseg.workflows.save import save_label_map
from solids import lump

LIVER = Structure("liver", "Liver", 1, code=Code("SCT", "10200004", "Liver"))
TUMOUR = Structure("tumour", "Liver tumour", 2, code=Code("SCT", "108369006", "Neoplasm"), part_of="liver")

OBLIQUE = Grid.from_axes(
    (16, 30, 28),
    origin_lps_mm=(-31.5, 12.25, -204.0),
    step_k_mm=(0.0, 0.6, 2.9),
    step_j_mm=(0.0, 0.881, -0.18226),
    step_i_mm=(0.7, 0.0, 0.0),
    frame_of_reference_uid="1.2.3.4",
)


@dataclass(frozen=True)
class DrawnCase:
    """A series on disk and the label map that was drawn on it.

    Attributes:
        dicom: The folder of the series.
        image: The series as it is read.
        files: The label map with its sidecars.
        label_map: What they hold.
        contours: What was drawn.
    """

    dicom: Path
    image: Volume
    files: LabelMapFiles
    label_map: LabelMap
    contours: ContourSet


def write_drawn_case(folder: Path, grid: Grid = OBLIQUE, *, every: int = 3) -> DrawnCase:
    """A liver with a tumour, drawn on some slices and completed between them."""
    voxels = np.where(lump(grid, 8), 60, 0).astype(np.int16)
    series = Volume(grid, voxels, Quantity.HU, Source("phantom"))
    dicom = folder / "dicom"
    write_series(
        series, dicom, modality="CT", uid_seed="drawn case", patient_name="Doe^Jane", patient_id="ID-4711"
    )
    image = open_image(dicom)
    contours = ContourSet(
        (
            *_drawn(lump(grid, 8, bumps=0.2), grid, "liver", every),
            *_drawn(lump(grid, 4), grid, "tumour", every),
        )
    )
    completion = interpolate(contours, image.grid, [LIVER, TUMOUR])
    files = save_label_map(
        folder / "case_dseg.nii.gz",
        completion.label_map,
        grid=image.grid,
        source=image.source,
        contours=contours,
        author="Ada Reader",
        completed=how_completed(completion),
    )
    return DrawnCase(dicom, image, files, completion.label_map, contours)


def write_overlapping_case(folder: Path) -> DrawnCase:
    """The same series with a tumour, and a planning margin around it that truly overlaps."""
    case = write_drawn_case(folder)
    tumour = case.label_map.mask("tumour")
    layers = tumour.astype(np.uint8), lump(case.image.grid, 6).astype(np.uint8) * 2
    structures = (Structure("tumour", "Liver tumour", 1), Structure("ptv", "Planning target", 2, layer=1))
    label_map = LabelMap(case.image.grid, layers, structures)
    files = save_label_map(
        folder / "overlapping_dseg.nii.gz",
        label_map,
        grid=case.image.grid,
        source=case.image.source,
        contours=ContourSet(),
        author="Ada Reader",
    )
    return DrawnCase(case.dicom, case.image, files, label_map, ContourSet())


def _drawn(truth: np.ndarray, grid: Grid, structure_id: str, every: int) -> list[Contour]:
    inside = np.flatnonzero(truth.any(axis=(1, 2)))
    return [
        contour
        for k in sorted({*inside[::every].tolist(), int(inside[-1])})
        for contour in trace_slice(truth[k], grid, Slice(0, k), structure_id, Origin.DRAWN)
    ]
