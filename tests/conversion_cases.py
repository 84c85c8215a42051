"""Studies to convert, the command as a process of its own, and what must be true of its output folder."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

import nibabel
import numpy as np

from medseg.io.dicom import write_series
from medseg.space import Grid
from medseg.volume import Quantity, Source, Volume

HALF_FILE = re.compile(r"^\.[0-9a-f]{8}\.")
"""How files are called while they are written."""


def make(folder, seed, *, modality="CT", tilt_mm=0.0, shape_kji=(5, 4, 3)):
    """Write a series of one patient and return its volume."""
    grid = Grid.from_axes(
        shape_kji,
        origin_lps_mm=[10, -20, 30],
        step_k_mm=[0, tilt_mm, 3],
        step_j_mm=[0, 0.5, 0],
        step_i_mm=[0.25, 0, 0],
    )
    voxels = np.random.default_rng(len(seed)).integers(0, 1000, shape_kji, dtype=np.int16)
    volume = Volume(grid, voxels, Quantity.HU, Source("phantom"))
    write_series(
        volume, folder, modality=modality, uid_seed=seed, patient_name="DOE^JANE", patient_id="SECRET77"
    )
    return volume


def make_tree(root, count, shape_kji=(12, 96, 96)):
    """Write several series, large enough that a batch can be caught at work."""
    for number in range(count):
        make(root / f"s{number:02}", f"series {number}", shape_kji=(shape_kji[0] + number, *shape_kji[1:]))
    return root


def command(*arguments):
    """``medseg`` in this interpreter."""
    return [sys.executable, "-m", "medseg.cli.main", *map(str, arguments)]


def run(*arguments, **options):
    """Run ``medseg`` to its end."""
    return subprocess.run(command(*arguments), capture_output=True, text=True, check=False, **options)


def tree(out: Path) -> dict[str, bytes]:
    """Every file of an output folder but those that medseg keeps for itself."""
    found = {}
    for folder, folders, names in os.walk(out):
        if Path(folder) == out and ".medseg" in folders:
            folders.remove(".medseg")
        for name in names:
            path = Path(folder, name)
            found[path.relative_to(out).as_posix()] = path.read_bytes()
    return dict(sorted(found.items()))


def require_whole(out: Path, final: Mapping[str, bytes]) -> list[str]:
    """Check that whatever has a final name is whole: it opens, and is byte for byte what it will be.

    Args:
        out: The folder that a killed run left.
        final: What an uninterrupted run wrote.

    Returns:
        The images that are there.
    """
    images = []
    if not out.exists():
        return images
    for name, content in tree(out).items():
        assert not HALF_FILE.match(Path(name).name), name
        assert name in final, name
        assert sha256(content).hexdigest() == sha256(final[name]).hexdigest(), name
        if name.endswith((".nii", ".nii.gz")):
            image = nibabel.load(out / name)
            assert np.asanyarray(image.dataobj).size == np.prod(image.shape)
            images.append(name)
    return images


def require_manifest(out: Path) -> dict[str, object]:
    """The manifest, checked against the files that it names."""
    manifest = json.loads((out / "manifest.json").read_text(encoding="utf-8"))
    for entry in manifest["volumes"]:
        assert (entry["output"] is None) == (entry["status"] != "converted")
        for name, digest in entry["sha256"].items():
            assert sha256((out / name).read_bytes()).hexdigest() == digest
        if entry["output"]:
            assert {entry["output"], *entry["sidecars"]} == set(entry["sha256"])
    named = {name for entry in manifest["volumes"] for name in entry["sha256"]}
    assert {*named, "manifest.json", "manifest.csv"} == set(tree(out))
    return manifest


def left_in_work(out: Path) -> list[str]:
    """What a run left where files are written before they take their names."""
    work = out / ".medseg" / "work"
    return [os.fspath(path) for path in work.rglob("*")] if work.exists() else []
