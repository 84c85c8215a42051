"""What every file of surfaces says about itself, in words."""

from __future__ import annotations

from medseg._version import __version__
from medseg.labelmap.surface import Surface

SPACE = "SPACE=LPS"
"""3D Slicer looks for this in the head of a file."""

PROGRAM = f"medseg {__version__}"

FRAME = "coordinates are patient LPS in mm: x to the left, y to the back, z to the head"


def comments(surfaces: tuple[Surface, ...]) -> tuple[str, ...]:
    """Lines of ASCII about all surfaces of a file."""
    lines = [f"{PROGRAM}; {SPACE}", FRAME]
    for surface in surfaces:
        structure = surface.structure
        name = structure.name.encode("ascii", "backslashreplace").decode()
        lines += [
            f"structure {structure.id}: {name}, color {structure.color}",
            f"marching cubes on voxels; smoothing: {surface.smoothing}",
            f"encloses {surface.volume_mm3:.6g} mm3; its voxels have {surface.voxels_mm3:.6g} mm3",
        ]
    return tuple(lines)


def one_line(surface: Surface) -> str:
    """What fits into the 80 bytes of an STL file's head."""
    return f"medseg {SPACE} mm; smoothing {surface.smoothing}"
