"""What the list of structures shows, without a window."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from medseg.workflows.delineate import Proposal
from napari_medseg.case import Case

MM3_IN_ML = 1000.0

MAX_KEY = 9
"""As many structures have a key of their own, 1 to 9."""

NO_VOLUME = "–"


@dataclass(frozen=True)
class StructureRow:
    """One structure of the list.

    Attributes:
        id: The structure.
        key: The key that chooses it; empty from the tenth on.
        name: What people read.
        color: ``#rrggbb``.
        about: What it is part of, and what it is; empty where nothing is known.
        drawn: How many contours it has, in words.
        volume: In ml, with what is proposed; a dash where nothing is.
        locked: Whether it may not be written.
        shown: Whether the views show it.
    """

    id: str
    key: str
    name: str
    color: str
    about: str
    drawn: str
    volume: str
    locked: bool
    shown: bool

    @property
    def tip(self) -> str:
        """All of it in one sentence."""
        parts = (self.name, self.about, self.drawn)
        return ", ".join(part for part in parts if part)


def rows_of(case: Case | None, volumes_ml: dict[str, float], hidden: Collection[str]) -> list[StructureRow]:
    """The list of a case's structures, in the order of their keys.

    Args:
        case: The open case, or None.
        volumes_ml: By structure id; see :class:`Volumes`.
        hidden: Ids of the structures that the views don't show.
    """
    if case is None:
        return []
    now = case.delineation
    names = {s.id: s.name for s in now.structures}
    return [
        StructureRow(
            structure.id,
            str(number) if number <= MAX_KEY else "",
            structure.name,
            structure.color,
            _about(structure.code.meaning if structure.code else "", names.get(structure.part_of or "", "")),
            _counted(len(now.contours.of(structure.id))),
            volume_text(volumes_ml.get(structure.id)),
            locked=structure.id in now.locked,
            shown=structure.id not in hidden,
        )
        for number, structure in enumerate(now.structures, start=1)
    ]


def volume_text(volume_ml: float | None) -> str:
    """A volume to three digits and at most a microlitre, without its unit.

    >>> [volume_text(ml) for ml in (0.01234, 1.2345, 17.08, 123.45, 1510.2, 0.0, None)]
    ['0.012', '1.23', '17.1', '123', '1510', '0', '–']
    """
    if volume_ml is None:
        return NO_VOLUME
    if volume_ml == 0:
        return "0"
    decimals = next((n for n, least in enumerate((100, 10, 1)) if volume_ml >= least), 3)
    return f"{volume_ml:.{decimals}f}"


class Volumes:
    """The volumes of the structures in ml."""

    def __init__(self) -> None:
        self.ml: dict[str, float] = {}

    def forget(self) -> None:
        """Begin with another case."""
        self.ml = {}

    def follow(self, proposal: Proposal) -> None:
        """Take the volumes of what the engine proposes: what was drawn with all that lies between."""
        structures = proposal.delineation.structures
        self.ml = {
            s.id: proposal.volume_mm3(s.id) / MM3_IN_ML
            for s in structures
            if proposal.completed(s.id) is not None
        }


def _about(meaning: str, whole: str) -> str:
    return " · ".join(filter(None, (f"in {whole}" if whole else "", meaning)))


def _counted(count: int) -> str:
    return f"{count} contour{'' if count == 1 else 's'}"
