"""The brain: folded cortex, white matter, deep nuclei, ventricles, cerebellum and stem."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from medseg_phantoms.brain import tissue
from medseg_phantoms.brain.gyri import Gyri
from medseg_phantoms.brain.structures import BRAIN, VENTRICLES
from medseg_phantoms.combine import Cut, Grown, Mirrored, Rough, Union
from medseg_phantoms.painting import Paint
from medseg_phantoms.points import Field, Points, mixed
from medseg_phantoms.relief import Waves
from medseg_phantoms.solids import Column, Ellipsoid, Rod, Solid

_TEMPORAL = Ellipsoid((40, -8, -22), (22, 38, 20), yaw_deg=10)

CEREBRUM_HULL = Cut(
    Union(
        (Ellipsoid((0, 2, 16), (63, 81, 60)), _TEMPORAL, Mirrored(_TEMPORAL)),
        blend_mm=12,
    ),
    (Ellipsoid((0, -46, -62), (30, 60, 44)), Ellipsoid((0, 40, -50), (48, 46, 35))),
    blend_mm=9,
)

CEREBELLUM = Union(
    (
        Ellipsoid((27, 44, -38), (31, 29, 23), yaw_deg=-14),
        Ellipsoid((-27, 44, -38), (31, 29, 23), yaw_deg=14),
        Ellipsoid((0, 50, -36), (18, 22, 20)),
    ),
    blend_mm=12,
)

STEM = Union(
    (
        Rod((0, 8, -2), (0, 12, -24), 13, 12),
        Ellipsoid((0, 9, -32), (16, 13, 14)),
        Rod((0, 18, -40), (0, 27, -64), 9, 7),
        Rod((0, 12, -6), (0, 26, -27), 5, 4.5),
    ),
    blend_mm=8,
)

_FOURTH_VENTRICLE = Ellipsoid((0, 30, -36), (6.5, 5, 10))

HULL = Union((CEREBRUM_HULL, CEREBELLUM, STEM, Grown(_FOURTH_VENTRICLE, 3.0)), blend_mm=4)
"""The brain as if wrapped in film, as masks of the brain are drawn."""

_FISSURE = Cut(Ellipsoid((0, 2, 16), (1.5, 100, 90)), (Ellipsoid((0, 4, 2), (30, 44, 27)),))

_SYLVIAN = Rough(Ellipsoid((55, -12, -3), (20, 26, 1.6), pitch_deg=-16), Waves(0.8, 15, seed=52), 0.8)

CORTEX = Cut(Gyri(CEREBRUM_HULL), (_FISSURE, _SYLVIAN, Mirrored(_SYLVIAN)))

CORTEX_MM = 2.8
"""Thickness of the cortical grey matter."""

WHITE_MATTER = Grown(CORTEX, -CORTEX_MM)

_LATERAL_COURSE = (
    ((7, -32, 10), 4.0),
    ((9, -14, 15), 5.5),
    ((12, 6, 17), 4.5),
    ((20, 24, 14), 6.5),
    ((28, 28, 2), 5.5),
    ((34, 4, -16), 2.4),
)
"""One lateral ventricle from its frontal to its temporal horn: points in LPS mm with the radius there."""

_LATERAL = Union(
    (
        *(Rod(a, b, r, s) for (a, r), (b, s) in pairwise(_LATERAL_COURSE)),
        Rod((22, 26, 12), (20, 52, 4), 5.5, 2.0),
    ),
    blend_mm=4,
)

VENTRICLES_SOLID = Union(
    (
        _LATERAL,
        Mirrored(_LATERAL),
        Ellipsoid((0, 0, 1), (2.4, 14, 10)),
        Rod((0, 14, -8), (0, 27, -28), 1.4, 1.4),
        _FOURTH_VENTRICLE,
    ),
    blend_mm=2,
)

_NUCLEI = (
    Ellipsoid((10.5, 6, 4), (7.5, 14, 9), yaw_deg=-18),
    Ellipsoid((16, -20, 13), (5.5, 11, 9)),
    Ellipsoid((25, -6, 2), (6.5, 17, 11), yaw_deg=-8),
)
"""Thalamus, head of the caudate nucleus, lentiform nucleus."""


def brain() -> list[Paint]:
    """Everything inside the fluid, without the tumour."""
    nuclei = [solid for one in _NUCLEI for solid in (one, Mirrored(one))]
    sheath = Column((0, 22), (6, 6), z_mm=(-400, -50))
    return [
        Paint(HULL, None, label=BRAIN.label),
        Paint(CORTEX, tissue.GREY_MATTER, deeper=((CORTEX_MM, tissue.WHITE_MATTER),)),
        *(Paint(Rough(solid, Waves(1.0, 14, seed=50), 1.0), tissue.DEEP_GREY) for solid in nuclei),
        *_cerebellum(),
        Paint(sheath, tissue.BRAIN_STEM),
        Paint(STEM, tissue.BRAIN_STEM),
        Paint(VENTRICLES_SOLID, tissue.CSF, label=VENTRICLES.label),
        *_plexus(),
    ]


def _cerebellum() -> list[Paint]:
    arbor = Rough(Grown(CEREBELLUM, -10.0), Waves(7.0, 13, seed=51), highest_mm=7.0)
    return [Paint(CEREBELLUM, _folia), Paint(arbor, tissue.WHITE_MATTER)]


def _folia(points: Points) -> Field:
    """Fine leaves, stacked from top to bottom and bent around the stem."""
    height = points.z_mm + np.float32(0.012) * (points.y_mm - np.float32(30)) ** 2
    leaf: Field = np.sin(height * np.float32(2 * np.pi / 5.5))
    return mixed(tissue.GREY_MATTER, tissue.FOLIA, leaf * 3 - 1.7)


def _plexus() -> list[Paint]:
    left: Solid = Ellipsoid((22, 25, 12), (2.0, 6.0, 2.0), yaw_deg=30)
    return [Paint(solid, tissue.MUCOSA, opacity=0.7) for solid in (left, Mirrored(left))]
