"""Make the picture of agreement in docs/images: three readers of a phantom's tumour."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from scipy.ndimage import binary_fill_holes, gaussian_filter

from medseg.io.agreement_picture import write_agreement_picture
from medseg.labelmap import LabelMap
from medseg.measurement.reader_agreement import Reader, compare_readers
from medseg.workflows.sample_data import sample_volume

PICTURE = Path(__file__).parents[1] / "docs" / "images" / "agreement.png"

READERS = {"Anna Weber": (0.5, 0), "Ben Osei": (0.33, 1), "Chen Li": (0.64, 2)}
"""For each how much of the blurred tumour he takes in, and the seed of his unsteady hand."""

BLUR, UNSTEADY = 1.2, 0.08


def read_by(truth: LabelMap, structure_id: str, level: float, seed: int) -> LabelMap:
    """A structure as a reader may see it."""
    whole = binary_fill_holes(truth.mask_with_parts(structure_id))
    blurred = gaussian_filter(whole.astype(np.float64), BLUR)
    noise = gaussian_filter(np.random.default_rng(seed).standard_normal(blurred.shape), 3)
    mask = blurred + UNSTEADY * noise / noise.std() * (blurred > 0.02) > level
    structure = truth.structure(structure_id)
    alone = type(structure)(structure.id, structure.name, 1, structure.color)
    return LabelMap(truth.grid, (mask.astype(np.uint8),), (alone,))


if __name__ == "__main__":
    volume, truth = sample_volume("abdomen")
    tumour = next(structure.id for structure in truth.structures if structure.part_of)
    readers = [Reader(name, read_by(truth, tumour, *how)) for name, how in READERS.items()]
    write_agreement_picture(
        readers,
        compare_readers(readers),
        volume,
        PICTURE,
        title=f"Agreement of {', '.join(READERS)}",
        overwrite=True,
    )
