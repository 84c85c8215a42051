"""Further volumes of a patient that lie where the first one lies: CT with PET, T1 with T2.

DICOM says by the frame of reference which series were acquired, or registered, in one space (PS3.3 C.7.4.1).
Volumes that share it are laid on each other in mm, whatever their grids; nothing is registered here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from medseg.errors import GridMismatchError
from medseg.io.label_map_files import NIFTI_SUFFIXES
from medseg.progress import Progress, silent
from medseg.space import Grid
from medseg.volume import Volume
from medseg.workflows.list_volumes import ListedVolume, Status, list_volumes
from medseg.workflows.open_image import open_image, open_listed


class Fit(StrEnum):
    """Whether two volumes lie in one space."""

    SHARED = "shared"
    """They share a frame of reference."""
    UNKNOWN = "unknown"
    """One of them names none, as NIfTI: their coordinates may agree, and nobody says so."""
    OTHER = "other"
    """They have different frames of reference: their coordinates have nothing to do with each other."""


@dataclass(frozen=True, eq=False)
class Candidate:
    """A volume that was found beside the one that is open.

    Attributes:
        name: What people choose by; of DICOM it may name the patient, so that it is for the screen alone.
        fit: Whether it lies where the open one lies.
        modality: ``PT``, ``CT``, ``MR`` …; empty where the format names none.
        path: The NIfTI file, or None.
        listed: The DICOM volume, or None.
    """

    name: str
    fit: Fit
    modality: str = ""
    path: Path | None = None
    listed: ListedVolume | None = None


def fit_of(grid: Grid, other: Grid) -> Fit:
    """Whether two grids lie in one space, by their frames of reference alone."""
    first, second = grid.frame_of_reference_uid, other.frame_of_reference_uid
    if not first or not second:
        return Fit.UNKNOWN
    return Fit.SHARED if first == second else Fit.OTHER


def candidates_in(path: Path | str, opened: Volume, *, progress: Progress = silent) -> tuple[Candidate, ...]:
    """Look for further volumes of a patient, without reading a pixel.

    Args:
        path: A folder of DICOM files, searched to the bottom, or a NIfTI file.
        opened: The volume that they are to be laid on; it is not listed itself.
        progress: Told before each file.

    Returns:
        What can be read, that which shares the frame of reference first.

    Raises:
        NoImagesError: No DICOM image in there.
        UnreadableFileError: Nothing at ``path``.
    """
    path = Path(path)
    if path.is_file() and path.name.endswith(NIFTI_SUFFIXES):
        return (Candidate(path.name, Fit.UNKNOWN, path=path),)
    return candidates_among(list_volumes(path, progress=progress), opened)


def candidates_among(listed: Sequence[ListedVolume], opened: Volume) -> tuple[Candidate, ...]:
    """The same from what a folder is known to hold."""
    found = [
        Candidate(
            one.description or one.summary.id, fit_of(opened.grid, one.grid), one.summary.modality, listed=one
        )
        for one in listed
        if one.summary.status is Status.CONVERTIBLE and one.grid is not None and not _is(one, opened)
    ]
    order = list(Fit)
    return tuple(sorted(found, key=lambda candidate: order.index(candidate.fit)))


def read_candidate(candidate: Candidate, opened: Volume, *, progress: Progress = silent) -> Volume:
    """Read a volume that is to be laid on the open one.

    Args:
        candidate: What was found; of a 4-D series its first volume is read.
        opened: The open volume.
        progress: Called before each slice.

    Returns:
        The volume on its own grid; a warning says where only its coordinates speak for its place.

    Raises:
        GridMismatchError: It lies in another frame of reference; reason ``other-frame-of-reference``.
        MedsegError: It can't be read.
    """
    if candidate.listed is not None:
        first = 0 if candidate.listed.count > 1 else None
        volume = open_listed(candidate.listed, time_index=first, progress=progress)
    else:
        volume = open_image(candidate.path or "", progress=progress)
    return require_fit(volume, opened)


def require_fit(volume: Volume, opened: Volume) -> Volume:
    """Refuse a volume that lies in another space; see :func:`read_candidate`."""
    fit = fit_of(opened.grid, volume.grid)
    if fit is Fit.OTHER:
        raise GridMismatchError(
            "expected a volume in the frame of reference of the open one, got one in another",
            hint="register it to the open one first; coordinates of different frames can't be compared",
            reason="other-frame-of-reference",
        )
    if fit is Fit.SHARED:
        return volume
    return replace(volume, warnings=(*volume.warnings, UNKNOWN_PLACE))


UNKNOWN_PLACE = (
    "This image names no frame of reference, or the open one does not: it is laid on by its coordinates. "
    "Check on anatomy that both fit."
)


def _is(listed: ListedVolume, opened: Volume) -> bool:
    """Whether the open volume was read from the files of a listed one."""
    if listed.plan is None:
        return False
    read = {file.uid for file in opened.source.files if file.uid}
    return any(header.sop_instance_uid in read for headers in listed.plan.volumes for header in headers)
