"""A bundle beside the classical segmenters."""

import json

import numpy as np
import pytest

from assist.made_bundles import oblique, thresholding_bundle
from medseg.assist.bundle import BundleSegmenter, opened_bundle
from medseg.assist.bundle.outputs import as_prediction
from medseg.assist.proposing import propose
from medseg.assist.segmenter import BACKGROUND, Hints, Point, Segmenter
from medseg.errors import AssistError
from medseg.volume import Quantity, Source, Volume


class StandIn:
    """Thresholds here rather than in a process of its own."""

    def __init__(self, bundle, *, device):
        self.bundle = bundle

    def predict(self, volume, *, guidance, progress):
        StandIn.guidance = guidance
        progress("thresholding", 0, 1)
        return as_prediction((volume.voxels > 100)[np.newaxis].astype(np.uint8), self.bundle)

    def close(self):
        pass


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr("medseg.assist.bundle.segmenter.BundleProcess", StandIn)


@pytest.fixture
def volume():
    grid = oblique((6, 9, 8))
    voxels = np.random.default_rng(0).integers(0, 200, grid.shape_kji).astype(np.int16)
    return Volume(grid, voxels, Quantity.HU, Source("phantom"))


def made(folder, **options):
    thresholding_bundle(folder, **options)
    return opened_bundle(folder)


def test_it_proposes_what_lies_in_the_region_and_is_free(tmp_path, volume):
    region = (slice(1, 5), slice(2, 9), slice(0, 4))
    taken = np.zeros((4, 7, 4), bool)
    taken[:, 3] = True
    with made(tmp_path / "b", name="Liver CT") as bundle, BundleSegmenter(bundle) as segmenter:
        assert isinstance(segmenter, Segmenter)
        assert (segmenter.name, segmenter.title) == ("bundle:liver-ct", "Liver CT")
        assert [s.name for s in segmenter.structures] == ["Tumour"]
        proposal = propose(segmenter, volume, ["tumour"], Hints(), region=region, taken=taken)
    assert np.array_equal(proposal.masks["tumour"], (volume.voxels > 100)[region] & ~taken)
    assert proposal.method.weights_sha256 == bundle.weights_sha256
    assert proposal.method.parameters == {"bundle_sha256": bundle.bundle_sha256, "code_allowed": False}
    assert proposal.remarks == ()


def test_the_only_thing_that_a_bundle_finds_is_what_is_asked_for(tmp_path, volume):
    with made(tmp_path / "b") as bundle, BundleSegmenter(bundle) as segmenter:
        proposal = propose(segmenter, volume, ["lesion-7"], Hints())
    assert proposal.masks["lesion-7"].any()
    assert proposal.remarks == ("The bundle calls it Tumour.",)


def test_a_structure_that_a_bundle_does_not_find_is_told_before_it_runs(tmp_path, volume, monkeypatch):
    monkeypatch.setattr(StandIn, "predict", None)
    with made(tmp_path / "b", structures=("Liver", "Spleen")) as bundle:
        segmenter = BundleSegmenter(bundle)
        with pytest.raises(AssistError, match="kidney") as refused:
            propose(segmenter, volume, ["liver", "kidney"], Hints())
    assert refused.value.hint == "it finds liver, spleen"


def guided(folder):
    """A bundle that says that it takes clicks on two structures."""
    thresholding_bundle(folder, structures=("Liver", "Spleen"))
    path = folder / "configs" / "metadata.json"
    form = {"guidance": {"structures": 2, "click_sigma_mm": 3.0}}
    path.write_text(json.dumps(json.loads(path.read_text()) | {"medseg": form}))
    return opened_bundle(folder)


def test_clicks_and_the_rough_delineation_reach_a_bundle_that_takes_them(tmp_path, volume):
    region = (slice(1, 5), slice(2, 9), slice(0, 4))
    rough = np.zeros((4, 7, 4), bool)
    rough[1, 2, 3] = True
    points = (Point((1.0, 2.0, 3.0), "spleen"), Point((4.0, 5.0, 6.0), BACKGROUND))
    hints = Hints(points=points, rough={"spleen": rough})
    with guided(tmp_path / "b") as bundle, BundleSegmenter(bundle) as segmenter:
        assert segmenter.takes_clicks
        proposal = propose(segmenter, volume, ["spleen", "liver"], hints, region=region)
        given = StandIn.guidance
        assert given.clicks_ras_mm == [[[-4.0, -5.0, 6.0]], [], [[-1.0, -2.0, 3.0]]]
        assert given.current.shape == volume.grid.shape_kji
        assert np.argwhere(given.current).tolist() == [[2, 4, 3]]
        assert given.current.max() == 2
        propose(segmenter, volume, ["spleen"], Hints())
        assert StandIn.guidance is None
    assert not any("clicks" in remark for remark in proposal.remarks)


def test_a_bundle_that_takes_no_clicks_says_so(tmp_path, volume):
    hints = Hints(points=(Point((1.0, 2.0, 3.0), "tumour"),))
    with made(tmp_path / "b") as bundle, BundleSegmenter(bundle) as segmenter:
        assert not segmenter.takes_clicks
        proposal = propose(segmenter, volume, ["tumour"], hints)
    assert StandIn.guidance is None
    assert proposal.remarks == ("The bundle takes no clicks: it proposes the same without them.",)
