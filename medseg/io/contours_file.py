"""The contours of a label map, in patient mm: ``_contours.json``.

JSON writes a double so that it reads back the same, so the contours come back exactly as they were.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from medseg.contour import Contour, ContourSet, Origin
from medseg.errors import ContourError, GeometryError, SidecarError
from medseg.io.atomic import write_whole
from medseg.space import Plane

SCHEMA = "medseg-contours/1"


def write_contours(
    contours: ContourSet, path: Path, *, voxels_sha256: str | None = None, overwrite: bool = False
) -> None:
    """Write contours.

    Args:
        contours: The contours.
        path: The file to write.
        voxels_sha256: Digest of the label map's voxels that the contours belong to; None where there are
            none yet.
        overwrite: Whether a file that is there already is replaced.
    """
    document = {
        "schema": SCHEMA,
        "coordinates": "points are (u, v) in mm; patient point = origin + u_mm * u + v_mm * v, LPS+ in mm",
        "voxels_sha256": voxels_sha256,
        "contours": [_as_dict(contour) for contour in contours],
    }
    write_whole(path, json.dumps(document, indent=1).encode(), overwrite=overwrite)


def read_contours(path: Path, *, voxels_sha256: str | None = None) -> ContourSet:
    """Read contours back, editable as they were.

    Args:
        path: The file to read.
        voxels_sha256: Digest of the voxels that the contours must belong to; None for contours that are
            read on their own.

    Raises:
        SidecarError: The file is missing, damaged, of another schema, or about other voxels.
    """
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
    try:
        return ContourSet(tuple(_contour(entry) for entry in document["contours"]))
    except (KeyError, TypeError, ValueError, ContourError, GeometryError) as error:
        raise SidecarError(f"{path.name} holds a damaged contour: {error}") from error


def _as_dict(contour: Contour) -> dict[str, Any]:
    return {
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


def _contour(entry: Mapping[str, Any]) -> Contour:
    plane = entry["plane"]
    return Contour(
        Plane(np.array(plane["origin_lps_mm"]), np.array(plane["u"]), np.array(plane["v"])),
        np.array(entry["points_mm"]),
        str(entry["structure"]),
        hole=bool(entry["hole"]),
        origin=Origin(entry["origin"]),
    )
