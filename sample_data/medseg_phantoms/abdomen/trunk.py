"""The trunk: table, skin, fat, muscle wall, lungs, spine and ribs.

Coordinates are LPS mm with the origin in the midline, in the middle of the trunk.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from medseg_phantoms.abdomen import tissue
from medseg_phantoms.abdomen.structures import SPINE
from medseg_phantoms.combine import Cut, Grown, Mirrored, Rough, Union, Within
from medseg_phantoms.painting import Paint
from medseg_phantoms.points import Field, Points
from medseg_phantoms.relief import Waves
from medseg_phantoms.solids import EVERYWHERE, Box, Column, Ellipsoid, HalfSpace, Rod, Solid

BODY = Rough(Column((0, 0), (164, 111), power=2.4), Waves(4, 260, seed=1, count=4), highest_mm=4)
WALL = Rough(Column((0, -3), (145, 93), power=2.4), Waves(4, 200, seed=2, count=4), highest_mm=4)
CAVITY = Column((0, -8), (132, 78), power=2.4)

CANAL_MM = (0.0, 75.0)
"""Middle of the spinal canal, x and y."""

VERTEBRA_PITCH_MM = 34.0
BODY_HEIGHT_MM = 26.0
CORTEX_MM = 1.8


@dataclass(frozen=True)
class Ribs:
    """All ribs of both sides: bands in the wall that slope down to the front.

    Args:
        pitch_mm: Vertical distance between two ribs.
        slope: How much higher a rib is for each mm further back.
        thickness_mm: Half the extent across the wall and half that along z.
    """

    pitch_mm: float = 31.0
    slope: float = 0.62
    thickness_mm: tuple[float, float] = (4.0, 6.5)

    DEPTH_MM = 6.5
    """How far outside the cavity a rib's middle runs."""

    @property
    def box_mm(self) -> Box:
        """Bounded by what they are cut with."""
        return EVERYWHERE

    def distance_mm(self, points: Points) -> Field:
        """Distance to the nearest rib."""
        pitch = np.float32(self.pitch_mm)
        across = CAVITY.distance_mm(points) - np.float32(self.DEPTH_MM)
        height = points.z_mm - np.float32(self.slope) * points.y_mm + np.float32(0.42) * np.abs(points.x_mm)
        height = np.mod(height + pitch / 2, pitch) - pitch / 2
        a, b = (np.float32(r) for r in self.thickness_mm)
        return np.asarray((np.sqrt((across / a) ** 2 + (height / b) ** 2) - 1) * a, dtype=np.float32)


RIBS = Cut(
    Within(Ribs(), HalfSpace((0, -62, 0), (0, -1, -0.85))),
    (Column((0, 70), (30, 60)), Column((0, -90), (66, 80)), HalfSpace((0, 0, -66), (0, 0.4, 1))),
)


def outside_in() -> list[Paint]:
    """Table, skin, subcutaneous fat, the muscle wall and the fat of the cavity."""
    table = Cut(Column((0, 70), (168, 74)), (Column((0, -184), (301, 301)),))
    return [
        Paint(table, tissue.TABLE_SHELL, deeper=((3.0, tissue.TABLE_CORE),)),
        Paint(BODY, tissue.SKIN, label=0, deeper=((2.0, tissue.FAT),)),
        Paint(WALL, tissue.MUSCLE, deeper=((4.2, tissue.FASCIA_FAT), (5.4, tissue.MUSCLE))),
        Paint(CAVITY, tissue.MESENTERIC_FAT),
        *_muscles(),
    ]


def _muscles() -> list[Paint]:
    left = (
        Column((33, 80), (29, 16), power=2.1),
        Rod((26, 52, 40), (46, 50, -120), 6, 20),
        Rod((72, 62, -20), (66, 62, -120), 4, 13),
        Rod((13, 30, 100), (13, 34, -20), 7, 4),
    )
    both = [solid for one in left for solid in (one, Mirrored(one))]
    fat = [Paint(Grown(solid, 1.5), tissue.FAT) for solid in both[:2]]
    return fat + [Paint(solid, tissue.MUSCLE) for solid in both]


def lungs(domes: tuple[Solid, ...]) -> list[Paint]:
    """The bases of the lungs around the domes of the diaphragm, which is 3 mm thick."""
    air = Cut(
        Within(Grown(CAVITY, -1.0), HalfSpace((0, 0, 38), (0, -0.55, -1)), blend_mm=8),
        (*domes, Column((6, 0), (42, 62)), Ellipsoid((34, -48, 104), (58, 40, 42))),
        blend_mm=6,
    )
    heart = Ellipsoid((32, -44, 116), (52, 34, 46), yaw_deg=25)
    return [
        Paint(Grown(air, 3.0), tissue.MUSCLE, deeper=((3.0, tissue.LUNG),)),
        Paint(heart, tissue.MYOCARDIUM, deeper=((9.0, tissue.BLOOD),)),
        Paint(Ellipsoid((14, 6, 90), (9, 7, 60)), tissue.MUSCLE),
    ]


def skeleton() -> list[Paint]:
    """Ribs, and a spine of vertebrae, discs and arches around an open canal."""
    paints = [
        Paint(RIBS, tissue.CORTICAL_BONE, deeper=((1.6, tissue.TRABECULAR_BONE),)),
        Paint(Column((0, 48), (21.5, 15.5), power=2.2), tissue.DISC, label=SPINE.label),
    ]
    marrow = ((CORTEX_MM, tissue.TRABECULAR_BONE),)
    paints += [
        Paint(_vertebra(number * VERTEBRA_PITCH_MM), tissue.CORTICAL_BONE, SPINE.label, deeper=marrow)
        for number in range(-4, 5)
    ]
    canal = Column(CANAL_MM, (10.5, 8.5))
    return [
        *paints,
        Paint(canal, tissue.THECAL_SAC, label=0),
        Paint(Column(CANAL_MM, (5.5, 4.0)), tissue.SPINAL_CORD),
    ]


def _vertebra(z: float) -> Solid:
    half = BODY_HEIGHT_MM / 2
    x, y = CANAL_MM
    left: tuple[Solid, ...] = (
        Rod((11, 60, z + 5), (14, 72, z + 4), 4.8, 4.8),
        Rod((14, 72, z + 3), (40, 78, z + 4), 4.6, 3.0),
        Rod((13, 76, z + 2), (3, 88, z - 5), 4.2, 4.0),
        Ellipsoid((16, 80, z - 13), (6.5, 7.0, 11.0)),
    )
    arch = (
        *left,
        *(Mirrored(part) for part in left),
        Rod((x, y + 13, z - 5), (x, y + 23, z - 11), 3.6, 4.4),
    )
    body = Column((0, 48), (23, 16.5), power=2.3, z_mm=(z - half, z + half))
    return Union((body, *arch), blend_mm=3.0)
