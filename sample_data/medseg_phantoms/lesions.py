"""Small CT phantoms of a liver with a tumour, each another patient: something for a network to learn.

They differ in size, place and shape of liver and tumour, in contrast, noise and voxel size. Vessels are as
bright as the liver's surroundings are not, and a cyst is darker than every tumour: a threshold alone finds
none of the tumours. A necrotic tumour has a bright rim and a dark middle: what goes by value from a click
finds one of the two.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from medseg.labelmap import Code, LabelMap, Structure
from medseg.space import Grid
from medseg.volume import Quantity, Source, Volume
from medseg_phantoms.combine import Rough, Union, Within
from medseg_phantoms.noise import CT_KERNEL_MM, add_ct_noise, blurred
from medseg_phantoms.painting import Paint, paint_image, paint_truth
from medseg_phantoms.phantom import Phantom
from medseg_phantoms.relief import Waves
from medseg_phantoms.solids import Ellipsoid, Rod, Solid, Triple

LIVER = Structure("liver", "Liver", 1, "#b87333", Code("SCT", "10200004", "Liver"))
TUMOUR = Structure("tumour", "Tumour", 2, "#e74c3c", Code("SCT", "108369006", "Neoplasm"), part_of="liver")

FIELD_OF_VIEW_MM = (72.0, 80.0, 80.0)
"""Along k, j and i: about a liver of a child, so that a network learns from many in minutes."""

FAT_HU, MUSCLE_HU, LIVER_HU, VESSEL_HU, CYST_HU = -95.0, 55.0, 110.0, 185.0, 8.0
RIM_HU, NECROSIS_HU = 150.0, 25.0

NECROSIS_SHARE = 0.65
"""Of the radius of a necrotic tumour."""

CONTRAST_HU = (35.0, 60.0)
"""So much darker than the liver a tumour is."""


def liver_lesion_ct(
    seed: int,
    *,
    voxel_scale: float = 1.0,
    contrast_hu: tuple[float, float] = CONTRAST_HU,
    necrotic: bool = False,
) -> Phantom:
    """Make a portal-venous CT of a liver with a tumour.

    Args:
        seed: Chooses the patient, the scanner's voxels and the noise.
        voxel_scale: Larger voxels, for fewer of them: 2 gives an eighth.
        contrast_hu: The least and the most by which a tumour is darker than the liver.
        necrotic: Whether the tumour is dead in its middle and bright at its rim, and a little larger.

    Returns:
        An int16 image in HU, and the truth about liver and tumour. The same arguments give the same bytes.
    """
    rng = np.random.default_rng(seed)
    grid = _grid(rng, voxel_scale)
    scene = _scene(rng, seed, contrast_hu, necrotic=necrotic)
    ideal = blurred(paint_image(scene, grid, FAT_HU), grid, CT_KERNEL_MM)
    noisy = add_ct_noise(ideal, grid, rng.uniform(8, 18), rng)
    voxels = np.clip(np.rint(noisy), -1024, 3071).astype(np.int16)
    return Phantom(
        name=f"lesion-{seed:04d}",
        volume=Volume(grid, voxels, Quantity.HU, Source("phantom", modality="CT")),
        truth=LabelMap(grid, (paint_truth(scene, grid),), (LIVER, TUMOUR)),
        modality="CT",
        series_description="Phantom liver lesion portal venous",
        body_part="LIVER",
        slice_thickness_mm=grid.spacing_kji_mm[0],
    )


def _grid(rng: np.random.Generator, voxel_scale: float) -> Grid:
    """Thick slices, as in practice; the middle of the field of view is the origin."""
    k_mm, ij_mm = voxel_scale * rng.uniform(2.5, 4.0), voxel_scale * rng.uniform(1.5, 2.0)
    spacing = (k_mm, ij_mm, ij_mm)
    k, j, i = (round(mm / step) for mm, step in zip(FIELD_OF_VIEW_MM, spacing, strict=True))
    shape = (k, j, i)
    z, y, x = ((1 - n) / 2 * step for n, step in zip(shape, spacing, strict=True))
    return Grid.from_axes(
        shape,
        origin_lps_mm=(x, y, z),
        step_k_mm=(0, 0, k_mm),
        step_j_mm=(0, ij_mm, 0),
        step_i_mm=(ij_mm, 0, 0),
    )


def _scene(
    rng: np.random.Generator, seed: int, contrast_hu: tuple[float, float], *, necrotic: bool
) -> list[Paint]:
    """From back to front."""
    body = Ellipsoid((0, 0, 0), (44, 40, 60))
    liver_hu = LIVER_HU + rng.normal(0, 6)
    radii = (rng.uniform(26, 33), rng.uniform(23, 30), rng.uniform(22, 30))
    centre = (rng.uniform(-5, 5), rng.uniform(-5, 5), rng.uniform(-4, 4))
    smooth = Ellipsoid(centre, radii, yaw_deg=rng.uniform(-25, 25))
    liver = Rough(smooth, Waves(2.5, 30, seed=seed), highest_mm=2.5)
    tumour_radius_mm = rng.uniform(10, 14) if necrotic else rng.uniform(7, 12)
    at = _direction(rng)
    lobes = _lobes(rng, _inside(centre, radii, at, 0.45), tumour_radius_mm)
    tumour = Within(_tumour(lobes, seed), liver)
    cyst = Ellipsoid(_inside(centre, radii, -at, rng.uniform(0.4, 0.6)), (rng.uniform(4, 7),) * 3)
    return [
        Paint(body, MUSCLE_HU + rng.normal(0, 5)),
        Paint(liver, liver_hu, label=LIVER.label),
        *(Paint(Within(each, liver), VESSEL_HU) for each in _vessels(rng, centre, radii)),
        Paint(Within(cyst, liver), CYST_HU),
        *(_necrotic(rng, tumour, lobes) if necrotic else [_solid(rng, tumour, liver_hu, contrast_hu)]),
    ]


def _lobes(rng: np.random.Generator, centre: Triple, radius_mm: float) -> tuple[Ellipsoid, Ellipsoid]:
    """Two that overlap: a tumour is no ball."""
    beside = np.array(centre) + _direction(rng) * radius_mm * 0.6
    return (
        Ellipsoid(centre, (radius_mm, radius_mm * rng.uniform(0.75, 1), radius_mm * rng.uniform(0.75, 1))),
        Ellipsoid(tuple(beside), (radius_mm * 0.7,) * 3),
    )


def _tumour(lobes: Sequence[Ellipsoid], seed: int) -> Solid:
    """Lobes that melt into each other, with a rough surface."""
    return Rough(Union(tuple(lobes), blend_mm=4), Waves(1.2, 9, seed=seed + 1), highest_mm=1.2)


def _solid(
    rng: np.random.Generator, tumour: Solid, liver_hu: float, contrast_hu: tuple[float, float]
) -> Paint:
    """A tumour that is darker than the liver, all of it alike."""
    return Paint(tumour, liver_hu - rng.uniform(*contrast_hu), label=TUMOUR.label)


def _necrotic(rng: np.random.Generator, tumour: Solid, lobes: Sequence[Ellipsoid]) -> list[Paint]:
    """A rim that takes up contrast medium around a middle that does not; both are tumour."""
    dead = tuple(Ellipsoid(one.centre_mm, _times(one.radii_mm, NECROSIS_SHARE)) for one in lobes)
    middle = Within(Union(dead, blend_mm=4), tumour)
    return [
        Paint(tumour, RIM_HU + rng.normal(0, 6), label=TUMOUR.label),
        Paint(middle, NECROSIS_HU + rng.normal(0, 6), label=TUMOUR.label),
    ]


def _times(radii: Triple, share: float) -> Triple:
    x, y, z = radii
    return share * x, share * y, share * z


def _vessels(rng: np.random.Generator, centre: Triple, radii: Triple) -> list[Solid]:
    """Three branches from a common trunk."""
    trunk = _inside(centre, radii, _direction(rng), 0.2)
    ends = [_inside(centre, radii, _direction(rng), 0.95) for _ in range(3)]
    return [Rod(trunk, end, rng.uniform(2.0, 3.2), 1.2) for end in ends]


def _inside(centre: Triple, radii: Triple, direction: np.ndarray, share: float) -> Triple:
    """A place on the way from the middle of an ellipsoid to its surface."""
    x, y, z = (c + r * d * share for c, r, d in zip(centre, radii, direction, strict=True))
    return float(x), float(y), float(z)


def _direction(rng: np.random.Generator) -> np.ndarray:
    """A unit vector, evenly distributed."""
    z, turn = rng.uniform(-1, 1), rng.uniform(0, 2 * math.pi)
    across = math.sqrt(1 - z * z)
    return np.array([across * math.cos(turn), across * math.sin(turn), z])
