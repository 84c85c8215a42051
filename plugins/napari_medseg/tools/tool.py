"""What a drawing tool is, and what it draws on: plain Python without Qt or napari."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import numpy as np
import numpy.typing as npt

from medseg.contour import Contour, Placement, Slice
from medseg.space import Grid, Plane

Points = npt.NDArray[np.float64]
"""Points ``(u, v)`` in mm in the frame of a plane, shape ``(n, 2)``."""

At = Sequence[float]
"""One such point."""


@dataclass(frozen=True)
class Preview:
    """A line that shows what a tool is at.

    Attributes:
        points_mm: Along it.
        closed: Whether it goes back to its first point.
        dashed: Whether it is only a suggestion.
    """

    points_mm: Points
    closed: bool = False
    dashed: bool = False


@dataclass(frozen=True, eq=False)
class Samples:
    """The image on a plane.

    Attributes:
        values: ``[row, column]``, in the unit of the image.
        grid: The grid that is shown.
        where: The slice of it that holds the values; see :func:`~medseg.contour.in_slice_index`.
    """

    values: npt.NDArray[Any]
    grid: Grid
    where: Slice


class Slate(Protocol):
    """One structure on one plane: what a tool draws on."""

    @property
    def plane(self) -> Plane:
        """The plane, in patient space; all points are in its frame."""

    @property
    def where(self) -> Placement:
        """The plane on the grid of the image."""

    @property
    def structure_id(self) -> str:
        """The structure that is drawn."""

    @property
    def mm_per_px(self) -> float:
        """How much of the plane a pixel of the screen shows."""

    @property
    def contours(self) -> tuple[Contour, ...]:
        """What the structure has on the plane now; outlined if it came as voxels."""

    @property
    def neighbours(self) -> tuple[tuple[Contour, ...], tuple[Contour, ...]]:
        """The nearest contours of the structure on planes before and behind this one."""

    def samples(self, at: Slice | None = None) -> Samples:
        """The image on the plane, or on another slice of the grid that is shown."""

    def replace(self, contours: Sequence[Contour], label: str) -> None:
        """Replace what the structure has on the plane: one step, which can be undone.

        Raises:
            LockedError: The case or the structure can't be written.
            ContourError: A contour can't be.
        """


class Tool(Protocol):
    """A tool: events in, edits of the slate out.

    A press begins a stroke on a slate, which stays the same until the release; a tool of several clicks
    keeps what was begun until it is finished, and finishes it when the slate changes.
    """

    name: ClassVar[str]
    """What people call it."""

    key: ClassVar[str]
    """The key that takes it in hand."""

    tip: ClassVar[str]
    """What it does, in one line."""

    @property
    def preview(self) -> tuple[Preview, ...]:
        """What was begun, as lines in the plane."""

    @property
    def is_begun(self) -> bool:
        """Whether something was begun that is in no contour yet."""

    def press(self, slate: Slate, at: At, *, shift: bool = False) -> None:
        """The button went down."""

    def drag(self, at: At) -> None:
        """The mouse moved with the button down."""

    def release(self, at: At) -> None:
        """The button went up."""

    def hover(self, slate: Slate, at: At) -> None:
        """The mouse moved without a button."""

    def double_click(self, slate: Slate, at: At) -> None:
        """The second press of a double click, in place of the press."""

    def take_back(self) -> bool:
        """Take back the last corner or seed of what was begun; False where nothing was."""

    def finish(self) -> None:
        """Make a contour of what was begun, if it can be one."""

    def cancel(self) -> None:
        """Forget what was begun."""
