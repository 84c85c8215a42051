"""The record of how a label map was made: BIDS ``_dseg.json`` with a section of our own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from medseg._version import __version__
from medseg.errors import SidecarError
from medseg.volume import Source, SourceFile

SCHEMA = "medseg-provenance/1"


@dataclass(frozen=True)
class SliceOrigins:
    """On which slices a structure came from where, such as ``drawn=("k=3", "k=7")``.

    Attributes:
        drawn: Slices with a contour that a person drew.
        imported: Slices with a contour that came from another program or a truth.
        interpolated: Slices that the engine filled.
    """

    drawn: tuple[str, ...] = ()
    imported: tuple[str, ...] = ()
    interpolated: tuple[str, ...] = ()


@dataclass(frozen=True)
class Interpolated:
    """How a structure was completed between the planes on which it was drawn.

    Attributes:
        method: Name of the method of interpolation.
        image_used: Whether the image took part; None where none was offered.
        image_reason: Why, or why not.
    """

    method: str
    image_used: bool | None = None
    image_reason: str = ""

    def as_dict(self) -> dict[str, Any]:
        """The fields of the structure in the record."""
        if self.image_used is None:
            return {"method": self.method}
        return {"method": self.method, "image": {"used": self.image_used, "reason": self.image_reason}}


@dataclass(frozen=True)
class Record:
    """Who made a label map, when, with what, from which image and which contours.

    It names digests of the voxels, never the content digest, which covers this record: nothing is circular.

    Attributes:
        author: Printed name of who made it.
        created: When, with the time zone.
        source: The image, by UID and SHA-256.
        voxels_sha256: Digest of the stored voxels, see :mod:`medseg.provenance.content`.
        structures: For each structure id the slices and their origins.
        completed: For each structure id how it was interpolated; those that were not are left out.
        notes: What happened on the way that a reader should know, one sentence each.
        software: Name and version of the program.
    """

    author: str
    created: datetime
    source: Source
    voxels_sha256: str
    structures: Mapping[str, SliceOrigins]
    completed: Mapping[str, Interpolated] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    software: str = field(default=f"medseg {__version__}")

    @property
    def method(self) -> str | None:
        """The methods of interpolation, by name; None where nothing was interpolated."""
        return ", ".join(dict.fromkeys(how.method for how in self.completed.values())) or None

    def as_dict(self) -> dict[str, Any]:
        """The record as a BIDS sidecar."""
        drawn = any(s.drawn for s in self.structures.values())
        return {
            "Description": "Label map: contours on some slices, completed between them",
            "Manual": drawn and self.method is None,
            "Sources": [f"urn:oid:{self.source.series_uid}"] if self.source.series_uid else [],
            "SpatialReference": "the grid of the source image (sform)",
            "medseg": {
                "schema": SCHEMA,
                "author": self.author,
                "created": self.created.isoformat(timespec="seconds"),
                "software": self.software,
                "source": _source_as_dict(self.source),
                "voxels_sha256": self.voxels_sha256,
                "method": self.method,
                "structures": {
                    structure_id: {
                        "drawn": list(origins.drawn),
                        "imported": list(origins.imported),
                        "interpolated": list(origins.interpolated),
                        **(self.completed[structure_id].as_dict() if structure_id in self.completed else {}),
                    }
                    for structure_id, origins in self.structures.items()
                },
                "notes": list(self.notes),
            },
        }

    @classmethod
    def from_dict(cls, document: Any) -> Record:
        """Read a record back.

        Raises:
            SidecarError: It is not a record of ours, or a damaged one.
        """
        try:
            ours = document["medseg"]
            if ours["schema"] != SCHEMA:
                raise SidecarError(f"expected a record of schema {SCHEMA}, got {ours['schema']!r}")
            return cls(
                author=str(ours["author"]),
                created=datetime.fromisoformat(ours["created"]),
                source=_source_from_dict(ours["source"]),
                voxels_sha256=str(ours["voxels_sha256"]),
                structures={
                    str(structure_id): SliceOrigins(
                        tuple(origins["drawn"]), tuple(origins["imported"]), tuple(origins["interpolated"])
                    )
                    for structure_id, origins in ours["structures"].items()
                },
                completed=_completed_from_dict(ours),
                notes=tuple(ours["notes"]),
                software=str(ours["software"]),
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise SidecarError(f"expected a provenance record of medseg, but {error!r}") from error


def _completed_from_dict(ours: Mapping[str, Any]) -> dict[str, Interpolated]:
    completed = {}
    named = any("method" in entry for entry in ours["structures"].values())
    for structure_id, entry in ours["structures"].items():
        # The first records named one method for all structures.
        method = entry.get("method", None if named else ours["method"])
        if method is not None:
            image = entry.get("image", {})
            completed[str(structure_id)] = Interpolated(
                str(method), image.get("used"), str(image.get("reason", ""))
            )
    return completed


def _source_as_dict(source: Source) -> dict[str, Any]:
    return {
        "format": source.format,
        "modality": source.modality,
        "study_uid": source.study_uid,
        "series_uid": source.series_uid,
        "files": [{"uid": file.uid, "sha256": file.sha256} for file in source.files],
    }


def _source_from_dict(document: Mapping[str, Any]) -> Source:
    return Source(
        format=str(document["format"]),
        modality=document["modality"],
        study_uid=document["study_uid"],
        series_uid=document["series_uid"],
        files=tuple(SourceFile(str(file["sha256"]), file["uid"]) for file in document["files"]),
    )
