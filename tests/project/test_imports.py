"""``import medseg`` costs almost nothing and loads nothing heavy before it is needed."""

from __future__ import annotations

import statistics
import subprocess
import sys

import pytest

import medseg

HEAVY = (
    "qtpy",
    "PySide6",
    "napari",
    "torch",
    "monai",
    "SimpleITK",
    "pydicom",
    "highdicom",
    "nibabel",
    "scipy",
    "numba",
    "shapely",
)


def run(code: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.strip()


@pytest.mark.parametrize("statement", ["import medseg", "import medseg.cli.main"])
def test_nothing_heavy_is_imported_before_it_is_needed(statement):
    loaded = run(f"{statement}; import sys; print([m for m in {HEAVY} if m in sys.modules])")
    assert loaded == "[]"


def test_domain_objects_need_nothing_heavy_either():
    use = "from medseg import Grid, Volume, Contour, ContourSet, Structure, LabelMap; import sys"
    assert run(f"{use}; print([m for m in {HEAVY} if m in sys.modules])") == "[]"


def test_it_takes_at_most_300_ms_more_than_numpy():
    def seconds(statement: str) -> float:
        code = f"import time; t = time.perf_counter(); {statement}; print(time.perf_counter() - t)"
        # The median of several fresh processes: one of them may meet a busy machine.
        return statistics.median(float(run(code)) for _ in range(5))

    assert seconds("import numpy, medseg") - seconds("import numpy") < 0.3


@pytest.mark.parametrize("name", medseg.__all__)
def test_every_public_name_is_there_and_documented(name):
    value = getattr(medseg, name)
    assert isinstance(value, str) or value.__doc__
