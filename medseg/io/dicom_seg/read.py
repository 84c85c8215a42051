"""DICOM SEG → structures on the file's own grid."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from medseg.errors import NotOneVolumeError, UnreadableFileError, UnsupportedImageError
from medseg.io.dicom.header import ImageHeader, read_headers
from medseg.io.dicom_seg.frames import opened_frames
from medseg.io.dicom_seg.kinds import CLASSES, FORMAT
from medseg.io.dicom_seg.lattice import Lattice, lattice_of
from medseg.io.dicom_seg.layers_in import StoredSegments, label_map_of_labels, label_map_of_segments
from medseg.io.dicom_seg.segment_in import Segment, segment_notes, segments_of
from medseg.io.dicom_seg.source_in import source_of
from medseg.io.dicom_seg.text import printed_name
from medseg.io.dicom_seg.voxel_values import values_of
from medseg.io.exchange import Incoming

if TYPE_CHECKING:
    from pydicom import Dataset


def read_dicom_seg(path: Path, *, fractional_at: float | None = None) -> Incoming:
    """Read a DICOM segmentation of one regular volume.

    The grid is the smallest that holds all frames; empty slices, which no frame was stored for, are filled
    in. Segments that overlap lie in several layers, as few as it takes.

    Args:
        path: The file.
        fractional_at: From which fraction on (above 0, up to 1) a voxel of a fractional segmentation belongs
            to its segment. Without it true fractions are refused: where to cut them is the reader's to say.

    Raises:
        UnreadableFileError: The file is damaged.
        UnsupportedImageError: It is another DICOM object; or fractions, colours or frames without a place.
        NotOneVolumeError: The frames lie on no regular grid.
        LabelMapError: Voxels of a label map that no segment explains.
        GeometryError: The spacing is no spacing of an image of a patient.
        ValueError: ``fractional_at`` is no such fraction.
    """
    if fractional_at is not None and not 0 < fractional_at <= 1:
        raise ValueError(f"expected a fraction above 0 and up to 1, got {fractional_at}")
    with _damage_named(path):
        return _read(path, fractional_at)


def _read(path: Path, fractional_at: float | None) -> Incoming:
    dataset, headers = _opened(path)
    segments = segments_of(dataset)
    lattice = lattice_of(headers, _slice_spacing_mm(dataset))
    values = values_of(dataset, fractional_at)
    with opened_frames(headers[0]) as frames:
        if values.are_labels:
            label_map = label_map_of_labels(frames, lattice, segments, dataset)
        else:
            by_segment = _frames_by_segment(dataset, lattice, segments)
            label_map = label_map_of_segments(StoredSegments(frames, lattice, values, by_segment), segments)
    source, source_notes = source_of(dataset)
    return Incoming(
        FORMAT,
        label_map.structures,
        label_map,
        frame_of_reference_uid=lattice.grid.frame_of_reference_uid,
        source=source,
        author=printed_name(str(dataset.get("ContentCreatorName") or "")),
        notes=(*lattice.notes, *values.notes, *segment_notes(dataset, segments), *source_notes),
    )


@contextmanager
def _damage_named(path: Path) -> Iterator[None]:
    """Turn what pydicom raises, here and there, on damaged elements into one clear error."""
    import pydicom.errors

    from medseg.io.dicom.pydicom_source import PARSE_ERRORS, lenient

    try:
        with lenient():
            yield
    except OSError as error:
        raise UnreadableFileError(
            f"{path.name} can't be opened: {error.strerror or error}", reason="unreadable"
        ) from error
    except (pydicom.errors.InvalidDicomError, *PARSE_ERRORS) as error:
        raise UnreadableFileError(
            f"{path.name} is damaged or no DICOM file",
            hint="copy or export the file again",
            reason="unreadable",
        ) from error


def _opened(path: Path) -> tuple[Dataset, tuple[ImageHeader, ...]]:
    from medseg.io.dicom.pydicom_source import read_dataset

    with path.open("rb") as file:
        dataset = read_dataset(file, stop_before_pixels=True)
    # Decoded now, with the character set of the file.
    dataset.decode()
    _require_segmentation(dataset, path)
    headers = read_headers(path)
    damage = headers[0].damage if headers else "it holds no image"
    if not headers or damage or len(headers) != headers[0].frames:
        raise UnreadableFileError(f"{path.name} is damaged: {damage}", reason="unreadable")
    return dataset, headers


def _require_segmentation(dataset: Dataset, path: Path) -> None:
    from pydicom.uid import UID

    found = str(dataset.get("SOPClassUID") or dataset.file_meta.get("MediaStorageSOPClassUID") or "")
    if found not in CLASSES:
        name = UID(found).name if found and UID(found).name != found else "an unnamed object"
        raise UnsupportedImageError(
            f"expected a DICOM segmentation, {path.name} is {name}",
            hint="give the file of modality SEG",
            reason="not-a-segmentation",
            sop_class=name,
        )


def _slice_spacing_mm(dataset: Dataset) -> float | None:
    """SpacingBetweenSlices of the pixel measures that all frames, or else the first, have."""
    groups = [*(dataset.get("SharedFunctionalGroupsSequence") or ())]
    groups += [*(dataset.get("PerFrameFunctionalGroupsSequence") or ())][:1]
    for group in groups:
        for measures in group.get("PixelMeasuresSequence") or ():
            spacing = measures.get("SpacingBetweenSlices")
            if spacing:
                # Some scanners give it a sign.
                return abs(float(spacing))
    return None


def _frames_by_segment(
    dataset: Dataset, lattice: Lattice, segments: Sequence[Segment]
) -> dict[int, list[tuple[int, int]]]:
    """For each segment number its frames, as pairs of frame number from 0 and slice ``k``."""
    known = {segment.number for segment in segments}
    shared = _referenced_segment(dataset.get("SharedFunctionalGroupsSequence") or ())
    groups = [*(dataset.get("PerFrameFunctionalGroupsSequence") or ())]
    found: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for frame, k in enumerate(lattice.slices):
        number = _referenced_segment(groups[frame : frame + 1])
        number = shared if number is None else number
        if number is None and len(known) == 1:
            number = segments[0].number
        if number not in known:
            raise UnreadableFileError(
                f"frame {frame + 1} belongs to no segment that the file describes",
                hint="the file is damaged or breaks the rules of DICOM segmentations",
                reason="damaged-segments",
            )
        found[number].append((frame, k))
    for number, frames in found.items():
        if len({k for _, k in frames}) < len(frames):
            raise NotOneVolumeError(
                f"several frames of segment {number} lie in one place",
                hint="tiled segmentations and those of moving organs are not read",
                reason="duplicate-positions",
            )
    return found


def _referenced_segment(groups: Sequence[Dataset]) -> int | None:
    for group in groups:
        for item in group.get("SegmentIdentificationSequence") or ():
            number = item.get("ReferencedSegmentNumber")
            # Some writers give a list.
            return None if number is None else int(np.ravel(number)[0])
    return None
