"""Make the sample data: phantoms as DICOM series and NIfTI, with their truth."""

from __future__ import annotations

from pathlib import Path

from medseg.contour import ContourSet
from medseg.io.atomic_folder import whole_folder
from medseg.io.dicom.write import write_series
from medseg.io.nifti.image import write_image
from medseg.labelmap import LabelMap
from medseg.progress import Progress, silent
from medseg.volume import Volume
from medseg.workflows.save import save_label_map
from medseg_phantoms import PHANTOMS, SIZES, Phantom

PHANTOM_NAMES = tuple(PHANTOMS)
"""What ``--phantom`` offers."""

SIZE_NAMES = SIZES
"""What ``--size`` offers."""


def sample_volume(name: str, size: str = "small") -> tuple[Volume, LabelMap]:
    """Make one phantom in memory.

    Args:
        name: One of :data:`PHANTOM_NAMES`.
        size: One of :data:`SIZE_NAMES`.

    Returns:
        The image and the truth on its grid.
    """
    phantom = PHANTOMS[name](size)
    return phantom.volume, phantom.truth


def write_sample_data(out: Path, *, name: str, size: str = "small", progress: Progress = silent) -> Path:
    """Write one phantom: ``dicom/``, ``image.nii.gz`` and ``truth_dseg.nii.gz`` with its table.

    Args:
        out: A folder that does not exist yet, or an empty one.
        name: One of :data:`PHANTOM_NAMES`.
        size: One of :data:`SIZE_NAMES`.
        progress: Called before each file.

    Raises:
        OutputExistsError: The folder holds something.
        OutputError: It can't be written.
    """
    phantom = PHANTOMS[name](size)
    with whole_folder(out) as folder:
        write_phantom_series(phantom, folder / "dicom", progress=progress)
        write_image(phantom.volume, folder / "image.nii.gz")
        save_label_map(
            folder / "truth_dseg.nii.gz",
            phantom.truth,
            grid=phantom.volume.grid,
            source=phantom.volume.source,
            contours=ContourSet(),
            author="medseg phantoms",
        )
    return out


def write_phantom_series(phantom: Phantom, folder: Path, *, progress: Progress = silent) -> None:
    """Write a phantom's image as a DICOM series of a patient who was never born."""
    write_series(
        phantom.volume,
        folder,
        modality=phantom.modality,
        uid_seed=f"medseg phantom {phantom.name} {phantom.volume.grid.shape_kji}",
        patient_name=f"PHANTOM^{phantom.name.upper()}",
        patient_id=f"PHANTOM-{phantom.name.upper()}",
        series_description=phantom.series_description,
        progress=progress,
    )
