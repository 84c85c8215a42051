"""Sparse slices to a whole structure: each method in time and in Dice on the slices not given."""

from __future__ import annotations

import numpy as np

from medseg.contour import Slice
from medseg.interpolation import METHODS, interpolate_masks
from medseg.workflows.sample_data import sample_volume
from side_by_side import compare

EVERY = 4


def main() -> None:
    """Compare on the liver of the full-size abdominal phantom, every fourth slice given."""
    _, truth = sample_volume("abdomen", "full")
    liver = truth.structure("liver")
    mask = truth.mask_with_parts("liver")
    filled = np.flatnonzero(mask.any(axis=(1, 2))).tolist()
    given = sorted({*filled[::EVERY], filled[-1]})
    drawn = {"liver": {Slice(0, k): mask[k] for k in given}}
    missing = sorted(set(filled) - set(given))
    print(
        f"liver of {int(mask.sum())} voxels in {truth.grid.shape_kji}, {len(given)} of {len(filled)} slices"
    )

    def run(method: str) -> np.ndarray:
        return interpolate_masks(drawn, truth.grid, [liver], method=method).label_map.voxels > 0

    for method in METHODS:
        found = run(method)[missing]
        dice = 2 * (found & mask[missing]).sum() / (found.sum() + mask[missing].sum())
        print(f"{method}: Dice {dice:.4f} on the {len(missing)} slices that were not given")
    compare({method: lambda method=method: run(method) for method in METHODS})


if __name__ == "__main__":
    main()
