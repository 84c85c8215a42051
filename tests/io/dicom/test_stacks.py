"""Which volumes a series holds: by what its images are, and by what tells those at one place apart."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pydicom
import pytest

from medseg.io.dicom.find import find_series
from medseg.io.dicom.plan import NoVolume, VolumePlan, plan_inventory
from medseg.volume import SeriesAxis


def plans(folder):
    """The outcomes of a folder; every image must be in exactly one of them."""
    inventory = find_series([folder])
    outcomes = plan_inventory(inventory)
    told = [(header.path, header.frame) for outcome in outcomes for header in outcome.headers]
    assert len(told) == len(set(told)) == sum(len(series.headers) for series in inventory.series)
    assert len({outcome.id for outcome in outcomes}) == len(outcomes)
    return outcomes


def volumes(folder):
    outcomes = plans(folder)
    assert all(isinstance(outcome, VolumePlan) for outcome in outcomes), [o.reason for o in outcomes]
    return outcomes


def repeat(folder: Path, count: int, change) -> Path:
    """Make ``count`` times as many images; ``change`` gets each copy's data set, its turn and its slice."""
    originals = sorted(folder.iterdir())
    for turn in range(count):
        for k, path in enumerate(originals):
            dataset = pydicom.dcmread(path)
            number = turn * len(originals) + k + 1
            dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = f"1.2.3.{number}"
            dataset.InstanceNumber = number
            # Other pixels for each: they are no copies of each other.
            dataset.PixelData = (np.frombuffer(dataset.PixelData, "<i2") + 100 * turn).tobytes()
            change(dataset, turn, k)
            dataset.save_as(folder / f"turn{turn}-{k}.dcm")
    for path in originals:
        path.unlink()
    return folder


@pytest.fixture
def mr(tools, tmp_path):
    """An MR of six slices."""
    return tools.write(tools.volume(low=0), tmp_path / "mr", modality="MR")


def test_temporal_positions_are_a_time_series_in_their_order(mr):
    times = {0: "100000", 1: "100230.5", 2: "100501"}

    def scan(dataset, turn, k):
        dataset.TemporalPositionIdentifier = turn + 1
        dataset.AcquisitionTime = times[turn]
        dataset.InstanceNumber = 99 - dataset.InstanceNumber  # their order says nothing

    (plan,) = volumes(repeat(mr, 3, scan))
    assert (plan.axis, plan.axis_values) == (SeriesAxis.TIME, (0.0, 150.5, 301.0))
    assert [len(volume) for volume in plan.volumes] == [6, 6, 6]
    assert [{header.dimensions.temporal_position for header in volume} for volume in plan.volumes] == [
        {1},
        {2},
        {3},
    ]


def test_echoes_are_an_axis_in_milliseconds(mr):
    def scan(dataset, turn, k):
        dataset.EchoTime = 4.6 * (3 - turn)  # the longest comes first
        dataset.EchoNumbers = 3 - turn

    (plan,) = volumes(repeat(mr, 3, scan))
    assert plan.axis is SeriesAxis.ECHO
    assert plan.axis_values == pytest.approx((4.6, 9.2, 13.8))


def test_several_unweighted_volumes_of_a_diffusion_series_are_told_apart_by_time(mr):
    b_values = (0, 0, 800, 800)

    def scan(dataset, turn, k):
        dataset.add_new("DiffusionBValue", "FD", float(b_values[turn]))
        if b_values[turn]:
            dataset.add_new("DiffusionGradientOrientation", "FD", np.eye(3)[turn % 3].tolist())
        dataset.AcquisitionNumber = turn + 1

    (plan,) = volumes(repeat(mr, 4, scan))
    assert (plan.axis, plan.axis_values) == (SeriesAxis.B_VALUE, (0.0, 0.0, 800.0, 800.0))


def test_each_echo_of_a_time_series_is_a_series_of_its_own(mr):
    def scan(dataset, turn, k):
        dataset.EchoTime = 10 * (1 + turn % 2)
        dataset.TemporalPositionIdentifier = 1 + turn // 2
        dataset.AcquisitionTime = f"1000{10 * (turn // 2):02d}"

    found = volumes(repeat(mr, 6, scan))
    assert [(plan.axis, plan.axis_values) for plan in found] == [(SeriesAxis.TIME, (0.0, 10.0, 20.0))] * 2
    assert [{header.dimensions.echo_time_ms for header in plan.headers} for plan in found] == [{10}, {20}]


def test_magnitude_and_phase_are_volumes_of_their_own(mr):
    kinds = ("M", "P")
    found = volumes(
        repeat(
            mr,
            2,
            lambda dataset, turn, k: setattr(dataset, "ImageType", ["ORIGINAL", "PRIMARY", kinds[turn]]),
        )
    )
    assert [plan.headers[0].dimensions.component for plan in found] == ["magnitude", "phase"]
    assert [len(plan.headers) for plan in found] == [6, 6]


def test_an_acquisition_that_was_broken_off_does_not_spoil_the_whole_one(ct):
    _, folder = ct
    repeat(folder, 2, lambda dataset, turn, k: setattr(dataset, "AcquisitionNumber", turn + 1))
    for k in (4, 5):
        (folder / f"turn1-{k}.dcm").unlink()
    whole, broken = volumes(folder)
    assert (len(whole.headers), len(broken.headers)) == (6, 4)
    assert whole.axis is broken.axis is None


def test_a_hole_in_the_second_acquisition_is_refused_beside_the_first(ct):
    _, folder = ct
    repeat(folder, 2, lambda dataset, turn, k: setattr(dataset, "AcquisitionNumber", turn + 1))
    (folder / "turn1-3.dcm").unlink()
    whole, broken = plans(folder)
    assert isinstance(whole, VolumePlan)
    assert isinstance(broken, NoVolume)
    assert broken.reason == "missing-slices"


def test_volumes_that_only_their_instance_numbers_order_are_counted(ct):
    _, folder = ct
    (plan,) = volumes(repeat(folder, 2, lambda dataset, turn, k: None))
    assert (plan.axis, plan.axis_values) == (SeriesAxis.INDEX, (0.0, 1.0))
    assert any("counted" in warning for warning in plan.warnings)
    assert [header.path.name for header in plan.volumes[1]] == [f"turn1-{k}.dcm" for k in range(6)]


def test_images_that_nothing_tells_apart_are_refused(ct):
    _, folder = ct
    repeat(folder, 2, lambda dataset, turn, k: setattr(dataset, "InstanceNumber", 1))
    (outcome,) = plans(folder)
    assert outcome.reason == "duplicate-positions"
    assert "12 images at 6 position(s)" in outcome.message


def test_the_same_pixels_sent_twice_under_other_names_are_dropped_and_noted(ct):
    _, folder = ct
    for number, path in enumerate(sorted(folder.iterdir())):
        dataset = pydicom.dcmread(path)
        dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = f"1.2.3.{number}"
        dataset.InstanceNumber = 1
        dataset.save_as(folder / f"again-{path.name}")
    inventory = find_series([folder])
    (plan,) = plan_inventory(inventory)
    assert len(plan.headers) == 6
    assert plan.axis is None
    assert any("6 images were left out" in warning for warning in plan.warnings)


def test_a_localizer_inside_a_series_is_set_aside_by_name(ct):
    _, folder = ct
    shutil.copy(folder / "IM0003.dcm", folder / "scout.dcm")
    scout = pydicom.dcmread(folder / "scout.dcm")
    scout.ImageType = ["ORIGINAL", "PRIMARY", "LOCALIZER"]
    scout.ImageOrientationPatient = [1, 0, 0, 0, 0, -1]
    scout.SOPInstanceUID = scout.file_meta.MediaStorageSOPInstanceUID = "1.2.3"
    scout.save_as(folder / "scout.dcm")
    plan, aside = plans(folder)
    assert isinstance(plan, VolumePlan)
    assert len(plan.headers) == 6
    assert (aside.status, aside.reason, aside.id) == ("skipped", "localizer", f"{plan.id}-localizer")


def test_a_stray_orientation_is_refused_beside_the_stack(ct):
    _, folder = ct
    stray = pydicom.dcmread(folder / "IM0003.dcm")
    stray.ImageOrientationPatient = [1, 0, 0, 0, 0, -1]
    stray.SOPInstanceUID = stray.file_meta.MediaStorageSOPInstanceUID = "1.2.3"
    stray.save_as(folder / "stray.dcm")
    plan, refused = plans(folder)
    assert isinstance(plan, VolumePlan)
    assert (refused.status, refused.reason) == ("refused", "mixed-orientation")
    assert "1 of 7 images" in refused.message


def test_colour_captures_in_the_series_are_set_aside(ct):
    _, folder = ct
    picture = pydicom.dcmread(folder / "IM0003.dcm")
    picture.ImageType = ["DERIVED", "SECONDARY"]
    picture.SamplesPerPixel, picture.PhotometricInterpretation = 3, "RGB"
    picture.PlanarConfiguration = 0
    picture.BitsAllocated = picture.BitsStored = 8
    picture.HighBit = 7
    picture.PixelData = bytes(3 * picture.Rows * picture.Columns + 1)
    picture.SOPInstanceUID = picture.file_meta.MediaStorageSOPInstanceUID = "1.2.3"
    picture.save_as(folder / "picture.dcm")
    plan, aside = plans(folder)
    assert isinstance(plan, VolumePlan)
    assert (aside.status, aside.reason) == ("skipped", "derived-picture")


def test_two_orientations_of_three_slices_are_two_volumes(tools, tmp_path):
    folder = tmp_path / "both"
    for seed, degrees in (("a", (0, 0, 0)), ("b", (90, 0, 0))):
        part = tools.write(tools.volume(degrees_xyz=degrees), tmp_path / seed, seed=seed)
        tools.edit(part, lambda dataset, k: setattr(dataset, "SeriesInstanceUID", "1.2.3"))
        tools.edit(part, lambda dataset, k: setattr(dataset, "StudyInstanceUID", "1.2.4"))
        folder.mkdir(exist_ok=True)
        for path in part.iterdir():
            path.rename(folder / f"{seed}{path.name}")
    first, second = volumes(folder)
    assert first.id.endswith("-1")
    assert second.id.endswith("-2")
    assert abs(first.grid.directions[:, 0] @ second.grid.directions[:, 0]) < 1e-6


def test_interleaved_series_of_one_folder_are_kept_apart(tools, tmp_path):
    folder = tmp_path / "both"
    folder.mkdir()
    for seed, shift in (("a", 0.0), ("b", 1.25)):
        origin = (-80.125, 33.5, -412.75 + shift)
        part = tools.write(tools.volume(origin_lps_mm=origin), tmp_path / seed, seed=seed)
        for path in part.iterdir():
            path.rename(folder / f"{path.stem}{seed}")
    assert sorted(len(plan.headers) for plan in volumes(folder)) == [6, 6]


def test_time_points_that_jitter_by_the_rounding_are_one_place(mr):
    jitter = np.random.default_rng(2).uniform(-0.01, 0.01, (3, 6))

    def scan(dataset, turn, k):
        x, y, z = dataset.ImagePositionPatient
        dataset.ImagePositionPatient = [x, y, f"{float(z) + jitter[turn, k]:.6g}"]
        dataset.TemporalPositionIdentifier = turn + 1

    (plan,) = volumes(repeat(mr, 3, scan))
    assert len(plan.volumes) == 3
    assert 0 < plan.residual_mm < 0.05
