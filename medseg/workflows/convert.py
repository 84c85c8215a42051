"""DICOM folders → NIfTI files and a manifest that accounts for every file."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from medseg.errors import GeometryError, InputError
from medseg.io.atomic import write_whole
from medseg.io.atomic_folder import whole_folder
from medseg.io.dicom.find import Inventory, Series, find_series
from medseg.io.dicom.plan import plan_volume
from medseg.io.dicom.read import read_planned
from medseg.io.dicom.summary import summarise_plan, summarise_refusal, summarise_unreadable
from medseg.io.nifti.image import write_image
from medseg.io.volume_summary import Status, VolumeSummary, printable
from medseg.progress import Progress, silent

__all__ = ["Conversion", "Status", "VolumeSummary", "convert"]

SCHEMA = "medseg-manifest/1"
MANIFEST = "manifest.json"


@dataclass(frozen=True)
class Conversion:
    """What became of every series and every file.

    Attributes:
        volumes: One a series, and one for each DICOM file that is too damaged to belong to any.
        files: By path relative to the folder that all inputs share: the id of the volume it belongs to,
            or the reason why it was passed over. Bytes that are no UTF-8 are escaped with a backslash.
    """

    volumes: tuple[VolumeSummary, ...]
    files: dict[str, str]

    @property
    def refused(self) -> tuple[VolumeSummary, ...]:
        """Images that could not be converted."""
        return tuple(volume for volume in self.volumes if volume.status is Status.REFUSED)

    def as_dict(self) -> dict[str, object]:
        """The manifest as a JSON value."""
        return {
            "schema": SCHEMA,
            "volumes": [volume.as_dict(with_output=True) for volume in self.volumes],
            "files": self.files,
        }


def convert(
    inputs: Sequence[Path], out: Path, *, compress: bool = True, progress: Progress = silent
) -> Conversion:
    """Write every regular CT, MR and PET series as NIfTI, and a manifest beside them.

    File names are made of the modality and a digest of the series UID: no patient data. A series that is
    no regular volume is refused in the manifest, with its reason; the others are converted all the same.

    Args:
        inputs: Files and folders; a series may be spread over several.
        out: A new or empty folder. It gets everything, or nothing if the work fails or is cancelled.
        compress: Write ``.nii.gz`` rather than ``.nii``.
        progress: Told before each header, each series and each slice.

    Raises:
        NoImagesError: The inputs hold no image at all.
        InputError: An input doesn't exist.
        OutputExistsError: ``out`` holds something already.
        OutputError: ``out`` can't be written.
    """
    suffix = ".nii.gz" if compress else ".nii"
    with whole_folder(out) as folder:
        inventory = find_series(inputs, progress=progress)
        inventory.require_images()
        volumes: list[VolumeSummary] = []
        for done, series in enumerate(inventory.series):
            progress("converting series", done, len(inventory.series))
            volumes.append(_convert_one(series, folder, suffix, progress))
        conversion = Conversion(
            (*volumes, *summarise_unreadable(inventory)), _account(inventory, _common_folder(inputs))
        )
        manifest = json.dumps(conversion.as_dict(), indent=1, ensure_ascii=False, allow_nan=False)
        write_whole(folder / MANIFEST, f"{manifest}\n".encode())
    return conversion


def _convert_one(series: Series, folder: Path, suffix: str, progress: Progress) -> VolumeSummary:
    try:
        plan = plan_volume(series)
        volume = read_planned(plan, progress=progress)
        name = f"{series.id}{suffix}"
        write_image(volume, folder / name)
    except (InputError, GeometryError) as error:
        return summarise_refusal(series, error)
    summary = summarise_plan(plan)
    return replace(summary, status=Status.CONVERTED, output=name, warnings=volume.warnings)


def _common_folder(inputs: Sequence[Path]) -> Path:
    return Path(os.path.commonpath([(path if path.is_dir() else path.parent).absolute() for path in inputs]))


def _account(inventory: Inventory, root: Path) -> dict[str, str]:
    owners = {file.path: file.reason for file in inventory.passed_over}
    for series in inventory.series:
        owners |= {header.path: series.id for header in series.headers}
        owners |= dict.fromkeys(series.copies, "identical-copy")
    return {
        printable(path.absolute().relative_to(root).as_posix()): owner
        for path, owner in sorted(owners.items())
    }
