"""The peer: ITK's MorphologicalContourInterpolator, which 3D Slicer, ITK-SNAP and OHIF complete slices with.

It lives in a Python of its own that has nothing but ``itk`` and ``itk-morphologicalcontourinterpolation``:

    python -m venv itk
    itk/bin/pip install itk itk-morphologicalcontourinterpolation

and is named by ``--itk-python itk/bin/python`` or the variable ``MEDSEG_ITK_PYTHON``.
"""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
import numpy.typing as npt

from medseg.contour import Slice

WORKER = Path(__file__).with_name("itk_worker.py")
MEMORY = Path("/dev/shm")
"""Jobs are handed over in memory where there is such a folder."""


@dataclass(frozen=True, eq=False)
class PeerResult:
    """What ITK made of a sparse label image, and the seconds that its filter took."""

    mask: npt.NDArray[np.bool_]
    seconds: float


class ItkPeer:
    """A process that completes masks as long as it is open; use it in a ``with`` block."""

    def __init__(self, python: Path | str | None = None) -> None:
        chosen = python or os.environ.get("MEDSEG_ITK_PYTHON")
        if not chosen:
            raise SystemExit("name the Python that has itk: --itk-python or MEDSEG_ITK_PYTHON")
        self._python = str(chosen)
        self.version = ""

    def __enter__(self) -> Self:
        self._folder = tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None)
        self._process = subprocess.Popen(
            [self._python, str(WORKER)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.version = self._answer()["ready"]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.stdin.close()
        self._process.wait()
        self._folder.cleanup()

    def complete(
        self,
        drawn: Mapping[Slice, npt.NDArray[np.bool_]],
        shape_kji: tuple[int, int, int],
        spacing_kji_mm: tuple[float, float, float],
    ) -> PeerResult:
        """Complete one structure between drawn slices, along their axis or along all if they are mixed."""
        axes = {where.axis for where in drawn}
        sparse = sparse_image(drawn, shape_kji)
        return self.complete_image(sparse, axes.pop() if len(axes) == 1 else -1, spacing_kji_mm)

    def complete_image(
        self, sparse: npt.NDArray[np.uint8], axis: int, spacing_kji_mm: tuple[float, float, float]
    ) -> PeerResult:
        """Complete a label image whose empty slices are unknown."""
        before, after = (str(Path(self._folder.name) / name) for name in ("in.npy", "out.npy"))
        np.save(before, sparse)
        job = {"input": before, "output": after, "axis": axis, "spacing_kji_mm": spacing_kji_mm}
        self._process.stdin.write(json.dumps(job) + "\n")
        self._process.stdin.flush()
        seconds = self._answer()["seconds"]
        return PeerResult(np.load(after) > 0, seconds)

    def _answer(self) -> dict[str, object]:
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit(f"ITK's process ended with {self._process.wait()}")
        return json.loads(line)


def sparse_image(
    drawn: Mapping[Slice, npt.NDArray[np.bool_]], shape_kji: tuple[int, int, int]
) -> npt.NDArray[np.uint8]:
    """A label image that holds all drawn slices and nothing else; of two that cross, the later counts."""
    sparse = np.zeros(shape_kji, dtype=np.uint8)
    for where, mask in drawn.items():
        np.moveaxis(sparse, where.axis, 0)[where.index] = mask
    return sparse
