"""Read the series of a folder, write them as NIfTI, and let the oracle look up every frame."""

from __future__ import annotations

from pathlib import Path

from frame_oracle import check_nifti, read_frames
from medseg.errors import GeometryError, InputError
from medseg.io.dicom.find import find_series
from medseg.io.dicom.options import AS_STORED, ReadOptions
from medseg.io.dicom.plan import NoVolume, VolumePlan, plan_series
from medseg.io.dicom.read import read_planned
from medseg.io.nifti.image import write_image
from medseg.io.nifti.series import write_series
from medseg.volume import VolumeSeries


def outcomes_checked_frame_by_frame(folder: Path, out: Path, options: ReadOptions = AS_STORED) -> set[str]:
    """What becomes of the series in a folder, as ``CT read``, ``MR 4-D time`` or ``CT uneven-spacing``.

    What is read is written as NIfTI, and every frame is looked up in it by a program that shares no code with
    the reader: within 0.05 mm of its place, its values exact.
    """
    found = set()
    for series in find_series([folder]).series:
        plans = []
        for outcome in plan_series(series, options):
            try:
                if isinstance(outcome, NoVolume):
                    raise outcome.error
                write(outcome, out)
            except (InputError, GeometryError) as error:
                found.add(f"{series.modality} {error.details['reason']}")
            else:
                found.add(f"{series.modality} {f'4-D {outcome.axis}' if outcome.axis else 'read'}")
                plans.append(outcome)
        if plans:
            check(plans, out)
    return found


def write(plan: VolumePlan, out: Path) -> None:
    """Read a volume or a series of volumes and write it as NIfTI."""
    image = read_planned(plan)
    path = out / f"{plan.id}.nii"
    if isinstance(image, VolumeSeries):
        write_series(image, path)
    else:
        write_image(image, path)


def check(plans: list[VolumePlan], out: Path) -> None:
    """Look up every frame of the files that plans were made of."""
    frames = read_frames({header.path for plan in plans for header in plan.headers})
    report = check_nifti(frames, [out / f"{plan.id}.nii" for plan in plans])
    assert report.all_right, report.faults[:3]
    assert len(frames) == sum(len(plan.headers) for plan in plans)
