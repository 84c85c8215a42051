"""Cases → what a network learns from: on the plan's voxels, with the plan's values, by MONAI's transforms.

The very transforms are made of the bundle's config, so that a network later sees what it was trained on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from medseg.assist.bundle.process import ijk_to_ras_mm
from medseg.assist.bundle.trust import IMAGE
from medseg.assist.training.configs import scaled, spatial
from medseg.assist.training.plan import VALUES_OF_A_CASE, Fingerprint, Plan
from medseg.space import Grid
from medseg.volume import Volume

LABEL = "label"

PLACES_OF_A_CLASS = 20_000
"""So many voxels of a class can be the middle of a patch: enough to be anywhere, in little memory."""


def fingerprint(volume: Volume, labels: npt.NDArray[np.uint8]) -> Fingerprint:
    """What a plan has to know of a case.

    Args:
        volume: The image.
        labels: ``[k, j, i]``, 0 for no structure.
    """
    from monai.transforms.spatial.array import Orientation

    turned = Orientation("RAS", labels=(("L", "R"), ("P", "A"), ("I", "S")))(
        _as_read(labels, volume.grid)[None]
    )
    affine = np.asarray(turned.affine)  # type: ignore[attr-defined]
    spacing_mm = np.linalg.norm(affine[:3, :3], axis=0)
    inside = volume.voxels[labels > 0]
    step = max(1, inside.size // VALUES_OF_A_CASE)
    i, j, k = turned.shape[1:]
    return Fingerprint((i, j, k), tuple(spacing_mm.tolist()), inside[::step].astype(np.float32))


@dataclass(frozen=True)
class PreparedCase:
    """A case as a network sees it, on disk: read by those parts that a patch needs.

    Attributes:
        image: An ``.npy`` of float32, ``[1, i, j, k]``, at least as large as a patch.
        label: One of uint8, likewise.
        places: For each class some of its voxels at even distances, as flat indices.
    """

    image: Path
    label: Path
    places: tuple[npt.NDArray[np.int64], ...]

    def opened(self) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.uint8]]:
        """Image and labels, mapped into memory; what is written to them stays there."""
        image, label = (np.load(path, mmap_mode="c", allow_pickle=False) for path in (self.image, self.label))
        return image, label


class Preparer:
    """Prepares cases by a plan.

    Args:
        plan: The plan.
    """

    def __init__(self, plan: Plan) -> None:
        from monai.bundle.config_parser import ConfigParser

        both = [IMAGE, LABEL]
        padded = {"_target_": "SpatialPadd", "keys": both, "spatial_size": list(plan.patch)}
        steps = [*spatial(plan, both, ["bilinear", "nearest"]), scaled(plan), padded]
        self._classes = plan.classes
        config = {"steps": {"_target_": "Compose", "transforms": steps}}
        self._steps = ConfigParser(config).get_parsed_content("steps")

    def prepare(self, volume: Volume, labels: npt.NDArray[np.uint8], folder: Path, name: str) -> PreparedCase:
        """Prepare a case.

        Args:
            volume: The image.
            labels: ``[k, j, i]`` on its grid.
            folder: Where the files go.
            name: How they begin.
        """
        data: Mapping[str, Any] = self._steps(
            {
                key: _as_read(array, volume.grid)[None]
                for key, array in ((IMAGE, volume.voxels), (LABEL, labels))
            }
        )
        image, label = data[IMAGE].numpy().astype(np.float32), data[LABEL].numpy().astype(np.uint8)
        places = tuple(_some(np.flatnonzero(label == each)) for each in range(self._classes))
        case = PreparedCase(folder / f"{name}-image.npy", folder / f"{name}-label.npy", places)
        np.save(case.image, image, allow_pickle=False)
        np.save(case.label, label, allow_pickle=False)
        return case


def _some(places: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    return places[:: max(1, -(-places.size // PLACES_OF_A_CLASS))]


def _as_read(array: npt.NDArray[Any], grid: Grid) -> Any:
    from medseg.assist.bundle.inference import as_read

    return as_read(array, ijk_to_ras_mm(grid))
