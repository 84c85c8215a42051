"""What is drawn as JSON values, to the last bit: for journals, which write every step while a reader waits.

Numbers of points and planes are little-endian doubles in base64, which takes a third of the room and a
twentieth of the time of decimal digits.
"""

from __future__ import annotations

import zlib
from base64 import b64decode, b64encode
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from medseg.contour import Contour, Origin
from medseg.errors import GridMismatchError
from medseg.labelmap import Code, LabelMap, Structure
from medseg.provenance.record import Interpolated
from medseg.space import Grid, Plane

_DOUBLE = "<f8"

_QUICK = 1
"""Level of compression: label maps are mostly background, so that more takes longer and saves little."""


def contour_record(contour: Contour) -> dict[str, Any]:
    """A contour as a JSON object."""
    plane = contour.plane
    record: dict[str, Any] = {
        "structure": contour.structure_id,
        "origin": contour.origin.value,
        "plane": _text(np.stack([plane.origin_lps_mm, plane.u, plane.v])),
        "points_mm": _text(contour.points_mm),
    }
    if contour.hole:
        record["hole"] = True
    if contour.time_index is not None:
        record["time_index"] = contour.time_index
    return record


def contour_of(record: Mapping[str, Any]) -> Contour:
    """A contour as it was.

    Raises:
        KeyError, TypeError, ValueError, ContourError, GeometryError: The record is damaged.
    """
    points = _numbers(record["points_mm"]).reshape(-1, 2)
    if np.array_equal(points[0], points[-1]):
        # A contour drops a last point that repeats the first: one more, and those that it had stay.
        points = np.concatenate([points, points[:1]])
    return Contour(
        Plane(*_numbers(record["plane"]).reshape(3, 3)),
        points,
        str(record["structure"]),
        hole=bool(record.get("hole", False)),
        origin=Origin(record["origin"]),
        time_index=record.get("time_index"),
    )


def structure_record(structure: Structure) -> dict[str, Any]:
    """A structure as a JSON object."""
    code = structure.code
    return {
        "id": structure.id,
        "name": structure.name,
        "label": structure.label,
        "color": structure.color,
        "code": None if code is None else [code.scheme, code.value, code.meaning],
        "part_of": structure.part_of,
        "layer": structure.layer,
    }


def structure_of(record: Mapping[str, Any]) -> Structure:
    """A structure as it was.

    Raises:
        KeyError, TypeError, ValueError, LabelMapError: The record is damaged.
    """
    code = record["code"]
    return Structure(
        record["id"],
        record["name"],
        record["label"],
        record["color"],
        None if code is None else Code(*code),
        record["part_of"],
        record["layer"],
    )


def completed_record(completed: Mapping[str, Interpolated]) -> dict[str, Any]:
    """How structures were completed, as a JSON object."""
    return {
        structure_id: {
            "method": how.method,
            "image_used": how.image_used,
            "image_reason": how.image_reason,
            "parameters": dict(how.parameters),
            "software": how.software,
        }
        for structure_id, how in completed.items()
    }


def completed_of(record: Mapping[str, Any]) -> dict[str, Interpolated]:
    """How structures were completed, as it was.

    Raises:
        TypeError, ValueError: The record is damaged.
    """
    return {structure_id: Interpolated(**how) for structure_id, how in record.items()}


def label_map_record(label_map: LabelMap) -> dict[str, Any]:
    """A label map as a JSON object; its grid is known to who reads it."""
    return {
        "structures": [structure_record(s) for s in label_map.structures],
        "layers": [
            {
                "dtype": layer.dtype.newbyteorder("<").str,
                "deflated": b64encode(zlib.compress(_little_endian(layer).data, _QUICK)).decode(),
            }
            for layer in label_map.layers
        ],
    }


def label_map_of(record: Mapping[str, Any], grid: Grid) -> LabelMap:
    """A label map as it was.

    Raises:
        KeyError, TypeError, ValueError, zlib.error, LabelMapError, GridMismatchError: The record is damaged,
            or not of this grid.
    """
    layers = []
    for layer in record["layers"]:
        voxels = np.frombuffer(zlib.decompress(b64decode(layer["deflated"])), layer["dtype"])
        if voxels.size != np.prod(grid.shape_kji):
            raise GridMismatchError(f"expected {np.prod(grid.shape_kji)} voxels, got {voxels.size}")
        layers.append(voxels.reshape(grid.shape_kji).astype(voxels.dtype.newbyteorder("=")))
    return LabelMap(grid, tuple(layers), tuple(structure_of(one) for one in record["structures"]))


def grid_record(grid: Grid) -> dict[str, Any]:
    """A grid as a JSON object."""
    return {
        "shape_kji": list(grid.shape_kji),
        "index_to_lps_mm": _text(grid.index_to_lps_mm),
        "frame_of_reference_uid": grid.frame_of_reference_uid,
    }


def grid_of(record: Mapping[str, Any]) -> Grid:
    """A grid as it was.

    Raises:
        KeyError, TypeError, ValueError, GeometryError: The record is damaged.
    """
    k, j, i = record["shape_kji"]
    affine = _numbers(record["index_to_lps_mm"]).reshape(4, 4)
    return Grid((k, j, i), affine, record["frame_of_reference_uid"])


def _little_endian(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    return np.ascontiguousarray(array, array.dtype.newbyteorder("<"))


def _text(numbers: npt.NDArray[np.float64]) -> str:
    return b64encode(np.ascontiguousarray(numbers, _DOUBLE).data).decode()


def _numbers(text: str) -> npt.NDArray[np.float64]:
    return np.frombuffer(b64decode(text, validate=True), _DOUBLE).astype(np.float64)
