"""The content of a label map: what a signature covers, in one digest.

Covered are the header fields that geometry and values depend on, the voxels, the structure table as it reads,
and the files of contours and provenance. Not covered are the compression, the header extensions, ``descrip``
and whatever else says nothing about which voxel belongs to which structure.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from medseg.errors import LabelMapError, SidecarError
from medseg.labelmap import Code, Structure
from medseg.provenance.canonical_json import canonical_json
from medseg.provenance.json_object import JsonObject
from medseg.provenance.nifti_fields import FIELDS, NiftiFields

SCHEMA = "urn:medseg:content:1"
"""Part of the digest, so that a digest by later rules is never taken for one by these."""

SCHEMA_OF_LAYERS = "urn:medseg:content:2"
"""Of a label map of several layers. One of a single layer keeps the digest that it always had."""

SIDECARS = ("contours", "provenance")


@dataclass(frozen=True)
class StructureContent:
    """A structure and its voxels.

    Args:
        structure: Its line of the structure table.
        voxel_count: How many voxels it has.
        voxels_sha256: SHA-256 over the positions of its voxels: ascending, flat, in the order of the file
            (i fastest), each a little-endian unsigned integer of 64 bits. It depends neither on the label
            nor on other structures, so that an approval can cover some structures.
    """

    structure: Structure
    voxel_count: int
    voxels_sha256: str

    def as_dict(self) -> dict[str, Any]:
        """The structure as a JSON object."""
        s = self.structure
        code = s.code and {"scheme": s.code.scheme, "value": s.code.value, "meaning": s.code.meaning}
        return {
            "id": s.id,
            "name": s.name,
            "label": s.label,
            "color": s.color,
            "code": code,
            "part_of": s.part_of,
            "layer": s.layer,
            "voxel_count": self.voxel_count,
            "voxels_sha256": self.voxels_sha256,
        }

    @classmethod
    def from_dict(cls, value: Any) -> StructureContent:
        """Read it back; see :meth:`Content.from_dict`."""
        fields = ("id", "name", "label", "color", "code", "part_of", "layer", "voxel_count", "voxels_sha256")
        entry = JsonObject(value, "a structure", *fields)
        try:
            structure = Structure(
                id=entry.text("id"),
                name=entry.text("name"),
                label=entry.integer("label"),
                color=entry.text("color"),
                code=_code(entry.value("code")),
                part_of=entry.optional_text("part_of"),
                layer=entry.integer("layer"),
            )
        except LabelMapError as error:
            raise SidecarError(f"a structure: {error}") from error
        return cls(structure, entry.integer("voxel_count"), entry.sha256("voxels_sha256"))


@dataclass(frozen=True)
class FurtherLayer:
    """A layer behind the first one, which is a NIfTI file of its own.

    Args:
        header: The raw bytes of its header fields, hexadecimal; see :class:`Content`, so the others.
        voxels: SHA-256 of all its voxels.
        unexplained_labels: Labels that occur among its voxels and not in the table, ascending.
    """

    header: Mapping[str, str]
    voxels: str
    unexplained_labels: tuple[int, ...]

    def __post_init__(self) -> None:
        NiftiFields.from_hex(self.header)

    def as_dict(self) -> dict[str, Any]:
        """The layer as a JSON object."""
        return {
            "header": dict(self.header),
            "voxels": self.voxels,
            "unexplained_labels": list(self.unexplained_labels),
        }

    @classmethod
    def from_dict(cls, value: Any) -> FurtherLayer:
        """Read it back; see :meth:`Content.from_dict`."""
        layer = JsonObject(value, "a layer", "header", "voxels", "unexplained_labels")
        return cls(_header(layer), layer.sha256("voxels"), _labels(layer))


@dataclass(frozen=True)
class Content:
    """What a signature covers.

    Args:
        header: The raw bytes of the fields of :data:`medseg.provenance.nifti_fields.FIELDS`, hexadecimal.
        voxels: SHA-256 of all voxels as the file stores them, uncompressed, in its order (i fastest).
        structures: The structure table, in order of layer and label; None where there is no table.
        unexplained_labels: Labels that occur among the voxels and not in the table, ascending.
        sidecars: SHA-256 of the files of contours and provenance; None for one that is not there.
        further_layers: The layers behind the first one, in order.

    Raises:
        LabelMapError: Two structures share an id, or a label in one layer.
        SidecarError: The header fields or the sidecars are not those expected.
    """

    header: Mapping[str, str]
    voxels: str
    structures: tuple[StructureContent, ...] | None
    unexplained_labels: tuple[int, ...]
    sidecars: Mapping[str, str | None]
    further_layers: tuple[FurtherLayer, ...] = ()

    def __post_init__(self) -> None:
        NiftiFields.from_hex(self.header)
        if self.sidecars.keys() != set(SIDECARS):
            raise SidecarError(f"expected the sidecars {SIDECARS}, got {sorted(self.sidecars)}")
        if self.structures is not None:
            entries = sorted(self.structures, key=lambda s: (s.structure.layer, s.structure.label))
            _require_unique("id", [s.structure.id for s in entries])
            _require_unique("label", [(s.structure.layer, s.structure.label) for s in entries])
            object.__setattr__(self, "structures", tuple(entries))

    def as_dict(self) -> dict[str, Any]:
        """The content as a JSON object."""
        layers = {"further_layers": [layer.as_dict() for layer in self.further_layers]}
        return {
            "schema": SCHEMA_OF_LAYERS if self.further_layers else SCHEMA,
            "header": dict(self.header),
            "voxels": self.voxels,
            "structures": None if self.structures is None else [s.as_dict() for s in self.structures],
            "unexplained_labels": list(self.unexplained_labels),
            "sidecars": dict(self.sidecars),
            **(layers if self.further_layers else {}),
        }

    @classmethod
    def from_dict(cls, value: Any) -> Content:
        """Read a content back, strictly: all fields, no others, each of its type.

        Raises:
            SidecarError: It is not of this form.
        """
        names = ("schema", "header", "voxels", "structures", "unexplained_labels", "sidecars")
        has_layers = isinstance(value, dict) and value.get("schema") == SCHEMA_OF_LAYERS
        content = JsonObject(value, "the content", *names, *(("further_layers",) if has_layers else ()))
        if content.text("schema") not in (SCHEMA, SCHEMA_OF_LAYERS):
            raise SidecarError(f"expected a content of schema {SCHEMA}, got {content.text('schema')[:80]!a}")
        sidecars = JsonObject(content.value("sidecars"), "the sidecars", *SIDECARS)
        try:
            return cls(
                header=_header(content),
                voxels=content.sha256("voxels"),
                structures=_structures(content),
                unexplained_labels=_labels(content),
                sidecars={name: sidecars.optional_sha256(name) for name in SIDECARS},
                further_layers=_further_layers(content) if has_layers else (),
            )
        except LabelMapError as error:
            raise SidecarError(f"the content: {error}") from error

    def digest(self) -> str:
        """The content digest: SHA-256 over the RFC 8785 JSON of :meth:`as_dict`."""
        return hashlib.sha256(canonical_json(self.as_dict())).hexdigest()


def _header(entry: JsonObject) -> dict[str, str]:
    header = JsonObject(entry.value("header"), "the header", *FIELDS)
    return {name: header.hexadecimal(name) for name in FIELDS}


def _labels(entry: JsonObject) -> tuple[int, ...]:
    labels = entry.list("unexplained_labels")
    if not all(type(label) is int for label in labels):
        raise SidecarError("the content: expected integers as unexplained_labels")
    return tuple(labels)


def _further_layers(content: JsonObject) -> tuple[FurtherLayer, ...]:
    layers = tuple(FurtherLayer.from_dict(entry) for entry in content.list("further_layers"))
    if not layers:
        # The same content would have two digests.
        raise SidecarError("the content: expected further layers, or the schema of a single one")
    return layers


def _structures(content: JsonObject) -> tuple[StructureContent, ...] | None:
    if content.value("structures") is None:
        return None
    return tuple(StructureContent.from_dict(entry) for entry in content.list("structures"))


def _code(value: Any) -> Code | None:
    if value is None:
        return None
    code = JsonObject(value, "a code", "scheme", "value", "meaning")
    return Code(code.text("scheme"), code.text("value"), code.text("meaning"))


def _require_unique(what: str, values: Sequence[object]) -> None:
    twice = [value for value, count in Counter(values).items() if count > 1]
    if twice:
        raise LabelMapError(f"each structure needs its own {what}, but {twice[0]!r} occurs twice")
