"""Landmarks ↔ a napari Points layer over the image of a case.

napari knows millimetres along the axes of the shown image; a file of landmarks knows LPS millimetres of the
patient. The grid of the case leads from one to the other, oblique ones as well.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from medseg.errors import InputError
from medseg.space import AnatomicalOrder, Grid
from medseg.space.landmark import Landmark
from napari_medseg.case import Case
from napari_medseg.display import METADATA_KEY, placement

POINT_SIZE_MM = 4.0

POINT_COLOR = "#ffd166"

NAME, DESCRIPTION = "name", "description"
"""Features of the layer."""


@dataclass(frozen=True, eq=False)
class LandmarksOn:
    """What the metadata of a Points layer hold: on which grid it lies."""

    grid: Grid


def landmark_keywords(
    landmarks: Sequence[Landmark], case: Case, name: str
) -> tuple[npt.NDArray[np.float64], dict[str, Any]]:
    """Landmarks as the data and keywords of a Points layer.

    Args:
        landmarks: In patient space.
        case: The case on whose image they are shown.
        name: What the layer is called.
    """
    grid = case.volume.grid
    points_lps_mm = np.array([one.position_lps_mm for one in landmarks]).reshape(-1, 3)
    data = AnatomicalOrder.of(grid).to_anatomical(grid.to_index(points_lps_mm))
    keywords = {
        "name": name,
        "ndim": 3,
        "features": {
            NAME: np.array([one.name for one in landmarks], dtype=object),
            DESCRIPTION: np.array([one.description for one in landmarks], dtype=object),
        },
        "text": {"string": "{name}", "color": POINT_COLOR, "anchor": "upper_left"},
        "face_color": POINT_COLOR,
        "size": POINT_SIZE_MM / float(np.min(grid.spacing_kji_mm)),
        "metadata": {METADATA_KEY: LandmarksOn(grid)},
        **placement(grid),
    }
    return data, keywords


def landmarks_of(data: Any, meta: Mapping[str, Any], grid: Grid) -> list[Landmark]:
    """The landmarks of a Points layer, in patient space.

    Args:
        data: The layer's points, shape ``(n, 3)``.
        meta: The layer's keywords.
        grid: The grid of the image over which it lies.

    Raises:
        InputError: The layer has other axes than the image, or was turned or sheared.
    """
    points = np.asarray(data, dtype=np.float64)
    name = str(meta.get("name", ""))
    if points.ndim != 2 or points.shape[1] != 3:
        raise InputError(f"expected points with three axes in the layer {name!r}", reason="no-points")
    _require_upright(meta, name)
    world_mm = points * _numbers(meta, "scale", 1.0) + _numbers(meta, "translate", 0.0)
    index = world_mm / np.array(placement(grid)["scale"])
    lps_mm = grid.to_lps_mm(AnatomicalOrder.of(grid).to_kji(index))
    names, descriptions = (_texts(meta, feature, len(points)) for feature in (NAME, DESCRIPTION))
    return [
        Landmark(names[n] or f"Point {n + 1}", position, descriptions[n]) for n, position in enumerate(lps_mm)
    ]


def show_landmarks_of(viewer: Any, case: Case) -> None:
    """Hide the landmarks of other images, whose places mean nothing on this one; none is thrown away."""
    for layer in viewer.layers:
        lies_on = layer.metadata.get(METADATA_KEY)
        if isinstance(lies_on, LandmarksOn):
            layer.visible = lies_on.grid.is_same_as(case.volume.grid)


def _numbers(meta: Mapping[str, Any], key: str, default: float) -> npt.NDArray[np.float64]:
    value = meta.get(key)
    return np.full(3, default) if value is None else np.asarray(value, dtype=np.float64)


def _require_upright(meta: Mapping[str, Any], name: str) -> None:
    for key, unchanged in (("rotate", np.eye(3)), ("shear", np.zeros(3)), ("affine", np.eye(4))):
        value = meta.get(key)
        if value is not None and not np.array_equal(np.asarray(value, dtype=float), unchanged):
            raise InputError(
                f"the layer {name!r} was turned or sheared against the image",
                hint="set points in a layer that lies on the image as it is",
                reason="turned-layer",
            )


def _texts(meta: Mapping[str, Any], feature: str, count: int) -> list[str]:
    features = meta.get("features")
    if features is None or feature not in features:
        return [""] * count
    # A point that was set by hand has no value there, which is not a text.
    return [value.strip() if isinstance(value, str) else "" for value in features[feature]]
