"""Small series with known geometry and values, and ways to spoil them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest

from medseg.io.dicom import write_series
from medseg.space import Grid
from medseg.volume.volume import Quantity, Source, Volume

SHAPE_KJI = (6, 5, 7)


def rotation(degrees_xyz: tuple[float, float, float]) -> np.ndarray:
    """A rotation about x, then y, then z."""
    matrix = np.eye(3)
    for axis, angle in enumerate(np.radians(degrees_xyz)):
        turn = np.eye(3)
        a, b = (axis + 1) % 3, (axis + 2) % 3
        turn[a, a] = turn[b, b] = np.cos(angle)
        turn[b, a], turn[a, b] = np.sin(angle), -np.sin(angle)
        matrix = turn @ matrix
    return matrix


def make_volume(
    *,
    shape_kji=SHAPE_KJI,
    spacing_kji_mm=(2.5, 0.7, 0.9),
    degrees_xyz=(0.0, 0.0, 0.0),
    origin_lps_mm=(-80.125, 33.5, -412.75),
    lean_mm=(0.0, 0.0),
    low=-1000,
    high=2000,
    quantity=Quantity.HU,
) -> Volume:
    """A volume of random values; ``lean_mm`` shifts each slice along j and i."""
    axes = rotation(degrees_xyz)  # columns: i, j, k directions
    k, j, i = axes[:, 2], axes[:, 1], axes[:, 0]
    grid = Grid.from_axes(
        shape_kji,
        origin_lps_mm=origin_lps_mm,
        step_k_mm=spacing_kji_mm[0] * k + lean_mm[0] * j + lean_mm[1] * i,
        step_j_mm=spacing_kji_mm[1] * j,
        step_i_mm=spacing_kji_mm[2] * i,
        frame_of_reference_uid="1.2.3.4",
    )
    voxels = np.random.default_rng(7).integers(low, high, shape_kji, dtype=np.int16)
    return Volume(grid, voxels, quantity, Source("phantom"))


def write(volume: Volume, folder: Path, *, modality: str = "CT", seed: str = "seed") -> Path:
    """Write a volume as a series of a phantom patient."""
    write_series(
        volume, folder, modality=modality, uid_seed=seed, patient_name="PHANTOM^TEST", patient_id="P1"
    )
    return folder


def edit(folder: Path, change: Callable[[pydicom.Dataset, int], Any], only: set[int] | None = None) -> None:
    """Change the files of a folder in place; ``change`` gets the data set and its slice number."""
    for k, path in enumerate(sorted(folder.iterdir())):
        if only is None or k in only:
            dataset = pydicom.dcmread(path)
            change(dataset, k)
            dataset.save_as(path)


class Tools:
    """The helpers above, for tests that can't import a conftest."""

    volume = staticmethod(make_volume)
    write = staticmethod(write)
    edit = staticmethod(edit)


@pytest.fixture(scope="session")
def tools() -> type[Tools]:
    return Tools


@pytest.fixture
def ct(tmp_path: Path) -> tuple[Volume, Path]:
    """An oblique CT and its folder."""
    volume = make_volume(degrees_xyz=(11.0, -7.0, 23.0))
    return volume, write(volume, tmp_path / "ct")
