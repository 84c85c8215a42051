"""The story of a label map in W3C PROV, as JSON (PROV-JSON, W3C member submission of 2013).

Which contours a block of voxels comes from, and who approved it, is answered by any program that reads PROV.
``wasDerivedFrom`` leads from a block to its planes with contours, ``hadMember`` to the label map that holds
it; who approved that is associated with an activity of type ``medseg:approved`` that ``used`` it. Only an
approval that was verified with a trust folder and covers what lies here now is of that type.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from medseg.io.atomic import write_whole
from medseg.provenance.history import History, Signed, StructureHistory
from medseg.provenance.source_digest import source_sha256
from medseg.provenance.step import Step, StepInput

if TYPE_CHECKING:
    from prov.model import ProvDocument

NAMESPACES = {
    "medseg": "urn:medseg:prov:1:",
    "image": "urn:medseg:image:sha256:",
    "file": "urn:medseg:file:sha256:",
    "voxels": "urn:medseg:voxels:sha256:",
    "person": "urn:medseg:person:",
    "claimed": "urn:medseg:claimed-name:sha256:",
    "software": "urn:medseg:software:sha256:",
}
"""What is named by a digest has one name in all documents, so that several can be put together."""


def prov_json(history: History) -> bytes:
    """A story as PROV-JSON; the same story always gives the same bytes."""
    written = prov_document(history).serialize(format="json")
    return (json.dumps(_sorted(json.loads(str(written))), indent=1, sort_keys=True) + "\n").encode()


def write_prov(history: History, path: Path, *, overwrite: bool = False) -> None:
    """Write a story as PROV-JSON.

    Raises:
        OutputExistsError: The file exists and ``overwrite`` is not set.
        OutputError: It can't be written.
    """
    write_whole(path, prov_json(history), overwrite=overwrite)


def prov_document(history: History) -> ProvDocument:
    """A story as a document of the ``prov`` library."""
    return _Writer(history).document


class _Writer:
    """Puts a story into a document, in its order: what is drawn, what is made of it, what is said of it."""

    def __init__(self, history: History) -> None:
        from prov.model import ProvDocument

        self.document = ProvDocument()
        for prefix, uri in NAMESPACES.items():
            self.document.add_namespace(prefix, uri)
        self.document.add_namespace("case", f"urn:medseg:label-map:{history.voxels_sha256}:")
        self._history = history
        self._known: set[str] = set()
        self._label_map = f"voxels:{history.voxels_sha256}"
        self._image = self._of_image()
        # Which of those who drew it drew which plane nobody recorded.
        self._authors = dict.fromkeys(step.by for step in history.steps if step.activity != "resampled")
        self._imports = tuple(
            self._file(one) for step in history.steps if step.activity == "imported" for one in step.inputs
        )
        self._entity(
            self._label_map,
            "medseg:LabelMap",
            **{"prov:type": "prov:Collection", "medseg:sha256": history.voxels_sha256},
        )
        for number, step in enumerate(history.steps, start=1):
            self._step(f"case:step.{number}", step)
        if self._image:
            self.document.wasDerivedFrom(self._label_map, self._image)
        for structure in history.structures:
            self._structure(structure)
        for number, signed in enumerate(history.signatures, start=1):
            self._signed(number, signed)

    def _attributes(self, kinds: Iterable[str], attributes: Mapping[str, Any]) -> list[tuple[str, Any]]:
        """Types and attributes; a tuple is several values of one attribute, None and nothing are left out."""
        pairs = [("prov:type", kind) for kind in kinds]
        for name, value in attributes.items():
            pairs += [(name, one) for one in (value if isinstance(value, tuple) else (value,))]
        return [
            (name, self.document.valid_qualified_name(value) if name == "prov:type" else value)
            for name, value in pairs
            if value not in (None, "")
        ]

    def _entity(self, name: str, kind: str, **attributes: Any) -> str:
        if name not in self._known:
            self._known.add(name)
            self.document.entity(name, self._attributes((kind,), attributes))
        return name

    def _agent(self, name: str, kinds: Iterable[str], **attributes: Any) -> str:
        if name not in self._known:
            self._known.add(name)
            self.document.agent(name, self._attributes(kinds, attributes))
        return name

    def _claimed_person(self, name: str) -> str:
        return self._agent(
            f"claimed:{_sha256(name)}",
            ("prov:Person", "medseg:ClaimedPerson"),
            **{"prov:label": name, "medseg:verified": False},
        )

    def _software(self, name: str) -> str:
        return self._agent(f"software:{_sha256(name)}", ("prov:SoftwareAgent",), **{"prov:label": name})

    def _of_image(self) -> str | None:
        source = self._history.source
        digest = source and source_sha256(source)
        if source is None or digest is None:
            return None
        return self._entity(
            f"image:{digest}",
            "medseg:Image",
            **{
                "medseg:sha256": digest,
                "medseg:format": source.format,
                "medseg:files": len(source.files),
                "medseg:modality": source.modality,
                "medseg:series_uid": source.series_uid,
                "medseg:study_uid": source.study_uid,
            },
        )

    def _file(self, one: StepInput) -> str:
        return self._entity(
            f"file:{one.sha256}",
            "medseg:File",
            **{"medseg:sha256": one.sha256, "medseg:what": one.what, "medseg:format": one.format},
        )

    def _step(self, name: str, step: Step) -> None:
        self.document.activity(
            name,
            endTime=step.at,
            other_attributes=self._attributes((f"medseg:{step.activity}",), {"medseg:note": step.notes}),
        )
        self.document.wasAssociatedWith(name, self._claimed_person(step.by))
        self.document.wasAssociatedWith(name, self._software(step.software))
        for one in step.inputs:
            self.document.used(name, self._file(one))
        before, after = (
            digest and self._entity(f"voxels:{digest}", "medseg:LabelMap", **{"medseg:sha256": digest})
            for digest in (step.from_voxels_sha256, step.to_voxels_sha256)
        )
        if before:
            self.document.used(name, before)
        if after:
            self.document.wasGeneratedBy(after, name)
            for one in step.inputs:
                self.document.wasDerivedFrom(after, f"file:{one.sha256}", activity=name)
        if before and after and before != after:
            self.document.wasRevisionOf(after, before, activity=name)

    def _structure(self, one: StructureHistory) -> None:
        names = {
            plane: f"case:contours.{one.structure.id}.{n}" for n, plane in enumerate(one.planes, start=1)
        }
        for plane, name in names.items():
            self._entity(
                name,
                "medseg:ContourPlane",
                **{
                    "prov:label": f"{one.structure.name}: {plane.origin} on {plane.where}",
                    "medseg:structure": one.structure.id,
                    "medseg:plane": plane.where,
                    "medseg:origin": plane.origin.value,
                    "medseg:contours": plane.count,
                    "medseg:sha256": plane.sha256,
                },
            )
            self.document.wasGeneratedBy(name, self._drawing(one, plane.origin.value))
        interpolation = self._interpolation(one, names.values())
        for number, block in enumerate(one.blocks, start=1):
            name = self._entity(
                f"case:block.{one.structure.id}.{number}",
                "medseg:VoxelBlock",
                **{
                    "prov:label": f"{one.structure.name}: voxels on {block.where or 'all slices'}",
                    "medseg:structure": one.structure.id,
                    "medseg:slices": block.where,
                    "medseg:position": block.kind.value,
                    "medseg:voxels": block.voxel_count,
                    "medseg:sha256": block.sha256,
                },
            )
            self.document.hadMember(self._label_map, name)
            for plane in block.derived_from:
                self.document.wasDerivedFrom(name, names[plane])
            for plane in block.influenced_by:
                self.document.wasInfluencedBy(name, names[plane])
            if interpolation and block.derived_from:
                self.document.wasGeneratedBy(name, interpolation)
            if not block.derived_from:  # the voxels themselves came in
                for file in self._imports:
                    self.document.wasDerivedFrom(name, file)

    def _drawing(self, one: StructureHistory, origin: str) -> str:
        """The activity that contours of one origin came from."""
        name = f"case:{origin}.{one.structure.id}"
        if name in self._known:
            return name
        self._known.add(name)
        slices = tuple(plane.where for plane in one.planes if plane.origin == origin)
        label = {"prov:label": f"{one.structure.name}: {origin}", "medseg:plane": slices}
        self.document.activity(name, other_attributes=self._attributes((f"medseg:{origin}",), label))
        if self._image:
            self.document.used(name, self._image)
        for file in self._imports if origin == "imported" else ():
            self.document.used(name, file)
        for author in self._authors:
            self.document.wasAssociatedWith(name, self._claimed_person(author))
        if one.model and origin == "assisted":
            self.document.wasAssociatedWith(name, self._model(one))
        return name

    def _model(self, one: StructureHistory) -> str:
        assert one.model is not None  # noqa: S101 - asked by the caller
        model = one.model
        settings = tuple(f"{name}={value}" for name, value in sorted(model.parameters.items()))
        return self._agent(
            f"software:{_sha256(model.name, model.version, model.sha256 or '', *settings)}",
            ("prov:SoftwareAgent", "medseg:Model"),
            **{
                "prov:label": model.name,
                "medseg:version": model.version,
                "medseg:sha256": model.sha256,
                "medseg:parameter": settings,
            },
        )

    def _interpolation(self, one: StructureHistory, planes: Iterable[str]) -> str | None:
        if one.completed is None:
            return None
        how, name = one.completed, f"case:interpolated.{one.structure.id}"
        attributes: dict[str, Any] = {
            "prov:label": f"{one.structure.name}: interpolated by {how.method}",
            "medseg:method": how.method,
            "medseg:image_used": how.image_used,
            "medseg:image_reason": how.image_reason,
            "medseg:parameter": tuple(f"{k}={v}" for k, v in sorted(how.parameters.items())),
        }
        self.document.activity(name, other_attributes=self._attributes(("medseg:interpolated",), attributes))
        for plane in planes:
            self.document.used(name, plane)
        if how.image_used and self._image:
            self.document.used(name, self._image)
        self.document.wasAssociatedWith(name, self._software(how.software))
        return name

    def _signed(self, number: int, signed: Signed) -> None:
        review, signature = f"case:review.{number}", f"case:signature.{number}"
        said: dict[str, Any] = {
            "medseg:meaning": signed.meaning,
            "medseg:reason": signed.reason,
            "medseg:verified": signed.verified,
            "medseg:covers_this": signed.covers_this,
        }
        kinds = ("medseg:signed", *(["medseg:approved"] if signed.approves else []))
        self.document.activity(review, signed.at, signed.at, self._attributes(kinds, said))
        self._entity(signature, "medseg:Signature", **said)
        self.document.wasGeneratedBy(signature, review)
        person = self._signer(signed)
        self.document.wasAssociatedWith(review, person)
        self.document.wasAttributedTo(signature, person)
        if signed.covers_this:
            self.document.used(review, self._label_map)
            self.document.wasDerivedFrom(signature, self._label_map)

    def _signer(self, signed: Signed) -> str:
        if not signed.verified:
            return self._claimed_person(signed.name)
        return self._agent(
            f"person:{signed.person_id}",
            ("prov:Person",),
            **{
                "prov:label": signed.name,
                "medseg:role": signed.role,
                "medseg:roster_sha256": self._history.roster_sha256,
                "medseg:verified": True,
            },
        )


def _sha256(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _sorted(value: Any) -> Any:
    """Several values of one attribute come out of the library in the order of a set."""
    if isinstance(value, dict):
        return {key: _sorted(one) for key, one in value.items()}
    if isinstance(value, list):
        return sorted(map(_sorted, value), key=lambda one: json.dumps(one, sort_keys=True))
    return value
