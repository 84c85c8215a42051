"""``medseg propose``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from medseg.cli.interruption import cancellable
from medseg.cli.progress import progress_bar

if TYPE_CHECKING:
    from medseg.workflows.propose import Given

PointLps = tuple[float, float, float]


def _numbers(value: str, count: int, what: str) -> list[float]:
    try:
        numbers = [float(part) for part in value.split(",")]
    except ValueError:
        numbers = []
    if len(numbers) != count:
        raise click.BadParameter(f"expected {what}, got {value!r}")
    return numbers


def _points(_ctx: click.Context, _param: click.Parameter, values: tuple[str, ...]) -> tuple[PointLps, ...]:
    """Read ``12.5,-40,103``."""
    found = [_numbers(value, 3, "a place in LPS mm like 12.5,-40,103") for value in values]
    return tuple((x, y, z) for x, y, z in found)


def _ball(_ctx: click.Context, _param: click.Parameter, value: str | None) -> tuple[PointLps, float] | None:
    """Read ``12.5,-40,103,25``."""
    if value is None:
        return None
    x, y, z, radius = _numbers(value, 4, "a place in LPS mm and a radius in mm like 12.5,-40,103,25")
    if radius <= 0:
        raise click.BadParameter(f"expected a radius above 0 mm, got {radius:g}")
    return (x, y, z), radius


def _settings(_ctx: click.Context, _param: click.Parameter, values: tuple[str, ...]) -> dict[str, str]:
    """Read ``deviations=2.5``."""
    settings = {}
    for value in values:
        name, equals, setting = value.partition("=")
        if not (name and equals and setting):
            raise click.BadParameter(f"expected something like deviations=2.5, got {value!r}")
        settings[name] = setting
    return settings


def _listed(ctx: click.Context, _param: click.Parameter, value: bool) -> None:  # noqa: FBT001 - click's form
    """Print the methods and leave."""
    if not value or ctx.resilient_parsing:
        return
    from medseg.workflows.propose import usable

    good, bad = usable()
    for one in good:
        needs = ", ".join(sorted(one.needs)) or "nothing"
        click.echo(f"{one.name}: {one.title}; needs {needs}")
        for parameter in one.parameters:
            unit = "" if parameter.unit == "1" else f" {parameter.unit}"
            words = f", one of {', '.join(parameter.choices)}" if parameter.choices else ""
            click.echo(f"  {parameter.name}={parameter.default}{unit}: {parameter.title}{words}")
    for broken in bad:
        click.echo(f"not usable: {broken.why}", err=True)
    ctx.exit()


@click.command()
@click.argument("image", type=click.Path(path_type=Path))
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--method", required=True, help="Which segmenter; --list tells all.")
@click.option(
    "--list",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_listed,
    help="Print the segmenters with their settings, and leave.",
)
@click.option("--name", required=True, help="What the structure is called.")
@click.option(
    "--at", multiple=True, callback=_points, metavar="L,P,S", help="A point within it, LPS mm; repeatable."
)
@click.option(
    "--not-at",
    multiple=True,
    callback=_points,
    metavar="L,P,S",
    help="A point on what does not belong to it, LPS mm; repeatable.",
)
@click.option(
    "--ball",
    callback=_ball,
    metavar="L,P,S,R",
    help="A ball around it: its centre in LPS mm and its radius.",
)
@click.option(
    "--rough", type=click.Path(path_type=Path), metavar="LABELMAP", help="A rough delineation of it alone."
)
@click.option(
    "--set",
    "settings",
    multiple=True,
    callback=_settings,
    metavar="NAME=VALUE",
    help="A setting; repeatable.",
)
@click.option(
    "--beside",
    type=click.Path(path_type=Path),
    metavar="LABELMAP",
    help="A label map whose structures stand in OUT, too, and keep their voxels.",
)
@click.option("--part-of", metavar="ID", help="The structure in --beside that the new one is part of.")
@click.option("--author", default="unnamed", show_default=True, help="Printed name for the record.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def propose(image: Path, out: Path, *, as_json: bool, **options: Any) -> None:
    """Let a segmenter propose a structure of IMAGE, and write it as the label map OUT.

    IMAGE is a DICOM folder or a NIfTI file. What is proposed is a draft: the record says by which method and
    from which hints, and the reader decides.
    """
    if options["part_of"] and not options["beside"]:
        raise click.UsageError("--part-of names a structure of --beside")
    with cancellable("nothing was written"), progress_bar() as progress:
        from medseg.workflows.propose import propose_file

        files, proposal, structure = propose_file(
            image,
            out,
            method=options["method"],
            name=options["name"],
            given=_given(options),
            rough=options["rough"],
            beside=options["beside"],
            part_of=options["part_of"],
            author=options["author"],
            progress=progress,
        )
    voxels = int(proposal.masks[structure.id].sum())
    made = proposal.method
    if as_json:
        document = {
            "label_map": str(files.nifti),
            "structure": structure.id,
            "label": structure.label,
            "voxels": voxels,
            "method": {"name": made.name, "version": made.version, "parameters": dict(made.parameters)},
            "weights_sha256": made.weights_sha256,
            "remarks": list(proposal.remarks),
        }
        click.echo(json.dumps(document, indent=1, allow_nan=False))
        return
    click.echo(f"{files.nifti}: {structure.name}, {voxels} voxels by {made.name}")
    for remark in proposal.remarks:
        click.echo(f"note: {remark}")


def _given(options: dict[str, Any]) -> Given:
    from medseg.assist.segmenter import Sphere
    from medseg.workflows.propose import Given

    ball = options["ball"]
    return Given(
        options["at"],
        options["not_at"],
        None if ball is None else Sphere(*ball),
        settings=options["settings"],
    )
