"""Kidneys, spleen, pancreas, stomach, bowel and the great vessels."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from medseg_phantoms.abdomen import tissue
from medseg_phantoms.abdomen.structures import KIDNEY_LEFT, KIDNEY_RIGHT, SPLEEN
from medseg_phantoms.abdomen.trunk import CAVITY
from medseg_phantoms.combine import Cut, Grown, Mirrored, Rough, Union, Within
from medseg_phantoms.painting import Paint, Shade
from medseg_phantoms.points import Field, Points, mixed
from medseg_phantoms.relief import Waves
from medseg_phantoms.solids import Ellipsoid, HalfSpace, Rod, Solid

LEFT_DOME = Ellipsoid((66, -4, 0), (72, 78, 84))
"""What the left half of the diaphragm covers."""

STOMACH = Rough(
    Within(
        Union(
            (
                Ellipsoid((70, -16, 42), (36, 36, 34)),
                Ellipsoid((60, -42, 8), (26, 24, 38)),
                Ellipsoid((22, -48, -16), (34, 15, 16), yaw_deg=10),
            ),
            blend_mm=24,
        ),
        Grown(CAVITY, -5.0),
        blend_mm=8,
    ),
    Waves(2.5, 40, seed=21),
    highest_mm=2.5,
)

STOMACH_LEVEL = HalfSpace((0, -44, 0), (0, 1, 0))
"""Above this plane the stomach of a person lying on the back holds gas."""

COLON_LEVEL = HalfSpace((0, -56, 0), (0, 1, 0))

_LOOP_SEED = 22
_LOOPS = 30
_MESENTERIC_SEED = 23
_MESENTERIC_TWIGS = 26


def great_vessels() -> list[Paint]:
    """Aorta, vena cava and the vessels of the mesentery."""
    cava = Ellipsoid((-20, 27, -14), (11.5, 9.0, 104))
    paints = [
        Paint(Rod((7, 20, -120), (9, 22, 120), 10.0, 11.0), tissue.BLOOD),
        Paint(cava, tissue.BLOOD - 12),
        Paint(Rod((4, -6, -120), (6, 9, -24), 3.4, 4.2), tissue.BLOOD),
        Paint(Rod((-8, -8, -120), (0, 2, -30), 4.4, 5.6), tissue.VESSEL),
    ]
    renal = Rod((8, 24, -44), (50, 36, -46), 3.2, 2.6)
    paints += [Paint(renal, tissue.BLOOD), Paint(Mirrored(renal), tissue.BLOOD)]
    rng = np.random.default_rng(_MESENTERIC_SEED)
    for _ in range(_MESENTERIC_TWIGS):
        x, y, z = rng.uniform((-60, -60, -110), (80, -5, -30))
        dx, dy, dz = rng.uniform((-22, -14, -10), (22, 14, 10))
        paints.append(Paint(Rod((x, y, z), (x + dx, y + dy, z + dz), 1.6, 1.0), tissue.BLOOD))
    return paints


def kidneys() -> list[Paint]:
    """Cortex, medulla and the fat of the renal sinus, which is no part of the kidney's truth."""
    right = Ellipsoid((-58, 40, -52), (25, 22, 50), yaw_deg=24)
    left = Ellipsoid((64, 38, -34), (25, 22, 53), yaw_deg=-24)
    return [
        *_kidney(right, Ellipsoid((-42, 33, -52), (16, 8, 24), yaw_deg=24), KIDNEY_RIGHT.label, seed=24),
        *_kidney(left, Ellipsoid((48, 31, -34), (16, 8, 25), yaw_deg=-24), KIDNEY_LEFT.label, seed=25),
    ]


def _kidney(shape: Ellipsoid, sinus: Ellipsoid, label: int, seed: int) -> list[Paint]:
    surface = Rough(shape, Waves(1.5, 45, seed=seed), highest_mm=1.5)
    pyramids = Waves(1.0, 22, seed=seed + 10)

    def inside(points: Points) -> Field:
        return mixed(tissue.KIDNEY_CORTEX, tissue.KIDNEY_MEDULLA, 0.5 + 6 * pyramids(points))

    return [
        Paint(surface, tissue.KIDNEY_CORTEX, label=label, deeper=((6.0, inside),)),
        Paint(Rough(sinus, Waves(3, 16, seed=seed + 20), highest_mm=3), tissue.RENAL_SINUS, 0, onto=(label,)),
    ]


def spleen() -> list[Paint]:
    """A spleen behind the stomach, hollowed by it and by the kidney."""
    solid = Within(
        Cut(
            Ellipsoid((92, 28, 28), (44, 52, 54), yaw_deg=-20),
            (Ellipsoid((58, -6, 42), (38, 40, 44)), Ellipsoid((62, 40, -34), (30, 27, 60))),
            blend_mm=10,
        ),
        Within(Grown(CAVITY, -5.0), Grown(LEFT_DOME, -7.0)),
        blend_mm=8,
    )
    surface = Rough(solid, Waves(2, 50, seed=26), highest_mm=2)
    return [Paint(surface, tissue.SPLEEN, label=SPLEEN.label)]


def stomach_and_pancreas() -> list[Paint]:
    """A stomach with an air-fluid level, and the pancreas behind it."""
    course = ((-22, 4, -40), (-14, -8, -20), (16, -6, -10), (44, 6, 4), (76, 20, 14))
    rods = tuple(Rod(a, b, 12 - n, 11 - n) for n, (a, b) in enumerate(pairwise(course)))
    pancreas = Rough(Union(rods, blend_mm=4), Waves(3, 14, seed=27), highest_mm=3)
    return [
        Paint(pancreas, tissue.PANCREAS),
        Paint(Rod((-4, 6, -22), (78, 26, 18), 3.4, 3.0), tissue.BLOOD),
        *_hollow(STOMACH, 4.5, tissue.BOWEL_CONTENT, STOMACH_LEVEL),
    ]


def bowel() -> list[Paint]:
    """Loops of small bowel, and a colon with haustra around them."""
    rng = np.random.default_rng(_LOOP_SEED)
    paints = []
    for number in range(_LOOPS):
        x, y, z = rng.uniform((-58, -62, -118), (78, -14, -40))
        dx, dy, dz = rng.uniform((-26, -14, -14), (26, 14, 14))
        radius = rng.uniform(9, 12.5)
        loop = Rough(
            Rod((x, y, z), (x + dx, y + dy, z + dz), radius, radius),
            Waves(1.5, 18, seed=40 + number),
            highest_mm=1.5,
        )
        content = tissue.BOWEL_CONTENT + rng.uniform(-8, 12)
        paints.append(Paint(loop, tissue.BOWEL_WALL, deeper=((2.6, content),)))
    for number, course in enumerate(_COLON):
        rods = tuple(Rod(a, b, r, s) for (a, r), (b, s) in pairwise(course))
        tube = Within(
            Rough(Union(rods, blend_mm=6), Waves(5, 32, seed=80 + number), highest_mm=5),
            Grown(CAVITY, -3.0),
        )
        paints += _hollow(tube, 2.6, _stool, COLON_LEVEL)
    return paints


_COLON = (
    (((-98, 22, -120), 21.0), ((-92, 2, -88), 20.0), ((-84, -36, -84), 18.0)),
    (((-84, -36, -84), 17.0), ((-36, -62, -74), 16.0), ((28, -66, -72), 16.0), ((92, -42, -50), 15.0)),
    (((102, 16, -120), 14.0), ((104, 14, -60), 13.0), ((98, -20, -34), 14.0)),
)
"""Ascending, transverse and descending colon: points in LPS mm with the radius there."""


def _hollow(solid: Solid, wall_mm: float, content: Shade, level: HalfSpace) -> list[Paint]:
    return [
        Paint(solid, tissue.BOWEL_WALL, deeper=((wall_mm, content),)),
        Paint(Within(Grown(solid, -wall_mm), level), tissue.GAS),
    ]


def _stool(points: Points) -> Field:
    return np.float32(tissue.STOOL) + Waves(60, 9, seed=90, count=6)(points)
