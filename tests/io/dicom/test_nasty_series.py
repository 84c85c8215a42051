"""Series that once were merged, torn apart or misnamed: what becomes of each, to the image and the word."""

from __future__ import annotations

from pathlib import Path

import imagecodecs
import numpy as np
import pydicom
import pytest
from pydicom.encaps import encapsulate
from pydicom.uid import JPEG2000Lossless, RawDataStorage

from checked_series import outcomes_checked_frame_by_frame
from made_series import CORONAL, SLICE_STEP_MM, enhanced, frame, image, item, series, stored_object
from medseg.errors import InputError
from medseg.io.dicom.find import find_series
from medseg.io.dicom.options import AS_STORED, ReadOptions
from medseg.io.dicom.places import clusters
from medseg.io.dicom.plan import NoVolume, VolumePlan, plan_inventory
from medseg.io.dicom.read import read_planned
from medseg.io.volume_summary import Status
from medseg.volume import SeriesAxis
from medseg.volume.volume import Quantity
from mr_images import write


def outcomes(folder, options=AS_STORED, *, left_out=0):
    """The outcomes of a folder; every image must be in exactly one of them, but copies that were left out."""
    inventory = find_series([folder])
    found = plan_inventory(inventory, options)
    told = [(header.path, header.frame) for outcome in found for header in outcome.headers]
    assert len(told) == len(set(told)) == sum(len(series.headers) for series in inventory.series) - left_out
    assert len({outcome.id for outcome in found}) == len(found)
    return found


def plans(folder, options=AS_STORED, *, left_out=0):
    """The outcomes of a folder that must all be volumes."""
    found = outcomes(folder, options, left_out=left_out)
    assert all(isinstance(one, VolumePlan) for one in found), [getattr(one, "reason", "") for one in found]
    return found


def refusal(folder):
    """The one outcome of a folder that must be refused whole."""
    (outcome,) = outcomes(folder)
    assert isinstance(outcome, NoVolume)
    assert outcome.status is Status.REFUSED
    return outcome


def numbers(plan):
    """The instance numbers ``[t][k]``."""
    return [[header.dimensions.instance_number for header in volume] for volume in plan.volumes]


def frames(plan):
    """The frame numbers ``[t][k]`` of a multi-frame file."""
    return [[header.frame for header in volume] for volume in plan.volumes]


def counted(volumes, slices):
    """The numbers ``[t][k]`` of a series as it was made."""
    return np.arange(1, volumes * slices + 1).reshape(volumes, slices).tolist()


def axis(plan):
    return plan.axis, plan.axis_values


ONE_VOLUME = (None, ())


def cut_vr(path: Path, element: bytes) -> None:
    """Overwrite the second letter of an element's VR with a null and take its value away."""
    raw = path.read_bytes()
    start = raw.index(element)
    end = start + 8 + int.from_bytes(raw[start + 6 : start + 8], "little")
    path.write_bytes(raw[: start + 5] + b"\0\0\0" + raw[end:])


def replace_in_file(path: Path, old: bytes, new: bytes) -> None:
    """What pydicom would not write."""
    assert len(old) == len(new)
    assert path.read_bytes().count(old) == 1
    path.write_bytes(path.read_bytes().replace(old, new))


def write_again(path: Path, to: Path, **elements) -> None:
    """Write an image once more under another name and SOP Instance UID."""
    again = pydicom.dcmread(path)
    again.SOPInstanceUID = again.file_meta.MediaStorageSOPInstanceUID = "1.2.99"
    again.update(elements)
    write(again, to)


def scanned_at(t):
    return {"TemporalPositionIdentifier": t + 1, "AcquisitionTime": f"1000{10 * t:02d}"}


# What a header declares parts images


def test_an_adc_map_is_a_volume_beside_the_b_values_it_was_made_of(tmp_path):
    types = (["ORIGINAL", "NONE"], ["DERIVED", "ISOTROPIC"], ["DERIVED", "ADC"])
    made = []
    for t, (origin, contrast) in enumerate(types):
        kind = item(FrameType=[origin, "PRIMARY", "DIFFUSION", contrast], ComplexImageComponent="MAGNITUDE")
        groups = {"MRImageFrameTypeSequence": kind}
        if t < 2:
            groups["MRDiffusionSequence"] = item(
                DiffusionBValue=1000.0 * t, DiffusionDirectionality=["NONE", "ISOTROPIC"][t]
            )
        made += [frame(SLICE_STEP_MM * k, **groups) for k in range(4)]
    folder = tmp_path / "mr"
    folder.mkdir()
    write(enhanced(made), folder / "e.dcm")
    diffusion, adc = plans(folder)
    assert axis(diffusion) == (SeriesAxis.B_VALUE, (0.0, 1000.0))
    assert frames(diffusion) == [[0, 1, 2, 3], [4, 5, 6, 7]]
    assert axis(adc) == ONE_VOLUME
    assert frames(adc) == [[8, 9, 10, 11]]
    assert outcomes_checked_frame_by_frame(folder, tmp_path) == {"MR 4-D b-value", "MR read"}


def test_echoes_whose_slices_alternate_along_the_stack_are_two_volumes(tmp_path):
    folder = series(tmp_path / "mr", 1, 10, lambda t, k: {"EchoTime": str([20, 80][k % 2])})
    short, long = plans(folder)
    assert (numbers(short), numbers(long)) == ([[1, 3, 5, 7, 9]], [[2, 4, 6, 8, 10]])
    assert axis(short) == axis(long) == ONE_VOLUME
    assert short.grid.spacing_kji_mm[0] == long.grid.spacing_kji_mm[0] == 6.0
    assert outcomes_checked_frame_by_frame(folder, tmp_path) == {"MR read"}


def moved(shifts_mm):
    """Temporal positions of a scan that follows the patient along z."""
    return lambda t, k: {
        "TemporalPositionIdentifier": t + 1,
        "ImagePositionPatient": [-10, -20, round(SLICE_STEP_MM * k + shifts_mm[t], 3)],
    }


def test_time_points_half_a_step_apart_are_two_volumes(tmp_path):
    folder = series(tmp_path / "mr", 2, 6, moved((0, 1.5)))
    first, second = plans(folder)
    assert [*numbers(first), *numbers(second)] == counted(2, 6)
    assert axis(first) == axis(second) == ONE_VOLUME
    assert second.grid.origin_lps_mm[2] - first.grid.origin_lps_mm[2] == pytest.approx(1.5)
    assert outcomes_checked_frame_by_frame(folder, tmp_path) == {"MR read"}


@pytest.mark.parametrize("options", [AS_STORED, ReadOptions(allow_uneven=True)])
def test_time_points_that_follow_the_patient_are_never_interpolated_into_one(tmp_path, options):
    folder = series(tmp_path / "mr", 4, 6, moved((0, 0.4, 0.9, 0.6)))
    found = plans(folder, options)
    assert [numbers(plan)[0] for plan in found] == counted(4, 6)
    assert {axis(plan) for plan in found} == {ONE_VOLUME}
    assert all(plan.even is None and plan.grid.spacing_kji_mm[0] == pytest.approx(3.0) for plan in found)
    assert outcomes_checked_frame_by_frame(folder, tmp_path) == {"MR read"}


def test_stacks_of_one_multi_frame_image_are_volumes_of_their_own(tmp_path):
    made = [
        frame(3.0 * k + 60 * s, FrameContentSequence=item(StackID=str(s + 1), InStackPositionNumber=k + 1))
        for s in range(2)
        for k in range(5)
    ]
    folder = tmp_path / "mr"
    folder.mkdir()
    write(enhanced(made), folder / "e.dcm")
    first, second = plans(folder)
    assert (frames(first), frames(second)) == ([[0, 1, 2, 3, 4]], [[5, 6, 7, 8, 9]])
    assert axis(first) == axis(second) == ONE_VOLUME
    assert outcomes_checked_frame_by_frame(folder, tmp_path) == {"MR read"}


def test_the_images_of_a_dixon_scan_are_four_volumes(tmp_path):
    contrasts = ("IN_PHASE", "OPP_PHASE", "FAT", "WATER")

    def scan(t, k):
        return {"ImageType": ["DERIVED", "PRIMARY", "DIXON", contrasts[t]], "AcquisitionTime": "100000"}

    folder = series(tmp_path / "mr", 4, 4, scan)
    found = plans(folder)
    assert [numbers(plan)[0] for plan in found] == counted(4, 4)
    assert {axis(plan) for plan in found} == {ONE_VOLUME}
    assert outcomes_checked_frame_by_frame(folder, tmp_path) == {"MR read"}


def test_perfusion_maps_of_an_echo_planar_scan_are_volumes_and_no_time_series(tmp_path):
    def scan(t, k):
        kind = ["DERIVED", "PRIMARY", "PERFUSION", ["CBF", "CBV", "MTT"][t]]
        return {"ScanningSequence": "EP", "RepetitionTime": "4000", "ImageType": kind}

    folder = series(tmp_path / "mr", 3, 5, scan)
    found = plans(folder)
    assert [numbers(plan)[0] for plan in found] == counted(3, 5)
    assert {axis(plan) for plan in found} == {ONE_VOLUME}
    assert outcomes_checked_frame_by_frame(folder, tmp_path) == {"MR read"}


def test_inversion_times_are_counted_from_the_shortest_and_named(tmp_path):
    times_ms = (3200, 50, 800)
    folder = series(tmp_path / "mr", 3, 4, lambda t, k: {"InversionTime": str(times_ms[t])})
    (plan,) = plans(folder)
    assert axis(plan) == (SeriesAxis.INDEX, (0.0, 1.0, 2.0))
    first, second, third = counted(3, 4)
    assert numbers(plan) == [second, third, first]
    (remark,) = plan.warnings
    assert "inversion time (50, 800, 3200 ms)" in remark
    assert outcomes_checked_frame_by_frame(folder, tmp_path) == {"MR 4-D index"}


def test_a_ct_reconstructed_with_two_kernels_is_two_volumes(tmp_path):
    folder = series(
        tmp_path / "ct", 2, 5, lambda t, k: {"ConvolutionKernel": ["B30f", "B70f"][t]}, modality="CT"
    )
    soft, sharp = plans(folder)
    assert [*numbers(soft), *numbers(sharp)] == counted(2, 5)
    assert axis(soft) == axis(sharp) == ONE_VOLUME
    assert soft.quantity is sharp.quantity is Quantity.HU
    assert outcomes_checked_frame_by_frame(folder, tmp_path) == {"CT read"}


def test_echo_times_that_differ_by_the_rounding_are_one_echo(tmp_path):
    folder = series(tmp_path / "mr", 2, 4, lambda t, k: {"EchoTime": f"{5.0 * (t + 1) + 1e-4 * (k % 2):.4f}"})
    (plan,) = plans(folder)
    assert axis(plan) == (SeriesAxis.ECHO, (5.0001, 10.0001))
    assert numbers(plan) == counted(2, 4)
    assert outcomes_checked_frame_by_frame(folder, tmp_path) == {"MR 4-D echo"}


# Diffusion


def test_several_unweighted_volumes_and_the_directions_are_one_series(tmp_path):
    directions = [[1, 0, 0], [0, 1, 0], [0, 0, 1], [0.6, 0.8, 0], [0.6, 0, 0.8], [0, 0.6, 0.8]]

    def scan(t, k):
        if t < 3:
            return {"DiffusionBValue": 0.0}
        return {"DiffusionBValue": 1000.0, "DiffusionGradientOrientation": directions[t - 3]}

    folder = series(tmp_path / "mr", 9, 5, scan)
    (plan,) = plans(folder)
    assert axis(plan) == (SeriesAxis.B_VALUE, (0.0,) * 3 + (1000.0,) * 6)
    assert numbers(plan) == counted(9, 5)
    assert plan.warnings == ()
    assert outcomes_checked_frame_by_frame(folder, tmp_path) == {"MR 4-D b-value"}


def test_a_diffusion_scan_repeated_by_acquisition_number_is_one_series(tmp_path):
    def scan(t, k):
        repetition, direction = divmod(t, 4)
        elements = {"AcquisitionNumber": repetition + 1, "DiffusionBValue": 1000.0 if direction else 0.0}
        if direction:
            elements["DiffusionGradientOrientation"] = np.eye(3)[direction - 1].tolist()
        return elements

    folder = series(tmp_path / "mr", 8, 4, scan)
    (plan,) = plans(folder)
    assert axis(plan) == (SeriesAxis.B_VALUE, (0.0, 1000.0, 1000.0, 1000.0) * 2)
    assert numbers(plan) == counted(8, 4)
    assert outcomes_checked_frame_by_frame(folder, tmp_path) == {"MR 4-D b-value"}


# Times


def test_content_times_of_whole_seconds_do_not_tear_a_scan_apart(tmp_path):
    folder = series(
        tmp_path / "ct", 2, 12, lambda t, k: {"ContentTime": f"1000{(t * 12 + k) // 4:02d}"}, modality="CT"
    )
    (plan,) = plans(folder)
    assert axis(plan) == (SeriesAxis.INDEX, (0.0, 1.0))
    assert numbers(plan) == counted(2, 12)
    assert "content time" in plan.warnings[0]
    assert outcomes_checked_frame_by_frame(folder, tmp_path) == {"CT 4-D index"}


def test_slices_that_were_acquired_together_stay_in_their_volume(tmp_path):
    folder = series(tmp_path / "mr", 3, 6, lambda t, k: {"AcquisitionTime": f"1000{t * 10 + k % 3:02d}.5"})
    (plan,) = plans(folder)
    assert axis(plan) == (SeriesAxis.TIME, (0.0, 10.0, 20.0))
    assert numbers(plan) == counted(3, 6)
    assert outcomes_checked_frame_by_frame(folder, tmp_path) == {"MR 4-D time"}


def test_a_scan_across_midnight_goes_on_the_next_day(tmp_path):
    at = (("20200101", "235950"), ("20200102", "000000"), ("20200102", "000010"))
    folder = series(
        tmp_path / "mr", 3, 5, lambda t, k: {"AcquisitionDate": at[t][0], "AcquisitionTime": at[t][1]}
    )
    (plan,) = plans(folder)
    assert axis(plan) == (SeriesAxis.TIME, (0.0, 10.0, 20.0))
    assert numbers(plan) == counted(3, 5)
    assert outcomes_checked_frame_by_frame(folder, tmp_path) == {"MR 4-D time"}


def test_trigger_times_that_tell_the_volumes_apart_are_the_axis_before_acquisition_times(tmp_path):
    folder = series(
        tmp_path / "mr", 3, 5, lambda t, k: {"TriggerTime": str(40 * t), "AcquisitionTime": f"1000{t:02d}"}
    )
    (plan,) = plans(folder)
    assert axis(plan) == (SeriesAxis.TIME, (0.0, 0.04, 0.08))
    assert numbers(plan) == counted(3, 5)
    assert outcomes_checked_frame_by_frame(folder, tmp_path) == {"MR 4-D time"}


def test_trigger_times_of_a_cine_may_differ_from_slice_to_slice(tmp_path):
    folder = series(tmp_path / "mr", 3, 4, lambda t, k: {"TriggerTime": f"{40 * t + 0.7 * k * t:.2f}"})
    (plan,) = plans(folder)
    assert axis(plan) == (SeriesAxis.TIME, (0.0, 0.04, 0.08))
    assert numbers(plan) == counted(3, 4)
    assert outcomes_checked_frame_by_frame(folder, tmp_path) == {"MR 4-D time"}


def test_a_time_that_is_none_leaves_the_volumes_whole_and_counted(tmp_path):
    folder = series(tmp_path / "mr", 2, 4, lambda t, k: {"AcquisitionTime": ["101000", "101022.5"][t]})
    for number in range(5, 9):
        replace_in_file(folder / f"{number:04d}.dcm", b"101022.5", b"1010inf ")
    (plan,) = plans(folder)
    assert axis(plan) == (SeriesAxis.INDEX, (0.0, 1.0))
    assert numbers(plan) == counted(2, 4)
    assert "acquisition time" in plan.warnings[0]
    assert outcomes_checked_frame_by_frame(folder, tmp_path) == {"MR 4-D index"}


# Acquisitions and order


def test_acquisition_numbers_that_count_slices_part_the_volumes_by_their_order(tmp_path):
    folder = series(tmp_path / "mr", 2, 5, lambda t, k: {"AcquisitionNumber": t * 5 + k + 1})
    (plan,) = plans(folder)
    assert axis(plan) == (SeriesAxis.INDEX, (0.0, 1.0))
    assert numbers(plan) == counted(2, 5)
    assert "acquisition" in plan.warnings[0]
    assert outcomes_checked_frame_by_frame(folder, tmp_path) == {"MR 4-D index"}


def test_coronal_stations_are_volumes_of_their_own(tmp_path):
    def scan(t, k):
        place = [-10, 5.0 * k, 400 * t]
        return {"ImageOrientationPatient": CORONAL, "ImagePositionPatient": place, "AcquisitionNumber": t + 1}

    folder = series(tmp_path / "mr", 2, 5, scan)
    found = plans(folder)
    assert [numbers(plan)[0] for plan in found] == counted(2, 5)  # along the normal, from front to back
    assert {axis(plan) for plan in found} == {ONE_VOLUME}
    assert [plan.grid.spacing_kji_mm[0] for plan in found] == [5.0, 5.0]
    assert outcomes_checked_frame_by_frame(folder, tmp_path) == {"MR read"}


def test_slices_of_two_ct_acquisitions_that_alternate_carry_a_warning(tmp_path):
    def scan(t, k):
        place = [-10, -20, SLICE_STEP_MM * k + 1.5 * t]
        return {"AcquisitionNumber": t + 1, "ImagePositionPatient": place}

    folder = series(tmp_path / "ct", 2, 5, scan, modality="CT")
    (plan,) = plans(folder)
    assert axis(plan) == ONE_VOLUME
    assert numbers(plan) == [[1, 6, 2, 7, 3, 8, 4, 9, 5, 10]]
    assert plan.grid.spacing_kji_mm[0] == 1.5
    (warning,) = plan.warnings
    assert "2 acquisitions alternate" in warning
    assert outcomes_checked_frame_by_frame(folder, tmp_path) == {"CT read"}


def test_interleaved_passes_of_one_mr_scan_carry_no_warning(tmp_path):
    (plan,) = plans(series(tmp_path / "mr", 1, 8, lambda t, k: {"AcquisitionNumber": k % 2 + 1}))
    assert (axis(plan), plan.warnings) == (ONE_VOLUME, ())


def test_frames_counted_by_dimension_index_only_are_volumes_in_the_order_of_the_file(tmp_path):
    made = [
        frame(SLICE_STEP_MM * k, FrameContentSequence=item(DimensionIndexValues=[1, k + 1, t + 1]))
        for k in range(4)
        for t in range(3)
    ]
    folder = tmp_path / "mr"
    folder.mkdir()
    write(enhanced(made), folder / "e.dcm")
    (plan,) = plans(folder)
    assert axis(plan) == (SeriesAxis.INDEX, (0.0, 1.0, 2.0))
    assert frames(plan) == [[0, 3, 6, 9], [1, 4, 7, 10], [2, 5, 8, 11]]
    assert "counted" in plan.warnings[0]
    assert outcomes_checked_frame_by_frame(folder, tmp_path) == {"MR 4-D index"}


# Copies


def test_one_image_sent_twice_is_left_out_of_its_time_series(tmp_path):
    folder = series(tmp_path / "mr", 4, 5, lambda t, k: scanned_at(t))
    write_again(folder / "0007.dcm", folder / "again.dcm")
    (plan,) = plans(folder, left_out=1)
    assert axis(plan) == (SeriesAxis.TIME, (0.0, 10.0, 20.0, 30.0))
    assert numbers(plan) == counted(4, 5)
    (warning,) = plan.warnings
    assert warning.startswith("1 image")
    assert "same pixels" in warning
    assert outcomes_checked_frame_by_frame(folder, tmp_path) == {"MR 4-D time"}


def test_one_image_sent_twice_is_left_out_where_acquisition_numbers_count_slices(tmp_path):
    folder = series(tmp_path / "ct", 1, 5, lambda t, k: {"AcquisitionNumber": k + 1}, modality="CT")
    write_again(folder / "0003.dcm", folder / "again.dcm", AcquisitionNumber=9)
    (plan,) = plans(folder, left_out=1)
    assert axis(plan) == ONE_VOLUME
    assert numbers(plan) == counted(1, 5)
    (warning,) = plan.warnings
    assert "same pixels" in warning
    assert outcomes_checked_frame_by_frame(folder, tmp_path) == {"CT read"}


def test_blank_slices_at_the_end_of_each_volume_are_no_copies(tmp_path):
    folder = series(tmp_path / "mr", 2, 5, lambda t, k: {} if k else {"PixelData": bytes(128)})
    (plan,) = plans(folder)
    assert axis(plan) == (SeriesAxis.INDEX, (0.0, 1.0))
    assert numbers(plan) == counted(2, 5)
    assert outcomes_checked_frame_by_frame(folder, tmp_path) == {"MR 4-D index"}


def test_an_object_stored_twice_with_another_content_time_is_one_image(tmp_path):
    folder = series(tmp_path / "ct", 1, 4, lambda t, k: {"ContentTime": "100000"}, modality="CT")
    for path in sorted(folder.iterdir()):
        again = pydicom.dcmread(path)
        again.ContentTime = "110000"
        write(again, folder / f"again-{path.name}")
    (plan,) = plans(folder)
    assert axis(plan) == ONE_VOLUME
    assert numbers(plan) == counted(1, 4)
    (warning,) = plan.warnings
    assert warning.startswith("4 identical copies")
    assert outcomes_checked_frame_by_frame(folder, tmp_path) == {"CT read"}


# What is missing is said


def test_a_time_point_that_lost_its_end_slice_is_a_volume_beside_the_others_and_both_say_so(tmp_path):
    folder = series(tmp_path / "mr", 4, 5, lambda t, k: scanned_at(t), left_out=[(2, 4)])
    whole, short = plans(folder)
    first, second, third, fourth = counted(4, 5)
    assert axis(whole) == (SeriesAxis.TIME, (0.0, 10.0, 30.0))
    assert numbers(whole) == [first, second, fourth]
    assert axis(short) == ONE_VOLUME
    assert numbers(short) == [third[:4]]
    assert "volumes of 5 and of 4 slices" in whole.warnings[-1]
    assert "volumes of 5 and of 4 slices" in short.warnings[-1]
    assert "missing between the others: 1" in whole.warnings[0]
    assert outcomes_checked_frame_by_frame(folder, tmp_path) == {"MR 4-D time", "MR read"}


def test_a_pet_with_fewer_slices_than_announced_says_so(tmp_path):
    folder = series(tmp_path / "pt", 1, 5, lambda t, k: {"NumberOfSlices": 8}, modality="PT")
    (plan,) = plans(folder)
    assert plan.quantity is Quantity.SUVBW
    assert numbers(plan) == counted(1, 5)
    (warning,) = plan.warnings
    assert "announces 8 slices in a volume, 5 were found" in warning
    assert outcomes_checked_frame_by_frame(folder, tmp_path) == {"PT read"}


def test_a_concatenation_that_lost_a_file_says_so(tmp_path):
    folder = tmp_path / "mr"
    folder.mkdir()
    part = enhanced(
        [frame(SLICE_STEP_MM * k) for k in range(4)],
        ConcatenationUID="1.2.5",
        InConcatenationNumber=1,
        InConcatenationTotalNumber=2,
        ConcatenationFrameOffsetNumber=0,
    )
    write(part, folder / "1.dcm")
    (plan,) = plans(folder)
    assert frames(plan) == [[0, 1, 2, 3]]
    (warning,) = plan.warnings
    assert "announces 2 files" in warning
    assert outcomes_checked_frame_by_frame(folder, tmp_path) == {"MR read"}


# What values are


def test_volumes_of_one_series_may_measure_different_things(tmp_path):
    folder = tmp_path / "ct"
    folder.mkdir()
    for number in range(1, 9):
        elements = {"size": 8} if number <= 4 else {"size": 6, "RescaleType": "US"}
        z_mm = 5.0 * ((number - 1) % 4)
        write(image(number, z_mm, "CT", **elements), folder / f"{number}.dcm")
    hounsfield, other = plans(folder)
    assert [*numbers(hounsfield), *numbers(other)] == counted(2, 4)
    assert (hounsfield.quantity, hounsfield.warnings) == (Quantity.HU, ())
    assert other.quantity is Quantity.ARBITRARY
    assert other.warnings == ("The values of this CT are US, not HU.",)
    assert outcomes_checked_frame_by_frame(folder, tmp_path) == {"CT read"}


def test_compressed_values_beyond_bits_stored_are_refused_rather_than_wrapped(tmp_path):
    values = np.linspace(-1024, 3000, 64).astype(np.int16).reshape(8, 8)  # 12 bits end at 2047
    code = imagecodecs.jpeg2k_encode(values, level=0, codecformat="j2k")
    folder = tmp_path / "ct"
    folder.mkdir()
    for k in range(3):
        made = image(k + 1, SLICE_STEP_MM * k, "CT", RescaleIntercept="0", BitsStored=12, HighBit=11)
        made.file_meta.TransferSyntaxUID = JPEG2000Lossless
        made.PixelData = encapsulate([code])
        made["PixelData"].VR, made["PixelData"].is_undefined_length = "OB", True
        write(made, folder / f"{k}.dcm")
    (plan,) = plans(folder)
    assert numbers(plan) == [[1, 2, 3]]
    with pytest.raises(InputError) as refused:
        read_planned(plan)
    assert refused.value.details["reason"] == "bits-stored"


def test_an_intercept_that_one_slice_lacks_refuses_the_series(tmp_path):
    folder = series(tmp_path / "ct", 1, 4, modality="CT")
    without = pydicom.dcmread(folder / "0003.dcm")
    del without.RescaleIntercept
    write(without, folder / "0003.dcm")
    refused = refusal(folder)
    assert refused.reason == "rescale"
    assert len(refused.headers) == 4
    assert "1 of 4 images, first 0003.dcm" in refused.message


def test_an_empty_intercept_refuses_the_series(tmp_path):
    refused = refusal(series(tmp_path / "ct", 1, 4, lambda t, k: {"RescaleIntercept": None}, modality="CT"))
    assert refused.reason == "rescale"
    assert "RescaleIntercept" in refused.message
    assert "4 of 4 images" in refused.message


def test_a_damaged_intercept_in_one_slice_refuses_the_series(tmp_path):
    folder = series(tmp_path / "ct", 1, 4, modality="CT")
    cut_vr(folder / "0003.dcm", b"\x28\0\x52\x10DS")
    refused = refusal(folder)
    assert refused.reason == "unreadable"
    assert len(refused.headers) == 4
    assert "0003.dcm is damaged: RescaleIntercept" in refused.message


# One bad file, one odd object


def test_a_damaged_file_refuses_its_own_series_only(tmp_path):
    folder = series(tmp_path / "ct", 1, 4, modality="CT")
    cut_vr(write(image(60, 0.0, SeriesInstanceUID="1.2.3.8"), folder / "x.dcm"), b"\x08\0\x70\0LO")
    found = {outcome.series.modality: outcome for outcome in outcomes(folder)}
    assert numbers(found["CT"]) == counted(1, 4)
    assert found["CT"].warnings == ()
    damaged = found["MR"]
    assert (damaged.status, damaged.reason) == (Status.REFUSED, "unreadable")
    assert [header.path.name for header in damaged.headers] == ["x.dcm"]
    assert outcomes_checked_frame_by_frame(folder, tmp_path) == {"CT read", "MR unreadable"}


def test_an_object_without_an_image_in_a_series_of_two_volumes_has_an_id_of_its_own(tmp_path):
    folder = series(tmp_path / "mr", 2, 4, lambda t, k: {"ImageType": ["ORIGINAL", "PRIMARY", "MP"[t]]})
    write(stored_object(77, RawDataStorage), folder / "raw.dcm")
    magnitude, phase, raw = outcomes(folder)  # which sees to it that the ids differ
    assert [*numbers(magnitude), *numbers(phase)] == counted(2, 4)
    assert axis(magnitude) == axis(phase) == ONE_VOLUME
    assert (raw.status, raw.reason) == (Status.SKIPPED, "not-an-image")
    assert [header.path.name for header in raw.headers] == ["raw.dcm"]
    assert outcomes_checked_frame_by_frame(folder, tmp_path) == {"MR read", "MR not-an-image"}


# Text of a header stays out of messages


def test_a_frame_of_reference_that_is_a_name_is_refused_without_repeating_it(tmp_path):
    folder = series(tmp_path / "ct", 1, 3, modality="CT")
    write(image(1, 0.0, "CT", FrameOfReferenceUID="1.2.777777"), folder / "0001.dcm")
    replace_in_file(folder / "0001.dcm", b"1.2.777777", b"CANARYNAME")
    refused = refusal(folder)
    assert (refused.reason, len(refused.headers)) == ("mixed-frame-of-reference", 3)
    assert "found 2" in refused.message
    assert "CANARY" not in refused.message


def test_a_number_of_frames_that_is_a_name_is_refused_without_repeating_it(tmp_path):
    made = enhanced([frame(SLICE_STEP_MM * k) for k in range(4)])
    made.add_new("NumberOfFrames", "LO", "CANARYNAME")
    folder = tmp_path / "mr"
    folder.mkdir()
    write(made, folder / "e.dcm")
    refused = refusal(folder)
    assert (refused.reason, len(refused.headers)) == ("unreadable", 4)
    assert "NumberOfFrames" in refused.message
    assert "CANARY" not in refused.message


# A second look


MIDNIGHT = ("235950", "000000", "000010")


@pytest.mark.parametrize("dates", [None, ("20240101",) * 3, ("20240101", None, "20240102")])
def test_a_scan_across_midnight_whose_dates_say_nothing_is_in_order(tmp_path, dates):
    def scanned(t, k):
        date = {"AcquisitionDate": dates[t]} if dates and dates[t] else {}
        return {"AcquisitionTime": MIDNIGHT[t], **date}

    (plan,) = plans(series(tmp_path / "mr", 3, 5, scanned))
    assert axis(plan) == (SeriesAxis.TIME, (0.0, 10.0, 20.0))
    assert numbers(plan) == counted(3, 5)


def test_slices_with_times_of_their_own_across_midnight_stay_in_their_volume(tmp_path):
    seconds = [[-10, -8, -6, -4, -2, 0], [2, 4, 6, 8, 10, 12]]
    folder = series(
        tmp_path / "mr",
        2,
        6,
        lambda t, k: {
            "AcquisitionTime": f"{235960 + seconds[t][k] if seconds[t][k] < 0 else seconds[t][k]:06d}"
        },
    )
    (plan,) = plans(folder)
    assert numbers(plan) == counted(2, 6)
    assert axis(plan) == (SeriesAxis.TIME, (0.0, 12.0))


@pytest.mark.parametrize(
    ("keyword", "values"), [("EchoTime", ["5", "80"]), ("TemporalPositionIdentifier", [1, 2])]
)
def test_a_slice_of_another_volume_is_never_taken_for_one_that_was_lost(tmp_path, keyword, values):
    """Of the first volume the last slice is lost, and of the second one only that slice arrived."""
    folder = series(
        tmp_path / "mr",
        2,
        5,
        lambda t, k: {keyword: values[t]},
        left_out=[(0, 4), *((1, k) for k in range(4))],
    )
    volume, stray = outcomes(folder)
    assert isinstance(volume, VolumePlan)
    assert numbers(volume) == [[1, 2, 3, 4]]
    assert isinstance(stray, NoVolume)
    assert stray.reason == "one-slice"


def test_a_scan_that_was_broken_off_after_one_slice_keeps_its_whole_volumes(tmp_path):
    folder = series(tmp_path / "mr", 4, 5, lambda t, k: scanned_at(t), left_out=[(3, k) for k in range(1, 5)])
    whole, stray = outcomes(folder)
    assert axis(whole) == (SeriesAxis.TIME, (0.0, 10.0, 20.0))
    assert numbers(whole) == counted(3, 5)
    assert stray.reason == "one-slice"


def test_echo_times_that_a_scanner_adjusts_by_the_slice_part_nothing(tmp_path):
    folder = series(tmp_path / "mr", 1, 10, lambda t, k: {"EchoTime": ["84.50", "84.62"][k % 2]})
    (plan,) = plans(folder)
    assert numbers(plan) == counted(1, 10)


@pytest.mark.parametrize("keyword", ["KVP", "ConvolutionKernel"])
def test_what_some_slices_don_t_say_parts_nothing(tmp_path, keyword):
    value = {"KVP": "120", "ConvolutionKernel": "B30f"}[keyword]
    folder = series(tmp_path / "ct", 1, 10, lambda t, k: {keyword: value} if k < 7 else {}, modality="CT")
    (plan,) = plans(folder)
    assert numbers(plan) == counted(1, 10)
    assert plan.warnings == ()


def test_volumes_that_would_have_been_one_say_what_parted_them(tmp_path):
    folder = series(tmp_path / "mr", 1, 10, lambda t, k: {"TemporalPositionIdentifier": 1 + k % 2})
    odd, even = plans(folder)
    assert [*numbers(odd), *numbers(even)] == [[1, 3, 5, 7, 9], [2, 4, 6, 8, 10]]
    for plan in (odd, even):
        assert any("together their 10 slices lie on one regular grid" in warning for warning in plan.warnings)


def test_slices_of_two_flip_angles_are_never_interpolated_between(tmp_path):
    folder = series(tmp_path / "mr", 1, 8, lambda t, k: {"FlipAngle": [5, 20][k % 2]}, left_out=[(0, 3)])
    outcome = refusal(folder)
    assert outcome.reason == "missing-slices"
    (asked,) = outcomes(folder, ReadOptions(allow_uneven=True))
    assert isinstance(asked, NoVolume)


def test_numbers_of_time_points_that_are_missing_are_said_and_kept_in_the_times(tmp_path):
    def scanned(t, k):
        return {
            "TemporalPositionIdentifier": [1, 2, 4, 5][t],
            "ScanningSequence": "EP",
            "RepetitionTime": "2000",
        }

    (plan,) = plans(series(tmp_path / "mr", 4, 5, scanned))
    assert axis(plan) == (SeriesAxis.TIME, (0.0, 2.0, 6.0, 8.0))
    assert any("missing between the others: 1" in warning for warning in plan.warnings)


def test_a_volume_sent_again_later_is_no_second_time_point(tmp_path):
    folder = series(tmp_path / "ct", 1, 5, lambda t, k: {"ContentTime": "100000"}, modality="CT")
    for number, path in enumerate(sorted(folder.iterdir())):
        again = pydicom.dcmread(path)
        again.SOPInstanceUID = again.file_meta.MediaStorageSOPInstanceUID = f"1.2.3.{number}"
        again.ContentTime = "110000"
        write(again, folder / f"again-{path.name}")
    (plan,) = plans(folder, left_out=5)
    assert axis(plan) == ONE_VOLUME


def test_thousands_of_times_are_planned_in_seconds(tmp_path):
    """As many different values as images: what compares each with each would take a minute."""
    classes = clusters([(float(number),) for number in range(20_000)], 0.0)
    assert classes == list(range(20_000))
    assert max(clusters([(float(number),) for number in range(20_000)], 0.5)) == 19_999
