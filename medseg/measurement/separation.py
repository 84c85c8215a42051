"""Separation: how far two structures lie apart, and a part from the surface of its whole.

A surface is the middles of its pieces, one in each cube of marching cubes, in patient mm on any grid: they
follow the steps of voxels less than their faces and corners do. Structures that share a voxel or a face are
0 mm apart. Of smooth bodies the distance is met within a voxel's diagonal, and rather comes out too short, as
the nearest of many points is taken: the careful side.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from medseg.labelmap import LabelMap, ancestors
from medseg.measurement.measured import Line, Measured, Point
from medseg.measurement.mesh import cube_surface
from medseg.measurement.requirements import Mask
from medseg.measurement.structures import StructureVoxels, voxels_of_each
from medseg.space import Box, box_grown

if TYPE_CHECKING:
    from scipy.spatial import KDTree

FloatArray = npt.NDArray[np.float64]

FEW = 100
"""Points that are looked at first."""

Pair = tuple[str, str]
"""Ids of two structures, of which the first one is spoken of: a part and its whole, or any two."""


def separations(label_map: LabelMap, pairs: Iterable[Pair] | None = None) -> dict[str, tuple[Measured, ...]]:
    """The least distances between structures.

    Args:
        label_map: On any grid.
        pairs: Of which structures. Of a part and its whole the margin is measured, of others the least
            distance; each structure with its parts. None for :func:`usual_pairs`.

    Returns:
        For each structure that is the first of a pair its distances, each with its line from this structure
        on and the id of the other one in the parameters, as ``to``. The value is None where one of the two
        has no voxels, or a whole none but those of its parts.

    Raises:
        LabelMapError: There is no such structure.
        ValueError: A pair of a structure and itself, or of a whole and its part in this order.
    """
    pairs = tuple(usual_pairs(label_map) if pairs is None else pairs)
    margins = [_is_margin(label_map, *pair) for pair in pairs]
    ids = dict.fromkeys(structure_id for pair in pairs for structure_id in pair)
    bodies = {one.structure.id: _Body(one, label_map) for one in voxels_of_each(label_map, ids)}
    found: dict[str, tuple[Measured, ...]] = {}
    for (first, second), is_margin in zip(pairs, margins, strict=True):
        line = (_margin if is_margin else _distance)(bodies[first], bodies[second])
        concept = "margin" if is_margin else "least-distance"
        length_mm = None if line is None else _length_mm(line)
        one = Measured(concept, length_mm, line, parameters=(("to", second),))
        found[first] = (*found.get(first, ()), one)
    return found


def usual_pairs(label_map: LabelMap, structure_id: str | None = None) -> Iterator[Pair]:
    """What is asked before surgery: of each part, and what it is part of, and all that it has no voxel of.

    Args:
        label_map: Whose structures.
        structure_id: Only pairs of which this structure is the first; None for all.
    """
    by_id = {structure.id: structure for structure in label_map.structures}
    above = {each: ancestors(structure, by_id) for each, structure in by_id.items()}
    for part in label_map.structures:
        if part.part_of is None or structure_id not in (None, part.id):
            continue
        yield part.id, part.part_of
        for other in by_id:
            if other != part.id and other not in above[part.id] and part.id not in above[other]:
                yield part.id, other


def _is_margin(label_map: LabelMap, first: str, second: str) -> bool:
    by_id = {structure.id: structure for structure in label_map.structures}
    one, other = label_map.structure(first), label_map.structure(second)
    if one is other or first in ancestors(other, by_id):
        raise ValueError(f"expected two structures, or a part and then its whole; got {first!r}, {second!r}")
    return second in ancestors(one, by_id)


@dataclass(eq=False)
class _Body:
    """A structure with its parts, and what of it is worked out once for all its pairs."""

    voxels: StructureVoxels
    label_map: LabelMap

    @cached_property
    def surface_lps_mm(self) -> FloatArray:
        """Points of its surface, ``(n, 3)``; it ends with the image, too."""
        if self.voxels.is_empty:
            return np.empty((0, 3))
        return cube_surface(self.voxels.mask, self.voxels.grid).cube_centre_lps_mm

    @cached_property
    def tree(self) -> KDTree:
        """For finding the nearest point of the surface."""
        from scipy.spatial import KDTree

        # On a lattice many coordinates are equal: medians would cost a lot and gain nothing.
        return KDTree(self.surface_lps_mm, balanced_tree=False, compact_nodes=False)

    @cached_property
    def has_own_voxels(self) -> bool:
        """Whether it has voxels besides those of its parts."""
        structure, box = self.voxels.structure, self.voxels.box
        return bool((self.label_map.layers[structure.layer][box] == structure.label).any())


def _margin(part: _Body, whole: _Body) -> Line | None:
    # A liver of which only the tumour was drawn has no capsule.
    line = _shortest(part, whole) if whole.has_own_voxels else None
    inside = np.pad(_within(part.voxels, whole.voxels.box), 1)
    return _point_of(line) if line and _meet(inside, ~np.pad(whole.voxels.mask, 1)) else line


def _distance(first: _Body, second: _Body) -> Line | None:
    line = _shortest(first, second)
    if line is None:
        return None
    shape = first.label_map.grid.shape_kji
    # Voxels that meet lie in both boxes, or beside them.
    near = [box_grown(one.voxels.box, (1, 1, 1), shape) for one in (first, second)]
    box = tuple(slice(max(a.start, b.start), min(a.stop, b.stop)) for a, b in zip(*near, strict=True))
    if any(side.start >= side.stop for side in box):
        return line
    common = box[0], box[1], box[2]
    return _point_of(line) if _meet(_within(first.voxels, common), _within(second.voxels, common)) else line


def _shortest(first: _Body, second: _Body) -> Line | None:
    starts, goals = first.surface_lps_mm, second.surface_lps_mm
    if not len(starts) or not len(goals):
        return None
    # A few tell how far it is at most; by far the most of the others are then soon passed over.
    bound = float(second.tree.query(starts[:: 1 + len(starts) // FEW])[0].min())
    distances, nearest = second.tree.query(starts, distance_upper_bound=bound * (1 + 1e-9) + 1e-9)
    best = int(np.argmin(distances))
    return Line(_point(starts[best]), _point(goals[int(nearest[best])]))


def _within(voxels: StructureVoxels, box: Box) -> Mask:
    """The voxels of a structure that lie in a box, ``[k, j, i]`` of the box."""
    mask = np.zeros(tuple(side.stop - side.start for side in box), bool)
    here, there = [], []
    for own, side in zip(voxels.box, box, strict=True):
        start, stop = max(own.start, side.start), max(min(own.stop, side.stop), own.start, side.start)
        here.append(slice(start - side.start, stop - side.start))
        there.append(slice(start - own.start, stop - own.start))
    mask[tuple(here)] = voxels.mask[tuple(there)]
    return mask


def _meet(first: Mask, second: Mask) -> bool:
    """Whether two masks have a voxel in common, or two voxels with a face in common."""
    if (first & second).any():
        return True
    for axis in range(3):
        a, b = np.moveaxis(first, axis, 0), np.moveaxis(second, axis, 0)
        if (a[1:] & b[:-1]).any() or (a[:-1] & b[1:]).any():
            return True
    return False


def _point_of(line: Line) -> Line:
    """No line, but where it would start."""
    return Line(line.start_lps_mm, line.start_lps_mm)


def _length_mm(line: Line) -> float:
    return float(np.linalg.norm(np.subtract(line.end_lps_mm, line.start_lps_mm)))


def _point(values: FloatArray) -> Point:
    x, y, z = (float(value) for value in values)
    return x, y, z
