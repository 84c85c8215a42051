"""A training set as a folder: MONAI's datalist, in the layout of the Medical Segmentation Decathlon.

::

    dataset.json           what is in it
    imagesTr/, labelsTr/   of training and validation
    imagesTs/, labelsTs/   of the test
    signed/CASE/           the label map that was signed, as it was, with its sidecars and statements
    trust/                 by which they are verified
    left_out.json          what is not in it, and why
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy.typing as npt

from medseg.errors import UnreadableFileError
from medseg.io.atomic import write_whole
from medseg.io.bounded_file import read_bounded
from medseg.io.label_map_files import LabelMapFiles
from medseg.io.nifti.write import write_voxels
from medseg.provenance.step import SOFTWARE
from medseg.space import Grid

DATASET_NAME = "dataset.json"
LEFT_OUT_NAME = "left_out.json"

LABEL_SCHEMA = "urn:medseg:training-label:1"
LEFT_OUT_SCHEMA = "urn:medseg:left-out:1"

BACKGROUND = "background"

MAX_BYTES = 64 * 2**20
"""Of ``dataset.json``: a case takes a kilobyte."""


class Split(StrEnum):
    """What a case is for."""

    TRAINING = "training"
    VALIDATION = "validation"
    TEST = "test"


def split_of(case_id: str, *, validation: float, test: float) -> Split:
    """What a case is for: it depends on its id alone, so that it stays what it is when others are added.

    Args:
        case_id: The case.
        validation: About which share of all cases is for validation.
        test: About which share is for the test.
    """
    # The first 64 bits of SHA-256, as a number from 0 to 1.
    place = int.from_bytes(hashlib.sha256(case_id.encode()).digest()[:8]) / 2**64
    if place < test:
        return Split.TEST
    return Split.VALIDATION if place < test + validation else Split.TRAINING


@dataclass(frozen=True)
class DatasetFiles:
    """Where the files of a case lie in a training set.

    Attributes:
        folder: The folder of the training set.
        case_id: The case.
        split: What it is for.
    """

    folder: Path
    case_id: str
    split: Split

    @property
    def image(self) -> Path:
        """The image."""
        return self.folder / f"images{self._suffix}" / f"{self.case_id}.nii.gz"

    @property
    def label(self) -> Path:
        """The labels to train on."""
        return self.folder / f"labels{self._suffix}" / f"{self.case_id}.nii.gz"

    @property
    def label_origin(self) -> Path:
        """What the labels were derived from."""
        return self.label.with_name(f"{self.case_id}.json")

    @property
    def signed(self) -> LabelMapFiles:
        """The label map that was signed."""
        return signed_files(self.folder, self.case_id)

    @property
    def item(self) -> dict[str, str]:
        """The case in the datalist."""
        return {"image": self._named(self.image), "label": self._named(self.label)}

    @property
    def _suffix(self) -> str:
        return "Ts" if self.split is Split.TEST else "Tr"

    def _named(self, path: Path) -> str:
        return f"./{path.relative_to(self.folder).as_posix()}"


def signed_files(folder: Path, case_id: str) -> LabelMapFiles:
    """Where the signed label map of a case lies in a training set."""
    return LabelMapFiles(folder / "signed" / case_id / f"{case_id}_dseg.nii.gz")


def write_training_label(
    files: DatasetFiles, labels: npt.NDArray[Any], grid: Grid, origin: Mapping[str, Any]
) -> str:
    """Write the labels of a case and what they were derived from.

    Args:
        files: Where.
        labels: Voxels ``[k, j, i]``.
        grid: The grid of the image.
        origin: What they were derived from, as a JSON object.

    Returns:
        SHA-256 of the file of labels.

    Raises:
        OutputError: It can't be written.
    """
    files.label.parent.mkdir(parents=True, exist_ok=True)
    digest = write_voxels(labels, grid, files.label)
    document = {"schema": LABEL_SCHEMA, "label_sha256": digest, "software": SOFTWARE, **origin}
    write_json(files.label_origin, document)
    return digest


def write_datalist(
    folder: Path,
    cases: Iterable[DatasetFiles],
    labels: Mapping[str, int],
    *,
    name: str,
    description: str,
    modality: str,
    more: Mapping[str, Any],
) -> str:
    """Write ``dataset.json``.

    Args:
        folder: The folder of the training set.
        cases: Its cases, in order.
        labels: The label of each structure's name.
        name: What the set is called.
        description: What it is.
        modality: What the images are, such as ``CT``.
        more: What medseg has to say besides, as a JSON object.

    Returns:
        SHA-256 of the file.

    Raises:
        OutputError: It can't be written.
    """
    cases = tuple(cases)
    items = {split: [case.item for case in cases if case.split is split] for split in Split}
    # The keys of the Decathlon; numValidation, validation and channel_names are those that MONAI and
    # nnU-Net add to them.
    document = {
        "name": name,
        "description": description,
        "tensorImageSize": "3D",
        "modality": {"0": modality},
        "channel_names": {"0": modality},
        "labels": {"0": BACKGROUND, **{str(label): each for each, label in labels.items()}},
        "file_ending": ".nii.gz",
        "numTraining": len(items[Split.TRAINING]),
        "numValidation": len(items[Split.VALIDATION]),
        "numTest": len(items[Split.TEST]),
        **{split.value: items[split] for split in Split},
        "medseg": {"software": SOFTWARE, **more},
    }
    return write_json(folder / DATASET_NAME, document)


@dataclass(frozen=True)
class Datalist:
    """What ``dataset.json`` says.

    Attributes:
        labels: The label of each structure's name.
        modality: What the images are, such as ``CT``.
        cases: The cases that are not for the test, in order.
    """

    labels: dict[str, int]
    modality: str
    cases: tuple[DatasetFiles, ...]


def read_datalist(folder: Path) -> Datalist:
    """Read ``dataset.json`` of a training set that medseg wrote; the cases of the test are left alone.

    Raises:
        UnreadableFileError: It is missing, damaged or of another form; reason ``dataset-damaged``.
    """
    data = read_bounded(folder / DATASET_NAME, MAX_BYTES)
    try:
        document = json.loads(data)
        labels = {str(name): int(label) for label, name in document["labels"].items() if label != "0"}
        modality = str(document["modality"]["0"])
        cases = tuple(
            DatasetFiles(folder, _case_id(item["image"]), split)
            for split in (Split.TRAINING, Split.VALIDATION)
            for item in document[split.value]
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UnreadableFileError(
            f"{DATASET_NAME} is damaged, or of another form than `medseg export dataset` writes: {error!r}",
            hint="export the training set anew",
            reason="dataset-damaged",
        ) from error
    return Datalist(labels, modality, cases)


def _case_id(image: str) -> str:
    """The case of an image in the datalist."""
    name = image.rpartition("/")[2]
    if not name.endswith(".nii.gz") or "\\" in name:
        raise ValueError(image)
    return name.removesuffix(".nii.gz")


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object of a training set.

    Raises:
        UnreadableFileError: It is missing, damaged or no object; reason ``dataset-damaged``.
    """
    data = read_bounded(path, MAX_BYTES)
    try:
        document = json.loads(data)
    except ValueError as error:
        raise UnreadableFileError(f"{path.name} is damaged: {error}", reason="dataset-damaged") from error
    if not isinstance(document, dict):
        raise UnreadableFileError(f"expected an object in {path.name}", reason="dataset-damaged")
    return document


def write_json(path: Path, document: Mapping[str, Any]) -> str:
    """Write a JSON document for people and programs; returns the SHA-256 of the file."""
    content = json.dumps(document, indent=1, ensure_ascii=False).encode() + b"\n"
    write_whole(path, content)
    return hashlib.sha256(content).hexdigest()
