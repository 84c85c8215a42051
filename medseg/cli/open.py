"""``medseg open``."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import click


@click.command(name="open")
@click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
def open_case(paths: tuple[Path, ...]) -> None:
    """Open napari on a DICOM folder or a NIfTI file, with the contouring panel.

    A label map among PATHS is opened with its contours on the image before it.
    """
    if importlib.util.find_spec("napari") is None:
        raise click.ClickException("napari is not installed: pip install 'medseg[gui]'")
    # The plugin is a program of its own: the core never imports it.
    command = [sys.executable, "-m", "napari_medseg", *map(str, paths)]
    sys.exit(subprocess.run(command, check=False).returncode)  # noqa: S603 - our own interpreter and module
