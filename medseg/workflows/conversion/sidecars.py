"""What goes beside an image: how it was made as JSON, and the weighting of diffusion images."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from medseg.io.dicom.bids_sidecar import bids_sidecar
from medseg.io.dicom.diffusion import diffusion_remarks
from medseg.io.dicom.gradient_table import gradient_table, is_diffusion
from medseg.io.dicom.header import elements_of

if TYPE_CHECKING:
    from medseg.io.dicom.plan import VolumePlan
    from medseg.space import Grid


def write_sidecars(
    plan: VolumePlan, grid: Grid, folder: Path, name: str, *, keep_phi: bool
) -> tuple[tuple[Path, ...], tuple[str, ...]]:
    """Write the sidecars of one image.

    Args:
        plan: The image.
        grid: Where its voxels lie now, which may have been resampled.
        folder: Where to write.
        name: File name without suffix.
        keep_phi: Whether they may identify the patient.

    Returns:
        The files, and what a careful user should know about their content, one sentence each.

    Raises:
        UnreadableFileError: A source file changed since it was looked at.
        OSError: They can't be written.
    """
    first = plan.headers[0]
    elements = elements_of(first.path, first.frame)
    content: dict[str, object] = {**bids_sidecar(elements, plan.volumes, grid, keep_phi=keep_phi)}
    if plan.axis is not None:  # NIfTI holds regular times at most
        content["VolumeAxis"] = {
            "Name": plan.axis.value,
            "Units": plan.axis.unit,
            "Values": list(plan.axis_values),
        }
    texts = {"json": json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n"}
    remarks: tuple[str, ...] = ()
    dimensions = [volume[0].dimensions for volume in plan.volumes]
    if is_diffusion(dimensions):
        table = gradient_table(dimensions, grid)
        texts |= {"bval": table.bval, "bvec": table.bvec}
        remarks = (*table.warnings, *diffusion_remarks(elements))
    files = {folder / f"{name}.{suffix}": text for suffix, text in texts.items()}
    for path, text in files.items():
        path.write_text(text, encoding="utf-8", newline="\n")
    return tuple(files), remarks
