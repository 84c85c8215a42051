"""What differs between two contents, in words and numbers that a person can judge."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import Any

from medseg.provenance.content import Content, StructureContent
from medseg.provenance.nifti_fields import (
    FIELDS,
    QFORM_FIELDS,
    SFORM_FIELDS,
    Matrix,
    NiftiFields,
    corner_distance_mm,
)

MISSING = "missing"
"""Stands for what is not there."""

_PLACING_FIELDS = frozenset({"dim", "pixdim", "qform_code", "sform_code", "xyzt_units"})
"""Fields besides the matrices themselves that move voxels in the patient."""


_OF_VOXELS = frozenset({"voxel_count", "voxels_sha256"})
"""Fields of a structure that its line of the table does not hold."""


@dataclass(frozen=True)
class Difference:
    """One thing that is not as expected.

    Attributes:
        field: What it is, such as ``sform`` or ``structure tumour: name``.
        expected: What was signed (a JSON value).
        found: What is there now (a JSON value).
        max_mm: How far a corner of the volume moved, where the difference moves voxels and both places can
            be computed.
    """

    field: str
    expected: Any
    found: Any
    max_mm: float | None = None

    def as_dict(self) -> dict[str, Any]:
        """The difference as a JSON object."""
        return {
            "field": self.field,
            "expected": self.expected,
            "found": self.found,
            "max_mm": self.max_mm,
        }


def differences(expected: Content, found: Content) -> list[Difference]:
    """List what differs: header, voxels, structures, sidecars. Empty exactly where the digests are equal."""
    return [
        *_header(expected.header, found.header),
        *_voxels(expected, found),
        *_further_layers(expected, found),
        *_table(expected, found),
        *_sidecars(expected, found),
    ]


def _further_layers(expected: Content, found: Content) -> Iterator[Difference]:
    pairs = zip_longest(expected.further_layers, found.further_layers)
    for number, (a, b) in enumerate(pairs, start=1):
        if a is None or b is None:
            before, after = ("present" if one else MISSING for one in (a, b))
            yield Difference(f"layer {number}", before, after)
            continue
        for difference in _header(a.header, b.header):
            yield replace(difference, field=f"layer {number}: {difference.field}")
        if a.unexplained_labels != b.unexplained_labels:
            yield Difference(
                f"layer {number}: labels without a structure",
                list(a.unexplained_labels),
                list(b.unexplained_labels),
            )
        if a.voxels != b.voxels:
            yield Difference(f"layer {number}: voxels", a.voxels, b.voxels)


def _header(expected: Mapping[str, str], found: Mapping[str, str]) -> Iterator[Difference]:
    changed = {name for name in FIELDS if expected[name] != found[name]}
    if not changed:
        return
    a, b = NiftiFields.from_hex(expected), NiftiFields.from_hex(found)
    if changed & set(SFORM_FIELDS):
        before, after = ([side.shown(name) for name in SFORM_FIELDS] for side in (a, b))
        yield Difference("sform", before, after, corner_distance_mm(a, b, [(a.sform(), b.sform())]))
    if changed & set(QFORM_FIELDS):
        of_a, of_b = a.qform(), b.qform()
        yield Difference("qform", _rows(of_a), _rows(of_b), corner_distance_mm(a, b, [(of_a, of_b)]))
    for name in FIELDS:
        if name in changed and name not in SFORM_FIELDS + QFORM_FIELDS:
            max_mm = _displacement_mm(a, b) if name in _PLACING_FIELDS else None
            yield Difference(name, a.shown(name), b.shown(name), max_mm)


def _displacement_mm(a: NiftiFields, b: NiftiFields) -> float | None:
    of_a, of_b = a.matrices(), b.matrices()
    return corner_distance_mm(a, b, [(of_a[name], of_b[name]) for name in of_a if name in of_b])


def _rows(matrix: Matrix) -> list[list[float | str]]:
    # Nine digits tell any two float32 numbers apart.
    return [[float(f"{v:.9g}") if math.isfinite(v) else str(v) for v in row] for row in matrix[:3].tolist()]


def _voxels(expected: Content, found: Content) -> Iterator[Difference]:
    count = 0
    of_a, of_b = _by_id(expected), _by_id(found)
    for structure_id in (name for name in of_a if name in of_b):
        a, b = of_a[structure_id], of_b[structure_id]
        if (a.voxel_count, a.voxels_sha256) != (b.voxel_count, b.voxels_sha256):
            count += 1
            field = f"voxels of {a.structure.name!r} ({structure_id})"
            yield Difference(field, _voxel_summary(a), _voxel_summary(b))
    a_labels, b_labels = list(expected.unexplained_labels), list(found.unexplained_labels)
    if a_labels != b_labels:
        yield Difference("labels without a structure", a_labels, b_labels)
    if expected.voxels != found.voxels and not count:
        # The same structures in another type of number, a structure that is new or gone, or no table.
        yield Difference("voxels", expected.voxels, found.voxels)


def _voxel_summary(content: StructureContent) -> dict[str, Any]:
    return {"voxel_count": content.voxel_count, "sha256": content.voxels_sha256}


def _table(expected: Content, found: Content) -> Iterator[Difference]:
    if expected.structures is None or found.structures is None:
        before, after = (MISSING if c.structures is None else "present" for c in (expected, found))
        if before != after:
            yield Difference("structure table", before, after)
        return
    of_a, of_b = _by_id(expected), _by_id(found)
    for structure_id in dict.fromkeys([*of_a, *of_b]):
        a, b = of_a.get(structure_id), of_b.get(structure_id)
        if a is None or b is None:
            name_a, name_b = (entry.structure.name if entry else MISSING for entry in (a, b))
            yield Difference(f"structure {structure_id}", name_a, name_b)
            continue
        was, now = a.as_dict(), b.as_dict()
        for field in was:
            if was[field] != now[field] and field not in _OF_VOXELS:
                yield Difference(f"structure {structure_id}: {field}", was[field], now[field])


def _sidecars(expected: Content, found: Content) -> Iterator[Difference]:
    for name in sorted(expected.sidecars):
        a, b = expected.sidecars[name], found.sidecars[name]
        if a != b:
            yield Difference(f"sidecar {name}", a or MISSING, b or MISSING)


def _by_id(content: Content) -> dict[str, StructureContent]:
    return {entry.structure.id: entry for entry in content.structures or ()}
