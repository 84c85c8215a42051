"""A DICOM series to voxels on a grid: medseg beside SimpleITK's series reader and plain pydicom.

medseg also checks the geometry of every slice and digests every file for the provenance; the others do not.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pydicom
import SimpleITK

from medseg import open_image
from side_by_side import compare


def by_simpleitk(folder: Path) -> np.ndarray:
    """SimpleITK's series reader."""
    reader = SimpleITK.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(folder)))
    return SimpleITK.GetArrayFromImage(reader.Execute())


def by_pydicom(folder: Path) -> np.ndarray:
    """Plain pydicom: sort by position, stack, rescale."""
    slices = [pydicom.dcmread(path) for path in folder.glob("*.dcm")]
    slices.sort(key=lambda s: float(s.ImagePositionPatient[2]))
    stack = np.stack([s.pixel_array for s in slices])
    slope, intercept = slices[0].get("RescaleSlope", 1), slices[0].get("RescaleIntercept", 0)
    return stack * float(slope) + float(intercept)


def main() -> None:
    """Compare on one folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="a folder with one axial series")
    folder = parser.parse_args().folder
    volume = open_image(folder)
    print(f"{volume.grid.shape_kji} voxels of {volume.voxels.dtype}")
    assert np.array_equal(by_simpleitk(folder), volume.voxels), "SimpleITK reads other values"
    compare(
        {
            "medseg": lambda: open_image(folder),
            "SimpleITK series reader": lambda: by_simpleitk(folder),
            "pydicom": lambda: by_pydicom(folder),
        }
    )


if __name__ == "__main__":
    main()
