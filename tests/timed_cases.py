"""Label maps of one patient at several times: a liver with lesions of known diameters."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from medseg.contour import ContourSet
from medseg.labelmap import Code, LabelMap, Structure
from medseg.volume import Source
from medseg.workflows.save import save_label_map
from solids import upright

GRID = upright((12, 40, 60), (3.0, 1.0, 1.0))
LIVER = Structure("liver", "Liver", 1, code=Code("SCT", "10200004", "Liver"))
METASTASIS = Code("SCT", "14799000", "Neoplasm, Secondary")


def lesion(number: int) -> Structure:
    """The structure of a lesion, from 1."""
    return Structure(f"met-{number}", f"Metastasis {number}", number + 1, code=METASTASIS, part_of="liver")


def write_time(
    folder: Path, name: str, lengths: dict[int, int | None], *, subject: str | None = None, grid=GRID
) -> Path:
    """Save the label map of one time.

    Args:
        folder: Where.
        name: Of the file, without its ending.
        lengths: For each lesion how many voxels of 1 mm it is long; 0 lists it without voxels.
        subject: Pseudonym of the patient.
        grid: Of the label map.
    """
    voxels = np.zeros(grid.shape_kji, np.uint8)
    voxels[1:11, 2:38, 2:58] = 1
    for number, length in lengths.items():
        row = 10 * number
        voxels[5:7, row - 2 : row + 3, 5 : 5 + (length or 0)] = number + 1
    label_map = LabelMap(grid, (voxels,), (LIVER, *map(lesion, lengths)))
    path = folder / f"{name}_dseg.nii.gz"
    save_label_map(
        path,
        label_map,
        grid=grid,
        source=Source("phantom", subject=subject),
        contours=ContourSet(),
        author="Ada",
    )
    return path
