"""A reader who uses every tool at random, and what has to hold whatever comes of it.

The mouse goes through :class:`~napari_medseg.hand.Hand` as in the window, over views that need none.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace

import numpy as np

from medseg.contour import Contour, ContourSet, Slice
from medseg.errors import LockedError, MedsegError
from medseg.labelmap import LabelMap, Structure
from medseg.space import Grid
from medseg.volume import Quantity, Source, Volume
from medseg.workflows.delineate import (
    History,
    LiveProposal,
    accepted,
    label_map_of,
    opened,
    planes_of,
    proposed_anew,
)
from medseg.workflows.verify import State
from napari_medseg.case import Case
from napari_medseg.case_slate import CaseSlate
from napari_medseg.hand import Hand
from napari_medseg.tools.edits import deleted, from_neighbours, simplified, smoothed
from napari_medseg.tools.tool_box import ToolBox

SHAPE_KJI = (10, 32, 40)
SPACING_KJI_MM = (3.0, 1.0, 0.8)
MM_PER_PX = 0.5
HAIR = 1e-6
"""Of a voxel: what lies nearer to an outline lies on it."""

LIVER = Structure("liver", "Liver", 1)
TUMOUR = Structure("tumour", "Tumour", 2, part_of="liver")
FIXED = Structure("fixed", "Fixed", 1, layer=1)
VOXELS = Structure("voxels", "Voxels", 1, layer=2)
STRUCTURES = (LIVER, TUMOUR, FIXED, VOXELS)


class NoLines:
    """Takes the lines of a preview; they must be such as can be shown."""

    def show(self, _group, lines, **_look):
        assert all(np.isfinite(line.points_mm).all() for line in lines)


@dataclass(eq=False)
class FlatView:
    """A slice of the grid on pixels of half a millimetre: what a tool needs of a ``PlaneView``."""

    grid: Grid
    where: Slice
    mm_per_px: float = MM_PER_PX
    lines: NoLines = field(default_factory=NoLines)

    @property
    def plane(self):
        return self.grid.plane(self.where.axis, self.where.index)

    @property
    def size_px(self):
        """How far the image reaches to the right and down."""
        down, across = (
            (n - 1) * mm
            for axis, (n, mm) in enumerate(zip(SHAPE_KJI, SPACING_KJI_MM, strict=True))
            if axis != self.where.axis
        )
        return np.array([across, down]) / self.mm_per_px

    def to_plane_mm(self, x_px, y_px):
        return np.array([x_px, y_px]) * self.mm_per_px

    def world_of(self, points_lps_mm):
        return np.delete(np.asarray(points_lps_mm), 2 - self.where.axis, axis=-1)

    def step(self, count):
        last = SHAPE_KJI[self.where.axis] - 1
        self.where = Slice(self.where.axis, int(np.clip(self.where.index + count, 0, last)))


def made_case():
    """A case with a structure that is locked, one of voxels, and one that is part of another."""
    grid = Grid.from_axes(
        SHAPE_KJI, origin_lps_mm=(5, -7, 11), step_k_mm=(0, 0, 3), step_j_mm=(0, 1, 0), step_i_mm=(0.8, 0, 0)
    )
    values = np.random.default_rng(5).integers(-50, 150, SHAPE_KJI).astype(np.int16)
    case = Case(Volume(grid, values, Quantity.HU, Source("phantom", modality="CT")), "phantom")
    k, j, i = np.ogrid[: SHAPE_KJI[0], : SHAPE_KJI[1], : SHAPE_KJI[2]]
    ball = ((k - 5) * 3) ** 2 + (j - 16) ** 2 + ((i - 14) * 0.8) ** 2 < 81
    nothing = np.zeros(SHAPE_KJI, np.uint8)
    label_map = LabelMap.painted(grid, [nothing, nothing, ball.astype(np.uint8)], STRUCTURES)
    square = np.array([(6.0, 8.0), (20.0, 8.0), (20.0, 22.0), (6.0, 22.0)])
    fixed = [Contour(grid.plane(0, index), square, FIXED.id) for index in (2, 6)]
    before = opened(label_map, ContourSet(tuple(fixed)))
    case.resume(History(replace(before, locked=frozenset({FIXED.id}))))
    return case


class RandomWorkbench:
    """Does one random action after another, and looks after each that nothing was written that must not be.

    Attributes:
        case: What is worked on.
        counts: How often each action was done; what was refused, by the name of its error.
    """

    def __init__(self, seed):
        self.random = np.random.default_rng(seed)
        self.case = made_case()
        self.counts = Counter()
        self._box = ToolBox()
        self._hand = Hand(self.case, self._box, self._on_error)
        grid = self.case.volume.grid
        self._views = [FlatView(grid, Slice(axis, SHAPE_KJI[axis] // 2)) for axis in range(3)]
        self._view = self._views[0]
        self._hand.structure_id = TUMOUR.id
        self._engine = LiveProposal(grid)
        self._proposal, _ = self._engine.update(self.case.delineation)
        self._actions = {
            self._stroke: 40, self._click: 12, self._double_click: 4, self._hover: 3,
            self._take_tool: 8, self._set: 6, self._choose_structure: 8, self._go: 12,
            self._take_back_or_undo: 8, self._redo: 4, self._finish: 3, self._cancel: 1,
            self._accept: 3, self._propose_anew: 1, self._lock: 3, self._change_state: 4,
            self._clear: 3, self._correct: 5,
        }  # fmt: skip

    def act(self):
        """One action."""
        weights = np.array(list(self._actions.values()), dtype=float)
        action = list(self._actions)[self.random.choice(len(weights), p=weights / weights.sum())]
        before, was_locked = self.case.delineation, self.case.is_locked
        action()
        self.counts[action.__name__.strip("_")] += 1
        after = self.case.delineation
        if was_locked and action != self._change_state:
            assert after is before, f"{action.__name__} wrote to a case that is {self.case.state}"
        for structure_id in before.locked:
            assert _same(before.contours.of(structure_id), after.contours.of(structure_id)), action.__name__
        if after is not before:
            self.counts["steps"] += 1
            self._check_contours(before)

    def check(self):
        """Contours and voxels agree, steps lead back and forth, and the engine is where a fresh one is."""
        self.case.mark_state(State.IN_PROGRESS)
        self._box.take(None)
        grid, now = self.case.volume.grid, self.case.delineation
        label_map = label_map_of(now, grid)
        check_voxels(now, label_map)
        again = opened(label_map, now.contours, now.completed)
        assert all(map(np.array_equal, label_map_of(again, grid).layers, label_map.layers))
        done = self.case.history.position
        for _ in range(done):
            self.case.undo()
        assert self.case.delineation is self.case.history.start
        for _ in range(done):
            self.case.redo()
        assert self.case.delineation is now
        followed = self._follow().completions
        fresh = LiveProposal(grid).update(now)[0].completions
        for mine, other in zip(followed, fresh, strict=True):
            assert np.array_equal(mine.label_map.voxels, other.label_map.voxels)

    def _stroke(self):
        path = self._path()
        shift = bool(self.random.random() < 0.2)
        self._hand.pressed(self._view, *path[0], shift=shift)
        breaks = int(self.random.integers(len(path))) if self.random.random() < 0.1 else None
        for number, at in enumerate(path[1:]):
            if number == breaks:
                self._interrupt()
            self._hand.dragged(self._view, *at)
        self._hand.released(self._view, *path[-1])

    def _interrupt(self):
        """What a second hand may do on the keys while the first one draws."""
        doing = (
            self._take_back_or_undo,
            self._take_tool,
            self._go,
            self._choose_structure,
            self._change_state,
        )
        doing[self.random.integers(len(doing))]()

    def _path(self):
        """Pixels of a stroke: a loop, a walk, there and back, or nothing."""
        size, kind = self._view.size_px, self.random.random()
        start = self.random.uniform(-0.1, 1.1, 2) * size
        count = int(self.random.integers(3, 40))
        if kind < 0.6:
            angles = np.linspace(0, self.random.choice([1, 1, 1, 2]) * 2 * np.pi, count)
            radius_px = self.random.uniform(2, 30) * (1 + self.random.uniform(-0.2, 0.2, count))
            return start + radius_px[:, None] * np.column_stack([np.cos(angles), np.sin(angles)])
        if kind < 0.9:
            return np.rint(start + np.cumsum(self.random.normal(0, 6, (count, 2)), axis=0))
        if kind < 0.95:
            return start + np.outer([0, 10, 20, 10, 0], (1, 1))
        return np.repeat(start[None], 2, axis=0)

    def _at(self):
        return self.random.uniform(0, 1, 2) * self._view.size_px

    def _click(self):
        for at in [self._at() for _ in range(self.random.integers(1, 5))]:
            self._hand.pressed(self._view, *at, shift=False)
            self._hand.released(self._view, *at)

    def _double_click(self):
        at = self._at()
        self._hand.pressed(self._view, *at, shift=False)
        self._hand.released(self._view, *at)
        self._hand.double_clicked(self._view, *at)
        self._hand.released(self._view, *at)

    def _hover(self):
        view = self._views[self.random.integers(3)]
        self._hand.hovered(view, *(self.random.uniform(0, 1, 2) * view.size_px))

    def _take_tool(self):
        tools = self._box.tools
        self._box.take(tools[self.random.integers(len(tools))] if self.random.random() < 0.95 else None)

    def _set(self):
        tool = self._box.in_hand
        if hasattr(tool, "radius_mm"):
            tool.radius_mm = float(self.random.uniform(0.5, 15))
        if hasattr(tool, "in_range"):
            tool.in_range = (0.0, 100.0) if self.random.random() < 0.3 else None
        for switch in ("erases", "hole"):
            if hasattr(tool, switch):
                setattr(tool, switch, bool(self.random.random() < 0.3))

    def _choose_structure(self):
        self._hand.finish()
        self._hand.structure_id = STRUCTURES[self.random.integers(len(STRUCTURES))].id

    def _go(self):
        if self.random.random() < 0.4:
            self._view = self._views[self.random.integers(3)]
        self._hand.wheeled(self._view, int(self.random.integers(-3, 4)))
        # As the window does when the slice changes.
        self._hand.finish()

    def _take_back_or_undo(self):
        if not self._hand.take_back():
            self._go_along(self.case.undo, -1)

    def _redo(self):
        self._go_along(self.case.redo, 1)

    def _go_along(self, move, steps):
        """Undo or redo: one step, to the very state that was there."""
        history = self.case.history
        states = [history.start, *(step.after for step in history.steps)]
        to = min(max(history.position + steps, 0), len(states) - 1)
        if not self.case.is_locked:
            move()
            assert self.case.delineation is states[to]
        else:
            self._attempt(move)

    def _finish(self):
        self._hand.finish()

    def _cancel(self):
        if self._box.in_hand is not None:
            self._box.in_hand.cancel()

    def _follow(self):
        self._proposal, _ = self._engine.update(self.case.delineation)
        return self._proposal

    def _accept(self):
        before, proposal = self.case.delineation, self._follow()
        if self.random.random() < 0.5:
            slices = proposal.proposed_slices(self._hand.structure_id)
            if not slices:
                return
            where = slices[self.random.integers(len(slices))]
            self._attempt(
                lambda: self.case.edit(
                    "accept",
                    accepted(proposal, structure_ids=[self._hand.structure_id], slices=[where]),
                )
            )
        else:
            self._attempt(lambda: self.case.edit("accept all", accepted(proposal)))
        kept = {id(contour) for contour in self.case.contours}
        assert all(id(contour) in kept for contour in before.contours), "accepting took a contour away"

    def _propose_anew(self):
        after = proposed_anew(self.case.delineation, self._hand.structure_id)
        self._attempt(lambda: self.case.edit("propose anew", after))

    def _correct(self):
        correct = (deleted, smoothed, simplified, from_neighbours)[self.random.integers(4)]
        slate = CaseSlate.of(self.case, self._hand.structure_id, self._view)
        self._attempt(lambda: correct(slate))

    def _clear(self):
        """Delete what a structure has on the plane, now and then all: nobody draws for ever."""
        now, structure_id = self.case.delineation, self._hand.structure_id
        if self.random.random() < 0.8:
            where = self._view.where
            self._attempt(lambda: self.case.replace_on(structure_id, where, (), "delete"))
        else:
            kept = [c for c in now.contours if c.structure_id != structure_id]
            self._attempt(lambda: self.case.edit("delete all", now.with_contours(kept)))

    def _lock(self):
        now, one = self.case.delineation, STRUCTURES[self.random.integers(len(STRUCTURES))].id
        self._attempt(lambda: self.case.edit("lock", replace(now, locked=now.locked ^ {one})))

    def _change_state(self):
        state = State.IN_PROGRESS
        if self.random.random() < 0.15:
            state = (State.SUBMITTED, State.APPROVED)[self.random.integers(2)]
        self.case.mark_state(state)

    def _attempt(self, action):
        try:
            action()
        except MedsegError as error:
            self._on_error(error)

    def _on_error(self, error):
        assert error.hint, f"{error!r} doesn't say what to do"
        self.counts[type(error).__name__] += 1
        if isinstance(error, LockedError):
            assert self.case.is_locked or self.case.delineation.locked

    def _check_contours(self, before):
        old = {id(contour) for contour in before.contours}
        ids = {s.id for s in self.case.structures}
        for contour in self.case.contours:
            if id(contour) not in old:
                assert contour.structure_id in ids
                assert np.isfinite(contour.points_mm).all()
                where = self.case.placements.of(contour)
                assert isinstance(where, Slice), "it was drawn on a slice"


def check_voxels(delineation, label_map):
    """The voxels are those that a person would fill in: even-odd, what was drawn last where planes cross.

    A voxel whose centre lies on an outline belongs to either side.
    """
    grid = label_map.grid
    filled = {s.id: _filled(delineation, s, grid) for s in delineation.structures}
    for number, layer in enumerate(label_map.layers):
        expected, undecided = np.zeros(SHAPE_KJI, dtype=layer.dtype), np.zeros(SHAPE_KJI, dtype=bool)
        inside = [s for s in delineation.structures if s.layer == number]
        # Parts last: they have what both claim.
        for structure in sorted(inside, key=lambda s: s.part_of is not None):
            mask, on_outline = filled[structure.id]
            expected[mask] = structure.label
            undecided |= on_outline
        assert np.array_equal(layer[~undecided], expected[~undecided]), [s.name for s in inside]
        assert undecided.sum() < 0.01 * layer.size


def _filled(delineation, structure, grid):
    """The voxels of a structure, and those whose centre lies on an outline."""
    mask, on_outline = np.zeros(SHAPE_KJI, dtype=bool), np.zeros(SHAPE_KJI, dtype=bool)
    if delineation.came_as_voxels(structure.id):
        mask = delineation.voxels.mask(structure.id)
    for where, group in planes_of(delineation, structure.id, grid).items():
        index = [slice(None)] * 3
        index[where.axis] = where.index
        mask[tuple(index)], on_outline[tuple(index)] = _inside(group, grid, where)
    return mask, on_outline


def _inside(group, grid, where):
    """Which voxel centres of a slice lie in more outer contours than holes, and which on an outline."""
    down, across = (axis for axis in range(3) if axis != where.axis)
    v, u = np.indices((SHAPE_KJI[down], SHAPE_KJI[across]))
    depth, on_outline = np.zeros(u.shape, dtype=int), np.zeros(u.shape, dtype=bool)
    plane = grid.plane(where.axis, where.index)
    for contour in group:
        ring = plane.to_plane_mm(contour.points_lps_mm) / (SPACING_KJI_MM[across], SPACING_KJI_MM[down])
        odd = np.zeros(u.shape, dtype=bool)
        for (u1, v1), (u2, v2) in zip(ring, np.roll(ring, -1, axis=0), strict=True):
            along = np.array([u2 - u1, v2 - v1])
            share = ((u - u1) * along[0] + (v - v1) * along[1]) / max(along @ along, HAIR**2)
            share = np.clip(share, 0, 1)
            on_outline |= np.hypot(u - u1 - share * along[0], v - v1 - share * along[1]) < HAIR
            if v1 != v2:
                odd ^= ((v1 > v) != (v2 > v)) & (u < u1 + (v - v1) * along[0] / along[1])
        depth += np.where(odd, -1 if contour.hole else 1, 0)
    return depth > 0, on_outline


def _same(first, second):
    return len(first) == len(second) and all(a is b for a, b in zip(first, second, strict=True))
