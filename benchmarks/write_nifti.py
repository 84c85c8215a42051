"""An int16 CT in memory → one NIfTI file, plain and compressed: time and size of medseg, nibabel, SimpleITK.

medseg's time holds the SHA-256 of the file and the wait for the disk, which the others leave out.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable
from pathlib import Path

import nibabel
import numpy as np
import SimpleITK

from medseg.io.nifti.deflate import usable_threads
from medseg.io.nifti.image import write_image
from medseg.space import Grid
from medseg.space.handedness import ijk_to_ras_from_kji_to_lps
from medseg.volume import Quantity, Source, Volume
from side_by_side import compare

SPACING_KJI_MM = (1.0, 0.8, 0.8)
NOISE_HU = 10.0


def body_ct(slices: int) -> Volume:
    """Ellipses of soft tissue, lung and bone in air, with noise, 512×512 a slice."""
    down, across = np.mgrid[-1:1:512j, -1:1:512j]
    plane = np.full(down.shape, -1000.0)
    for x, y, a, b, hu in (
        (0, 0, 0.75, 0.55, 40),
        (-0.3, 0, 0.25, 0.3, -850),
        (0.3, 0, 0.25, 0.3, -850),
        (0, 0.35, 0.08, 0.1, 700),
        (0, -0.2, 0.15, 0.12, 120),
    ):
        plane[((across - x) / a) ** 2 + ((down - y) / b) ** 2 < 1] = hu
    random = np.random.default_rng(0)
    voxels = np.empty((slices, 512, 512), np.int16)
    for k in range(slices):
        voxels[k] = np.clip(plane + random.normal(0, NOISE_HU, plane.shape), -1024, 3071).round()
    steps = dict(zip(("step_k_mm", "step_j_mm", "step_i_mm"), np.diag(SPACING_KJI_MM)[:, ::-1], strict=True))
    grid = Grid.from_axes(voxels.shape, origin_lps_mm=(-205, -205, -250), **steps)
    return Volume(grid, voxels, Quantity.HU, Source("phantom"))


def writers(volume: Volume, folder: Path, suffix: str) -> dict[str, Callable[[], Path]]:
    """Each program's way to write the volume."""
    affine = ijk_to_ras_from_kji_to_lps(volume.grid.index_to_lps_mm)
    itk = SimpleITK.GetImageFromArray(volume.voxels)
    itk.SetSpacing(volume.grid.spacing_kji_mm[::-1])

    def medseg(threads: int | None = None) -> Path:
        path = folder / f"medseg{threads or ''}{suffix}"
        write_image(volume, path, overwrite=True, threads=threads)
        return path

    def by_nibabel() -> Path:
        path = folder / f"nibabel{suffix}"
        nibabel.Nifti1Image(volume.voxels.T, affine).to_filename(path)
        return path

    def by_itk() -> Path:
        path = folder / f"itk{suffix}"
        SimpleITK.WriteImage(itk, path, useCompression=suffix.endswith(".gz"))
        return path

    return {
        f"medseg, {usable_threads()} threads": medseg,
        "medseg, 1 thread": lambda: medseg(1),
        "nibabel": by_nibabel,
        "SimpleITK": by_itk,
    }


def main() -> None:
    """Write the same volume with each program, in turns."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--slices", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    volume = body_ct(arguments.slices)
    print(f"{volume.voxels.nbytes / 1e6:.0f} MB of voxels")
    with tempfile.TemporaryDirectory() as name:
        for suffix in (".nii", ".nii.gz"):
            print(f"\n{suffix}")
            candidates = writers(volume, Path(name), suffix)
            compare(candidates, rounds=arguments.rounds)
            for program, write in candidates.items():
                print(f"{program:<28}{write().stat().st_size / 1e6:9.1f} MB")


if __name__ == "__main__":
    main()
