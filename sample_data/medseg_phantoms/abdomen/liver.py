"""The liver with its vessels and a lobulated tumour that has lost its blood supply in the middle."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np

from medseg_phantoms.abdomen import tissue
from medseg_phantoms.abdomen.structures import LIVER, NECROSIS, TUMOUR, VESSELS
from medseg_phantoms.abdomen.trunk import CAVITY
from medseg_phantoms.combine import Cut, Grown, Rough, Union, Within
from medseg_phantoms.painting import Paint
from medseg_phantoms.points import Points
from medseg_phantoms.relief import Waves
from medseg_phantoms.solids import Ellipsoid, HalfSpace, Rod, Solid, Triple

GALLBLADDER = Ellipsoid((-46, -52, -40), (13, 20, 25), pitch_deg=-25)

DOME = Union(
    (
        Ellipsoid((-66, -8, 2), (74, 82, 88)),
        Ellipsoid((2, -44, 42), (66, 34, 38)),
    ),
    blend_mm=40,
)
"""The liver's upper surface, without what the neighbours press into it."""

PARENCHYMA = Within(
    Rough(
        Cut(
            DOME,
            (
                # Stomach, duodenum and colon press from the lower left; the right kidney from behind.
                Ellipsoid((42, 22, -42), (82, 66, 86)),
                Ellipsoid((-56, 46, -54), (34, 30, 60)),
                Ellipsoid((-16, 30, 40), (17, 16, 90)),
                Grown(GALLBLADDER, 1.5),
                HalfSpace((-100, 0, -84), (-0.55, 0.1, 1)),
            ),
            blend_mm=16,
        ),
        Waves(3, 90, seed=11),
        highest_mm=3,
    ),
    Grown(CAVITY, -4.0),
    blend_mm=8,
)

TUMOUR_SOLID = Rough(
    Union(
        (
            Ellipsoid((-82, -18, -10), (21, 19, 20)),
            Ellipsoid((-97, -8, -4), (15, 15, 14)),
            Ellipsoid((-68, -31, -14), (15, 14, 14)),
            Ellipsoid((-79, -2, -22), (14, 14, 14)),
            Ellipsoid((-86, -31, 6), (13, 14, 13)),
        ),
        blend_mm=7,
    ),
    Waves(2.6, 17, seed=12, count=6),
    highest_mm=2.6,
)

NECROSIS_SOLID = Rough(
    Union((Ellipsoid((-84, -17, -9), (14, 12, 12)), Ellipsoid((-76, -23, -13), (10, 9, 10))), blend_mm=6),
    Waves(2.2, 13, seed=13),
    highest_mm=2.2,
)

_PORTAL = (
    (((12, 14, -40), 7.5), ((-12, 6, -12), 7.5), ((-28, -4, 4), 7.0)),
    (((-28, -4, 4), 6.0), ((-50, 2, 10), 5.5), ((-72, -26, 24), 4.5), ((-94, -38, 36), 3.2)),
    (((-50, 2, 10), 5.0), ((-76, 28, 2), 4.2), ((-100, 36, -16), 3.0)),
    (((-28, -4, 4), 5.0), ((-14, -28, 24), 4.5), ((4, -42, 32), 4.0), ((32, -48, 40), 2.8)),
    (((-60, -10, 18), 4.0), ((-62, -50, 4), 3.0)),
    (((-76, 28, 2), 3.4), ((-84, 22, -38), 2.6)),
)
"""The portal vein from below into its branches: points in LPS mm with the radius there."""

_HEPATIC = (
    (((-18, 30, 64), 6.5), ((-50, 22, 56), 5.5), ((-86, 18, 44), 4.5), ((-108, 4, 20), 3.0)),
    (((-18, 28, 64), 6.0), ((-38, -2, 52), 5.0), ((-50, -34, 38), 4.0), ((-60, -56, 22), 2.8)),
    (((-16, 28, 64), 5.5), ((-6, 4, 56), 4.8), ((10, -28, 48), 3.8), ((36, -44, 48), 2.6)),
    (((-86, 18, 44), 3.0), ((-90, 46, 26), 2.2)),
)
"""The hepatic veins from the vena cava outwards."""

_TWIG_SEED = 14
_TWIG_LENGTH_MM = 20.0
_TWIG_SPREAD = 0.75
_THINNEST_MM = 1.6

_SURELY_INSIDE = 2.0
"""A depth of this many radii counts as inside: far from the surface a solid's distance is inexact."""


def liver() -> list[Paint]:
    """Parenchyma, vessels, tumour and its core, each inside the one before."""
    return [
        Paint(PARENCHYMA, tissue.LIVER, label=LIVER.label),
        *(
            Paint(_inside_the_liver(rod), tissue.VESSEL, VESSELS.label, onto=(LIVER.label,))
            for rod in vessel_tree()
        ),
        Paint(TUMOUR_SOLID, tissue.TUMOUR_RIM, label=TUMOUR.label, deeper=((3.5, tissue.TUMOUR),)),
        Paint(NECROSIS_SOLID, tissue.NECROSIS, label=NECROSIS.label),
    ]


def portal_trunk() -> list[Paint]:
    """The portal vein on its way to the liver."""
    return [Paint(rod, tissue.VESSEL) for rod in _rods(_PORTAL[0])]


def gallbladder() -> list[Paint]:
    """Bile in a thin wall."""
    return [Paint(GALLBLADDER, tissue.GALLBLADDER_WALL, label=0, deeper=((1.5, tissue.BILE),))]


def vessel_tree() -> tuple[Rod, ...]:
    """Portal and hepatic branches, each ending in ever thinner twigs."""
    rng = np.random.default_rng(_TWIG_SEED)
    rods: list[Rod] = []
    for branch in (*_PORTAL, *_HEPATIC):
        rods += _rods(branch)
        before, (end, radius) = branch[-2][0], branch[-1]
        if branch is not _PORTAL[0]:
            heading = np.subtract(end, before) / np.sqrt(np.square(np.subtract(end, before)).sum())
            rods += _twigs(end, heading, radius, rng)
    return tuple(rods)


def _inside_the_liver(rod: Rod) -> Solid:
    """The rod, cut a millimetre below the liver's surface; most lie too deep to need it."""
    along = np.linspace(0, 1, 9, dtype=np.float32)
    x, y, z = (a + along * np.float32(b - a) for a, b in zip(rod.start_mm, rod.end_mm, strict=True))
    shallowest_mm = -float(PARENCHYMA.distance_mm(Points(x, y, z)).max())
    if shallowest_mm > _SURELY_INSIDE * rod.start_radius_mm + 1:
        return rod
    return Within(rod, Grown(PARENCHYMA, -1.0))


def _rods(branch: Sequence[tuple[Triple, float]]) -> list[Rod]:
    return [Rod(a, b, r, s) for (a, r), (b, s) in pairwise(branch)]


def _twigs(
    start: Triple, heading: np.ndarray[tuple[int, ...], np.dtype[np.float64]], radius: float,
    rng: np.random.Generator,
) -> Iterator[Rod]:  # fmt: skip
    for _ in range(2):
        direction = heading + _TWIG_SPREAD * rng.standard_normal(3)
        direction /= np.sqrt((direction**2).sum())
        thinner = radius * 0.78
        if thinner < _THINNEST_MM:
            return
        x, y, z = (float(c) for c in np.add(start, _TWIG_LENGTH_MM * rng.uniform(0.8, 1.2) * direction))
        yield Rod(start, (x, y, z), radius * 0.9, thinner)
        yield from _twigs((x, y, z), direction, thinner, rng)
