"""A small case and a reader who draws on it, for the tests of journals."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np

from medseg.contour import Contour, ContourSet, Origin
from medseg.labelmap import Code, LabelMap, Structure
from medseg.provenance.record import Interpolated
from medseg.provenance.step import imported
from medseg.space import Grid
from medseg.workflows.delineate import About, Delineation, History, Journal, found_journals

WAIT_S = 10
GRID = Grid.from_axes(
    (6, 20, 24),
    origin_lps_mm=(5.1, -7, 11),
    step_k_mm=(0.1, 0, 3),
    step_j_mm=(0, 1, 0),
    step_i_mm=(0.8, 0, 0),
    frame_of_reference_uid="1.2.3",
)
LIVER = Structure("liver", "Liver", 1)
TUMOUR = Structure("tumour", "Tumour ä", 300, "#102030", Code("SCT", "108369006", "Neoplasm"), "liver", 1)
ABOUT = About(
    "phantom",
    GRID,
    author="Ada Adams",
    imports=(imported("Ada Adams", datetime.now(UTC).replace(microsecond=0), format="NRRD", sha256="ab"),),
)


def label_map(seed=0):
    """Voxels in two layers, one of 16 bits."""
    random = np.random.default_rng(seed)
    layers = [
        (random.random(GRID.shape_kji) < 0.1).astype(np.uint8),
        (random.random(GRID.shape_kji) < 0.1).astype(np.uint16) * 300,
    ]
    return LabelMap(GRID, tuple(layers), (LIVER, TUMOUR))


class Reader:
    """Does steps of every kind at random.

    Attributes:
        history: What was done.
    """

    def __init__(self, seed=0):
        self.random = np.random.default_rng(seed)
        self.history = History(Delineation((LIVER, TUMOUR), voxels=label_map()))

    def contour(self):
        """An outline whose numbers use all their bits."""
        angles = np.linspace(0, 2 * np.pi, int(self.random.integers(3, 60)), endpoint=False)
        ring = np.column_stack([np.cos(angles), np.sin(angles)]) * self.random.uniform(1, 5) + 9
        return Contour(
            GRID.plane(int(self.random.integers(3)), int(self.random.integers(6))),
            ring,
            str(self.random.choice(["liver", "tumour"])),
            hole=bool(self.random.random() < 0.2),
            origin=list(Origin)[self.random.integers(4)],
            time_index=[None, 0, 3][self.random.integers(3)],
        )

    def act(self):
        """One step, or one back or forth."""
        now, what = self.history.current, self.random.random()
        if what < 0.15:
            self.history.undo()
        elif what < 0.25:
            self.history.redo()
        else:
            self.history.do(f"step {len(self.history.steps)}", self._changed(now, what))

    def _changed(self, now, what):
        if what < 0.3:
            return replace(now, locked=now.locked ^ {"liver"}, notes=(*now.notes, "a note"))
        if what < 0.35:
            return replace(now, voxels=None if now.voxels else label_map(int(self.random.integers(9))))
        if what < 0.4:
            how = Interpolated("auto", image_used=bool(what < 0.37), parameters={"a.B": 1.5, "on": True})
            return replace(now, completed={"tumour": how} if not now.completed else {})
        if what < 0.43:
            return replace(now, structures=(replace(LIVER, name=f"Liver {what}"), TUMOUR))
        contours = [c for c in now.contours if self.random.random() < 0.9]
        new = [self.contour() for _ in range(self.random.integers(1, 4))]
        at = int(self.random.integers(len(contours) + 1))
        return replace(now, contours=ContourSet((*contours[:at], *new, *contours[at:])))


class Kept:
    """A reader whose steps go to a journal, and what the journal said."""

    def __init__(self, folder, seed=0):
        self.folder = folder
        self.reader = Reader(seed)
        self.told = []
        self.journal = Journal.begin(ABOUT, self.reader.history, told=self.told.append, folder=folder)
        (self.path,) = folder.glob("*.journal")

    def act(self, count):
        for _ in range(count):
            before = len(self.reader.history.steps), self.reader.history.position
            last = self.reader.history.steps[-1:]
            self.reader.act()
            history = self.reader.history
            if history.steps[-1:] != last:
                self.journal.append(history.steps[-1])
            elif (len(history.steps), history.position) != before:
                self.journal.moved_to(history.position)

    def wait_for(self, count):
        """Wait until the journal said so many things."""
        deadline = time.monotonic() + WAIT_S
        while len(self.told) < count:
            assert time.monotonic() < deadline, self.told
            time.sleep(0.01)

    def die(self):
        """End as a killed process does: the lock goes, the file stays."""
        self.journal.close(discard=False)

    def found(self):
        (one,) = found_journals(self.folder)
        return one


def require_same_history(found, expected):
    """Step by step the same, to the last bit."""
    assert found.position == expected.position
    assert [step.label for step in found.steps] == [step.label for step in expected.steps]
    require_same(found.start, expected.start)
    for mine, other in zip(found.steps, expected.steps, strict=True):
        require_same(mine.after, other.after)


def require_same(found, expected):
    """The same delineation, to the last bit."""
    for name in ("structures", "completed", "locked", "notes", "models"):
        assert getattr(found, name) == getattr(expected, name)
    assert len(found.contours) == len(expected.contours)
    for mine, other in zip(found.contours, expected.contours, strict=True):
        assert _bits(mine) == _bits(other)
    assert (found.voxels is None) == (expected.voxels is None)
    if found.voxels is not None:
        assert found.voxels.structures == expected.voxels.structures
        for mine, other in zip(found.voxels.layers, expected.voxels.layers, strict=True):
            assert mine.dtype == other.dtype
            assert np.array_equal(mine, other)


def _bits(contour):
    plane = contour.plane
    numbers = (plane.origin_lps_mm, plane.u, plane.v, contour.points_mm)
    words = (contour.structure_id, contour.hole, contour.origin, contour.time_index)
    return (*words, *(array.tobytes() for array in numbers))
