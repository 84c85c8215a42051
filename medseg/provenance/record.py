"""The record of how a label map was made: BIDS ``_dseg.json`` with a section of our own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from medseg.errors import SidecarError
from medseg.provenance.checked import optional_text, scalars, texts, zoned_time
from medseg.provenance.source_digest import described
from medseg.provenance.step import SOFTWARE, Activity, Step, StepInput, linked
from medseg.volume import Source, SourceFile

SCHEMA = "medseg-provenance/2"

READABLE = ("medseg-provenance/1", SCHEMA)
"""The first one knew no steps, models, parameters and assisted slices."""


@dataclass(frozen=True)
class SliceOrigins:
    """On which slices a structure came from where, such as ``drawn=("k=3", "k=7")``.

    Attributes:
        drawn: Slices with a contour that a person drew.
        imported: Slices with a contour that came from another program or a truth.
        interpolated: Slices that the engine filled.
        assisted: Slices that a model proposed: as voxels, or as a contour that a person took over.
    """

    drawn: tuple[str, ...] = ()
    imported: tuple[str, ...] = ()
    interpolated: tuple[str, ...] = ()
    assisted: tuple[str, ...] = ()


@dataclass(frozen=True)
class Model:
    """A model that proposed a structure.

    Attributes:
        name: What it is called.
        version: Its version; empty where it has none.
        sha256: Digest of its weights, or of the bundle that holds them; None where it has none.
        parameters: The settings that it ran with, by name; empty where it has none, or in records of old.
    """

    name: str
    version: str = ""
    sha256: str | None = None
    parameters: Mapping[str, str | int | float | bool] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """The model as a JSON object."""
        return {
            "name": self.name,
            "version": self.version,
            "sha256": self.sha256,
            "parameters": dict(sorted(self.parameters.items())),
        }

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> Model:
        """Read it back; errors as in :meth:`~medseg.provenance.step.Step.from_dict`."""
        return cls(
            str(value["name"]),
            str(value["version"]),
            optional_text(value["sha256"]),
            scalars(value.get("parameters", {})),
        )


@dataclass(frozen=True)
class Interpolated:
    """How a structure was completed between the planes on which it was drawn.

    Attributes:
        method: Name of the method of interpolation.
        image_used: Whether the image took part; None where none was offered.
        image_reason: Why, or why not.
        parameters: The settings of the method that shape the result, by name; empty in records of old.
        software: Name and version of the program that interpolated.
    """

    method: str
    image_used: bool | None = None
    image_reason: str = ""
    parameters: Mapping[str, str | int | float | bool] = field(default_factory=dict)
    software: str = SOFTWARE

    def as_dict(self) -> dict[str, Any]:
        """The fields of the structure in the record."""
        fields: dict[str, Any] = {
            "method": self.method,
            "parameters": dict(sorted(self.parameters.items())),
            "interpolated_by": self.software,
        }
        if self.image_used is not None:
            fields["image"] = {"used": self.image_used, "reason": self.image_reason}
        return fields


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
        models: For each structure id the model that proposed it; those that none did are left out.
        steps: What happened to the label map so far, oldest first; see :meth:`following`.
    """

    author: str
    created: datetime
    source: Source
    voxels_sha256: str
    structures: Mapping[str, SliceOrigins]
    completed: Mapping[str, Interpolated] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    software: str = SOFTWARE
    models: Mapping[str, Model] = field(default_factory=dict)
    steps: tuple[Step, ...] = ()

    @property
    def method(self) -> str | None:
        """The methods of interpolation, by name; None where nothing was interpolated."""
        return ", ".join(dict.fromkeys(how.method for how in self.completed.values())) or None

    @property
    def story(self) -> tuple[Step, ...]:
        """The steps so far; a record from before there were any has one, which made it."""
        if self.steps:
            return self.steps
        made = Step(Activity.CREATED, self.created, self.author, self.software)
        return (replace(made, to_voxels_sha256=self.voxels_sha256, notes=self.notes),)

    def following(
        self, earlier: Record | None, steps: Iterable[Step] = (), *, inputs: tuple[StepInput, ...] = ()
    ) -> Record:
        """This record with the story so far: the steps before it, and what it was saved for.

        Args:
            earlier: The record of the label map that was opened and is saved again, or written over; None
                where this one is new.
            steps: What happened, oldest first, where it was not drawing: an import, a resampling.
            inputs: Files other than the image that were used, such as a sparse label map.
        """
        before = earlier.story if earlier else ()
        now = list(steps)
        if not now:
            activity = Activity.EDITED if earlier else Activity.CREATED
            now = [Step(activity, self.created, self.author, self.software, inputs=inputs, notes=self.notes)]
        if earlier and now[0].from_voxels_sha256 is None:
            now[0] = replace(now[0], from_voxels_sha256=earlier.voxels_sha256)
        return replace(self, steps=(*before, *linked(now, self.voxels_sha256)))

    def as_dict(self) -> dict[str, Any]:
        """The record as a BIDS sidecar."""
        drawn = any(s.drawn for s in self.structures.values())
        return {
            "Description": "Label map: contours on some slices, completed between them",
            "Manual": drawn and self.method is None and not self.models,
            "Sources": [f"urn:oid:{self.source.series_uid}"] if self.source.series_uid else [],
            # BIDS: the grid of the image that it was drawn on, which no standard space is.
            "SpatialReference": "orig",
            "medseg": {
                "schema": SCHEMA,
                "author": self.author,
                "created": self.created.isoformat(timespec="seconds"),
                "software": self.software,
                "source": _source_as_dict(self.source),
                "voxels_sha256": self.voxels_sha256,
                "method": self.method,
                "structures": {one: self._structure_as_dict(one) for one in self.structures},
                "notes": list(self.notes),
                "steps": [step.as_dict() for step in self.steps],
            },
        }

    def _structure_as_dict(self, structure_id: str) -> dict[str, Any]:
        origins = self.structures[structure_id]
        fields: dict[str, Any] = {
            "drawn": list(origins.drawn),
            "imported": list(origins.imported),
            "interpolated": list(origins.interpolated),
            "assisted": list(origins.assisted),
        }
        if structure_id in self.completed:
            fields |= self.completed[structure_id].as_dict()
        if structure_id in self.models:
            fields["model"] = self.models[structure_id].as_dict()
        return fields

    @classmethod
    def from_dict(cls, document: Any) -> Record:
        """Read a record back.

        Raises:
            SidecarError: It is not a record of ours, or a damaged one.
        """
        try:
            ours = document["medseg"]
            if ours["schema"] not in READABLE:
                raise SidecarError(
                    f"expected a record of schema {SCHEMA}, got {str(ours['schema'])[:80]!a}",
                    hint="open it with a newer medseg",
                )
            return _record(ours)
        except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
            raise SidecarError(f"expected a provenance record of medseg, but {error!r}") from error


def _record(ours: Mapping[str, Any]) -> Record:
    entries = {str(structure_id): entry for structure_id, entry in ours["structures"].items()}
    return Record(
        author=str(ours["author"]),
        created=zoned_time(ours["created"]),
        source=_source_from_dict(ours["source"]),
        voxels_sha256=str(ours["voxels_sha256"]),
        structures={one: _origins_from_dict(entry) for one, entry in entries.items()},
        completed=_completed_from_dict(ours, entries),
        notes=texts(ours["notes"]),
        software=str(ours["software"]),
        models={one: Model.from_dict(entry["model"]) for one, entry in entries.items() if "model" in entry},
        steps=tuple(Step.from_dict(step) for step in ours.get("steps", ())),
    )


def _origins_from_dict(entry: Mapping[str, Any]) -> SliceOrigins:
    drawn, imported, interpolated = (texts(entry[name]) for name in ("drawn", "imported", "interpolated"))
    return SliceOrigins(drawn, imported, interpolated, texts(entry.get("assisted", [])))


def _completed_from_dict(
    ours: Mapping[str, Any], entries: Mapping[str, Mapping[str, Any]]
) -> dict[str, Interpolated]:
    completed = {}
    named = any("method" in entry for entry in entries.values())
    for structure_id, entry in entries.items():
        # The first records named one method for all structures.
        method = entry.get("method", None if named else ours["method"])
        if method is not None:
            image = entry.get("image", {})
            completed[structure_id] = Interpolated(
                str(method),
                image.get("used"),
                str(image.get("reason", "")),
                scalars(entry.get("parameters", {})),
                str(entry.get("interpolated_by", ours["software"])),
            )
    return completed


def _source_as_dict(source: Source) -> dict[str, Any]:
    return {
        **described(source),
        "files": [{"uid": file.uid, "sha256": file.sha256} for file in source.files],
    }


def _source_from_dict(document: Mapping[str, Any]) -> Source:
    return Source(
        format=str(document["format"]),
        modality=optional_text(document["modality"]),
        study_uid=optional_text(document["study_uid"]),
        series_uid=optional_text(document["series_uid"]),
        subject=optional_text(document.get("subject")),
        files=tuple(SourceFile(str(file["sha256"]), file["uid"]) for file in document["files"]),
    )
