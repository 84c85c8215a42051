"""Live-wire: set seeds, and the outline follows the edges of the image between them."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import ClassVar

import numpy as np

from medseg.contour import Contour, in_slice_index, simplify, smooth
from medseg.errors import ContourError
from medseg.workflows.edges import LiveWire
from napari_medseg.tools.polygon import CLOSE_PX, MIN_CORNERS
from napari_medseg.tools.tool import At, Points, Preview, Samples, Slate

SMOOTHING_PX = 1.0
"""Takes the steps of the pixels away, and no corner that the image could show."""

SIMPLIFYING_PX = 0.05
"""The smooth outline has a vertex every quarter of a pixel: far more than it needs."""


class LiveWireTool:
    """Each click sets a seed; between two the outline runs along the sharpest edge.

    A double click, or one on the first seed, closes it. Each seed can be taken back with the way to it.
    """

    name: ClassVar[str] = "Live-wire"
    key: ClassVar[str] = "L"
    tip: ClassVar[str] = "Click along an edge: the outline follows it; double click or the first seed closes"

    def __init__(self) -> None:
        self.hole = False
        self._slate: Slate | None = None
        self._samples: Samples | None = None
        self._seeds: list[tuple[float, float]] = []
        self._ways: list[Points] = []
        self._wire: LiveWire | None = None
        self._pointer: tuple[float, float] | None = None

    @property
    def preview(self) -> tuple[Preview, ...]:
        """The outline so far, and the way to the mouse."""
        if not self._seeds:
            return ()
        line = Preview(self._outline()) if self._ways else Preview(np.array(self._seeds))
        if self._pointer is None:
            return (line,)
        return line, Preview(self._way_to(self._pointer), dashed=True)

    @property
    def is_begun(self) -> bool:
        """Whether there is a seed."""
        return bool(self._seeds)

    def press(self, slate: Slate, at: At, *, shift: bool = False) -> None:
        """Set a seed."""
        seed = (float(at[0]), float(at[1]))
        if self._slate is None:
            self._slate, self._samples = slate, slate.samples()
        elif len(self._seeds) >= MIN_CORNERS - 1 and self._is_near(seed, self._seeds[0], CLOSE_PX):
            self.finish()
            return
        if self._seeds:
            self._ways.append(self._way_to(seed))
        self._seeds.append(seed)
        self._wire = self._wire_from(seed)
        self._pointer = None

    def drag(self, at: At) -> None:
        """Nothing: a seed stays where it was set."""

    def release(self, at: At) -> None:
        """The seed stays."""

    def hover(self, slate: Slate, at: At) -> None:
        """Show the way to the mouse."""
        self._pointer = (float(at[0]), float(at[1]))

    def double_click(self, slate: Slate, at: At) -> None:
        """Close the outline; the click before has set its last seed."""
        self.finish()

    def take_back(self) -> bool:
        """Take the last seed back, with the way to it."""
        if not self._seeds:
            return False
        self._seeds.pop()
        if self._ways:
            self._ways.pop()
        self._pointer = None
        if self._seeds:
            self._wire = self._wire_from(self._seeds[-1])
        else:
            self.cancel()
        return True

    def finish(self) -> None:
        """Close the outline along the edge, and make a contour of it.

        Raises:
            ContourError: There is one seed only, or the outline has no inside.
            LockedError: The structure can't be written.
        """
        slate, seeds = self._slate, self._seeds
        if slate is None or not seeds:
            self.cancel()
            return
        if len(seeds) < MIN_CORNERS - 1:
            self.cancel()
            raise ContourError("a live-wire needs two seeds, got one", hint="click along the edge")
        outline = np.concatenate([self._outline(), self._way_to(seeds[0])[1:-1]])
        pixel_mm = self._pixel_mm()
        self.cancel()
        rough = Contour(slate.plane, outline, slate.structure_id)
        smoothed = smooth([rough], SMOOTHING_PX * pixel_mm)
        if not smoothed:
            raise ContourError(
                "the live-wire went back the way that it came", hint="set a third seed on the far side"
            )
        # What it encloses may have holes of its own where the way crossed itself.
        pieces = (
            replace(piece, hole=piece.hole != self.hole)
            for piece in simplify(smoothed, SIMPLIFYING_PX * pixel_mm)
        )
        slate.replace((*slate.contours, *pieces), "live-wire")

    def cancel(self) -> None:
        """Forget the seeds."""
        self._slate = self._samples = self._wire = self._pointer = None
        self._seeds, self._ways = [], []

    def _pixel_mm(self) -> float:
        samples = self._samples
        assert samples is not None  # noqa: S101 - a seed was set
        return min(mm for axis, mm in enumerate(samples.grid.spacing_kji_mm) if axis != samples.where.axis)

    def _outline(self) -> Points:
        """All ways, one after the other, each seed once."""
        return np.concatenate([self._ways[0][:1], *(way[1:] for way in self._ways)])

    def _wire_from(self, seed: tuple[float, float]) -> LiveWire:
        samples = self._samples
        assert samples is not None  # noqa: S101 - a seed was set
        spacing = [mm for axis, mm in enumerate(samples.grid.spacing_kji_mm) if axis != samples.where.axis]
        return LiveWire(samples.values, spacing, self._pixel(seed))

    def _way_to(self, to: tuple[float, float]) -> Points:
        """From the last seed to a point, in the plane: along pixels, with its own two ends as they are."""
        samples, slate = self._samples, self._slate
        assert samples is not None  # noqa: S101 - a seed was set
        assert slate is not None  # noqa: S101
        assert self._wire is not None  # noqa: S101
        pixels = self._wire.path_to(self._pixel(to))
        index = np.insert(pixels, samples.where.axis, samples.where.index, axis=1)
        between = slate.plane.to_plane_mm(samples.grid.to_lps_mm(index))[1:-1]
        return np.concatenate([[self._seeds[-1]], between, [to]])

    def _pixel(self, at: tuple[float, float]) -> tuple[float, float]:
        samples, slate = self._samples, self._slate
        assert samples is not None  # noqa: S101 - a seed was set
        assert slate is not None  # noqa: S101
        row, column = in_slice_index(slate.plane.to_lps_mm([at]), samples.grid, samples.where.axis)[0]
        return float(row), float(column)

    def _is_near(self, first: tuple[float, float], second: tuple[float, float], px: float) -> bool:
        return self._slate is not None and math.dist(first, second) <= px * self._slate.mm_per_px
