"""How many images a header says that there should be: the only way to miss slices lost at an end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from medseg.io.dicom.elements import Elements

MAX_COUNT = 100_000
"""A larger number is no count of images, and may be anything."""


@dataclass(frozen=True)
class Announced:
    """What a header counts; 0 where it doesn't.

    Attributes:
        slices: NumberOfSlices of a PET volume (PS3.3 C.8.9.1).
        temporal_positions: NumberOfTemporalPositions, of dynamic PET NumberOfTimeSlices.
        images_in_acquisition: ImagesInAcquisition.
        concatenation: ConcatenationUID of a multi-frame image that is spread over several files.
        concatenation_parts: InConcatenationTotalNumber, of how many.
    """

    slices: int = 0
    temporal_positions: int = 0
    images_in_acquisition: int = 0
    concatenation: str = ""
    concatenation_parts: int = 0


def announced_by(elements: Elements) -> Announced:
    """Gather what a file's header counts."""
    counts = Elements(*elements.layers)  # a nonsensical count damages no image
    return Announced(
        slices=_count(counts, "NumberOfSlices"),
        temporal_positions=_count(counts, "NumberOfTemporalPositions")
        or _count(counts, "NumberOfTimeSlices"),
        images_in_acquisition=_count(counts, "ImagesInAcquisition"),
        concatenation=elements.text("ConcatenationUID"),
        concatenation_parts=_count(counts, "InConcatenationTotalNumber"),
    )


def _count(elements: Elements, keyword: str) -> int:
    numbers = elements.numbers(keyword)
    return int(numbers[0]) if numbers and len(numbers) == 1 and 0 < numbers[0] <= MAX_COUNT else 0


@dataclass(frozen=True)
class Found:
    """What there is of a series, to be compared with what was announced.

    Attributes:
        slices: Of the volume in question.
        volumes: Along an axis of time.
        acquisitions: AcquisitionNumber of every image of the series.
        files: Of each concatenation, how many.
    """

    slices: int
    volumes: int
    acquisitions: Sequence[int | None]
    files: Counter[str]


def missing(announced: Announced, found: Found) -> Iterator[str]:
    """One sentence for each count that is larger than what was found."""
    counts = (
        (announced.slices, found.slices, "slices in a volume"),
        (announced.temporal_positions, found.volumes, "time points"),
        (
            announced.images_in_acquisition,
            Counter(found.acquisitions).most_common(1)[0][1],
            "images in an acquisition",
        ),
        (
            announced.concatenation_parts,
            found.files[announced.concatenation],
            "files of a multi-frame image",
        ),
    )
    for expected, there, what in counts:
        if expected > there > 0:
            yield f"The header announces {expected} {what}, {there} were found: some may have been lost."
