"""The BIDS sidecar: right numbers in BIDS's units along the image's axes, and nobody's name."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import nibabel
import numpy as np
import pytest
from pydicom import Dataset

import mr_images
from medseg.io.dicom import device_terms
from medseg.io.dicom.bids_sidecar import Sidecar, bids_sidecar
from medseg.io.dicom.header import ImageHeader, elements_of, read_headers
from medseg.space import Grid
from medseg.space.handedness import ijk_to_ras_from_kji_to_lps

AXIAL = mr_images.PLANES["axial"]
SIEMENS, GE, PHILIPS = "SIEMENS", "GE MEDICAL SYSTEMS", "Philips Medical Systems"
Change = Callable[[Dataset, int, int], None]
SECRET = "CANARY^JANE 1970"


def _sidecar(
    tmp_path: Path, maker: str, change: Change, *, volumes: int = 1, keep_phi: bool = False
) -> Sidecar:
    paths = mr_images.write_volumes(tmp_path / "in", maker, AXIAL, volumes, 3, change)
    headers = [[header for path in volume for header in read_headers(path) or ()] for volume in paths]
    return bids_sidecar(elements_of(paths[0][0]), headers, mr_images.grid_of(headers[0]), keep_phi=keep_phi)


def _volumes(folder: Path) -> list[tuple[ImageHeader, ...]]:
    headers = [header for path in sorted(folder.glob("*.dcm")) for header in read_headers(path) or ()]
    row, column = np.reshape(headers[0].orientation, (2, 3))
    places: dict[float, list[ImageHeader]] = {}
    for header in headers:
        at_mm = float(np.cross(row, column) @ np.array(header.position_lps_mm))
        places.setdefault(round(at_mm, 2), []).append(header)
    return list(zip(*(places[at_mm] for at_mm in sorted(places)), strict=True))


REFERENCES = {
    "mr_4d_nih/In/20180918Si/mr_0003": "mr_4d_nih/Ref/EPI_PE=AP_3",
    "mr_4d_nih/In/20180918Si/mr_0004": "mr_4d_nih/Ref/EPI_PE=PA_4",
    "mr_4d_nih/In/20180918Si/mr_0005": "mr_4d_nih/Ref/EPI_PE=RL_5",
    "mr_4d_nih/In/20180918Si/mr_0006": "mr_4d_nih/Ref/EPI_PE=LR_6",
    "mr_4d_nih/In/20180918GE/mr_0004": "mr_4d_nih/Ref/DCM2NIIX_regression_test_4",
    "mr_enhanced/In/Siemens/XA10": "mr_enhanced/Ref/Siemens_REST1_w_SMS_PF7-8_6",
}
SAME_WORDS = ("Modality", "Manufacturer", "ManufacturersModelName", "MRAcquisitionType", "PatientPosition")
SAME_NUMBERS = (
    "MagneticFieldStrength", "EchoTime", "RepetitionTime", "FlipAngle", "PixelBandwidth", "EchoTrainLength",
    "PercentPhaseFOV", "PercentSampling", "SliceThickness", "EffectiveEchoSpacing", "TotalReadoutTime",
)  # fmt: skip


@pytest.mark.parametrize(("case", "reference"), REFERENCES.items(), ids=REFERENCES)
def test_real_series_match_their_reference(real_data: Path, case: str, reference: str) -> None:
    volumes = _volumes(real_data / case)
    grid = mr_images.grid_of(volumes[0])
    expected = json.loads((real_data / f"{reference}.json").read_text())

    found = bids_sidecar(elements_of(volumes[0][0].path, volumes[0][0].frame), volumes, grid)

    assert {name: found[name] for name in SAME_WORDS} == {name: expected[name] for name in SAME_WORDS}
    for name in SAME_NUMBERS:
        assert found[name] == pytest.approx(expected.get(name, 1), rel=1e-4), name
    image = nibabel.load(real_data / f"{reference}.nii")
    assert _phase_ras(found, ijk_to_ras_from_kji_to_lps(grid.index_to_lps_mm)) == pytest.approx(
        _phase_ras(expected, image.affine), abs=1e-3
    )


def _phase_ras(sidecar: Sidecar, ijk_to_ras: np.ndarray) -> np.ndarray:
    """Which way phase ran in the patient: BIDS tells it along the axes of the image beside it."""
    direction = str(sidecar["PhaseEncodingDirection"])
    axis = ijk_to_ras[:3, "ijk".index(direction[0])]
    return axis / np.linalg.norm(axis) * (-1 if direction.endswith("-") else 1)


def _nothing(image: Dataset, t: int, k: int) -> None:
    pass


def _phased(direction: str, polarity: str | None = None) -> Change:
    def change(image: Dataset, t: int, k: int) -> None:
        image.InPlanePhaseEncodingDirection = direction
        if polarity is not None and image.Manufacturer == GE:
            image.RectilinearPhaseEncodeReordering = polarity
        elif polarity is not None:
            header = mr_images.csa({"PhaseEncodingDirectionPositive": [polarity]})
            image.private_block(0x29, "SIEMENS CSA HEADER", create=True).add_new(0x10, "OB", header)

    return change


PHASES = {
    "siemens-up": (SIEMENS, _phased("COL", "1"), {"PhaseEncodingDirection": "j"}),
    "siemens-down": (SIEMENS, _phased("COL", "0"), {"PhaseEncodingDirection": "j-"}),
    "siemens-row": (SIEMENS, _phased("ROW", "0"), {"PhaseEncodingDirection": "i-"}),
    "siemens-untold": (SIEMENS, _phased("COL"), {"PhaseEncodingAxis": "j"}),
    "ge-linear": (GE, _phased("COL", "LINEAR"), {"PhaseEncodingDirection": "j"}),
    "ge-reverse": (GE, _phased("ROW", "REVERSE_LINEAR"), {"PhaseEncodingDirection": "i-"}),
    "philips": (PHILIPS, _phased("ROW", "1"), {"PhaseEncodingAxis": "i"}),
    "nobody": (PHILIPS, _nothing, {}),
}


@pytest.mark.parametrize(("maker", "change", "expected"), PHASES.values(), ids=PHASES)
def test_phase_runs_along_the_axes_of_the_image(
    tmp_path: Path, maker: str, change: Change, expected: Sidecar
) -> None:
    found = _sidecar(tmp_path, maker, change)

    assert {name: value for name, value in found.items() if name.startswith("PhaseEncoding")} == expected


def test_ge_readout_counts_accelerated_lines(tmp_path: Path) -> None:
    """The example of GE/README.md of dcm2niix: 0.055332 s, for an image of 128 lines."""

    def change(image: Dataset, t: int, k: int) -> None:
        image.InPlanePhaseEncodingDirection = "COL"
        image.AcquisitionMatrix = [128, 0, 0, 128]
        image.ScanOptions = ["SAT_GEMS", "EPI_GEMS", "ACC_GEMS", "PFF", "FS"]
        block = image.private_block(0x43, "GEMS_PARM_01", create=True)
        block.add_new(0x2C, "SS", 636)
        block.add_new(0x83, "DS", ["0.666667", "1"])

    found = _sidecar(tmp_path, GE, change)

    assert found["TotalReadoutTime"] == pytest.approx(0.055332)
    assert found["EffectiveEchoSpacing"] == pytest.approx(0.055332 / (mr_images.SIZE - 1))
    assert found["ScanOptions"] == "SAT_GEMS\\EPI_GEMS\\ACC_GEMS\\PFF\\FS"


def test_times_are_in_seconds(tmp_path: Path) -> None:
    def change(image: Dataset, t: int, k: int) -> None:
        image.EchoTime, image.RepetitionTime, image.InversionTime, image.FlipAngle = (
            "2.98",
            "2300",
            "900",
            "9",
        )

    found = _sidecar(tmp_path, SIEMENS, change)

    assert (found["EchoTime"], found["RepetitionTime"], found["InversionTime"]) == (0.00298, 2.3, 0.9)
    assert found["FlipAngle"] == 9


def test_ge_leaves_the_pause_out_of_its_repetition_time(tmp_path: Path) -> None:
    def change(image: Dataset, t: int, k: int) -> None:
        image.private_block(0x43, "GEMS_PARM_01", create=True).add_new(0x7C, "FL", 0.5)

    found = _sidecar(tmp_path, GE, change)

    assert (found["RepetitionTime"], found["DelayTime"]) == (5.5, 0.5)


def test_what_varies_is_not_one_value(tmp_path: Path) -> None:
    def change(image: Dataset, t: int, k: int) -> None:
        image.EchoTime, image.EchoNumbers, image.FlipAngle = str(10 + 5 * t), str(t + 1), str(3 + t)

    found = _sidecar(tmp_path, SIEMENS, change, volumes=2)

    assert not {"EchoTime", "EchoNumber", "FlipAngle"} & set(found)
    assert found["RepetitionTime"] == 5


def test_ct_has_its_own_numbers(tmp_path: Path) -> None:
    def change(image: Dataset, t: int, k: int) -> None:
        image.Modality, image.KVP, image.ExposureTime, image.GantryDetectorTilt = "CT", "120", "750", "0"
        image.XRayTubeCurrent = str(200 + k)
        image.ConvolutionKernel = ["Br40d", "3"]

    found = _sidecar(tmp_path, SIEMENS, change)

    expected = {"KVP": 120, "ExposureTime": 0.75, "GantryDetectorTilt": 0, "ConvolutionKernel": "Br40d\\3"}
    assert found | expected == found
    assert not {"EchoTime", "FlipAngle", "XRayTubeCurrent", "PhaseEncodingAxis"} & set(found)


def test_pet_names_its_tracer_by_code(tmp_path: Path) -> None:
    def change(image: Dataset, t: int, k: int) -> None:
        image.Modality, image.DecayCorrection, image.ActualFrameDuration = "PT", "START", "150000"
        tracer, code = Dataset(), Dataset()
        code.CodeMeaning = "^18^Fluorine"
        tracer.RadionuclideTotalDose, tracer.RadionuclideCodeSequence = "388777472", [code]
        tracer.Radiopharmaceutical = SECRET
        image.RadiopharmaceuticalInformationSequence = [tracer]

    found = _sidecar(tmp_path, GE, change)

    expected = {
        "TracerRadionuclide": "F18",
        "InjectedRadioactivity": 388.78,
        "InjectedRadioactivityUnits": "MBq",
        "FrameDuration": [150],
        "ImageDecayCorrected": True,
    }
    assert found | expected == found


TEXTS = [
    "Manufacturer", "ManufacturerModelName", "SoftwareVersions", "SequenceName", "ConvolutionKernel",
    "SeriesDescription", "ProtocolName", "StudyDescription", "InstitutionName", "StationName",
    "DeviceSerialNumber", "ReceiveCoilName", "ImageComments", "PatientName", "PatientID",
]  # fmt: skip
CODES = [
    "BodyPartExamined", "PatientPosition", "ScanningSequence", "SequenceVariant", "ScanOptions",
    "MRAcquisitionType", "InPlanePhaseEncodingDirection", "PatientSex",
]  # fmt: skip
NUMBERS = [
    "EchoTime", "RepetitionTime", "InversionTime", "FlipAngle", "MagneticFieldStrength", "ImagingFrequency",
    "PixelBandwidth", "NumberOfAverages", "PercentSampling", "PercentPhaseFieldOfView", "SliceThickness",
]  # fmt: skip


@pytest.mark.parametrize("modality", ["MR", "CT", "PT"])
def test_no_text_gets_out(tmp_path: Path, modality: str) -> None:
    def change(image: Dataset, t: int, k: int) -> None:
        image.Modality = modality
        for keyword in TEXTS:
            setattr(image, keyword, SECRET)
        for keyword in CODES:
            setattr(image, keyword, "CANARY JANE")
        for keyword in NUMBERS:
            setattr(image, keyword, "1970123142")
        image.ImageType = ["ORIGINAL", "PRIMARY", "CANARY"]
        image.AcquisitionTime, image.PatientBirthDate, image.PatientAge = "101231.1970", "19701231", "049Y"
        image.PatientWeight = "70.1231"

    found = json.dumps(_sidecar(tmp_path, SIEMENS, change))

    assert not [word for word in ("CANARY", "JANE", "1970", "0.1231", "049Y") if word in found]


def test_identity_is_kept_where_asked_for(tmp_path: Path) -> None:
    def change(image: Dataset, t: int, k: int) -> None:
        image.SeriesDescription, image.PatientID, image.InstitutionName = "My study", "0815", "Here"
        image.AcquisitionTime, image.ManufacturerModelName = "122458.1025", "Built at home"

    found = _sidecar(tmp_path, SIEMENS, change, keep_phi=True)

    expected = {
        "SeriesDescription": "My study",
        "PatientID": "0815",
        "InstitutionName": "Here",
        "AcquisitionTime": "12:24:58.1025",
        "ManufacturersModelName": "Built at home",
    }
    assert found | expected == found


def test_resampled_slices_have_no_times(real_data: Path) -> None:
    volumes = _volumes(real_data / "mr_4d_nih/In/20180918Si/mr_0003")
    grid = mr_images.grid_of(volumes[0])
    more = Grid((grid.shape_kji[0] + 1, *grid.shape_kji[1:]), grid.index_to_lps_mm)
    elements = elements_of(volumes[0][0].path)

    assert "SliceTiming" in bids_sidecar(elements, volumes, grid)
    assert "SliceTiming" not in bids_sidecar(elements, volumes, more)


@pytest.mark.parametrize(
    "name",
    [
        "Skyra", "TrioTim", "MAGNETOM Vida", "Prisma_fit", "DISCOVERY MR750", "Signa HDxt", "LightSpeed16",
        "Biograph 64", "Biograph64", "iCT 256", "Achieva dStream", "Ingenuity CT", "Galan 3T", "uMR 790",
        "ECHELON", "SOMATOM Definition AS+", "Emotion_16",
    ],
)  # fmt: skip
def test_known_models_are_named(name: str) -> None:
    assert device_terms.model(name) == name


@pytest.mark.parametrize(
    "name", ["", "64", "Smith", "Skyra Smith", "Skyra 19701231", "123456", "Dr. Trio", "MR12345"]
)
def test_other_models_are_not(name: str) -> None:
    assert device_terms.model(name) is None


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (("syngo MR E11",), "syngo MR E11"),
        (("syngo MR 2006T 4VB12T",), "syngo MR 2006T 4VB12T"),
        (("27", "LX", "MR Software release:DV26.0_R01_1725.a"), "DV26.0_R01_1725.a"),
        (("JANE VA12Bx",), None),
        (("DUVA12B",), None),
    ],
)
def test_software_is_named_by_its_release(texts: tuple[str, ...], expected: str | None) -> None:
    assert device_terms.software(texts) == expected


@pytest.mark.parametrize(
    ("name", "is_known"),
    [
        ("*epfid2d1_64", True), ("epfid2d1_72", True), ("*ep_b1000#3", True), ("*tfl3d1_16ns", True),
        ("*fl3d1_ns", True), ("*spcir3d1rr_140ns", False), ("FEEPI", True), ("DTI_PA-ortho", False),
        ("JANE", False), ("dicom2nifti", False), ("ep_jane", False), ("", False),
    ],
)  # fmt: skip
def test_sequences_are_named_as_scanners_form_them(name: str, is_known: bool) -> None:
    assert device_terms.sequence(name) == (name if is_known else None)


@pytest.mark.parametrize(
    ("meaning", "expected"),
    [
        ("^18^Fluorine", "F18"),
        ("^99m^Technetium", "Tc99m"),
        ("^68^Gallium", "Ga68"),
        ("Jane", None),
        ("18 Jane", None),
    ],
)
def test_nuclides_are_named_by_symbol_and_mass(meaning: str, expected: str | None) -> None:
    assert device_terms.nuclide(meaning) == expected
