"""The contours of a label map, in patient mm: ``_contours.json``.

JSON writes a double so that it reads back the same, so the contours come back exactly as they were.

``contours`` are those that the voxels of the label map show. Of a 4-D image these are the contours that count
at one time point, ``shown_time_index``; ``other_time_points`` holds the rest, and what reads only 3-D images
takes nothing wrong for the truth. Files of 3-D images have neither field.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from medseg.contour import Contour, ContourSet, Origin, OtherTimePoints
from medseg.errors import ContourError, GeometryError, SidecarError
from medseg.io.atomic import write_whole
from medseg.space import Plane

SCHEMA = "medseg-contours/1"

_DAMAGE = (KeyError, TypeError, ValueError, ContourError, GeometryError)
"""What a damaged entry raises."""


def write_contours(
    contours: ContourSet,
    path: Path,
    *,
    voxels_sha256: str | None = None,
    other_time_points: OtherTimePoints | None = None,
    overwrite: bool = False,
) -> None:
    """Write contours.

    Args:
        contours: The contours.
        path: The file to write.
        voxels_sha256: Digest of the label map's voxels that the contours belong to; None where there are
            none yet.
        other_time_points: Of a 4-D image which time point the contours belong to, and all other contours.
        overwrite: Whether a file that is there already is replaced.
    """
    document: dict[str, Any] = {
        "schema": SCHEMA,
        "coordinates": "points are (u, v) in mm; patient point = origin + u_mm * u + v_mm * v, LPS+ in mm",
        "voxels_sha256": voxels_sha256,
        "contours": [_as_dict(contour) for contour in contours],
    }
    if other_time_points is not None:
        document["shown_time_index"] = other_time_points.shown
        document["other_time_points"] = [_as_dict(contour) for contour in other_time_points.contours]
    write_whole(path, json.dumps(document, indent=1).encode(), overwrite=overwrite)


def read_contours(path: Path, *, voxels_sha256: str | None = None) -> ContourSet:
    """Read contours back, editable as they were: those that the voxels show.

    Args:
        path: The file to read.
        voxels_sha256: Digest of the voxels that the contours must belong to; None for contours that are
            read on their own.

    Raises:
        SidecarError: The file is missing, damaged, of another schema, or about other voxels.
    """
    document = _document(path, voxels_sha256)
    try:
        return _contours(document["contours"])
    except _DAMAGE as error:
        raise SidecarError(f"{path.name} holds a damaged contour: {error}") from error


def read_other_time_points(path: Path, *, voxels_sha256: str | None = None) -> OtherTimePoints | None:
    """Read what lies beside the contours of the time point that the voxels show.

    Args:
        path: The file to read.
        voxels_sha256: As for :func:`read_contours`.

    Returns:
        The time point and the other contours; None for the contours of a 3-D image.

    Raises:
        SidecarError: As :func:`read_contours`.
    """
    document = _document(path, voxels_sha256)
    if document.get("shown_time_index") is None:
        return None
    try:
        shown = _time_index(document["shown_time_index"])
        return OtherTimePoints(shown, _contours(document["other_time_points"]))
    except _DAMAGE as error:
        raise SidecarError(f"{path.name} holds a damaged contour: {error}") from error


def _document(path: Path, voxels_sha256: str | None) -> dict[str, Any]:
    try:
        document = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise SidecarError(f"could not read the contours in {path.name}: {error}") from error
    if not isinstance(document, dict) or document.get("schema") != SCHEMA:
        raise SidecarError(f"{path.name} holds no contours: expected the schema {SCHEMA}")
    if voxels_sha256 is not None and document.get("voxels_sha256") != voxels_sha256:
        raise SidecarError(
            f"{path.name} belongs to other voxels: it was exchanged, or the label map was changed without it",
            hint="restore the two from a copy, or move the contours away to open the voxels alone",
        )
    return document


def _contours(entries: Iterable[Mapping[str, Any]]) -> ContourSet:
    return ContourSet(tuple(_contour(entry) for entry in entries))


def _as_dict(contour: Contour) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "structure": contour.structure_id,
        "origin": contour.origin.value,
        "hole": contour.hole,
        "plane": {
            "origin_lps_mm": contour.plane.origin_lps_mm.tolist(),
            "u": contour.plane.u.tolist(),
            "v": contour.plane.v.tolist(),
        },
        "points_mm": contour.points_mm.tolist(),
    }
    if contour.time_index is not None:
        entry["time_index"] = contour.time_index
    return entry


def _contour(entry: Mapping[str, Any]) -> Contour:
    plane = entry["plane"]
    return Contour(
        Plane(np.array(plane["origin_lps_mm"]), np.array(plane["u"]), np.array(plane["v"])),
        np.array(entry["points_mm"]),
        str(entry["structure"]),
        hole=bool(entry["hole"]),
        origin=Origin(entry["origin"]),
        time_index=None if entry.get("time_index") is None else _time_index(entry["time_index"]),
    )


def _time_index(value: object) -> int:
    """A whole number; ``true`` and ``1.5`` are damage."""
    if type(value) is not int:
        raise ValueError(f"expected the index of a time point, got {value!r}")
    return value
