"""The head around the brain: skin, fat, skull, eyes and the air of the sinuses.

Coordinates are LPS mm; the origin lies in the midline between the foramina of Monro.
"""

from __future__ import annotations

from medseg_phantoms.brain import tissue
from medseg_phantoms.brain.cerebrum import CEREBELLUM, CEREBRUM_HULL, STEM
from medseg_phantoms.combine import Cut, Grown, Mirrored, Rough, Union
from medseg_phantoms.painting import Paint
from medseg_phantoms.points import Field, Points, mixed
from medseg_phantoms.relief import Waves
from medseg_phantoms.solids import Column, Ellipsoid, Rod, Solid

CRANIAL_CAVITY = Grown(Union((CEREBRUM_HULL, CEREBELLUM, STEM), blend_mm=22), 2.2)
SKULL = Grown(
    Rough(Union((CEREBRUM_HULL, CEREBELLUM, STEM), blend_mm=34), Waves(1.0, 60, seed=41), highest_mm=1.0),
    8.5,
)
"""Much rounder than the cavity: bone fills the angles between cerebrum, cerebellum and stem."""

_SKULL_LAYERS = ((1.8, tissue.MARROW), (4.6, tissue.CORTICAL_BONE), (7.5, tissue.SPONGY_BASE))
"""Outer table, marrow, inner table, and the bone of the base where the skull is thick."""

_STREAKS = Waves(1.0, 15, seed=45, count=12)

HEAD = Rough(
    Union(
        (
            Grown(SKULL, 6.5),
            Ellipsoid((0, -48, -58), (58, 46, 62)),
            Ellipsoid((0, -96, -52), (11, 12, 22)),
            Column((0, 18), (56, 62), z_mm=(-400, -30)),
        ),
        blend_mm=26,
    ),
    Waves(1.5, 70, seed=42),
    highest_mm=1.5,
)


def head() -> list[Paint]:
    """Skin, fat, muscle of face and neck, skull with marrow, and the fluid around the brain."""
    deep = Cut(Grown(HEAD, -6.5), (Ellipsoid((0, 10, 60), (90, 110, 66)),), blend_mm=10)
    return [
        Paint(HEAD, tissue.SKIN, label=0, deeper=((2.2, tissue.FAT),)),
        Paint(Rough(deep, Waves(3, 20, seed=43), highest_mm=3), _muscle),
        *_face(),
        Paint(SKULL, tissue.CORTICAL_BONE, deeper=_SKULL_LAYERS),
        *_base(),
        Paint(CRANIAL_CAVITY, tissue.CSF),
        Paint(Rod((0, 88, 30), (0, 86, 4), 3.2, 3.8), tissue.VENOUS_SINUS),
    ]


def _face() -> list[Paint]:
    left: list[tuple[Solid, float]] = [
        (Ellipsoid((31, -60, -34), (19, 30, 18), yaw_deg=12), tissue.CORTICAL_BONE),
        (Ellipsoid((31, -60, -34), (17, 29, 16), yaw_deg=12), tissue.FAT),
        (Rod((24, -36, -32), (31, -66, -34), 2.2, 2.2), tissue.DEEP_GREY),
        (Rod((38, -42, -34), (43, -74, -34), 2.0, 2.6), tissue.MUSCLE),
        (Rod((20, -42, -34), (20, -74, -34), 2.0, 2.4), tissue.MUSCLE),
        (Ellipsoid((32, -78, -34), (12.4, 12.4, 12.4)), tissue.MUSCLE),
        (Ellipsoid((32, -78, -34), (11.4, 11.4, 11.4)), tissue.VITREOUS),
        (Ellipsoid((33, -87, -34), (4.4, 2.2, 4.4)), tissue.LENS),
        (Ellipsoid((27, -66, -70), (16, 18, 17)), tissue.CORTICAL_BONE),
        (Ellipsoid((27, -66, -70), (14, 16, 15)), tissue.AIR),
    ]
    middle: list[tuple[Solid, float]] = [
        (Ellipsoid((0, -62, -44), (13, 28, 22)), tissue.MUCOSA),
        (Ellipsoid((4.5, -62, -44), (3.2, 25, 18)), tissue.AIR),
        (Ellipsoid((-4.5, -62, -44), (3.2, 25, 18)), tissue.AIR),
        (Rod((0, -26, -72), (0, -14, -130), 9, 10), tissue.AIR),
    ]
    return [
        *(Paint(side, value) for solid, value in left for side in (solid, Mirrored(solid))),
        *(Paint(solid, value) for solid, value in middle),
    ]


def _muscle(points: Points) -> Field:
    """Muscle with streaks of fat between its bellies."""
    return mixed(tissue.MUSCLE, tissue.STREAKED_MUSCLE, _STREAKS(points) * 5 - 0.7)


def _base() -> list[Paint]:
    """The bone under the brain, with the clivus and the sphenoid sinus."""
    left = Rough(Rod((20, 10, -44), (50, 20, -42), 7, 10), Waves(4, 18, seed=44), highest_mm=4)
    return [
        Paint(left, tissue.CORTICAL_BONE),
        Paint(Mirrored(left), tissue.CORTICAL_BONE),
        Paint(Ellipsoid((46, 26, -52), (9, 10, 10)), tissue.AIR, opacity=0.8),
        Paint(Ellipsoid((-46, 26, -52), (9, 10, 10)), tissue.AIR, opacity=0.8),
        Paint(Rod((0, -12, -34), (0, 6, -62), 9, 7), tissue.MARROW),
        Paint(Ellipsoid((0, -28, -38), (15, 13, 11)), tissue.CORTICAL_BONE),
        Paint(Ellipsoid((0, -28, -38), (12, 11, 9)), tissue.AIR),
    ]
