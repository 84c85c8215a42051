"""Guidance is drawn where the reader pointed, on whatever lattice a network sees."""

import numpy as np
import pytest
import torch
from monai.data.meta_tensor import MetaTensor

from assist.made_bundles import oblique, thresholding_bundle
from medseg.assist.bundle import opened_bundle
from medseg.assist.bundle.guidance import Guidance, GuidanceForm, on_image
from medseg.assist.bundle.inference import LoadedBundle
from medseg.assist.bundle.process import ijk_to_ras_mm
from medseg.errors import InputError

# MONAI's own transforms warn of changes to come.
pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning")

FORM = GuidanceForm(structures=2, click_sigma_mm=2.0)


def test_a_click_and_a_mask_lie_where_they_lie_in_the_patient():
    grid = oblique((9, 24, 20))
    case = ijk_to_ras_mm(grid)
    index_kji = np.array([4, 11, 7])
    place = grid.to_lps_mm(index_kji) * [-1, -1, 1]
    current = np.zeros(grid.shape_kji, np.uint8)
    current[3:6, 9:14, 5:10] = 2
    # The network sees an upright lattice of 1 mm around the case.
    corner = place - [15, 15, 15]
    seen = np.eye(4)
    seen[:3, 3] = corner
    image = MetaTensor(torch.zeros(1, 31, 31, 31), affine=torch.as_tensor(seen))
    drawn = on_image(Guidance([[], [], [place.tolist()]], current), FORM, image, case)
    assert drawn.shape == (FORM.channels, 31, 31, 31)
    assert np.unravel_index(drawn[2].argmax(), (31, 31, 31)) == (15, 15, 15)
    assert drawn[2].max() == pytest.approx(1, abs=1e-4)
    assert not drawn[[0, 1, 3]].any()
    assert set(np.unique(drawn[4])) == {0, 1}
    middle = np.argwhere(drawn[4]).mean(axis=0)
    assert np.allclose(middle, 15, atol=0.7)
    assert drawn[4].sum() == pytest.approx(np.count_nonzero(current) * grid.voxel_volume_mm3, rel=0.1)


def test_a_bundle_that_makes_no_room_for_clicks_is_refused(tmp_path):
    folder = thresholding_bundle(tmp_path / "bundle")
    with opened_bundle(folder) as bundle:
        loaded = LoadedBundle(
            bundle.prepared.parts,
            bundle.weights,
            weights_sha256=bundle.weights_sha256,
            device=torch.device("cpu"),
            mixed_precision=False,
            folder=bundle.folder,
            guidance=FORM,
            allow_code=False,
        )
        voxels = np.zeros((4, 5, 6), np.float32)
        with pytest.raises(InputError, match="clicks") as refused:
            loaded.predict({"image": voxels}, np.eye(4), lambda *_: None, Guidance([[], [], []]))
    assert refused.value.details["reason"] == "not-guided"
