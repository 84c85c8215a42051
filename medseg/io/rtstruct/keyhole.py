"""The keyhole technique: an outline and its holes as one closed line, and that line taken apart again.

An RT structure set says a hole with a line that runs along the outline, through a slit to the hole, around
it, and back through the slit (PS3.3 C.8.8.6.3). Here the slit has no width at all: both ways along it are the
same edge, so that by the even-odd rule it cancels out, and nothing of the region is lost.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
import shapely

from medseg.errors import ContourError

Ring = npt.NDArray[np.float64]
Path = npt.NDArray[np.intp]


def keyhole(outer: Ring, holes: Sequence[Ring]) -> Path:
    """Join an outline and its holes into one closed line.

    The slits run between vertices, inside the region, and cross nothing: they are the shortest edges of a
    triangulation that link all rings. No vertex is added or moved.

    Args:
        outer: The outline, shape ``(n, 2)`` in mm.
        holes: Rings inside it that don't cross it or each other; they may touch in a point.

    Returns:
        Which vertices the line visits, as indices into ``outer`` and ``holes`` one after the other.

    Raises:
        ContourError: The rings bound no valid region with holes.

    Source:
        PS3.3 C.8.8.6.3; Kruskal, On the shortest spanning subtree of a graph, Proc. AMS 7 (1956); the walk is
        that around a face of a planar subdivision: de Berg et al., Computational Geometry, section 2.2.
    """
    polygon = shapely.Polygon(outer, holes)
    if not polygon.is_valid:
        raise ContourError(
            "expected an outline with holes inside it, but the rings cross", reason="rings-cross"
        )
    if not holes:
        return np.arange(len(outer))
    rings = [outer, *holes]
    points = np.vstack(rings)
    # Rings that touch share a vertex, which makes them one already.
    node_of: dict[tuple[float, float], int] = {}
    nodes = np.array([node_of.setdefault((x, y), number) for number, (x, y) in enumerate(points.tolist())])
    directed = list(_ring_edges(rings, nodes))
    slits = _slits(polygon, node_of, directed)
    path = _walk(points, directed, slits)
    if len(path) != len(directed) + 2 * len(slits):
        raise ContourError("the holes of an outline could not be joined with it", reason="rings-cross")
    return path


def _ring_edges(rings: Sequence[Ring], nodes: Path) -> Iterator[tuple[int, int]]:
    """The edges of all rings, each in the direction in which the region lies to its left."""
    first = 0
    for number, ring in enumerate(rings):
        around = nodes[first : first + len(ring)]
        first += len(ring)
        counter_clockwise = shapely.LinearRing(ring).is_ccw
        if counter_clockwise != (number == 0):
            around = around[::-1]
        yield from zip(around.tolist(), np.roll(around, -1).tolist(), strict=True)


def _slits(
    polygon: shapely.Polygon, node_of: dict[tuple[float, float], int], directed: Sequence[tuple[int, int]]
) -> list[tuple[int, int]]:
    """The shortest edges inside a polygon that link its rings."""
    triangles = shapely.get_parts(shapely.constrained_delaunay_triangles(polygon))
    corners = shapely.get_coordinates(triangles).reshape(-1, 4, 2)
    ends = np.concatenate([corners[:, (n, n + 1)] for n in range(3)])
    lengths = np.linalg.norm(ends[:, 0] - ends[:, 1], axis=1)
    group_of: dict[int, int] = {}
    for start, end in directed:
        _unite(group_of, start, end)
    slits = []
    for number in np.lexsort((*ends.reshape(-1, 4).T, lengths)):
        (ax, ay), (bx, by) = ends[number].tolist()
        start, end = node_of[ax, ay], node_of[bx, by]
        if _unite(group_of, start, end):
            slits.append((start, end))
    return slits


def _unite(group_of: dict[int, int], first: int, second: int) -> bool:
    """Unite the groups of two vertices; whether they were two."""
    roots = _root(group_of, first), _root(group_of, second)
    group_of[roots[0]] = roots[1]
    return roots[0] != roots[1]


def _root(group_of: dict[int, int], vertex: int) -> int:
    while (parent := group_of.get(vertex, vertex)) != vertex:
        group_of[vertex] = group_of.get(parent, parent)
        vertex = parent
    return vertex


def _walk(points: Ring, directed: Sequence[tuple[int, int]], slits: Sequence[tuple[int, int]]) -> Path:
    """Walk around the region with it to the left, through every slit there and back."""
    leaving: dict[int, list[int]] = defaultdict(list)
    for start, end in (*directed, *slits, *((end, start) for start, end in slits)):
        leaving[start].append(end)
    start, end = directed[0]
    path = [start]
    for _ in range(len(directed) + 2 * len(slits)):
        start, end = end, _next(points, came_from=start, at=end, leaving=leaving[end])
        if (start, end) == directed[0]:
            break
        path.append(start)
    return np.array(path)


def _next(points: Ring, *, came_from: int, at: int, leaving: Sequence[int]) -> int:
    """Of the ways on, the first one clockwise from the way back: the region stays to the left."""
    if len(leaving) == 1:
        return leaving[0]
    ways = points[[came_from, *leaving]] - points[at]
    angles = np.arctan2(ways[:, 1], ways[:, 0])
    clockwise = (angles[0] - angles[1:]) % (2 * np.pi)
    # The way back itself comes last.
    clockwise[[way == came_from for way in leaving]] = 2 * np.pi
    return leaving[int(clockwise.argmin())]


def split_keyhole(line: npt.NDArray[np.float64]) -> list[npt.NDArray[np.float64]]:
    """Take a closed line apart where it runs along one edge there and back.

    Args:
        line: Vertices, shape ``(n, 2)`` or ``(n, 3)``; the first is not repeated.

    Returns:
        Rings of three vertices and more, which bound the same by the even-odd rule: an edge that is crossed
        twice is not crossed. The line itself where no edge is retraced.
    """
    vertex_of: dict[tuple[float, ...], int] = {}
    # Adding zero turns -0.0 into 0.0.
    around = [vertex_of.setdefault(tuple(point), n) for n, point in enumerate((line + 0.0).tolist())]
    rings, is_whole = _without_retraced_edges(around)
    if is_whole:
        return [line]
    return [line[ring] for ring in rings if len(ring) >= 3]


def _without_retraced_edges(around: Sequence[int]) -> tuple[list[list[int]], bool]:
    """Rings that are left when each edge has cancelled out against one that runs back along it.

    A walk along the line puts vertices on a stack. Where it comes back along an edge that lies open on the
    stack, all that it walked since is a ring of its own.
    """
    stack = [around[0]]
    depth_of: dict[tuple[int, int], list[int]] = defaultdict(list)
    rings: list[list[int]] = []
    is_whole = True
    for vertex in (*around[1:], around[0]):
        if vertex == stack[-1]:
            continue
        open_at = depth_of[vertex, stack[-1]]
        if not open_at:
            depth_of[stack[-1], vertex].append(len(stack))
            stack.append(vertex)
            continue
        is_whole = False
        depth = open_at.pop()
        ring = stack[depth:-1]
        _close_edges(stack, depth, depth_of)
        del stack[depth:]
        rings.append(ring)
    rings.append(stack[:-1] if len(stack) > 1 else stack)
    return rings, is_whole


def _close_edges(stack: Sequence[int], depth: int, depth_of: dict[tuple[int, int], list[int]]) -> None:
    """Forget the open edges of a ring that is taken off the stack."""
    for n in range(depth, len(stack) - 1):
        depth_of[stack[n], stack[n + 1]].pop()
