"""A reader who draws and erases at random, on any slices of a liver with a tumour."""

from __future__ import annotations

import numpy as np

from medseg.contour import Slice
from medseg.interpolation import Completion, interpolate_masks
from medseg.labelmap import Structure
from medseg.space import Grid

GRID = Grid.from_axes(
    (41, 60, 60), origin_lps_mm=(0, 0, 0), step_k_mm=(0, 0, 2), step_j_mm=(0, 1, 0), step_i_mm=(1, 0, 0)
)
LIVER = Structure("liver", "Liver", 1)
TUMOUR = Structure("tumour", "Tumour", 2)
KS, JS, IS = np.ogrid[:41, :60, :60]
TRUTH = {
    "liver": ((KS - 20) * 2) ** 2 + (JS - 30) ** 2 + (IS - 30) ** 2 < 22**2,
    "tumour": ((KS - 20) * 2) ** 2 + (JS - 30) ** 2 + (IS - 35) ** 2 < 9**2,
}


class RandomReader:
    """Draws and erases at random, and knows what it drew."""

    def __init__(self, seed, axes):
        self.rng = np.random.default_rng(seed)
        self.axes = axes
        self.drawn = {"liver": {}, "tumour": {}}

    def edit(self, live):
        """One edit; returns the box that is said to have changed."""
        structure_id = str(self.rng.choice(list(self.drawn)))
        planes = self.drawn[structure_id]
        if planes and self.rng.random() < 0.2:
            where = list(planes)[self.rng.integers(len(planes))]
            del planes[where]
            return live.erase(structure_id, where)
        axis = int(self.rng.choice(self.axes))
        where = Slice(axis, int(self.rng.integers(10, 30) if axis == 0 else self.rng.integers(15, 45)))
        mask = np.roll(TRUTH[structure_id].take(where.index, axis=axis), self.rng.integers(-3, 4), axis=1)
        planes.pop(where, None)
        planes[where] = mask
        return live.draw(structure_id, where, mask)


def edit_and_compare(live, reader, method) -> Completion:
    """One edit, whose labels are those of the full run, and which changes nothing outside its box."""
    before = live.layers[0].copy()
    box = reader.edit(live)
    full = interpolate_masks(reader.drawn, GRID, live.structures, method=method)
    assert np.array_equal(live.layers[0], full.label_map.voxels)
    changed = before != live.layers[0]
    changed[box] = False
    assert not changed.any()
    return full
