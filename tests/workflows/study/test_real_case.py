"""The double-blind reading of a real tumour with its adjudication, from DICOM to the release."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy import ndimage

from medseg.contour import ContourSet
from medseg.errors import BlindError
from medseg.labelmap import LabelMap
from medseg.review.states import State
from medseg.review.verification import Verdict
from medseg.workflows import study as use
from medseg.workflows.import_label_map import import_label_map
from medseg.workflows.open_image import open_image
from medseg.workflows.open_label_map import open_label_map
from medseg.workflows.save import save_label_map
from study_cases import CASE

FOLDER = Path("sarcoma_pet_ct_mr")


@pytest.fixture
def read_by(site):
    """Reads the case as somebody: the tumour of the published contours, larger by some voxels."""

    def read(person: str, mask: Path, larger: int):
        copy = use.check_out(site.study, site.who(person), CASE)
        if not larger:
            import_label_map(mask, copy.files.nifti, image=copy.image, author=person)
        else:
            image, drawn = open_image(copy.image), open_label_map(mask).label_map
            wide = ndimage.binary_dilation(drawn.voxels > 0, iterations=larger).astype(np.uint8)
            save_label_map(
                copy.files.nifti,
                LabelMap(image.grid, (wide,), drawn.structures),
                grid=image.grid,
                source=image.source,
                contours=ContourSet(),
                author=person,
            )
        return use.save_revision(site.study, site.who(person), CASE, copy.files.nifti)

    return read


@pytest.mark.parametrize("is_drawn_anew", [False, True])
def test_two_blind_readers_and_an_adjudicator(site, real_data, read_by, is_drawn_anew):
    mask = real_data / FOLDER / "nifti" / "STS_002" / "PET_mask.nii.gz"
    series = real_data / FOLDER / "dicom" / "STS_002" / "PET"
    use.add_case(site.study, site.who("cory"), series, case_id=CASE, structures=["Tumour"], reads=2)
    site.assign("ada", "ben", adjudicator="carl")
    of_ada = read_by("ada", mask, 0)
    site.step("ada", "submitted")
    with pytest.raises(BlindError):
        use.view_revision(site.study, site.who("ben"), CASE, of_ada.digest)
    of_ben = read_by("ben", mask, 2)
    assert site.step("ben", "submitted").case.state is State.ADJUDICATION
    difference = use.compare_revisions(site.study, site.who("carl"), CASE, of_ada.digest, of_ben.digest)
    assert 0 < difference.difference.structures[0].dice < 1

    if is_drawn_anew:
        chosen = read_by("carl", mask, 1)
        site.step("carl", "submitted", reason="between the two")
        site.step("cleo", "approved")
    else:
        chosen = of_ada
        site.step("carl", "adjudicated", revision=of_ada.digest, reason="follows the uptake")
        site.step("carl", "approved")
    assert site.step("dora", "released").case.in_force == chosen.digest
    use.make_checkpoint(site.study, site.who("dora"))
    found = site.verify(chosen)
    assert (found.verdict, found.state) == (Verdict.VALID, State.RELEASED)
    assert all(signature.checkpointed_at for signature in found.signatures)
    site.require_sound()
