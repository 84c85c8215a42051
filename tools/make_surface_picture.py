"""Make docs/images/surface.png: the liver of the phantom, bare as its voxels and smoothed as exported."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from medseg.labelmap.surface import Surface, surface_of
from medseg.workflows.sample_data import sample_volume

ROOT = Path(__file__).parents[1]
PIXELS = 480
SUPERSAMPLING = 3
VIEW = np.array([[0.9, 0.42, 0.1], [-0.05, -0.12, 0.99], [-0.43, 0.9, 0.09]])
"""Rows: right, up and away from who looks, in LPS: from the front, a little from the side and from above."""
LIGHT = np.array([-0.4, -0.75, 0.53])


def drawn(surface: Surface, middle: np.ndarray, mm_per_pixel: float) -> Image.Image:
    """A surface from the patient's front, farthest triangles first."""
    side = PIXELS * SUPERSAMPLING
    seen = (surface.vertices_lps_mm - middle) @ VIEW.T
    points = side / 2 + seen[:, :2] * [1, -1] * SUPERSAMPLING / mm_per_pixel
    corners = surface.vertices_lps_mm[surface.triangles]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normals /= np.linalg.norm(normals, axis=1, keepdims=True).clip(1e-12)
    shade = 0.45 + 0.55 * (normals @ LIGHT).clip(0)
    color = np.array([int(surface.structure.color[n : n + 2], 16) for n in (1, 3, 5)])
    picture = Image.new("RGB", (side, side), "white")
    pen = ImageDraw.Draw(picture)
    for number in np.argsort(-seen[surface.triangles, 2].mean(axis=1)):
        fill = tuple((color * shade[number]).astype(int).tolist())
        pen.polygon([tuple(p) for p in points[surface.triangles[number]].tolist()], fill=fill)
    return picture.resize((PIXELS, PIXELS), Image.Resampling.LANCZOS)


if __name__ == "__main__":
    _, truth = sample_volume("abdomen")
    liver = next(s for s in truth.structures if "liver" in s.id)
    surfaces = [surface_of(truth, liver.id, smoothing_iterations=n) for n in (0, 20)]
    vertices = surfaces[0].vertices_lps_mm
    middle = (vertices.min(axis=0) + vertices.max(axis=0)) / 2
    mm_per_pixel = 1.05 * np.ptp(vertices, axis=0).max() / PIXELS
    picture = Image.new("RGB", (2 * PIXELS, PIXELS), "white")
    for place, surface in enumerate(surfaces):
        picture.paste(drawn(surface, middle, mm_per_pixel), (place * PIXELS, 0))
    target = ROOT / "docs" / "images" / "surface.png"
    picture.crop((0, 40, 2 * PIXELS, PIXELS - 40)).save(target, optimize=True)
