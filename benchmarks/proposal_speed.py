"""How long each classical segmenter takes from one hint in a large image, and how soon it can be stopped.

The image is a made CT of 512 × 512 × 200 voxels of 0.75 × 0.75 × 1.5 mm with a ball of 50 mm; the hints are a
click, a ball of 70 mm, strokes on one slice, a rough contour. A segmenter is asked about all of the image.
Printed are the seconds of the second run, without compiling, and the longest time between two reports, at
each of which it can be stopped.

    python benchmarks/proposal_speed.py
"""

from __future__ import annotations

import time

import numpy as np

import medseg
from medseg.assist.proposing import propose
from medseg.assist.registry import segmenter
from medseg.assist.segmenter import BACKGROUND, Hints, Point, Sphere

SHAPE, STEPS = (200, 512, 512), (1.5, 0.75, 0.75)
CENTRE = (190.0, 180.0, 150.0)
RADIUS_MM, BALL_MM, ROUGH_MM = 25.0, 35.0, 29.0


def image() -> tuple[medseg.Volume, np.ndarray]:
    """The image, and how far each voxel is from the ball's middle."""
    grid = medseg.Grid.from_axes(
        SHAPE,
        origin_lps_mm=(0, 0, 0),
        step_k_mm=(0, 0, STEPS[0]),
        step_j_mm=(0, STEPS[1], 0),
        step_i_mm=(STEPS[2], 0, 0),
    )
    k, j, i = (np.arange(n) * step for n, step in zip(SHAPE, STEPS, strict=True))
    off = np.sqrt((k[:, None, None] - CENTRE[2]) ** 2 + (j[:, None] - CENTRE[1]) ** 2 + (i - CENTRE[0]) ** 2)
    noise = np.random.default_rng(0).standard_normal(SHAPE, dtype=np.float32)
    values = (40 + 70 * (off < RADIUS_MM) + 8 * noise).astype(np.int16)
    return medseg.Volume(grid, values, medseg.Quantity.HU, medseg.Source("made")), off


def hints_of(off: np.ndarray) -> dict[str, Hints]:
    """The hints of each segmenter; what follows a comma tells two apart."""
    click, ball = (Point(CENTRE, "a"),), Sphere(CENTRE, BALL_MM)
    slice_ = np.zeros(SHAPE, dtype=bool)
    slice_[round(CENTRE[2] / STEPS[0])] = True
    strokes = {"a": slice_ & (off < 12), BACKGROUND: slice_ & (off > 30) & (off < 33)}
    ends = tuple(Point((CENTRE[0] + step, *CENTRE[1:]), "a") for step in (-20.0, 20.0))
    return {
        "threshold-in-sphere": Hints(sphere=ball),
        "region-growing": Hints(click, ball),
        "region-growing, without a ball": Hints(click),
        "confidence-connected": Hints(click, ball),
        "confidence-connected, without a ball": Hints(click),
        "grow-from-seeds": Hints(sphere=ball, marks=strokes),
        "grow-from-seeds, without a ball": Hints(marks=strokes),
        "geodesic-contour": Hints(rough={"a": off < ROUGH_MM}),
        "pet-fraction": Hints(sphere=ball),
        "pet-gradient": Hints(sphere=ball),
        "vessel-between-points": Hints(ends),
    }


def timed(name: str, volume: medseg.Volume, hints: Hints) -> tuple[float, float]:
    """Seconds in all, and the longest between two reports."""
    reports: list[float] = []
    started = time.perf_counter()
    propose(
        segmenter(name), volume, ["a"], hints, progress=lambda *_report: reports.append(time.perf_counter())
    )
    ended = time.perf_counter()
    return ended - started, float(np.diff([started, *reports, ended]).max())


def main() -> None:
    """Measure and print."""
    volume, off = image()
    print("| segmenter | s | longest between two reports, s |\n| --- | ---: | ---: |")
    for label, hints in hints_of(off).items():
        name = label.split(",", 1)[0]
        timed(name, volume, hints)
        seconds, silence = timed(name, volume, hints)
        print(f"| {label} | {seconds:.2f} | {silence:.2f} |", flush=True)


if __name__ == "__main__":
    main()
