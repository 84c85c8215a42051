"""What goes out into files of other programs, and what comes in from them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from medseg.contour import ContourSet
from medseg.labelmap import LabelMap, Structure
from medseg.provenance.record import Interpolated
from medseg.review.approval import Approval
from medseg.space import Grid
from medseg.volume import Source


@dataclass(frozen=True, eq=False)
class Outgoing:
    """A label map with all that a file of another program can tell about it.

    Attributes:
        label_map: Structures as voxels.
        contours: The contours that it was made from, on any planes; empty where there are none.
        source: The image that it was drawn on.
        author: Printed name of who made it.
        created: When, with the time zone; None where nobody recorded it.
        completed: For each structure id how it was interpolated, if it was.
        approval: How far the sign-off has come, as verified with a trust folder.
        software: Name and version of the program that made it.
    """

    label_map: LabelMap
    contours: ContourSet
    source: Source
    author: str
    created: datetime | None
    approval: Approval
    completed: Mapping[str, Interpolated] = field(default_factory=dict)
    software: str = ""


@dataclass(frozen=True, eq=False)
class Incoming:
    """What a file of another program says.

    Attributes:
        format: Name of the format, such as ``DICOM SEG``.
        structures: What it names, in its order. Layers and labels are those of ``label_map``.
        label_map: Structures as voxels on the file's own grid; None where the file holds contours alone.
        contours: Contours in patient mm, of origin ``imported``.
        frame_of_reference_uid: The space in which they lie, where the file says so.
        source: The image that the file refers to; its files are those that it names, by UID.
        author: Who made it, where the file says so.
        notes: What was left out, assumed or changed on the way, one sentence each.
    """

    format: str
    structures: tuple[Structure, ...]
    label_map: LabelMap | None
    contours: ContourSet = field(default_factory=ContourSet)
    frame_of_reference_uid: str | None = None
    source: Source = field(default_factory=lambda: Source("unknown"))
    author: str = ""
    notes: tuple[str, ...] = ()

    @property
    def grid(self) -> Grid | None:
        """The grid of the voxels; None where there are none."""
        return self.label_map.grid if self.label_map else None
