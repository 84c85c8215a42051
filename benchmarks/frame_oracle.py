"""Does a NIfTI hold its DICOM? Every frame is looked up by its place, and its values are compared.

A frame is right when its four corner pixels lie within 0.05 mm of voxel centres of one slice of some
NIfTI, by its sform, and that slice holds the frame's values. Which way the file's axes run is free: the
affine says so. Where no slice is right the same values are searched in all files, to tell a frame that lies
in the wrong place, and how far off, from one whose values are wrong and from one that is lost.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import nibabel
import numpy as np

from dicom_frames import Frame, UndecodableError, read_frames

__all__ = ["Frame", "FrameReport", "Place", "UndecodableError", "check_nifti", "read_frames"]

POSITION_TOLERANCE_MM = 0.05
"""How far a corner may lie from a voxel's centre: what the project promises of every conversion."""

FLOAT32_STEPS = 2
"""A slope that is no float32 is rounded once in the file's header or by the converter, and its product once
more: together up to two units in the last place of float32."""

_RAS_TO_LPS = np.diag([-1.0, -1.0, 1.0, 1.0])
_VECTOR_INTENT = 1007
"""NIFTI_INTENT_VECTOR: the fifth axis holds channels, not time."""


@dataclass(frozen=True)
class Place:
    """Where a frame was found.

    Attributes:
        path: The NIfTI file.
        first_ijk: Voxel of the frame's first pixel, in the file's axis order.
        t: Index along the fourth and further axes, counted in the file's order.
        off_mm: The farthest that a corner lies from its voxel's centre.
    """

    path: Path
    first_ijk: tuple[int, int, int]
    t: int
    off_mm: float


@dataclass(frozen=True)
class FrameReport:
    """What became of the frames of one series.

    Attributes:
        frames: All of them.
        right: Lie where they should and hold their values.
        misplaced: Their values lie somewhere, but not where they should.
        wrong_values: A slice lies where they should, but with other values, which lie nowhere else either.
        lost: Neither their place nor their values are in any file.
        placeless: The DICOM tells no place of them: nothing can be right about them.
        worst_mm: The farthest that a right or misplaced frame lies from its place; 0 without any.
        unexplained_voxels: Voxels of the files that no right frame holds.
        places: By frame label, where the right ones are.
        faults: One line for each frame that is not right.
    """

    frames: int = 0
    right: int = 0
    misplaced: int = 0
    wrong_values: int = 0
    lost: int = 0
    placeless: int = 0
    worst_mm: float = 0.0
    unexplained_voxels: int = 0
    places: dict[str, Place] = field(default_factory=dict)
    faults: tuple[str, ...] = ()

    @property
    def all_right(self) -> bool:
        """Every frame is right and no voxel is without one."""
        return self.right == self.frames > 0 and self.unexplained_voxels == 0


def check_nifti(
    frames: Sequence[Frame], nifti_paths: Iterable[Path], *, factor: float = 1.0, relative: float = 0.0
) -> FrameReport:
    """Compare the files that a converter wrote with the frames they were made of.

    Values must be equal wherever float32 can hold them; elsewhere they may differ by :data:`FLOAT32_STEPS`
    units in the last place of float32, of the largest term of the rescaling.

    Args:
        frames: Of one series, from :func:`read_frames`.
        nifti_paths: All files that it was converted to.
        factor: What the values were multiplied with on purpose (Bq/ml to SUV).
        relative: Further relative tolerance of the values, for such a factor.
    """
    files = [_Nifti(path) for path in sorted(nifti_paths)]
    counts = dict.fromkeys(("right", "misplaced", "wrong_values", "lost", "placeless"), 0)
    places: dict[str, Place] = {}
    faults: list[str] = []
    worst = 0.0
    for frame in frames:
        wanted, tolerance = _wanted(frame, factor, relative)
        verdict, place, off_mm = _judge(frame, wanted, tolerance, files)
        counts[verdict] += 1
        worst = max(worst, off_mm)
        if place is not None:
            places[frame.label] = place
        else:
            far = f" by {off_mm:.2f} mm" if verdict == "misplaced" else ""
            faults.append(f"{frame.label}: {verdict.replace('_', ' ')}{far}")
    unexplained = sum(int(np.count_nonzero(~file.explained)) for file in files)
    return FrameReport(
        frames=len(frames),
        **counts,
        worst_mm=worst,
        unexplained_voxels=unexplained,
        places=places,
        faults=tuple(faults),
    )


def _judge(
    frame: Frame, wanted: np.ndarray, tolerance: np.ndarray | float, files: Sequence[_Nifti]
) -> tuple[str, Place | None, float]:
    if frame.corners_lps_mm is None:
        return "placeless", None, 0.0
    slots = [slot for file in files if (slot := file.slot(frame)) is not None]
    for taken in (False, True):  # frames that are alike each get a slice of their own where there is one
        for slot in slots:
            t = slot.find(wanted, tolerance, taken=taken)
            if t is not None:
                slot.explain(t)
                return "right", Place(slot.file.path, slot.first_ijk, t, slot.off_mm), slot.off_mm
    off_mm = min((far for file in files for far in file.search(frame, wanted, tolerance)), default=None)
    if off_mm is not None:
        return "misplaced", None, off_mm
    return ("wrong_values" if slots else "lost"), None, 0.0


def _wanted(frame: Frame, factor: float, relative: float) -> tuple[np.ndarray, np.ndarray | float]:
    """The values a file should hold, and how far each may be off."""
    wanted = frame.values * factor
    slack = relative * np.abs(wanted) + frame.decoder_steps * abs(frame.slope * factor)
    terms = (frame.slope, frame.intercept)
    if all(np.float32(term) == term for term in terms) and np.array_equal(wanted, wanted.astype(np.float32)):
        return wanted, slack
    largest = np.maximum(np.abs(frame.stored * frame.slope), abs(frame.intercept)) * abs(factor)
    return wanted, slack + FLOAT32_STEPS * np.spacing(largest.astype(np.float32)).astype(float)


class _Nifti:
    """One file: its voxels as stored, ``[i, j, k, t]`` (and channels), its affine in LPS mm."""

    def __init__(self, path: Path) -> None:
        self.path = path
        image = nibabel.load(path)
        header = image.header
        placed = int(header["sform_code"]) > 0 or int(header["qform_code"]) > 0
        # nibabel takes the sform where there is one, else the qform.
        self.lps_from_ijk = _RAS_TO_LPS @ image.affine if placed else None
        self.slope, self.inter = image.dataobj.slope, image.dataobj.inter
        raw = np.asanyarray(image.dataobj.get_unscaled())
        if raw.dtype.names:  # RGB24 or RGBA32
            raw = np.stack([raw[name] for name in raw.dtype.names], axis=-1)
            self.channels = True
        else:
            self.channels = int(header["intent_code"]) == _VECTOR_INTENT
        self.raw = self._four_axes(raw)
        self.explained = np.zeros(self.raw.shape[:4], bool)
        self._means: dict[int, np.ndarray] = {}

    def _four_axes(self, raw: np.ndarray) -> np.ndarray:
        behind = raw.shape[-1:] if self.channels else ()
        spatial = raw.shape[: raw.ndim - len(behind)]
        spatial += (1,) * (3 - len(spatial))
        times = int(np.prod(spatial[3:]))
        return raw.reshape((*spatial[:3], times, *behind), order="F")

    def values(self, raw: np.ndarray) -> np.ndarray:
        """Voxels with the file's own slope and intercept."""
        return np.asarray(raw * float(self.slope) + float(self.inter))

    def slot(self, frame: Frame) -> _Slot | None:
        """The slice whose voxels lie at the frame's pixels, or None."""
        corners, steps = frame.corners_lps_mm, frame.steps_lps_mm
        if self.lps_from_ijk is None or corners is None or steps is None:
            return None
        ijk_from_lps = np.linalg.inv(self.lps_from_ijk)
        nearest = np.rint(corners @ ijk_from_lps[:3, :3].T + ijk_from_lps[:3, 3]).astype(int)
        off_mm = self.off_mm(nearest, corners)
        if off_mm > POSITION_TOLERANCE_MM or (nearest < 0).any() or (nearest >= self.raw.shape[:3]).any():
            return None
        strides = np.rint(steps @ ijk_from_lps[:3, :3].T).astype(int)
        if (np.abs(strides).sum(axis=1) != 1).any():
            return None
        return _Slot(self, nearest[0], strides, frame.stored.shape[:2], off_mm)

    def off_mm(self, ijk: np.ndarray, lps_mm: np.ndarray) -> float:
        """How far the farthest of some points ``(n, 3)`` lies from its voxel's centre."""
        assert self.lps_from_ijk is not None
        centres = ijk @ self.lps_from_ijk[:3, :3].T + self.lps_from_ijk[:3, 3]
        return float(np.linalg.norm(centres - lps_mm, axis=1).max())

    def means(self, axis: int) -> np.ndarray:
        """The mean value of every slice across one axis, ``[slice, t]``: a quick first look."""
        if axis not in self._means:
            mean = self.raw.mean(axis=tuple(a for a in range(3) if a != axis))
            self._means[axis] = self.values(mean.reshape(*mean.shape[:2], -1).mean(axis=-1))
        return self._means[axis]

    def search(self, frame: Frame, wanted: np.ndarray, tolerance: np.ndarray | float) -> Iterator[float]:
        """How far off, in mm, each slice lies that holds the frame's values in any of its eight attitudes."""
        corners = frame.corners_lps_mm
        if self.lps_from_ijk is None or corners is None:
            return
        near = float(np.max(tolerance)) + 1e-6 * (1.0 + float(np.abs(wanted).max()))
        for axis in range(3):
            across = self.raw.shape[:axis] + self.raw.shape[axis + 1 : 3]
            if sorted(across) != sorted(wanted.shape[:2]):
                continue
            for number, t in np.argwhere(np.abs(self.means(axis) - wanted.mean()) <= near):
                plane = self.values(np.moveaxis(self.raw[:, :, :, t], axis, 0)[number])
                for ends in _attitudes(plane, wanted, tolerance):
                    yield self.off_mm(np.insert(ends, axis, number, axis=1), corners)


def _attitudes(plane: np.ndarray, wanted: np.ndarray, tolerance: np.ndarray | float) -> Iterator[np.ndarray]:
    """Where the frame's four corners lie in a plane that equals it turned or mirrored, ``(4, 2)``."""
    rows, columns = wanted.shape[:2]
    ends = np.array([(0, 0), (0, columns - 1), (rows - 1, 0), (rows - 1, columns - 1)])
    for swap, flip_rows, flip_columns in itertools.product((False, True), repeat=3):
        turned = np.swapaxes(plane, 0, 1) if swap else plane
        turned = turned[:: -1 if flip_rows else 1, :: -1 if flip_columns else 1]
        if _equal(turned, wanted, tolerance):
            found = ends.copy()
            if flip_rows:
                found[:, 0] = rows - 1 - found[:, 0]
            if flip_columns:
                found[:, 1] = columns - 1 - found[:, 1]
            yield found[:, ::-1] if swap else found


def _equal(found: np.ndarray, wanted: np.ndarray, tolerance: np.ndarray | float) -> bool:
    """Whether all values are within their tolerance; the middle row is looked at first, as it is quick."""
    if found.shape != wanted.shape:
        return False
    middle = len(wanted) // 2
    slack = np.broadcast_to(tolerance, wanted.shape)
    return all(
        bool((np.abs(found[rows] - wanted[rows]) <= slack[rows]).all())
        for rows in (slice(middle, middle + 1), slice(None))
    )


@dataclass(frozen=True, eq=False)
class _Slot:
    """A slice of a file, seen in the frame's rows and columns.

    Attributes:
        file: The file.
        first: Voxel of the first pixel.
        strides: ``(2, 3)``: voxels from one row to the next and from one column to the next.
        shape: Rows and columns.
        off_mm: The farthest that a corner lies from its voxel's centre.
    """

    file: _Nifti
    first: np.ndarray
    strides: np.ndarray
    shape: tuple[int, ...]
    off_mm: float

    @property
    def first_ijk(self) -> tuple[int, int, int]:
        """Voxel of the first pixel."""
        i, j, k = (int(n) for n in self.first)
        return i, j, k

    def view(self, voxels: np.ndarray) -> np.ndarray:
        """``[row, column, t]`` (and channels) of an array ``[i, j, k, t]``."""
        index: list[int | slice] = [int(n) for n in self.first]
        axes = [int(np.flatnonzero(stride)[0]) for stride in self.strides]
        for axis, stride, length in zip(axes, self.strides, self.shape, strict=True):
            start, step = int(self.first[axis]), int(stride[axis])
            end = start + step * length
            index[axis] = slice(start, None if end < 0 else end, step)
        view = voxels[tuple(index)]
        return view if axes[0] < axes[1] else np.swapaxes(view, 0, 1)

    def find(self, wanted: np.ndarray, tolerance: np.ndarray | float, *, taken: bool) -> int | None:
        """The first ``t`` that holds the values, of those that an earlier frame took, or did not."""
        raw = self.view(self.file.raw)
        for t in np.flatnonzero(self.view(self.file.explained)[0, 0] == taken):
            if _equal(self.file.values(raw[:, :, t]), wanted, tolerance):
                return int(t)
        return None

    def explain(self, t: int) -> None:
        """Mark the voxels as the frame's."""
        self.view(self.file.explained)[:, :, t] = True
