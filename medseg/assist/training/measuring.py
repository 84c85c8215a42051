"""What a trained bundle finds on cases that it did not learn from: run as it will be run.

The bundle is read, judged and run as any other, on the case's own grid; only that it happens in this process,
which has torch already.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from medseg.assist.bundle import opened_bundle
from medseg.assist.bundle.guidance import Guidance
from medseg.assist.bundle.inference import LoadedBundle
from medseg.assist.bundle.process import ijk_to_ras_mm
from medseg.assist.training.clicks import corrective_click
from medseg.progress import Progress, silent
from medseg.volume import Volume

Labels = npt.NDArray[Any]


class TrainedBundle:
    """A bundle of :mod:`medseg.workflows.train`, loaded.

    Args:
        folder: The bundle.
        device: Where it runs.

    Raises:
        InputError: It does not pass the checks that every bundle has to.
    """

    def __init__(self, folder: Path, device: torch.device) -> None:
        with opened_bundle(folder) as bundle:
            self.sha256 = dict(bundle.sha256)
            self._name = bundle.name
            self._form = bundle.guidance
            self._loaded = LoadedBundle(
                bundle.prepared.parts,
                bundle.weights,
                weights_sha256=bundle.weights_sha256,
                device=device,
                mixed_precision=bundle.prepared.mixed_precision,
                folder=bundle.folder,
                guidance=self._form,
                allow_code=False,
            )

    @property
    def is_guided(self) -> bool:
        """Whether it takes clicks."""
        return self._form is not None

    def labels(
        self, volume: Volume, *, guidance: Guidance | None = None, progress: Progress = silent
    ) -> Labels:
        """The labels ``[k, j, i]`` that it proposes for a case."""

        def windows(done: int, total: int) -> None:
            progress(f"running {self._name}", done, total)

        affine = ijk_to_ras_mm(volume.grid)
        labels: Labels = self._loaded.predict({"image": volume.voxels}, affine, windows, guidance)[0]
        return labels

    def corrected(
        self, volume: Volume, truth: Labels, clicks: int, *, progress: Progress = silent
    ) -> list[Labels]:
        """The labels without a click, and after each of some, as a reader would click.

        Args:
            volume: The case.
            truth: Its labels, ``[k, j, i]``.
            clicks: How many.
            progress: Told of each window.

        Returns:
            One array for each number of clicks, from 0; where nothing is left to correct, the last again.
        """
        affine = ijk_to_ras_mm(volume.grid)
        classes = 1 + (self._form.structures if self._form else 0)
        places: list[list[list[float]]] = [[] for _ in range(classes)]
        found = [self.labels(volume, progress=progress)]
        for _ in range(clicks):
            click = corrective_click(found[-1], truth, volume.grid.spacing_kji_mm)
            if click is None:
                found.append(found[-1])
                continue
            places[click.label].append((affine @ [*click.at[::-1], 1.0])[:3].tolist())
            guidance = Guidance(places, found[-1].astype(np.uint8))
            found.append(self.labels(volume, guidance=guidance, progress=progress))
        return found
