"""Every voxel of a structure lies in exactly one block, and the block names the contours it comes from."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from medseg.contour import Contour, ContourSet, Origin, Slice, trace_slice
from medseg.interpolation import interpolate
from medseg.labelmap import LabelMap, Structure
from medseg.provenance.record import Interpolated
from medseg.provenance.voxel_blocks import BlockKind, blocks_of, contours_sha256
from medseg.space import Plane
from solids import lump, upright

GRID = upright((14, 16, 18), (3.0, 1.0, 1.0))
A = Structure("a", "A", 1)
TRUTH = lump(GRID, 7, stretch=(2.5, 1, 1))
HOW = Interpolated("combined")


def drawn(*places, origin=Origin.DRAWN):
    return [
        contour
        for where in places
        for contour in trace_slice(TRUTH.take(where.index, where.axis), GRID, where, "a", origin)
    ]


def completed(contours):
    return interpolate(ContourSet(tuple(contours)), GRID, [A]).label_map


def require_partition(label_map, blocks):
    assert sum(block.voxel_count for block in blocks) == label_map.mask("a").sum()
    assert len({block.sha256 for block in blocks}) == len(blocks)


def test_between_parallel_slices_each_block_names_the_two_that_bound_it():
    contours = drawn(*(Slice(0, k) for k in (3, 6, 7, 10)))
    label_map = completed(contours)
    planes, blocks = blocks_of(label_map, ContourSet(tuple(contours)), "a", HOW)
    require_partition(label_map, blocks)
    assert [plane.where for plane in planes] == ["k=3", "k=6", "k=7", "k=10"]
    told = [(b.kind, b.where, [p.where for p in b.derived_from]) for b in blocks]
    assert told == [
        (BlockKind.ON_PLANE, "k=3", ["k=3"]),
        (BlockKind.BETWEEN, "k=4..5", ["k=3", "k=6"]),
        (BlockKind.ON_PLANE, "k=6", ["k=6"]),
        (BlockKind.ON_PLANE, "k=7", ["k=7"]),
        (BlockKind.BETWEEN, "k=8..9", ["k=7", "k=10"]),
        (BlockKind.ON_PLANE, "k=10", ["k=10"]),
    ]
    assert [p.where for p in blocks[1].influenced_by] == ["k=7"]
    voxels = np.flatnonzero(label_map.mask("a") & (np.arange(14) == 6)[:, None, None])
    assert blocks[2].sha256 == hashlib.sha256(voxels.astype("<u8").tobytes()).hexdigest()


def test_where_the_image_took_part_all_planes_had_a_say():
    contours = ContourSet(tuple(drawn(*(Slice(0, k) for k in (2, 4, 6, 8, 10)))))
    _, blocks = blocks_of(completed(contours), contours, "a", Interpolated("combined", image_used=True))
    assert [p.where for p in blocks[1].influenced_by] == ["k=6", "k=8", "k=10"]


def test_slices_along_another_axis():
    contours = drawn(Slice(2, 5), Slice(2, 9))
    label_map = completed(contours)
    _, blocks = blocks_of(label_map, ContourSet(tuple(contours)), "a", HOW)
    require_partition(label_map, blocks)
    assert [block.where for block in blocks] == ["i=5", "i=6..8", "i=9"]


def test_planes_of_several_directions_make_the_whole_structure():
    contours = drawn(Slice(0, 7), Slice(1, 8), Slice(2, 9))
    label_map = completed(contours)
    _, blocks = blocks_of(label_map, ContourSet(tuple(contours)), "a", HOW)
    require_partition(label_map, blocks)
    (block,) = blocks
    assert (block.kind, block.where) == (BlockKind.WHOLE, "")
    assert {p.where for p in block.derived_from} == {"k=7", "j=8", "i=9"}


def test_voxels_that_came_in_themselves_come_from_no_contour():
    label_map = LabelMap(GRID, (TRUTH.astype(np.uint8),), (A,))
    _, blocks = blocks_of(label_map, ContourSet(), "a", None)
    assert [(b.kind, b.derived_from, b.voxel_count) for b in blocks] == [(BlockKind.WHOLE, (), TRUTH.sum())]
    edited = ContourSet(tuple(drawn(Slice(0, 6))))
    _, blocks = blocks_of(label_map, edited, "a", None)
    require_partition(label_map, blocks)
    assert [(b.kind.value, len(b.derived_from)) for b in blocks] == [
        ("outside", 0),
        ("on-plane", 1),
        ("outside", 0),
    ]


def test_contours_of_two_origins_on_one_plane_are_told_apart():
    contours = ContourSet((*drawn(Slice(0, 6)), *drawn(Slice(0, 6), origin=Origin.ASSISTED)))
    planes, blocks = blocks_of(completed(contours), contours, "a", HOW)
    assert {(p.where, p.origin) for p in planes} == {("k=6", "drawn"), ("k=6", "assisted")}
    assert len(blocks[0].derived_from) == 2


@pytest.mark.parametrize("change", ["point", "plane", "hole"])
def test_the_digest_of_contours_tells_any_change(change):
    plane = Plane(np.zeros(3), np.array([1.0, 0, 0]), np.array([0, 1.0, 0]))
    points = np.array([[0, 0], [1, 0], [0, 1.0]])
    before = Contour(plane, points, "a")
    other = Plane(np.array([0, 0, 1e-12]), plane.u, plane.v)
    after = {
        "point": Contour(plane, points + 1e-12, "a"),
        "plane": Contour(other, points, "a"),
        "hole": Contour(plane, points, "a", hole=True),
    }[change]
    assert contours_sha256([before]) != contours_sha256([after])
    assert contours_sha256([before]) == contours_sha256([Contour(plane, points.copy(), "a")])
