"""``medseg compare``."""

from __future__ import annotations

import json

import numpy as np
import pytest
import SimpleITK
from click.testing import CliRunner
from PIL import Image

import medseg
from medseg.cli.main import main
from medseg.contour import ContourSet
from medseg.labelmap import LabelMap, Structure
from medseg.volume import Source
from medseg.workflows.save import save_label_map
from solids import upright

GRID = upright((12, 30, 32), (3.0, 0.8, 0.7))


def run(*arguments):
    return CliRunner().invoke(main, ["compare", *map(str, arguments)])


@pytest.fixture
def readers(tmp_path):
    """Three files of a liver with its tumour, which grows from reader to reader."""
    files = []
    for number, author in enumerate(("Anna Weber", "Ben Osei", "Chen Li")):
        voxels = np.zeros(GRID.shape_kji, np.uint8)
        voxels[1:11, 3:27, 3:29] = 1
        voxels[4:8, 8:16, 8 : 14 + 2 * number] = 2
        structures = (Structure("liver", "Liver", 1), Structure("tumour", "Tumour", 2, part_of="liver"))
        saved = save_label_map(
            tmp_path / f"reader{number}_dseg.nii.gz",
            LabelMap(GRID, (voxels,), structures),
            grid=GRID,
            source=Source("phantom"),
            contours=ContourSet(),
            author=author,
        )
        files.append(saved.nifti)
    return files


def test_two_readers_as_json_keep_the_contract(readers):
    done = run(*readers[:2], "--json", "--tolerance", "1")
    assert done.exit_code == 0, done.output
    liver, tumour = json.loads(done.stdout)["structures"]
    for key in ("structure", "label", "dice", "hd95_mm", "assd_mm", "surface_dice", "tolerance_mm"):
        assert key in tumour, key
    assert (liver["structure"], liver["dice"], liver["hd95_mm"]) == ("liver", 1.0, 0.0)
    assert (tumour["label"], tumour["tolerance_mm"]) == (2, 1.0)
    assert tumour["dice"] == pytest.approx(2 * 6 / (6 + 8))
    assert tumour["hd_mm"] == pytest.approx(2 * 0.7)
    assert tumour["relative_volume_difference"] == pytest.approx(1 / 3)
    assert (tumour["first"], tumour["second"]) == ("Anna Weber", "Ben Osei")


def test_two_readers_as_a_table(readers):
    done = run(*readers[:2])
    assert done.exit_code == 0, done.output
    assert done.stdout.splitlines()[0] == "Anna Weber: reader0_dseg.nii.gz"
    assert "Tumour     Anna Weber / Ben Osei  0.8571  0.7500" in done.stdout
    assert "Tumour: differs most on k=4, k=5, k=6, k=7" in done.stdout


@pytest.mark.parametrize("method", ["staple", "majority"])
def test_many_readers_with_a_consensus_and_a_picture(readers, tmp_path, method):
    consensus, figure = tmp_path / "consensus_dseg.nii.gz", tmp_path / "agreement.png"
    done = run(
        *readers, "--consensus", consensus, "--by", method, "--figure", figure, "--author", "QA", "--json"
    )
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert len(told["structures"]) == 6
    assert told["consensus"]["method"] == method
    tumour = {one["reader"]: one for one in told["consensus"]["readers"] if one["structure"] == "tumour"}
    assert tumour["Ben Osei"]["dice"] == 1.0
    voxels = SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(consensus)))
    second = SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(readers[1])))
    np.testing.assert_array_equal(voxels, second)
    record = medseg.open_label_map(consensus).record
    assert record.author == "QA"
    assert [one.what for one in record.steps[0].inputs] == ["label map of a reader"] * 3
    assert f"consensus of 3 readers by {method}, each structure with its parts" in record.notes
    with Image.open(figure) as shown:
        assert shown.width > 900


def test_names_of_files_are_not_shown_where_nobody_is_named(readers, tmp_path):
    plain = []
    for number, path in enumerate(readers[:2]):
        plain.append(tmp_path / f"Meier_Hans_{number}.nii.gz")
        plain[-1].write_bytes(path.read_bytes())
    done = run(*plain, "--json", "--figure", tmp_path / "a.png")
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["readers"] == ["reader 1", "reader 2"]
    assert "Meier" not in done.stdout
    named = run(*plain, "--name", "A", "--name", "B", "--json")
    assert json.loads(named.stdout)["readers"] == ["A", "B"]


def saved_by(author, folder, structures, tumour=2):
    voxels = np.zeros(GRID.shape_kji, np.uint8)
    voxels[1:11, 3:27, 3:29] = 1
    voxels[4:8, 8:16, 8:14] = tumour
    return save_label_map(
        folder / f"{author}_dseg.nii.gz",
        LabelMap(GRID, (voxels,), structures),
        grid=GRID,
        source=Source("phantom"),
        contours=ContourSet(),
        author=author,
    ).nifti


def test_tables_that_differ_are_told(readers, tmp_path):
    """The same voxels: but in this table the tumour is no part of the liver."""
    apart = saved_by("Dora", tmp_path, (Structure("liver", "Liver", 1), Structure("tumour", "Tumour", 2)))
    expected = "Liver: takes Tumour in where Anna Weber delineated it, but not where Dora did"
    done = run(readers[0], apart, "--by", "majority")
    assert done.stdout.count(expected) == 1
    told = json.loads(run(readers[0], apart, "--consensus", tmp_path / "c_dseg.nii.gz", "--json").stdout)
    assert [remark.startswith(expected) for remark in told["remarks"]] == [True]
    record = medseg.open_label_map(tmp_path / "c_dseg.nii.gz").record
    assert any(note.startswith(expected) for note in record.notes)
    assert json.loads(run(*readers, "--json").stdout)["remarks"] == []


def test_readers_without_a_structure_in_common(readers, tmp_path):
    other = saved_by("Dora", tmp_path, (Structure("hepar", "Hepar", 1),), tumour=1)
    assert "structures are the same where their ids are" in run(readers[0], other).stdout


def test_names_send_a_terminal_nothing(readers):
    done = run(*readers[:2], "--name", "A\x07", "--name", "B", "--by", "staple")
    assert done.exit_code == 0
    assert "A" in done.stdout
    assert "\x07" not in done.stdout


@pytest.mark.parametrize("distance", ["nan", "inf", "-1"])
def test_a_tolerance_is_a_distance(readers, distance):
    assert run(*readers[:2], "--tolerance", distance).exit_code == 2


def test_nothing_is_left_behind_where_one_output_can_not_be_written(readers, tmp_path):
    consensus, figure = tmp_path / "c_dseg.nii.gz", tmp_path / "a.png"
    figure.write_bytes(b"somebody's")
    done = run(*readers, "--consensus", consensus, "--figure", figure)
    assert "a.png exists already" in done.stderr
    assert "expected a picture named *.png" in run(*readers, "--figure", tmp_path / "a.jpg").stderr
    small = upright((4, 5, 6), (1.0, 1.0, 1.0))
    image = tmp_path / "ct.nii.gz"
    SimpleITK.WriteImage(SimpleITK.GetImageFromArray(np.zeros(small.shape_kji, np.int16)), str(image))
    done = run(*readers, "--consensus", consensus, "--figure", tmp_path / "b.png", "--image", image)
    assert done.exit_code > 2, "the image lies on another grid"
    assert not list(tmp_path.glob("c_dseg*"))
    assert figure.read_bytes() == b"somebody's"


def test_staple_takes_so_many_readers(readers):
    many = [readers[n % 3] for n in range(17)]
    done = run(*many, "--by", "staple", "--json")
    assert done.exit_code > 2
    assert "at most 16 readers for STAPLE, got 17" in done.stderr
    assert run(*many[:16], "--by", "staple").exit_code == 0


def test_a_structure_that_one_does_not_have(readers, tmp_path):
    voxels = np.zeros(GRID.shape_kji, np.uint8)
    voxels[1:11, 3:27, 3:29] = 1
    other = save_label_map(
        tmp_path / "other_dseg.nii.gz",
        LabelMap(GRID, (voxels,), (Structure("liver", "Liver", 1),)),
        grid=GRID,
        source=Source("phantom"),
        contours=ContourSet(),
        author="Dora Lind",
    )
    done = run(readers[0], other.nifti)
    assert "Tumour: not delineated by Dora Lind" in done.stdout
    liver, tumour = json.loads(run(readers[0], other.nifti, "--json").stdout)["structures"]
    told = {name: value for name, value in tumour.items() if value is not None}
    assert told == {"structure": "tumour", "name": "Tumour", "label": 2, "missing_in": "Dora Lind"}
    assert set(liver) == set(tumour) - {"missing_in"}, "every row has the fields of the contract"


def test_refusals(readers, tmp_path):
    alone = run(readers[0])
    assert alone.exit_code > 2
    assert "two label maps or more" in alone.stderr
    wrong = run(*readers[:2], "--name", "A")
    assert "expected 2 different names" in wrong.stderr
    other = upright((4, 5, 6), (1.0, 1.0, 1.0))
    elsewhere = save_label_map(
        tmp_path / "elsewhere_dseg.nii.gz",
        LabelMap(other, (np.ones((4, 5, 6), np.uint8),), (Structure("liver", "Liver", 1),)),
        grid=other,
        source=Source("phantom"),
        contours=ContourSet(),
        author="Dora Lind",
    )
    other_grid = run(readers[0], elsewhere.nifti, "--json")
    assert other_grid.exit_code > 2
    assert "label map of Dora Lind: expected (12, 30, 32)" in other_grid.stderr
    assert run(*readers[:2], "--image", readers[0]).exit_code == 2
    there = run(*readers[:2], "--consensus", readers[2])
    assert there.exit_code > 2
    assert "exists already" in there.stderr
