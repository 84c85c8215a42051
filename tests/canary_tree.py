"""A folder of DICOM series with a canary in every text: converted, refused, skipped and damaged ones."""

from __future__ import annotations

import numpy as np
import pydicom
from pydicom.uid import ComprehensiveSRStorage, PositronEmissionTomographyImageStorage

from canaries import encoded, spread
from medseg.io.dicom import write_series
from medseg.space import Grid
from medseg.volume import Quantity, Source, Volume

OF_A_SLICE = {"SOPInstanceUID", "ImagePositionPatient", "InstanceNumber", "PixelData"}

READ = OF_A_SLICE | {
    # What the files are and where they lie: they would not be converted without.
    "SOPClassUID",
    "StudyInstanceUID",
    "SeriesInstanceUID",
    "FrameOfReferenceUID",
    "Modality",
    "ImageType",
    "FrameType",
    "PhotometricInterpretation",
    "ImageOrientationPatient",
    "PixelSpacing",
    "RescaleSlope",
    "RescaleIntercept",
    "RescaleType",
    "NumberOfFrames",
}
"""Elements of a series that are not replaced; all other text is a canary."""

DECAY = {
    "Units": "BQML",
    "DecayCorrection": "START",
    "CorrectedImage": ["ATTN", "DECY"],
    "SeriesDate": "18650203",
    "SeriesTime": "113749.987654",
    "AcquisitionDate": "18650203",
    "AcquisitionTime": "113749.987654",
    "PatientWeight": "70.8213",
}
INJECTION_SEQUENCE = "RadiopharmaceuticalInformationSequence"
INJECTION = {
    "RadiopharmaceuticalStartTime": "103749.123456",
    "RadionuclideTotalDose": "370187187",
    "RadionuclideHalfLife": "6586.2187",
}
"""What SUV is computed from: canaries, too, but such as make sense."""


TERMS = {"Modality", "PhotometricInterpretation", "ImageType", "FrameType", "RescaleType"}
"""Elements that hold one of the standard's terms, or what somebody typed."""

LONG_ONE = "1.0000000001"
"""A number that stands out among all bytes, as long as a canary is with its padding."""


def write(folder, seed, *, modality="MR", patient="1"):
    grid = Grid.from_axes(
        (4, 6, 5),
        origin_lps_mm=[0, 0, 0],
        step_k_mm=[0, 0, 3],
        step_j_mm=[0, 2, 0],
        step_i_mm=[2, 0, 0],
    )
    voxels = np.arange(grid.shape_kji[0] * 30, dtype=np.int16).reshape(grid.shape_kji)
    volume = Volume(grid, voxels, Quantity.ARBITRARY, Source("phantom"))
    return write_series(
        volume, folder, modality=modality, uid_seed=seed, patient_name="X^Y", patient_id=patient
    )


def spoil(paths, canaries, texts, *, keep=READ, change=None):
    """Put canaries into all files of a series, and into the names of the files and of their folder."""
    for number, path in enumerate(paths):
        dataset = pydicom.dcmread(path)
        if change:
            change(dataset)
        dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
        dataset.save_as(path, enforce_file_format=True)
        spread(path, texts, keep)
        path.rename(path.with_name(f"{number}{canaries.word('name of a file')}.dcm"))
    folder = paths[0].parent
    return folder.rename(folder.with_name(f"{folder.name}^{canaries.word('name of a folder')}"))


def as_pet(dataset):
    dataset.SOPClassUID = PositronEmissionTomographyImageStorage
    dataset.Modality = "PT"
    for keyword, value in DECAY.items():
        setattr(dataset, keyword, value)
    isotope = pydicom.Dataset()
    for keyword, value in INJECTION.items():
        setattr(isotope, keyword, value)
    setattr(dataset, INJECTION_SEQUENCE, [isotope])


def as_report(dataset):
    dataset.SOPClassUID = ComprehensiveSRStorage
    dataset.Modality = "SR"
    for keyword in ("PixelData", "Rows", "Columns"):
        delattr(dataset, keyword)


def as_localizer(dataset):
    dataset.ImageType = ["ORIGINAL", "PRIMARY", "LOCALIZER"]


def as_damaged(dataset):
    dataset.RescaleSlope, dataset.RescaleIntercept = LONG_ONE, "0"


SERIES = ("ct", "mr", "pet", "holey", "report", "localizer", "odd", "damaged")


def make_tree(root, canaries):
    """Series of every modality, a refused one, skipped ones, damaged files and files that are no DICOM."""
    paths = {
        name: sorted(write(root / name, name, modality="CT" if name == "ct" else "MR", patient=name))
        for name in SERIES
    }
    texts = encoded(canaries.dataset())
    canaries.meaningful |= {text: keyword for keyword, text in DECAY.items() if text[0].isdigit()}
    canaries.meaningful |= {text: keyword for keyword, text in INJECTION.items()}
    paths["holey"].pop(2).unlink()
    spoil(paths["ct"], canaries, texts)
    spoil(paths["mr"], canaries, texts)
    spoil(paths["pet"], canaries, texts, keep=READ.union(DECAY, [INJECTION_SEQUENCE]), change=as_pet)
    spoil(paths["holey"], canaries, texts)
    spoil(paths["report"], canaries, texts, change=as_report)
    spoil(paths["localizer"], canaries, texts, change=as_localizer)
    spoil(paths["odd"], canaries, texts, keep=READ - TERMS)
    damaged = spoil(paths["damaged"], canaries, texts, change=as_damaged)
    for path in damaged.iterdir():
        word = canaries.word("RescaleSlope")
        path.write_bytes(path.read_bytes().replace(LONG_ONE.encode(), f"{word} ".encode()))
    (damaged / f"{canaries.word('name of a file')}.txt").write_text(canaries.word("text file"))
    (damaged / f"cut{canaries.word('name of a file')}.dcm").write_bytes(path.read_bytes()[:3000])
    (damaged / f"empty{canaries.word('name of a file')}.dcm").touch()
