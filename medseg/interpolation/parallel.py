"""A structure drawn on parallel slices, completed gap by gap."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from medseg.contour import Slice
from medseg.errors import ContourError
from medseg.interpolation.blocks import in_blocks
from medseg.interpolation.drawn import DrawnStructure
from medseg.interpolation.field import Field
from medseg.interpolation.gap import Gap, GapMethod
from medseg.interpolation.unjoined import unjoined
from medseg.progress import Progress, silent

__all__ = ["Memo", "ParallelSlices", "Part", "Span", "complete_parallel", "unjoined"]

MAX_THREADS = 4
MIN_VOXELS_FOR_THREADS = 4 * 150 * 150
"""Smaller windows are filled faster by one thread than by several, which wait for the interpreter's lock."""

MARGIN_PIXELS = 3
"""Background around the outlines of a window, which shifting an outline needs."""

REACH_OF_SLICES = 1.0
"""How far apart, as a share of the distance of the two slices, pieces may lie that belong together.

A vessel that runs at 45° moves by as much as the slices lie apart.
"""

Window = tuple[int, int, int, int]
"""First row, first column, rows, columns of a part of a slice."""

Memo = MutableMapping[bytes, npt.NDArray[np.float32]]
"""Filled gaps, by :meth:`ParallelSlices.memo_key`."""

Item = TypeVar("Item")
Result = TypeVar("Result")


class Part(NamedTuple):
    """Some pieces of a drawn slice.

    Attributes:
        position: Which of the drawn slices.
        pieces: Which of its pieces; none where the structure is known not to be there.
    """

    position: int
    pieces: tuple[int, ...]


@dataclass(frozen=True)
class Span:
    """A gap between two drawn slices, for pieces that belong together.

    Attributes:
        parts: What decides it: the pieces on the two slices and those of one slice further on either side.
        before: Which of the parts comes just before the gap, 0 or 1.
        missing: Indices of the slices to fill.
        window: The part of the slices to fill; these pieces don't reach beyond it.
    """

    parts: tuple[Part, ...]
    before: int
    missing: range
    window: Window


@dataclass(frozen=True, eq=False)
class PartMaps:
    """A part on a window of its slice.

    Attributes:
        window: The window.
        mask: The pixels of the part.
        depth_mm: How deep each pixel lies in it.
    """

    window: Window
    mask: npt.NDArray[np.bool_]
    depth_mm: npt.NDArray[np.float32]


class ParallelSlices:
    """One structure on its drawn slices along one array axis.

    Args:
        drawn: A structure that is drawn on slices along one array axis alone.

    Attributes:
        axis: The array axis along which it was sliced.
        spacing_mm: Distance of slices, of rows and of columns.
        indices: Ascending indices of the drawn slices.
        masks: What was drawn on each.
        spans: What is to be filled, in order. Slices that lie next to each other leave nothing to fill,
            nor do two empty slices.

    Raises:
        ContourError: The slices are not parallel.
    """

    def __init__(self, drawn: DrawnStructure) -> None:
        from medseg.interpolation.pieces import Pieces

        axis = drawn.parallel_axis
        if axis is None:
            raise ContourError(
                f"structure {drawn.structure_id!r} has to be drawn on slices along one axis, but has "
                f"{', '.join(map(str, drawn.masks)) or 'none'}",
                hint="a method for mixed planes completes it",
                structure_id=drawn.structure_id,
            )
        by_index = {where.index: mask for where, mask in drawn.masks.items() if isinstance(where, Slice)}
        spacing = drawn.grid.spacing_kji_mm
        rows_mm, columns_mm = (mm for other, mm in enumerate(spacing) if other != axis)
        self.axis = axis
        self.spacing_mm = (spacing[axis], rows_mm, columns_mm)
        self.indices = tuple(sorted(by_index))
        self.masks = tuple(by_index[index] for index in self.indices)
        self._pieces = [Pieces.of(mask) for mask in self.masks]
        self.spans = tuple(
            span
            for position, (first, last) in enumerate(pairwise(self.indices))
            if last - first > 1
            for span in self._spans(position)
        )

    @property
    def window(self) -> Window:
        """The smallest window of the slices that holds everything."""
        from medseg.interpolation.pieces import bounds_of

        drawn = [pieces.boxes for pieces in self._pieces if len(pieces.boxes)]
        around = [bounds_of(np.concatenate(drawn))] if drawn else []
        return _around([*around, *(span.window for span in self.spans)])

    def fill(self, span: Span, method: GapMethod) -> npt.NDArray[np.float32]:
        """Fill one span by itself: the same bits as in the whole run.

        Returns:
            Depth in mm on ``span.missing`` and ``span.window``.
        """
        return method(self._gap(span, {part: self._maps(part, span.window) for part in span.parts}))

    def fill_all(
        self, method: GapMethod, memo: Memo | None, progress: Progress
    ) -> Iterator[tuple[Span, npt.NDArray[np.float32]]]:
        """Fill all spans, several at a time, and return them in order."""
        keys = [b"" if memo is None else self.memo_key(span, method) for span in self.spans]
        known = [None if memo is None else memo.get(key) for key in keys]
        missed = [span for span, depth in zip(self.spans, known, strict=True) if depth is None]
        windows = _windows_of_parts(missed)
        progress("Interpolating gaps", 0, len(missed))
        with _Workers(missed) as workers:
            mapped = workers.map(lambda part: self._maps(part, windows[part]), list(windows))
            maps = dict(zip(windows, mapped, strict=True))
            filled = workers.map(lambda span: method(self._gap(span, maps)), missed)
            done = 0
            for span, key, depth in zip(self.spans, keys, known, strict=True):
                if depth is None:
                    depth = next(filled)
                    if memo is not None:
                        memo[key] = depth
                    done += 1
                    progress("Interpolating gaps", done, len(missed))
                yield span, depth

    def _spans(self, position: int) -> Iterator[Span]:
        from medseg.interpolation.pieces import boxes_of_groups

        first, last = self.indices[position : position + 2]
        boxes = np.concatenate([self._pieces[position].boxes, self._pieces[position + 1].boxes])
        slices_mm, rows_mm, columns_mm = self.spacing_mm
        reach_mm = REACH_OF_SLICES * (last - first) * slices_mm
        groups, around = boxes_of_groups(boxes, reach_mm / rows_mm, reach_mm / columns_mm)
        members: dict[int, list[int]] = {}
        for n, group in enumerate(groups.tolist()):
            members.setdefault(group, []).append(n)
        on_first = len(self._pieces[position].boxes)
        for group, together in members.items():
            window = _widened(around[group].tolist(), self.masks[0].shape)
            chosen = {
                position: tuple([n for n in together if n < on_first]),
                position + 1: tuple([n - on_first for n in together if n >= on_first]),
            }
            parts = tuple(
                Part(near, chosen[near] if near in chosen else self._pieces[near].within(window))
                for near in range(max(position - 1, 0), min(position + 3, len(self.indices)))
            )
            yield Span(parts, position - parts[0].position, range(first + 1, last), window)

    def key(self, span: Span) -> bytes:
        """Digest of all that the filling of a span depends on but the method."""
        indices = [self.indices[part.position] - self.indices[span.parts[0].position] for part in span.parts]
        described = repr((indices, span.before, span.window, self.spacing_mm))
        content = hashlib.blake2b(described.encode(), digest_size=20)
        for part in span.parts:
            pixels = self._pieces[part.position].content(part.pieces)
            content.update(len(pixels).to_bytes(8, "little"))
            content.update(pixels)
        return content.digest()

    def memo_key(self, span: Span, method: GapMethod) -> bytes:
        """Under which a filled span is kept."""
        return self.key(span) + getattr(method, "__qualname__", repr(method)).encode()

    def _gap(self, span: Span, maps: Mapping[Part, PartMaps]) -> Gap:
        row, column, rows, columns = span.window
        masks = np.empty((len(span.parts), rows, columns), dtype=np.bool_)
        depth = np.empty(masks.shape, dtype=np.float32)
        for n, part in enumerate(span.parts):
            whole = maps[part]
            top, left = row - whole.window[0], column - whole.window[1]
            masks[n] = whole.mask[top : top + rows, left : left + columns]
            depth[n] = whole.depth_mm[top : top + rows, left : left + columns]
        indices = tuple(self.indices[part.position] for part in span.parts)
        return Gap(indices, span.before, masks, depth, self.spacing_mm)

    def _maps(self, part: Part, window: Window) -> PartMaps:
        pieces = self._pieces[part.position]
        return PartMaps(window, *pieces.maps(part.pieces, window, self.spacing_mm[1:]))


def complete_parallel(
    drawn: DrawnStructure, method: GapMethod, *, memo: Memo | None = None, progress: Progress = silent
) -> Field:
    """Complete a structure that is drawn on parallel slices.

    Where the slices are those of a coarser grid, it is completed on that one; see
    :mod:`~medseg.interpolation.blocks`.

    Args:
        drawn: The structure, on slices along one array axis.
        method: Fills a gap.
        memo: Gaps filled before, which are not filled again; those filled now are added.
        progress: Called before each gap. What it raises ends the work.

    Returns:
        A field from the first to the last drawn slice: nothing is extrapolated beyond. The drawn slices
        are ``inf`` where drawn and ``-inf`` elsewhere.

    Raises:
        ContourError: The slices are not parallel.
    """
    return in_blocks(drawn, lambda some: _complete(ParallelSlices(some), method, memo, progress))


def _complete(slices: ParallelSlices, method: GapMethod, memo: Memo | None, progress: Progress) -> Field:
    top, left, rows, columns = slices.window
    first, last = slices.indices[0], slices.indices[-1]
    depth = np.full((last - first + 1, rows, columns), -np.inf, dtype=np.float32)
    for index, mask in zip(slices.indices, slices.masks, strict=True):
        depth[index - first][mask[top : top + rows, left : left + columns]] = np.inf
    for span, filled in slices.fill_all(method, memo, progress):
        r, c, height, width = span.window
        part = depth[
            span.missing.start - first : span.missing.stop - first,
            r - top : r - top + height,
            c - left : c - left + width,
        ]
        np.maximum(part, filled, out=part)
    corner, order = [top, left], [1, 2]
    corner.insert(slices.axis, first)
    order.insert(slices.axis, 0)
    return Field((corner[0], corner[1], corner[2]), depth.transpose(order))


class _Workers:
    """Threads for windows that are worth it; else the caller's own."""

    def __init__(self, spans: list[Span]) -> None:
        voxels = [span.window[2] * span.window[3] * len(span.missing) for span in spans]
        # Of the span that an average voxel lies in: where most of the work is.
        usual = sum(n * n for n in voxels) / max(sum(voxels), 1)
        threads = min(MAX_THREADS, os.cpu_count() or 1) if usual >= MIN_VOXELS_FOR_THREADS else 1
        self._pool = ThreadPoolExecutor(threads) if threads > 1 else None

    def __enter__(self) -> _Workers:
        return self

    def __exit__(self, *_: object) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

    def map(self, function: Callable[[Item], Result], items: list[Item]) -> Iterator[Result]:
        return map(function, items) if self._pool is None else self._pool.map(function, items)


def _windows_of_parts(spans: list[Span]) -> dict[Part, Window]:
    """For each part the smallest window that holds those of all its spans: it is mapped once."""
    windows: dict[Part, Window] = {}
    for span in spans:
        for part in span.parts:
            known = windows.get(part)
            windows[part] = span.window if known is None else _around([known, span.window])
    return windows


def _around(windows: list[Window]) -> Window:
    """The smallest window that holds some others."""
    if not windows:
        return 0, 0, 0, 0
    top, left, rows, columns = windows[0]
    bottom, right = top + rows, left + columns
    for row, column, rows, columns in windows[1:]:
        top, left = min(top, row), min(left, column)
        bottom, right = max(bottom, row + rows), max(right, column + columns)
    return top, left, bottom - top, right - left


def _widened(box: list[int], shape: tuple[int, ...]) -> Window:
    """The window of a box (first row and column and those past the last) with a margin."""
    top, left = max(box[0] - MARGIN_PIXELS, 0), max(box[1] - MARGIN_PIXELS, 0)
    bottom, right = min(box[2] + MARGIN_PIXELS, shape[0]), min(box[3] + MARGIN_PIXELS, shape[1])
    return top, left, bottom - top, right - left
