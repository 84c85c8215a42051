"""Training sets of phantoms, approved and exported as cases of a study are."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from medseg.contour import ContourSet
from medseg.io.nifti.image import write_image
from medseg.workflows import study as use
from medseg.workflows.open_image import open_image
from medseg.workflows.save import save_label_map
from medseg.workflows.study.export_dataset import export_dataset
from medseg_phantoms import Phantom
from medseg_phantoms.lesions import CONTRAST_HU, liver_lesion_ct
from study_cases import PEOPLE, Studies, StudySite

FIRST_UNSEEN = 1000
"""Seed of the first patient that nobody learns from."""


@dataclass(frozen=True)
class Patients:
    """Phantoms with voxels of one size.

    Attributes:
        voxel_scale: See :func:`~medseg_phantoms.lesions.liver_lesion_ct`.
        contrast_hu: Likewise.
    """

    voxel_scale: float = 1.7
    contrast_hu: tuple[float, float] = CONTRAST_HU

    @cache  # noqa: B019 - for as long as the tests run
    def patient(self, seed: int) -> Phantom:
        """A patient."""
        return liver_lesion_ct(seed, voxel_scale=self.voxel_scale, contrast_hu=self.contrast_hu)

    def unseen(self, count: int) -> list[Phantom]:
        """Patients that nobody learns from."""
        return [self.patient(FIRST_UNSEEN + number) for number in range(count)]


def add_patient(site: StudySite, phantom: Phantom, folder: Path, *, steps: Iterable[str] = ()) -> None:
    """Add a phantom as a case, with its truth as what Ada drew, and take it through some steps."""
    image = folder / f"{phantom.name}.nii.gz"
    write_image(phantom.volume, image, durable=False)
    case_id = phantom.name
    use.add_case(site.study, site.who("cory"), image, case_id=case_id)
    site.assign("ada", case_id=case_id)
    copy = use.check_out(site.study, site.who("ada"), case_id)
    opened = open_image(copy.image)
    save_label_map(
        copy.files.nifti,
        phantom.truth,
        grid=opened.grid,
        source=opened.source,
        contours=ContourSet(),
        author=PEOPLE["ada"][0],
        overwrite=True,
    )
    use.save_revision(site.study, site.who("ada"), case_id, copy.files.nifti)
    for step in steps:
        site.step("ada" if step == "submitted" else "ben", step, case_id=case_id)


def site_of(studies: Studies, folder: Path, phantoms: Iterable[Phantom]) -> StudySite:
    """A study whose cases are all approved."""
    site = studies.make(folder / "study")
    for phantom in phantoms:
        add_patient(site, phantom, folder, steps=("submitted", "approved"))
    return site


def dataset_of(site: StudySite, out: Path) -> Path:
    """The training set that a study exports."""
    return export_dataset(site.study, site.who("dora"), out, modality="CT").folder
