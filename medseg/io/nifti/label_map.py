"""NIfTI label maps ↔ LabelMap."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from medseg.errors import LabelMapError
from medseg.io.label_map_files import LabelMapFiles
from medseg.io.nifti.file import read_nifti
from medseg.io.nifti.geometry import grid_from_header
from medseg.io.nifti.values import NO_SCALING
from medseg.io.nifti.write import write_voxels
from medseg.io.structure_table import read_structure_table
from medseg.labelmap import MAX_LABEL, LabelMap, Structure, labels_in


def read_label_map(path: Path) -> LabelMap:
    """Read a label map and the structure table beside it.

    Where there is no table (a file from another program), each label becomes a structure ``Label n``.

    Raises:
        UnreadableFileError: Damaged, truncated or not NIfTI.
        LabelMapError: Voxels that are no labels: negative, fractional or above 65535; or labels that the
            table does not explain.
        SidecarError: A damaged structure table.
    """
    file = read_nifti(path)
    grid, _ = grid_from_header(file.header)
    if file.scaling != NO_SCALING:
        raise LabelMapError(f"expected labels, but {path.name} scales its numbers by {file.scaling[0]:g}")
    labels = _as_labels(file.native)
    table = LabelMapFiles(path).structures
    if table.exists():
        return LabelMap(grid, (labels,), read_structure_table(table))
    structures = [Structure(f"label-{n}", f"Label {n}", n) for n in labels_in(labels)]
    return LabelMap(grid, (labels,), tuple(structures))


def _as_labels(stored: npt.NDArray[Any]) -> npt.NDArray[Any]:
    if stored.dtype in (np.uint8, np.uint16):
        return stored
    lowest, highest = stored.min(), stored.max()
    # A comparison with NaN is false, so that the condition names what is right.
    if lowest >= 0 and highest <= MAX_LABEL:
        labels = stored.astype(np.uint8 if highest <= np.iinfo(np.uint8).max else np.uint16)
        if np.array_equal(labels, stored):
            return labels
    raise LabelMapError(
        f"expected whole numbers from 0 to {MAX_LABEL}, found {lowest:g} to {highest:g}",
        hint="is this an image rather than a label map?",
    )


def write_label_map(label_map: LabelMap, path: Path, *, overwrite: bool = False) -> None:
    """Write the voxels of a label map of one layer; the structure table is a file of its own.

    Raises:
        LabelMapError: The label map has several layers.
        OutputExistsError: The file exists and ``overwrite`` is not set.
        OutputError: It can't be written.
    """
    write_voxels(label_map.voxels, label_map.grid, path, overwrite=overwrite)
