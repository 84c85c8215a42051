"""``medseg demo``."""

from __future__ import annotations

import importlib.util
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import click

from medseg.cli.progress import progress_bar


@click.command()
@click.option(
    "--out", default="demo", show_default=True, type=click.Path(path_type=Path), help="A new folder."
)
def demo(out: Path) -> None:
    """Do the whole job on sample data, without a window.

    Makes a CT phantom as DICOM, reads it, completes a liver and its tumour from a few contours, saves,
    submits, approves and verifies, and shows that one changed voxel is found.
    """
    from medseg.workflows.demo import run_demo

    with progress_bar() as progress:
        result = run_demo(out, say=lambda line: click.echo(f"• {line}"), progress=progress)
    click.echo("\nDice against the phantom's truth")
    for name, dice in result.dice.items():
        click.echo(f"  {name:<16}{dice:.3f}")
    drawn, spanned = result.drawn_slices
    click.echo(f"  with contours on {drawn} of {spanned} slices\n")
    for what, path in (
        ("label map", result.files.nifti),
        ("structures", result.files.structures),
        ("provenance", result.files.provenance),
        ("contours", result.files.contours),
        ("signatures", result.files.sign_off),
        ("trust folder", result.trust),
        ("picture", result.picture),
        ("DICOM series", result.dicom),
    ):
        click.echo(f"  {what:<16}{path}")
    click.echo("\nTry next")
    # In an environment that is not activated, the program is called by its path.
    program = "medseg" if shutil.which("medseg") else sys.argv[0]
    for command in ("verify", "history"):
        with_trust = [program, command, str(result.files.nifti), "--trust", str(result.trust)]
        click.echo(f"  {shlex.join(with_trust)}")
    click.echo(f"  {shlex.join([program, 'open', str(result.dicom), str(result.files.nifti)])}")
    _offer_window(result.dicom, result.files.nifti)


def _offer_window(*paths: Path) -> None:
    """Offer to open napari where there is somebody to answer and a screen to show it."""
    has_display = sys.platform in ("win32", "darwin") or any(
        os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY")
    )
    if not (has_display and sys.stdin.isatty() and importlib.util.find_spec("napari")):
        return
    if click.confirm("\nOpen napari on the result?", default=False):
        command = [sys.executable, "-m", "napari_medseg", *map(str, paths)]
        subprocess.run(command, check=False)  # noqa: S603 - our own interpreter and module
