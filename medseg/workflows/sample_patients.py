"""Make sample patients: many small ones with a tumour each, to learn from."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import numpy as np
from scipy.ndimage import distance_transform_edt

from medseg.assist.segmenter import PointLps
from medseg.contour import ContourSet
from medseg.io.atomic_folder import whole_folder
from medseg.io.dicom.write import write_series
from medseg.labelmap import LabelMap, Structure, in_layers
from medseg.progress import Progress, silent
from medseg.workflows.save import save_label_map
from medseg_phantoms import Phantom
from medseg_phantoms.lesions import TUMOUR, liver_lesion_ct

VOXEL_SCALE = 1.5
"""About 13 x 32 x 32 voxels: a network learns from a dozen patients in half a minute."""

FIRST_DAY = date(2000, 1, 1)
"""One patient a day is scanned, so that there is an order."""


def sample_patient(number: int, *, seed: int = 0) -> Phantom:
    """A small CT of a liver with a necrotic tumour.

    Args:
        number: Which patient, from 1 on.
        seed: Another one makes other patients.
    """
    rng = np.random.default_rng((seed, number))
    return liver_lesion_ct(int(rng.integers(2**31)), voxel_scale=VOXEL_SCALE, necrotic=True)


def write_sample_patients(out: Path, count: int, *, seed: int = 0, progress: Progress = silent) -> Path:
    """Write a folder a patient: ``001/dicom/``, ``truth_dseg.nii.gz`` with the tumour, and ``click.txt``.

    The last is a place in the middle of the tumour, in LPS mm, as a reader would click on it.

    Args:
        out: A folder that does not exist yet, or an empty one.
        count: How many.
        seed: Another one makes other patients; the same one the same bytes.
        progress: Called before each patient.

    Raises:
        OutputExistsError: The folder holds something.
        OutputError: It can't be written.
    """
    with whole_folder(out) as folder:
        for number in range(1, count + 1):
            progress("making patients", number - 1, count)
            _write(sample_patient(number, seed=seed), folder / f"{number:03d}", f"{seed} {number}", number)
    return out


def middle_of(truth: LabelMap, structure_id: str) -> PointLps:
    """The centre of the voxel that lies deepest in a structure, in LPS mm, to a tenth."""
    grid = truth.grid
    depth_mm = distance_transform_edt(np.pad(truth.mask(structure_id), 1), sampling=grid.spacing_kji_mm)
    deepest = np.unravel_index(int(np.argmax(depth_mm)), depth_mm.shape)
    x, y, z = grid.to_lps_mm(np.array(deepest, dtype=np.float64) - 1).round(1) + 0.0
    return float(x), float(y), float(z)


def _write(phantom: Phantom, folder: Path, uid_seed: str, number: int) -> None:
    folder.mkdir()
    write_series(
        phantom.volume,
        folder / "dicom",
        modality=phantom.modality,
        uid_seed=f"medseg sample patient {uid_seed}",
        patient_name=f"PHANTOM^PATIENT {number}",
        patient_id=f"PHANTOM-{number}",
        series_description=phantom.series_description,
        acquired=FIRST_DAY + timedelta(days=number - 1),
    )
    tumour = Structure(TUMOUR.id, TUMOUR.name, 1, TUMOUR.color, TUMOUR.code)
    save_label_map(
        folder / "truth_dseg.nii.gz",
        in_layers(phantom.volume.grid, [(tumour, phantom.truth.mask(TUMOUR.id))]),
        grid=phantom.volume.grid,
        source=phantom.volume.source,
        contours=ContourSet(),
        author="medseg phantoms",
    )
    place = ",".join(f"{mm:.1f}" for mm in middle_of(phantom.truth, TUMOUR.id))
    (folder / "click.txt").write_text(f"{place}\n", encoding="ascii")
