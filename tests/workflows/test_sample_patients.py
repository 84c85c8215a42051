"""Sample patients: DICOM that is read as it was made, the truth on its grid, and a click within it."""

from __future__ import annotations

import filecmp
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from medseg.cli.main import main
from medseg.errors import OutputExistsError
from medseg.workflows.open_image import open_image
from medseg.workflows.open_label_map import open_label_map
from medseg.workflows.sample_patients import sample_patient, write_sample_patients


def test_patients_have_an_image_a_truth_on_it_and_a_click_within_that(tmp_path):
    out = write_sample_patients(tmp_path / "patients", 3)
    assert sorted(path.name for path in out.iterdir()) == ["001", "002", "003"]
    for number in (1, 2, 3):
        folder = out / f"{number:03d}"
        volume = open_image(folder / "dicom")
        truth = open_label_map(folder / "truth_dseg.nii.gz").label_map
        assert np.array_equal(volume.voxels, sample_patient(number).volume.voxels)
        truth.grid.require_same_as(volume.grid, "truth and image")
        click = [float(mm) for mm in (folder / "click.txt").read_text().split(",")]
        k, j, i = np.rint(volume.grid.to_index(np.array(click))).astype(int)
        assert truth.mask("tumour")[k, j, i]


def test_the_same_seed_gives_the_same_bytes_and_another_one_others(tmp_path):
    one, again = (write_sample_patients(tmp_path / name, 1) for name in ("one", "again"))
    images = [path.relative_to(one) for path in one.rglob("*.dcm")]
    assert len(images) > 8
    assert all(filecmp.cmp(one / image, again / image, shallow=False) for image in images)
    other = sample_patient(1, seed=1).volume
    assert other.voxels.tobytes() != sample_patient(1).volume.voxels.tobytes()


def test_nothing_is_written_over(tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(OutputExistsError):
        write_sample_patients(tmp_path, 1)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_the_command_counts_patients_in_the_order_of_their_scans(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for line in (["sample-data", "patients", "--patients", "11"], ["convert", "patients", "images"]):
        names = ["--names", "ct-{run}", "--jobs", "1"] if line[0] == "convert" else []
        done = CliRunner().invoke(main, [*line, *names])
        assert done.exit_code == 0, done.output
    for number in (1, 2, 11):
        converted = open_image(Path("images", f"ct-{number}.nii.gz"))
        assert np.array_equal(converted.voxels, sample_patient(number).volume.voxels)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--patients", "2", "--phantom", "brain"], "--phantom does not go with --patients"),
        (["--patients", "2", "--size", "full"], "--size does not go with --patients"),
        (["--seed", "3"], "--seed needs --patients"),
        (["--patients", "0"], "--patients"),
    ],
)
def test_options_that_would_do_nothing_are_wrong_usage(tmp_path, words, said):
    done = CliRunner().invoke(main, ["sample-data", str(tmp_path / "out"), *words])
    assert done.exit_code == 2
    assert said in done.output
    assert not (tmp_path / "out").exists()
