"""Make the pictures of the phantoms in docs/images: contact sheets with the outlines of the truth."""

from __future__ import annotations

from pathlib import Path

from medseg.io.contact_sheet import write_contact_sheet
from medseg.workflows.sample_data import PHANTOM_NAMES, sample_volume

ROOT = Path(__file__).parents[1]

if __name__ == "__main__":
    for name in PHANTOM_NAMES:
        volume, truth = sample_volume(name)
        picture = ROOT / "docs" / "images" / f"sample-{name}.png"
        write_contact_sheet(volume, truth, picture, title=f"Phantom: {name}", max_slices=4, overwrite=True)
