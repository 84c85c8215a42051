"""The converters side by side: each turns a folder of DICOM files into NIfTI files in a new folder.

Run as a script it is one of them, so that each works in a process of its own:
``python benchmarks/peers.py simpleitk IN OUT``.
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from timed_commands import dcm2niix_command, medseg_command

TIMEOUT_S = 600


@dataclass(frozen=True)
class Attempt:
    """What one converter made of one folder.

    Attributes:
        files: The NIfTI files it wrote.
        seconds: Wall time of its process.
        exit_code: Of its process.
        complained: It ended with an exit code that says so, or wrote of an error or a warning.
        refused: Where it says so by name: reason → how many frames it refused for it.
    """

    files: tuple[Path, ...]
    seconds: float
    exit_code: int
    complained: bool
    refused: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Peer:
    """A converter.

    Attributes:
        name: As it is called in the table.
        package: Its Python package, to know whether it is installed.
        command: Its command, of the folders IN and OUT.
    """

    name: str
    package: str
    command: Callable[[Path, Path], tuple[str, ...]]

    @property
    def installed(self) -> bool:
        """Whether it can run here."""
        return importlib.util.find_spec(self.package) is not None

    def convert(self, source: Path, out: Path) -> Attempt:
        """Convert a folder in a process of its own."""
        out.mkdir(parents=True)
        # The user's own secret stays out of this.
        environment = os.environ | {"XDG_CONFIG_HOME": str(out.parent / "config")}
        start = time.perf_counter()
        done = subprocess.run(
            self.command(source, out),
            capture_output=True,
            check=False,
            text=True,
            timeout=TIMEOUT_S,
            env=environment,
        )
        seconds = time.perf_counter() - start
        said = f"{done.stdout}\n{done.stderr}".lower()
        files = tuple(sorted(path for path in out.rglob("*") if path.name.endswith((".nii", ".nii.gz"))))
        complained = done.returncode != 0 or "error" in said or "warning" in said
        return Attempt(files, seconds, done.returncode, complained, _refusals(out))


def _refusals(out: Path) -> dict[str, int]:
    """What medseg's manifest says of the volumes that it did not convert."""
    manifest = out / "manifest.json"
    if not manifest.exists():
        return {}
    refused: dict[str, int] = {}
    for volume in json.loads(manifest.read_text())["volumes"]:
        if volume["status"] != "converted":
            reason = str(volume["reason"])
            refused[reason] = refused.get(reason, 0) + int(volume["frames"] or 0)
    return refused


def _itself(name: str) -> Callable[[Path, Path], tuple[str, ...]]:
    return lambda source, out: (sys.executable, __file__, name, str(source), str(out))


PEERS = (
    Peer(
        "medseg",
        "medseg",
        lambda source, out: (*medseg_command(), "convert", str(source), str(out), "--no-compress"),
    ),
    Peer(
        "dcm2niix",
        "dcm2niix",
        lambda source, out: (*dcm2niix_command(), "-z", "n", "-o", str(out), str(source)),
    ),
    Peer("dicom2nifti", "dicom2nifti", _itself("dicom2nifti")),
    Peer("SimpleITK", "SimpleITK", _itself("simpleitk")),
)

DCM2NIIX_BY_THE_DICOM = Peer(
    "dcm2niix -p n",
    "dcm2niix",
    lambda source, out: (*dcm2niix_command(), "-p", "n", "-z", "n", "-o", str(out), str(source)),
)
"""dcm2niix without Philips' private scaling, which it uses by default in place of the rescale slope."""


def _by_simpleitk(source: Path, out: Path) -> None:
    """Its series reader: every series that it finds, in the order that it sorts them."""
    import SimpleITK

    for number, series in enumerate(SimpleITK.ImageSeriesReader.GetGDCMSeriesIDs(str(source))):
        reader = SimpleITK.ImageSeriesReader()
        reader.SetFileNames(SimpleITK.ImageSeriesReader.GetGDCMSeriesFileNames(str(source), series))
        SimpleITK.WriteImage(reader.Execute(), str(out / f"{number}.nii"))


def _by_dicom2nifti(source: Path, out: Path) -> None:
    """Its conversion of a folder, with its defaults."""
    import dicom2nifti

    dicom2nifti.convert_directory(str(source), str(out), compression=False)


if __name__ == "__main__":
    {"simpleitk": _by_simpleitk, "dicom2nifti": _by_dicom2nifti}[sys.argv[1]](
        Path(sys.argv[2]), Path(sys.argv[3])
    )
