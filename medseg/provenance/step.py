"""Steps: what happened to a label map, one after the other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from medseg._version import __version__
from medseg.provenance.checked import optional_text, texts, zoned_time

SOFTWARE = f"medseg {__version__}"


class Activity(StrEnum):
    """What can happen to a label map."""

    CREATED = "created"
    IMPORTED = "imported"
    RESAMPLED = "resampled"
    EDITED = "edited"


@dataclass(frozen=True)
class StepInput:
    """A file that went into a step, without its name: people put names of patients into file names.

    Attributes:
        what: What it is, such as ``label map`` or ``image``.
        format: Its format, such as ``DICOM SEG``.
        sha256: Digest of its bytes; for an image of several files that of
            :func:`~medseg.provenance.source_digest.source_sha256`.
    """

    what: str
    format: str
    sha256: str


@dataclass(frozen=True)
class Step:
    """One thing that happened to a label map.

    Attributes:
        activity: What was done.
        at: When it was done, with the time zone.
        by: Printed name of who did it, as they gave it: nothing proves it.
        software: Name and version of the program.
        from_voxels_sha256: Digest of the voxels before it; None where there were none, or of another program.
        to_voxels_sha256: Digest of the voxels after it; None where they were not kept.
        inputs: The files that went into it.
        notes: What a reader should know of it, one sentence each.
    """

    activity: Activity
    at: datetime
    by: str
    software: str = SOFTWARE
    from_voxels_sha256: str | None = None
    to_voxels_sha256: str | None = None
    inputs: tuple[StepInput, ...] = ()
    notes: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """The step as a JSON object."""
        return {
            "activity": self.activity.value,
            "at": self.at.isoformat(timespec="seconds"),
            "by": self.by,
            "software": self.software,
            "from_voxels_sha256": self.from_voxels_sha256,
            "to_voxels_sha256": self.to_voxels_sha256,
            "inputs": [{"what": i.what, "format": i.format, "sha256": i.sha256} for i in self.inputs],
            "notes": list(self.notes),
        }

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> Step:
        """Read a step back.

        Raises:
            KeyError, TypeError, ValueError: It is damaged; the record that holds it says so.
        """
        inputs = [(str(i["what"]), str(i["format"]), str(i["sha256"])) for i in value["inputs"]]
        return cls(
            activity=Activity(value["activity"]),
            at=zoned_time(value["at"]),
            by=str(value["by"]),
            software=str(value["software"]),
            from_voxels_sha256=optional_text(value["from_voxels_sha256"]),
            to_voxels_sha256=optional_text(value["to_voxels_sha256"]),
            inputs=tuple(StepInput(*one) for one in inputs),
            notes=texts(value["notes"]),
        )


def imported(
    by: str,
    at: datetime,
    *,
    format: str,  # noqa: A002 - the field's own name
    sha256: str,
    what: str = "label map",
    notes: Iterable[str] = (),
) -> Step:
    """The step of an import, for :func:`~medseg.workflows.save.save_label_map`.

    Args:
        by: Printed name of who imported it.
        at: When, with the time zone.
        format: The format of the file, such as ``DICOM SEG``.
        sha256: Digest of the file.
        what: What the file holds.
        notes: What was left out, assumed or changed on the way.
    """
    return Step(Activity.IMPORTED, at, by, inputs=(StepInput(what, format, sha256),), notes=tuple(notes))


def resampled(by: str, at: datetime, *, from_voxels_sha256: str | None, notes: Iterable[str] = ()) -> Step:
    """The step of a resampling onto another grid, after the step that brought the voxels.

    Args:
        by: Printed name of who asked for it.
        at: When, with the time zone.
        from_voxels_sha256: Digest of the voxels on their own grid.
        notes: How the grids differ, and how it was resampled.
    """
    return Step(Activity.RESAMPLED, at, by, from_voxels_sha256=from_voxels_sha256, notes=tuple(notes))


def linked(steps: Iterable[Step], to_voxels_sha256: str) -> tuple[Step, ...]:
    """Steps of one save, each with the voxels that the next one started from, the last with those saved."""
    chain = list(steps)
    after: str | None = to_voxels_sha256
    for position in range(len(chain) - 1, -1, -1):
        chain[position] = replace(chain[position], to_voxels_sha256=chain[position].to_voxels_sha256 or after)
        after = chain[position].from_voxels_sha256
    return tuple(chain)
