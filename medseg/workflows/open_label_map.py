"""Open a saved label map with its contours and its record."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from medseg.contour import ContourSet, OtherTimePoints
from medseg.io.contours_file import read_contours, read_other_time_points
from medseg.io.label_map_files import LabelMapFiles
from medseg.io.nifti.label_map import read_annotated_label_map
from medseg.io.provenance_file import read_record
from medseg.labelmap import LabelMap
from medseg.provenance.record import Record
from medseg.provenance.voxel_digest import layers_sha256


@dataclass(frozen=True, eq=False)
class SavedLabelMap:
    """A label map as it was found on disk.

    Attributes:
        label_map: Structures as voxels.
        contours: The contours beside it; empty where there are none.
        record: How it was made; None for a file from another program.
        revision: How often it was saved, as its header says; None where it says nothing.
        warnings: What a careful user should know, one sentence each.
        other_time_points: Of a 4-D image which time point the voxels are of, and all contours that don't
            count there; None for a 3-D image.
    """

    label_map: LabelMap
    contours: ContourSet
    record: Record | None
    revision: int | None = None
    warnings: tuple[str, ...] = ()
    other_time_points: OtherTimePoints | None = None


def open_label_map(path: Path | str) -> SavedLabelMap:
    """Open a label map.

    Args:
        path: A ``.nii.gz`` or ``.nii`` file, from medseg or another program.

    Raises:
        InputError: The file or a sidecar is damaged, or a sidecar is about other voxels.
        LabelMapError: The voxels are no labels, or the table does not explain them.
    """
    files = LabelMapFiles(Path(path))
    read = read_annotated_label_map(files.nifti)
    digest = layers_sha256(read.label_map.layers)
    contours, others = ContourSet(), None
    if files.contours.exists():
        contours = read_contours(files.contours, voxels_sha256=digest)
        others = read_other_time_points(files.contours, voxels_sha256=digest)
    return SavedLabelMap(
        read.label_map,
        contours,
        read_record(files.provenance, voxels_sha256=digest) if files.provenance.exists() else None,
        revision=read.note.revision if read.note else None,
        warnings=read.warnings,
        other_time_points=others,
    )
