"""The truth that methods are measured on: real masks, and which slices of them are given.

The folder of data holds ``sarcoma/`` (soft-tissue sarcomas, one mask a file, some with their image),
``organs/`` (label maps of a CT) and ``brain_labels/`` (label maps of a brain). They come as NIfTI, read by
nibabel, so that nothing of medseg's takes part in saying what is true.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import nibabel
import numpy as np
import numpy.typing as npt
import pydicom

from medseg.contour import Slice
from medseg.space import Grid

KINDS = ("sarcoma", "organ", "brain")
EVERY = (2, 3, 4, 5, 8)
"""The distances k of the given slices."""

MIN_VOXELS = 500
MIN_SLICES = 10
"""A structure takes part that has this many voxels, and this many filled slices along each axis.

Below, half of the voxels lie on the outline, or k = 8 leaves nothing between the two ends.
"""

MARGIN = 4
"""Voxels of background kept around a structure, where its image has them."""

MOST_REPEATED = 1 / 3
"""Share of axial slices that may be copies of their neighbour in a mask that is called its slices' own."""

NO_TRUTH = frozenset({"004", "043", "047"})
"""Sarcomas whose slices were duplicated by their resampling: not independent of their neighbours."""

FIRST_LABEL_OUTSIDE_THE_BRAIN = 500
"""The label maps of brains go on with what surrounds it (skin, fat, bone)."""

CT_OF_SEGMENTATION = slice(82, 112)
"""Slices of ``example_ct`` that ``example_seg`` was drawn on.

The two affines put them on the first 30, but there the liver would have −1000…+1200 HU. On the last 30 each
organ has the density of that organ (the liver 46 ± 15 HU); one slice further off each spread grows.
"""

DICOM_OF_SEGMENTATION = "ct_jpeg2000"
"""Folder beside the one of masks with the CT of ``example_seg_dicom``, whose rows run the other way."""


@dataclass(frozen=True, eq=False)
class Case:
    """One structure of one patient.

    Attributes:
        name: Unique, for example ``sarcoma-001-MR`` or ``brain-02-17``.
        kind: One of :data:`KINDS`.
        patient: Whose it is; never in both halves of the split.
        split: ``"tune"`` or ``"report"``.
        truth: The structure with a margin, ``[k, j, i]``, k along the patient's axis from feet to head.
        spacing_kji_mm: Distance of voxel centres.
        image: Its image on the same grid, where there is one.
        image_kind: What the image's values are: ``"CT"`` (HU) or ``"T1"`` (arbitrary); empty without one.
    """

    name: str
    kind: str
    patient: str
    split: str
    truth: npt.NDArray[np.bool_]
    spacing_kji_mm: tuple[float, float, float]
    image: npt.NDArray[np.float32] | None = None
    image_kind: str = ""

    @cached_property
    def grid(self) -> Grid:
        """An upright grid of this spacing."""
        k, j, i = self.spacing_kji_mm
        return Grid(self.truth.shape, np.array([[0, 0, i, 0], [0, j, 0, 0], [k, 0, 0, 0], [0, 0, 0, 1.0]]))

    @cached_property
    def repeats(self) -> bool:
        """Whether its slices are those of a coarser grid, repeated: half of what is asked for are copies.

        Which neighbour a missing slice copies, the drawn ones don't tell.
        """
        return share_repeated(self.truth, 0) > MOST_REPEATED


def cases(data: Path, kinds: Sequence[str] = KINDS, split: str | None = None) -> list[Case]:
    """All cases of some kinds, by kind and name.

    Args:
        data: The folder that holds ``sarcoma/``, ``organs/`` and ``brain_labels/``.
        kinds: Which of :data:`KINDS`.
        split: Only this half.
    """
    readers = {"sarcoma": _sarcomas, "organ": _organs, "brain": _brains}
    found = [case for kind in kinds for case in readers[kind](data)]
    return [case for case in found if split in (None, case.split)]


def share_repeated(mask: npt.NDArray[np.bool_], axis: int) -> float:
    """How many of a structure's slices are the same as the one before, as a share."""
    slices = np.moveaxis(mask, axis, 0)
    slices = slices[slices.any(axis=(1, 2))]
    return float((slices[1:] == slices[:-1]).all(axis=(1, 2)).mean()) if len(slices) > 1 else 0.0


def given_indices(mask: npt.NDArray[np.bool_], axis: int, every: int) -> list[int]:
    """The first filled slice along an axis, every k-th from there, and the last filled one."""
    filled = np.flatnonzero(mask.any(axis=tuple(a for a in range(3) if a != axis)))
    return sorted({*range(int(filled[0]), int(filled[-1]), every), int(filled[-1])})


def given_slices(mask: npt.NDArray[np.bool_], axis: int, every: int) -> dict[Slice, npt.NDArray[np.bool_]]:
    """What a reader drew who drew :func:`given_indices`: the mask on each of these slices."""
    return slices_at(mask, axis, given_indices(mask, axis, every))


def slices_at(
    mask: npt.NDArray[np.bool_], axis: int, indices: Sequence[int]
) -> dict[Slice, npt.NDArray[np.bool_]]:
    """The mask on some slices along one axis."""
    return {Slice(axis, index): mask.take(index, axis) for index in indices}


def mixed_slices(
    mask: npt.NDArray[np.bool_], every: int = 8, sagittal: int = 3, coronal: int = 3
) -> dict[Slice, npt.NDArray[np.bool_]]:
    """Axial slices every ``every``, both ends given, with a few sagittal and coronal ones.

    Those cut the structure at equal distances: three of them at 25, 50 and 75 % of its extent, rounded
    down to a voxel.
    """
    drawn = given_slices(mask, 0, every)
    for axis, count in ((2, sagittal), (1, coronal)):
        drawn |= slices_at(mask, axis, evenly_inside(mask, axis, count))
    return drawn


def evenly_inside(mask: npt.NDArray[np.bool_], axis: int, count: int) -> list[int]:
    """Indices of ``count`` slices that cut the extent along an axis into ``count + 1`` equal parts."""
    first, last = (given_indices(mask, axis, mask.shape[axis])[n] for n in (0, -1))
    return sorted({first + (last - first) * n // (count + 1) for n in range(1, count + 1)})


def evenly_spaced(mask: npt.NDArray[np.bool_], axis: int, count: int) -> list[int]:
    """Indices of ``count`` slices at distances as equal as whole slices allow, both ends among them."""
    ends = given_indices(mask, axis, mask.shape[axis])
    return sorted({int(index) for index in np.rint(np.linspace(ends[0], ends[-1], count))})


def _sarcomas(data: Path) -> Iterator[Case]:
    files = [
        path for path in sorted((data / "sarcoma").glob("*_mask.nii.gz")) if path.name[:3] not in NO_TRUTH
    ]
    split = _split(path.name[:3] for path in files)
    for path in files:
        patient, modality = path.name.split("_")[:2]
        truth, spacing = _read(path)
        image_path = path.with_name(path.name.replace("_mask", "_image"))
        image = _read(image_path)[0].astype(np.float32) if image_path.exists() else None
        yield _case(
            f"sarcoma-{patient}-{modality}", "sarcoma", patient, split, truth > 0, spacing,
            image, {"CT": "CT", "MR": "T1"}[modality] if image is not None else "",
        )  # fmt: skip


def _organs(data: Path) -> Iterator[Case]:
    split = _split(("example", "example_dicom"))
    ct, _ = _read(data / "organs" / "example_ct.nii.gz")
    images = {
        "example": ct[CT_OF_SEGMENTATION].astype(np.float32),
        "example_dicom": _dicom_image(data.parent / DICOM_OF_SEGMENTATION),
    }
    files = {"example": "example_seg.nii.gz", "example_dicom": "example_seg_dicom.nii.gz"}
    for patient, name in files.items():
        labels, spacing = _read(data / "organs" / name)
        image = images[patient]
        short = patient.replace("example", "ct").replace("_dicom", "2")
        yield from _structures(f"organ-{short}", "organ", patient, split, labels, spacing, image)


def _dicom_image(folder: Path) -> npt.NDArray[np.float32] | None:
    """A CT as ``[k, j, i]`` from feet to head and from back to front; None where the folder is missing."""
    if not folder.is_dir():
        return None
    slices = [pydicom.dcmread(path) for path in sorted(folder.glob("CT.*"))]
    slices.sort(key=lambda one: float(one.ImagePositionPatient[2]))
    values = [one.pixel_array * float(one.RescaleSlope) + float(one.RescaleIntercept) for one in slices]
    return np.stack(values)[:, ::-1].astype(np.float32)


def _brains(data: Path) -> Iterator[Case]:
    files = sorted((data / "brain_labels").glob("*.nii.gz"))
    split = _split(path.name[:2] for path in files)
    for path in files:
        labels, spacing = _read(path)
        labels = np.where(labels < FIRST_LABEL_OUTSIDE_THE_BRAIN, labels, 0).astype(np.int32)
        patient = path.name[:2]
        yield from _structures(f"brain-{patient}", "brain", patient, split, labels, spacing, None)


def _structures(prefix, kind, patient, split, labels, spacing, image) -> Iterator[Case]:
    for label in np.unique(labels[labels > 0]):
        mask = labels == label
        if is_enough(mask):
            yield _case(
                f"{prefix}-{label:03d}", kind, patient, split, mask, spacing,
                image, "CT" if image is not None else "",
            )  # fmt: skip


def is_enough(mask: npt.NDArray[np.bool_]) -> bool:
    """Whether a structure is large enough to leave slices out; see :data:`MIN_VOXELS`."""
    return bool(mask.sum() >= MIN_VOXELS) and all(
        np.count_nonzero(mask.any(axis=tuple(a for a in range(3) if a != axis))) >= MIN_SLICES
        for axis in range(3)
    )


def _case(name, kind, patient, split, mask, spacing, image, image_kind) -> Case:
    window = tuple(
        slice(max(int(index.min()) - MARGIN, 0), int(index.max()) + MARGIN + 1) for index in np.nonzero(mask)
    )
    return Case(
        name, kind, patient, split[patient], np.ascontiguousarray(mask[window]), spacing,
        None if image is None else np.ascontiguousarray(image[window]), image_kind,
    )  # fmt: skip


def _split(patients) -> dict[str, str]:
    """Every second patient, by name, is kept for the report."""
    return {patient: ("tune", "report")[number % 2] for number, patient in enumerate(sorted(set(patients)))}


def _read(path: Path) -> tuple[npt.NDArray[np.generic], tuple[float, float, float]]:
    """An image as ``[k, j, i]`` with its spacing; its axes swapped, where need be, so that k is axial.

    The brains are stored with k from back to front. Their voxels are cubes, so nothing is resampled.
    """
    image = nibabel.load(path)
    codes = nibabel.aff2axcodes(image.affine)
    axial = next(axis for axis, code in enumerate(codes) if code in "SI")
    order = [axial, *(axis for axis in (2, 1, 0) if axis != axial)]
    spacing = tuple(float(image.header.get_zooms()[axis]) for axis in order)
    return np.ascontiguousarray(np.asanyarray(image.dataobj).transpose(order)), spacing
