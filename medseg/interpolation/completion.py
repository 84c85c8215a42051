"""Completion: whole structures and how they came about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from medseg.contour import Placement, Slice
from medseg.interpolation.alone import LonePiece
from medseg.interpolation.conflicts import Conflict
from medseg.interpolation.drawn import DrawnStructure
from medseg.interpolation.field import Field
from medseg.labelmap import LabelMap

if TYPE_CHECKING:
    from medseg.interpolation.image_help import ImageUse


@dataclass(frozen=True)
class OpenGap:
    """Two neighbouring drawn slices of a structure that were not wholly joined.

    Attributes:
        structure_id: Which structure.
        first: The drawn slice before the gap.
        last: The drawn slice behind it.
        pieces: How many pieces, of both slices together, end in the gap without a counterpart.
    """

    structure_id: str
    first: Slice
    last: Slice
    pieces: int


@dataclass(frozen=True, eq=False)
class CompletedStructure:
    """One structure of a completion.

    Attributes:
        drawn: The planes that constrained it.
        method: Name of the method in the registry.
        field: What the method proposed; drawn planes come before it.
        image: Whether the image took part; None where none was given.
    """

    drawn: DrawnStructure
    method: str
    field: Field
    image: ImageUse | None = None


@dataclass(frozen=True, eq=False)
class Completion:
    """A completed label map and how it came about.

    Attributes:
        label_map: The drawn planes exactly as drawn, and what was interpolated between them.
        structures: For each structure that was drawn how it was completed.
        open_gaps: Between which parallel slices pieces were not joined: if they go on, the reader must
            draw there.
        alone: On which of several crossing planes pieces were joined with nothing.
        conflicts: Where two contours of a structure cross and disagree; the later one counted.
        unfilled: Structure and plane of contours that hold no voxel's centre, being too small or off the
            image. They take no part.
        nested: Pairs of structures of which the first was drawn inside the second without being part of
            it: the first has the voxels that both claim.
    """

    label_map: LabelMap
    structures: Mapping[str, CompletedStructure]
    open_gaps: tuple[OpenGap, ...] = ()
    alone: tuple[LonePiece, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    unfilled: tuple[tuple[str, Placement], ...] = ()
    nested: tuple[tuple[str, str], ...] = ()

    @property
    def method(self) -> str | None:
        """The methods that were used, by name; None where nothing was drawn."""
        names = dict.fromkeys(completed.method for completed in self.structures.values())
        return ", ".join(names) or None

    @property
    def drawn(self) -> dict[str, tuple[Placement, ...]]:
        """For each structure the planes that constrained it."""
        return {
            structure_id: tuple(completed.drawn.masks) for structure_id, completed in self.structures.items()
        }
