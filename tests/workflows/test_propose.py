"""The workflow of proposing: what it refuses, what it records, and what it leaves to others."""

from __future__ import annotations

import numpy as np
import pytest

import medseg
from medseg.assist.segmenter import Sphere
from medseg.contour import ContourSet
from medseg.errors import AssistError, Cancelled, GridMismatchError, MedsegError, OutputExistsError
from medseg.io.nifti.image import write_image
from medseg.labelmap import LabelMap, Structure
from medseg.volume import Quantity, Source, Volume
from medseg.workflows.propose import propose_file
from medseg.workflows.save import save_label_map
from solids import lump, upright

GRID = upright((24, 40, 44), (2.5, 1.0, 1.0))
MIDDLE = (21.5, 19.5, 28.75)
TRUTH = lump(GRID, 12)
TUMOUR = Structure("tumour", "Tumour", 1)
CLICK = medseg.Given(points_lps_mm=(MIDDLE,), sphere=Sphere(MIDDLE, 18.0))


def volume() -> Volume:
    """A bright ball of 12 mm in noise."""
    noise = np.random.default_rng(0).standard_normal(TRUTH.shape)
    return Volume(GRID, (40 + 70 * TRUTH + 6 * noise).astype(np.float32), Quantity.HU, Source("phantom"))


def organs(grid=GRID) -> LabelMap:
    labels = np.zeros(grid.shape_kji, np.uint8)
    labels[:, :, :22] = 1
    labels[:12, :, 22:] = 2
    return LabelMap(grid, (labels,), (Structure("liver", "Liver", 1), Structure("spleen", "Spleen", 2)))


def written(path, label_map):
    save_label_map(path, label_map, grid=GRID, source=Source("phantom"), contours=ContourSet(), author="Ada")
    return path


@pytest.fixture
def image(tmp_path):
    write_image(volume(), tmp_path / "ct.nii.gz")
    return tmp_path / "ct.nii.gz"


def test_a_proposal_comes_as_a_label_map_and_as_what_was_proposed():
    label_map, proposal = medseg.propose(volume(), "region-growing", TUMOUR, CLICK)
    assert label_map.structures == (TUMOUR,)
    found = label_map.mask("tumour")
    np.testing.assert_array_equal(found[proposal.region], proposal.masks["tumour"])
    assert found.sum() == proposal.masks["tumour"].sum()
    assert 2 * (found & TRUTH).sum() / (found.sum() + TRUTH.sum()) > 0.95


def test_others_keep_their_voxels_but_for_what_it_is_part_of():
    part = Structure("tumour", "Tumour", 3, part_of="liver")
    label_map, _ = medseg.propose(volume(), "region-growing", part, CLICK, beside=organs())
    before, found = organs(), label_map.mask("tumour")
    assert found.any()
    np.testing.assert_array_equal(label_map.mask("spleen"), before.mask("spleen"))
    np.testing.assert_array_equal(label_map.mask("liver"), before.mask("liver") & ~found)
    assert not (found & before.mask("spleen")).any()
    alone, _ = medseg.propose(
        volume(), "region-growing", Structure("tumour", "Tumour", 3), CLICK, beside=organs()
    )
    np.testing.assert_array_equal(alone.mask("liver"), before.mask("liver"))


@pytest.mark.parametrize(
    ("method", "given", "words"),
    [
        ("magic", CLICK, "expected a segmenter, got 'magic'"),
        ("region-growing", medseg.Given(), "needs a point within"),
        ("pet-fraction", medseg.Given(points_lps_mm=(MIDDLE,)), "needs a ball"),
        ("geodesic-contour", CLICK, "needs a rough delineation"),
        ("grow-from-seeds", CLICK, "needs a point on the background"),
        ("vessel-between-points", CLICK, "two points or more"),
        (
            "region-growing",
            medseg.Given(points_lps_mm=(MIDDLE,), settings={"deviations": "many"}),
            "a number from 0.1",
        ),
        ("region-growing", medseg.Given(points_lps_mm=(MIDDLE,), settings={"luck": 1}), "no setting 'luck'"),
        (
            "region-growing",
            medseg.Given(points_lps_mm=((900.0, 0.0, 0.0),)),
            "outside of the part of the image",
        ),
        ("pet-fraction", medseg.Given(sphere=Sphere((900.0, 900.0, 900.0), 5.0)), "outside of the image"),
        ("geodesic-contour", medseg.Given(rough=organs()), "one structure, got 2"),
    ],
)
def test_it_refuses_by_name_what_it_cannot_do(method, given, words):
    with pytest.raises(AssistError, match=words):
        medseg.propose(volume(), method, TUMOUR, given)


def test_label_maps_on_another_grid_and_ids_that_are_there_are_refused():
    other = organs(upright((24, 40, 44), (2.0, 1.0, 1.0)))
    with pytest.raises(GridMismatchError):
        medseg.propose(volume(), "region-growing", TUMOUR, CLICK, beside=other)
    with pytest.raises(MedsegError):
        medseg.propose(volume(), "region-growing", Structure("liver", "Liver", 9), CLICK, beside=organs())


def test_the_record_says_how_and_from_what(image, tmp_path):
    beside = written(tmp_path / "organs_dseg.nii.gz", organs())
    out = tmp_path / "all_dseg.nii.gz"
    given = medseg.Given((MIDDLE,), sphere=Sphere(MIDDLE, 18.0), settings={"deviations": "4"})
    files, proposal, structure = propose_file(
        image,
        out,
        method="region-growing",
        name="Tumour",
        given=given,
        beside=beside,
        part_of="liver",
        author="Ada",
    )
    assert files.nifti == out
    assert (structure.id, structure.label, structure.part_of) == ("tumour", 3, "liver")
    assert proposal.method.parameters["deviations"] == 4.0
    saved = medseg.open_label_map(out)
    record = saved.record
    assert record.author == "Ada"
    model = record.models["tumour"]
    assert (model.name, model.version) == ("region-growing", proposal.method.version)
    assert model.sha256 is None
    how, values, *_ = record.notes
    assert how.startswith("Tumour: proposed by region-growing")
    assert all(f"{name}={value}" in how for name, value in proposal.method.parameters.items())
    assert "a point at LPS (21.5, 19.5, 28.8) mm and a ball of 18 mm around" in how
    assert values.startswith("values ")
    assert [one.what for one in record.story[-1].inputs] == ["label map"]
    planes = np.flatnonzero(saved.label_map.mask("tumour").any(axis=(1, 2)))
    assert len(record.structures["tumour"].assisted) == len(planes)
    assert record.structures["liver"].assisted == ()


def test_a_name_that_is_there_gets_an_id_of_its_own(image, tmp_path):
    beside = written(tmp_path / "organs_dseg.nii.gz", organs())
    *_, structure = propose_file(
        image, tmp_path / "two_dseg.nii.gz", method="region-growing", name="Liver", given=CLICK, beside=beside
    )
    assert structure.id != "liver"
    saved = medseg.open_label_map(tmp_path / "two_dseg.nii.gz").label_map
    assert [each.name for each in saved.structures] == ["Liver", "Spleen", "Liver"]


def test_nothing_is_written_over_nor_left_behind(image, tmp_path):
    out = tmp_path / "t_dseg.nii.gz"
    out.write_bytes(b"mine")
    with pytest.raises(OutputExistsError):
        propose_file(image, out, method="region-growing", name="Tumour", given=CLICK)
    assert out.read_bytes() == b"mine"
    out.unlink()
    before = sorted(tmp_path.iterdir())

    def stop(task, done, total):
        if task == "Region growing":
            raise Cancelled("stopped")

    with pytest.raises(Cancelled):
        propose_file(image, out, method="region-growing", name="Tumour", given=CLICK, progress=stop)
    with pytest.raises(AssistError):
        propose_file(image, out, method="pet-fraction", name="Tumour", given=medseg.Given())
    assert sorted(tmp_path.iterdir()) == before
