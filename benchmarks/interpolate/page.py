"""The page of the documentation: every table that was kept, with pictures."""

from __future__ import annotations

from pathlib import Path

from interpolate.options import RESULTS, Options
from interpolate.peer import ItkPeer
from interpolate.pictures import draw_all

PAGE = Path(__file__).parents[2] / "docs" / "interpolation-benchmark.md"
PARTS = ("accuracy", "mixed", "contours", "image", "speed")

HEAD = """# Interpolation, measured

How close a structure comes to the truth that is completed from a few drawn slices, how many of them it takes,
and how long that lasts: medseg's methods beside ITK-MCI (ITK's `MorphologicalContourInterpolator`), which
completes slices in 3D Slicer, ITK-SNAP and OHIF.

Made by `python benchmarks/interpolate PART --write` for each of {parts},
then `python benchmarks/interpolate page`.

- *Truth*: masks that people made of real soft-tissue sarcomas (MR and CT), of organs on CT and of structures
  of the brain on MR. A structure takes part that has at least {voxels} voxels, and {slices} slices along each
  axis.
- *Given*: the first slice of a structure, every k-th from there, and the last one. Everything between is
  completed and compared.
- *Dice* counts only the voxels that were not given: whoever copies what was drawn scores nothing.
- *The distance* is the larger of the two directed 95th percentiles of the distance between surface voxels, in
  mm, of the whole structure.
- *Tune and report*: constants were chosen on every second patient, *tune*. The others were looked at on the
  way, some more than once: the organs of the second CT, `organ-ct2`, when the gate of the image was set,
  half of its ribs when thin pieces that move were studied, and all of them when the rule of areas between
  slices was found and its constants settled. So *report* is not a blind test.
- *ITK-MCI* runs with its own defaults, along the axis of the slices, and along all axes for mixed planes.

## Pictures

All of phantoms. White is the outline of the truth, green what was drawn on the planes that cross there. Grey
is right, blue is missed, orange is too much. Each row shows the slice on which ITK-MCI errs most.

A tumour's oedema that forks, every 4th slice drawn:

![Oedema of the brain phantom: truth with drawn slices, ITK-MCI, medseg](images/interpolation-tumour.png)

Vessels, every 3rd slice drawn:

![Vessels of the liver: truth with drawn slices, ITK-MCI, medseg](images/interpolation-branches.png)

A tumour on every 8th axial slice, with three sagittal and three coronal ones:

![Tumour of the liver: truth with drawn planes, ITK-MCI, medseg](images/interpolation-mixed.png)
"""


def run(options: Options) -> str:
    """Draw the pictures where the peer is there, and write the page; says what was written."""
    from interpolate.cases import MIN_SLICES, MIN_VOXELS

    written = []
    if options.itk_python:
        with ItkPeer(options.itk_python) as peer:
            written += draw_all(peer)
    kept = [RESULTS / f"interpolate_{part}.md" for part in PARTS]
    sections = [path.read_text().strip() for path in kept if path.exists()]
    parts = ", ".join(f"`{part}`" for part in PARTS)
    head = HEAD.format(parts=parts, voxels=MIN_VOXELS, slices=MIN_SLICES)
    PAGE.write_text("\n\n".join([head.strip(), *sections]) + "\n")
    return "\n".join(f"wrote {path.name}" for path in [*written, PAGE])
