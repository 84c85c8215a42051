"""``medseg interpolate``."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from medseg.cli.progress import progress_bar
from medseg.contour import Slice

if TYPE_CHECKING:
    from medseg.workflows.interpolate import Completion


def _slices(_ctx: click.Context, _param: click.Parameter, values: tuple[str, ...]) -> list[Slice] | None:
    """Read ``k=3,7,12`` into slices."""
    slices = []
    for value in values:
        match = re.fullmatch(r"([kji])=(\d+(?:,\d+)*)", value)
        if match is None:
            raise click.BadParameter(f"expected something like k=3,7,12, got {value!r}")
        axis = "kji".index(match[1])
        slices += [Slice(axis, int(index)) for index in match[2].split(",")]
    return sorted(set(slices)) or None


@click.command()
@click.argument("sparse", type=click.Path(path_type=Path))
@click.argument("out", type=click.Path(path_type=Path))
@click.option(
    "--drawn",
    multiple=True,
    callback=_slices,
    metavar="AXIS=N,N,…",
    help="The slices of a label map that count, by array axis (k, j or i); repeatable. Default: each k that "
    "has labels.",
)
@click.option(
    "--method",
    default="auto",
    show_default=True,
    help="How to interpolate: combined, blended, radial-basis, signed-distance, or auto, which takes the "
    "first for parallel slices and the second for planes of several directions.",
)
@click.option(
    "--image",
    type=click.Path(path_type=Path),
    help="The image, a DICOM folder or a NIfTI file: it takes part where it is proven to help.",
)
@click.option(
    "--grid",
    "grid_of",
    type=click.Path(path_type=Path),
    help="An image or label map on whose grid a contours file is completed. Default: --image, or the label "
    "map beside the contours.",
)
@click.option(
    "--uncertainty",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write each voxel's chance to be wrong, 0 to 1, as a NIfTI file.",
)
@click.option("--author", default="unnamed", show_default=True, help="Printed name for the record.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def interpolate(sparse: Path, out: Path, *, method: str, as_json: bool, **options: Any) -> None:
    """Complete sparse contours to whole structures.

    SPARSE is a label map that has labels on some slices, or a contours file (_contours.json). OUT gets whole
    structures; what was drawn stays exactly as drawn.
    """
    from medseg.workflows.interpolate import METHOD_NAMES, remarks_on
    from medseg.workflows.interpolate_file import interpolate_file

    if method not in METHOD_NAMES:
        raise click.BadParameter(f"expected one of {', '.join(METHOD_NAMES)}", param_hint="--method")
    with progress_bar() as progress:
        files, completion = interpolate_file(sparse, out, method=method, progress=progress, **options)
    if as_json:
        click.echo(json.dumps(_as_dict(completion, files.nifti), indent=1))
        return
    for sentence in remarks_on(completion):
        click.echo(f"note: {sentence}", err=True)
    click.echo(files.nifti)


def _as_dict(completion: Completion, output: Path) -> dict[str, Any]:
    from medseg.workflows.interpolate import how_completed, remarks_on

    return {
        "output": str(output),
        "structures": {
            structure_id: {"drawn": [str(where) for where in completion.drawn[structure_id]], **how.as_dict()}
            for structure_id, how in how_completed(completion).items()
        },
        "open_gaps": [
            {
                "structure": gap.structure_id,
                "first": str(gap.first),
                "last": str(gap.last),
                "pieces": gap.pieces,
            }
            for gap in completion.open_gaps
        ],
        "alone": [
            {"structure": lone.structure_id, "plane": str(lone.where), "pieces": lone.pieces}
            for lone in completion.alone
        ],
        "conflicts": [
            {
                "structure": conflict.structure_id,
                "first": str(conflict.first),
                "second": str(conflict.second),
                "at_lps_mm": conflict.at_lps_mm.tolist(),
                "length_mm": conflict.length_mm,
            }
            for conflict in completion.conflicts
        ],
        "notes": list(remarks_on(completion)),
    }
