"""What proposes structures: one small interface for region growing, for networks, and for what others add.

A segmenter is given a volume, a part of it, hints and what is there already, and proposes masks. It writes
nothing and decides nothing: a proposal goes through the same gateway as a hand's contour, where a reader
takes all of it, some of it or nothing.

Others register theirs by an entry point of the group ``medseg.segmenters``, whose object is a segmenter or a
class of one without arguments.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from medseg.progress import Progress
from medseg.space import Box
from medseg.volume import Volume

Mask = npt.NDArray[np.bool_]
PointLps = tuple[float, float, float]
Value = float | int | bool | str

BACKGROUND = None
"""The structure of hints that say: nothing is here."""


class Hint(StrEnum):
    """What a reader can give a segmenter to go by."""

    POINTS = "points"
    """A click within each structure."""
    BACKGROUND = "background"
    """A click or a stroke on what belongs to none."""
    SPHERE = "sphere"
    """A ball around what is meant."""
    ROUGH = "rough"
    """A rough delineation."""


@dataclass(frozen=True)
class Point:
    """A click.

    Attributes:
        at_lps_mm: Where, in the patient.
        structure_id: Of which structure; :data:`BACKGROUND` for none.
    """

    at_lps_mm: PointLps
    structure_id: str | None


@dataclass(frozen=True)
class Sphere:
    """A ball, in the patient.

    Attributes:
        centre_lps_mm: Its centre.
        radius_mm: Its radius.
    """

    centre_lps_mm: PointLps
    radius_mm: float


@dataclass(frozen=True, eq=False)
class Hints:
    """What a reader gives a segmenter to go by; none of it must be there.

    Attributes:
        points: Clicks.
        sphere: A ball around what is meant.
        marks: Voxels that belong to a structure for certain, or to none (:data:`BACKGROUND`), such as strokes
            of a brush: masks ``[k, j, i]`` of the task's region.
        rough: A rough delineation of each structure, likewise.
    """

    points: tuple[Point, ...] = ()
    sphere: Sphere | None = None
    marks: Mapping[str | None, Mask] = field(default_factory=dict)
    rough: Mapping[str, Mask] = field(default_factory=dict)

    def has(self, hint: Hint) -> bool:
        """Whether a kind of hint is there."""
        return {
            Hint.POINTS: any(point.structure_id is not BACKGROUND for point in self.points)
            or any(structure_id is not BACKGROUND for structure_id in self.marks),
            Hint.BACKGROUND: any(point.structure_id is BACKGROUND for point in self.points)
            or BACKGROUND in self.marks,
            Hint.SPHERE: self.sphere is not None,
            Hint.ROUGH: bool(self.rough),
        }[hint]

    def points_of(self, structure_id: str | None) -> tuple[PointLps, ...]:
        """The clicks of one structure, or on the background."""
        return tuple(point.at_lps_mm for point in self.points if point.structure_id == structure_id)


@dataclass(frozen=True)
class Parameter:
    """A setting of a segmenter, for whoever offers it.

    Attributes:
        name: Its name on the command line and in the record, such as ``threshold``.
        title: What people read.
        default: Its value where nobody says another; its type is that of the setting.
        unit: UCUM; ``image`` for the unit of the image's values.
        least: The least number; None for no limit.
        most: The largest number; None for no limit.
        choices: The words that are allowed, for a setting of text.
    """

    name: str
    title: str
    default: Value
    unit: str = "1"
    least: float | None = None
    most: float | None = None
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Method:
    """How a proposal came about, for the record.

    Attributes:
        name: Name of the segmenter.
        version: Its version.
        parameters: The settings that it ran with, all of them.
        weights_sha256: Digest of its weights; None where it has none.
    """

    name: str
    version: str
    parameters: Mapping[str, Value] = field(default_factory=dict)
    weights_sha256: str | None = None


@dataclass(frozen=True, eq=False)
class Task:
    """What a segmenter is asked.

    Attributes:
        volume: The image.
        structure_ids: What is to be proposed, the chosen structure first.
        region: The part of the image to look at, and to propose in.
        hints: What the reader gave.
        parameters: Every setting by name, checked.
        taken: Voxels of the region that belong to other structures or are locked, which nothing proposed may
            have; None for none.
    """

    volume: Volume
    structure_ids: tuple[str, ...]
    region: Box
    hints: Hints
    parameters: Mapping[str, Value]
    taken: Mask | None = None

    @property
    def shape_kji(self) -> tuple[int, int, int]:
        """Shape of the region."""
        k, j, i = (side.stop - side.start for side in self.region)
        return k, j, i

    def number(self, name: str) -> float:
        """A setting that is a number."""
        return float(self.parameters[name])


@dataclass(frozen=True, eq=False)
class Proposal:
    """What a segmenter proposes.

    Attributes:
        masks: Voxels of each structure, ``[k, j, i]`` of the region.
        region: Where they lie in the image.
        method: How it came about.
        remarks: What the reader should know, one sentence each.
    """

    masks: Mapping[str, Mask]
    region: Box
    method: Method
    remarks: tuple[str, ...] = ()


@runtime_checkable
class Segmenter(Protocol):
    """Proposes structures.

    Attributes:
        name: In lower case with hyphens: ``grow-from-seeds``.
        title: What people read.
        version: Of the method: it changes where results do.
        needs: Hints without which it can't begin.
        parameters: Its settings.

    One that can do with other hints, too, names them in ``uses``, likewise.
    """

    name: str
    title: str
    version: str
    needs: frozenset[Hint]
    parameters: Sequence[Parameter]

    def propose(self, task: Task, *, progress: Progress) -> Proposal:
        """Propose what a task asks for.

        Args:
            task: Complete: the hints that are needed are there, and every setting has a value.
            progress: Called between steps; what it raises is passed on (:class:`~medseg.errors.Cancelled`).
        """
