"""An outline carried over to the next slice lies where the image looks as it did."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

import medseg
from medseg.assist.outline_matching import REACH_MM, PlaneImage, carry_over
from medseg.contour import Contour, Origin, Slice, smooth, trace_slice
from medseg.labelmap import fill
from medseg.space import Grid

GRID = Grid.from_axes(
    (4, 90, 110),
    origin_lps_mm=(-40, 10, 5),
    step_k_mm=(0, 0.5, 3),
    step_j_mm=(0, 0.9, -0.15),
    step_i_mm=(0.7, 0, 0),
)
THERE, HERE = Slice(0, 1), Slice(0, 2)
CENTRE = np.array([38.0, 41.0])
"""Of what is drawn, in the frame of a slice, mm."""


def ellipse(radii_mm, count=90, centre=CENTRE):
    angles = np.linspace(0, 2 * np.pi, count, endpoint=False)
    return centre + np.column_stack([np.cos(angles), np.sin(angles)]) * radii_mm


def image(where, radii_mm, centre=CENTRE, noise=0.0, sign=1):
    """A lesion that is bright or dark, with bone beside it that is far brighter on both slices."""
    columns, rows = np.meshgrid(np.arange(110) * 0.7, np.arange(90) * np.hypot(0.9, 0.15))
    depth = min(radii_mm) * (
        1 - np.hypot((columns - centre[0]) / radii_mm[0], (rows - centre[1]) / radii_mm[1])
    )
    values = sign * 60 / (1 + np.exp(-2 * depth)) + 900 * (columns > CENTRE[0] + 22)
    return PlaneImage(values + np.random.default_rng(where.index).normal(0, noise, values.shape), GRID, where)


def drawn(points, *, hole=False):
    return Contour(GRID.plane(0, THERE.index), points, "tumour", hole=hole)


def region(contour):
    return shapely.Polygon(GRID.plane(0, HERE.index).to_plane_mm(contour.points_lps_mm))


@pytest.mark.parametrize("sign", [1, -1], ids=["bright", "dark"])
@pytest.mark.parametrize(("noise", "most_mm"), [(0, 0.6), (12, 1.2)])
def test_follows_what_it_bounds(noise, most_mm, sign):
    moved = CENTRE + np.array([1.2, -0.9])
    there = image(THERE, (16.0, 12.0), noise=noise, sign=sign)
    here = image(HERE, (14.0, 10.5), moved, noise, sign)
    (carried,) = carry_over([drawn(ellipse((16, 12)))], there, here)
    assert (carried.origin, carried.structure_id) == (Origin.ASSISTED, "tumour")
    assert np.abs(GRID.plane(0, HERE.index).distance_mm(carried.points_lps_mm)).max() < 1e-9
    truth = shapely.Polygon(ellipse((14, 10.5), 300, moved))
    assert shapely.hausdorff_distance(region(carried).boundary, truth.boundary, densify=0.05) < most_mm
    assert region(carried).symmetric_difference(truth).area < 0.06 * truth.area


def test_an_outline_that_lies_beside_the_edge_on_purpose_stays_beside_it():
    # A margin of 2 mm was drawn there: it is carried over with its margin.
    there, here = image(THERE, (12.0, 10.0)), image(HERE, (11.0, 9.0))
    (carried,) = carry_over([drawn(ellipse((14, 12)))], there, here)
    with_margin = shapely.Polygon(ellipse((13, 11), 300))
    assert region(carried).symmetric_difference(with_margin).area < 0.06 * with_margin.area


def test_stays_where_all_looks_the_same():
    flat = np.full((90, 110), 40, np.int16)
    points = ellipse((10, 8), 200)
    (carried,) = carry_over([drawn(points)], PlaneImage(flat, GRID, THERE), PlaneImage(flat, GRID, HERE))
    before = region(drawn(points))
    assert shapely.hausdorff_distance(region(carried).boundary, before.boundary, densify=0.05) < 0.1


def test_never_further_than_its_reach():
    there, here = image(THERE, (8.0, 7.0)), image(HERE, (18.0, 16.0))
    (carried,) = carry_over([drawn(ellipse((8, 7), 200))], there, here)
    assert region(drawn(ellipse((8, 7), 200))).buffer(REACH_MM + 0.1).contains(region(carried))


def test_holes_tiny_pieces_and_what_is_no_number_come_along():
    contours = [
        drawn(ellipse((16, 12))),
        drawn(ellipse((5, 4)), hole=True),
        drawn(ellipse((0.4, 0.3), 12, np.array([70.0, 70.0]))),
    ]
    there, here = image(THERE, (16.0, 12.0)), image(HERE, (15.0, 11.0))
    here.values[:10] = np.nan
    carried = carry_over(contours, there, here)
    assert sorted(c.hole for c in carried) == [False, False, True]
    assert carry_over([], there, here) == ()


def test_a_sarcoma_is_told_better_than_by_a_copy(real_data):
    folder = real_data / "sarcoma_pet_ct_mr" / "nifti" / "STS_001"
    image = medseg.open_image(folder / "MR_T1_image.nii.gz")
    mask = np.asarray(medseg.open_image(folder / "MR_T1_mask.nii.gz").voxels) > 0
    reached = np.flatnonzero(mask.any(axis=(1, 2)))
    gained = []
    for k in reached[:-1:2]:
        there, here = Slice(0, int(k)), Slice(0, int(k) + 1)
        outline = smooth(trace_slice(mask[k], image.grid, there, "tumour", Origin.DRAWN), 0.7)
        images = [PlaneImage(image.voxels[where.index], image.grid, where) for where in (there, here)]
        carried = fill(carry_over(outline, *images), image.grid, here)
        copied = fill(outline, image.grid, there)
        gained.append(dice(carried, mask[k + 1]) - dice(copied, mask[k + 1]))
    assert np.mean(gained) > 0.01
    assert np.mean(np.array(gained) > 0) > 0.8
    assert min(gained) > -0.06


def dice(first, second):
    return 2 * (first & second).sum() / (first.sum() + second.sum())
