"""Places named in a sentence, in the words of the viewer.

The core names slices by array axis and index, ``k=12``, and points by ``(x, y, z) mm LPS``: that is what a
record has to hold. Who looks at the window knows ``axial 12``, as its buttons and sliders have it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
import numpy.typing as npt

from medseg.contour import Placement, Slice
from medseg.space import Grid
from napari_medseg.display import PLANE_NAMES, slice_on_display

Target = Slice | tuple[Slice, Slice, Slice]
"""Where a link leads: a slice, or the three slices that cross at a point."""

_NUMBER = r"-?\d+(?:\.\d+)?"
# What goes on with a fraction or a slope is an oblique plane, which can't be shown.
_SLICE = r"\b[kji]=\d+(?!\d|[.+-]\d)"
_POINT = rf"\({_NUMBER}, {_NUMBER}, {_NUMBER}\) mm LPS"
_PLACE = re.compile(f"{_SLICE}|{_POINT}")
_DIRECTION = re.compile(r"\balong ([kji])\b")


@dataclass(frozen=True)
class Places:
    """Finds places in sentences.

    Attributes:
        grid: The grid of the image that is shown.
    """

    grid: Grid

    def plain(self, sentence: str) -> str:
        """The sentence with places as the viewer names them."""
        sentence = self._with_planes(sentence)
        named = self._slices_in(sentence)
        return _PLACE.sub(lambda found: self._name(found[0], named), sentence)

    def linked(self, sentence: str) -> str:
        """The same as HTML, in which each place is a link to what :meth:`target` takes."""
        sentence = escape(self._with_planes(sentence))
        named = self._slices_in(sentence)
        return _PLACE.sub(lambda found: f'<a href="{found[0]}">{self._name(found[0], named)}</a>', sentence)

    def target(self, link: str) -> Target:
        """Where a link leads; a place off the image leads to the nearest slice of it."""
        numbers = re.findall(_NUMBER, link)
        if link[0] in "kji":
            return self._slice("kji".index(link[0]), int(numbers[0]))
        return self.at([float(number) for number in numbers])

    def at(self, lps_mm: Sequence[float]) -> Target:
        """The three slices that cross at a place in the patient, or at the nearest one on the image."""
        index_kji = self.grid.to_index(np.array([lps_mm], dtype=np.float64))[0]
        return self._crossing_at(index_kji)

    def _with_planes(self, sentence: str) -> str:
        def planes(found: re.Match[str]) -> str:
            axis, _ = slice_on_display(Slice("kji".index(found[1]), 0), self.grid)
            return f"on {PLANE_NAMES[axis]} planes"

        return _DIRECTION.sub(planes, sentence)

    def _name(self, place: str, named: set[Target]) -> str:
        target = self.target(place)
        if isinstance(target, Slice):
            return plane_name(target, self.grid)
        # Of a point where two planes cross that the sentence names already, only the third is news.
        slices = [where for where in target if where not in named] or target
        shown = sorted(slice_on_display(where, self.grid) for where in slices)
        return ", ".join(f"{PLANE_NAMES[axis]} {position}" for axis, position in shown)

    def _slices_in(self, sentence: str) -> set[Target]:
        return {self.target(place) for place in re.findall(_SLICE, sentence)}

    def _crossing_at(self, index_kji: npt.NDArray[np.float64]) -> tuple[Slice, Slice, Slice]:
        k, j, i = (self._slice(axis, round(float(index))) for axis, index in enumerate(index_kji))
        return k, j, i

    def _slice(self, axis: int, index: int) -> Slice:
        return Slice(axis, min(max(index, 0), self.grid.shape_kji[axis] - 1))


def plane_name(where: Placement, grid: Grid) -> str:
    """What people call a plane: ``sagittal 43``, or for one that is no slice how it runs through the grid."""
    if isinstance(where, Slice):
        axis, position = slice_on_display(where, grid)
        return f"{PLANE_NAMES[axis]} {position}"
    return f"{'oblique' if any(where.slopes) else 'between slices'}, {where}"
