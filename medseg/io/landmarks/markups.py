"""Slicer's markups, ``.mrk.json``: lists of points (schema 1.0.3 of Slicer's Markups module)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from medseg.io.atomic import write_whole
from medseg.io.landmarks.content import FRAMES, ReadLandmarks, damaged, landmark_at, text_of
from medseg.space.landmark import Landmark

SCHEMA = (
    "https://raw.githubusercontent.com/slicer/slicer/master/Modules/Loadable/Markups/Resources/Schema/"
    "markups-schema-v1.0.3.json#"
)
"""Slicer knows the version of a file by this."""

_MM_PER_UNIT = {"mm": 1.0, "um": 1e-3}
"""The two units of the schema."""

_ORIENTATION = [-1.0, 0.0, 0.0, 0.0, -1.0, 0.0, 0.0, 0.0, 1.0]
"""Of a point that has none: Slicer's own axes, which are RAS, in LPS."""


def write_markups(landmarks: Sequence[Landmark], path: Path, *, overwrite: bool = False) -> None:
    """Write landmarks as one list of points in LPS mm."""
    points = [
        {
            "id": str(number),
            "label": landmark.name,
            "description": landmark.description,
            "associatedNodeID": "",
            "position": landmark.position_lps_mm.tolist(),
            "orientation": _ORIENTATION,
            "selected": True,
            "locked": False,
            "visibility": True,
            "positionStatus": "defined",
        }
        for number, landmark in enumerate(landmarks, start=1)
    ]
    markup = {
        "type": "Fiducial",
        "coordinateSystem": "LPS",
        "coordinateUnits": "mm",
        "locked": False,
        "fixedNumberOfControlPoints": False,
        "labelFormat": "%N-%d",
        "lastUsedControlPointNumber": len(points),
        "controlPoints": points,
    }
    document = {"@schema": SCHEMA, "markups": [markup]}
    text = json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False)
    write_whole(path, text.encode(), overwrite=overwrite)


def read_markups(path: Path) -> ReadLandmarks:
    """Read the points of every list of points in a file.

    Other markups (lines, curves, planes …) and points that were not placed are left out, and told.

    Raises:
        UnreadableFileError: Damaged, no markups, or in a frame or unit that the schema does not have.
    """
    try:
        document = json.loads(text_of(path))
    except (ValueError, RecursionError) as error:
        raise damaged(path, f"expected JSON: {error}") from error
    markups = document.get("markups") if isinstance(document, dict) else None
    if not isinstance(markups, list):
        raise damaged(path, "expected Slicer's markups, found none")
    landmarks: list[Landmark] = []
    notes: list[str] = []
    for markup in markups:
        if not isinstance(markup, dict):
            raise damaged(path, "one of its markups is no object")
        if markup.get("type") != "Fiducial":
            notes.append(
                f"a markup of type {str(markup.get('type'))[:40]} was left out: it is no list of points"
            )
            continue
        _take_points(markup, landmarks, notes, path)
    return ReadLandmarks(tuple(landmarks), tuple(notes))


def _take_points(markup: dict[str, Any], landmarks: list[Landmark], notes: list[str], path: Path) -> None:
    frame = markup.get("coordinateSystem", "LPS")
    if frame not in FRAMES:
        raise damaged(path, f"expected coordinates in LPS or RAS, got {str(frame)[:40]!r}", "frame")
    mm = _mm_per_unit(markup.get("coordinateUnits", "mm"), path)
    points = markup.get("controlPoints", [])
    if not isinstance(points, list):
        raise damaged(path, "its control points are no list")
    placed = [p for p in points if isinstance(p, dict) and p.get("positionStatus", "defined") == "defined"]
    if len(placed) < len(points):
        notes.append(f"{len(points) - len(placed)} points that were not placed were left out")
    for number, point in enumerate(placed, start=1):
        landmarks.append(_landmark(point, number, frame, mm, path))


def _landmark(point: dict[str, Any], number: int, frame: str, mm: float, path: Path) -> Landmark:
    position = point.get("position")
    if not isinstance(position, list) or not all(isinstance(x, int | float) for x in position):
        raise damaged(path, f"the position of point {number} is no list of numbers")
    name = str(point.get("label") or "").strip() or f"Point {number}"
    description = str(point.get("description") or "")
    return landmark_at(name, position, frame, description, path, mm_per_unit=mm)


def _mm_per_unit(unit: object, path: Path) -> float:
    # A code of three words may stand for the unit: its value, scheme and meaning.
    word = unit[0] if isinstance(unit, list) and unit else unit
    if not isinstance(word, str) or word not in _MM_PER_UNIT:
        raise damaged(path, f"expected coordinates in mm or um, got {str(unit)[:40]!r}", "unit")
    return _MM_PER_UNIT[word]
