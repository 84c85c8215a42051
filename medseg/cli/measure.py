"""``medseg measure``."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from medseg.cli.progress import progress_bar

if TYPE_CHECKING:
    from medseg.workflows.measure import MeasureOptions, StructureMeasurements, SuvThreshold

FAMILIES = ("shape", "diameters", "irregularity", "intensity", "uptake", "separation")


def _threshold(_ctx: click.Context, _param: click.Parameter, value: str) -> SuvThreshold:
    """Read ``41%`` or ``2.5``."""
    from medseg.workflows.measure import SuvThreshold

    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(%?)", value)
    if match is None:
        raise click.BadParameter(f"expected something like 41% or 2.5, got {value!r}")
    number, relative = float(match[1]), bool(match[2])
    try:
        return SuvThreshold(number / 100 if relative else number, relative=relative)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


def _pairs(
    _ctx: click.Context, _param: click.Parameter, values: tuple[str, ...]
) -> tuple[tuple[str, str], ...] | None:
    """Read ``TUMOUR:VESSEL``."""
    pairs = []
    for value in values:
        first, colon, second = value.partition(":")
        if not (first and colon and second):
            raise click.BadParameter(f"expected two ids of structures like tumour:vessel, got {value!r}")
        pairs.append((first, second))
    return tuple(pairs) or None


@click.command()
@click.argument("label_map", metavar="LABELMAP", type=click.Path(path_type=Path))
@click.option(
    "--image",
    type=click.Path(path_type=Path),
    help="The image, a DICOM folder or a NIfTI file: its intensities, and SUV where it is of SUV.",
)
@click.option("--series", "series_uid", metavar="UID", help="Which series, where that folder holds several.")
@click.option(
    "--quantity",
    type=click.Choice(["HU", "SUVbw", "BQML", "CNTS"]),
    help="What the values of a NIfTI image are, which does not say it.",
)
@click.option(
    "--resample",
    type=click.Choice(["linear", "nearest"]),
    help="Resample an image of another grid to that of the label map; nearest leaves values as they are.",
)
@click.option(
    "--family",
    "families",
    type=click.Choice(FAMILIES),
    multiple=True,
    help="Measure only this; repeatable. Default: all.",
)
@click.option(
    "--suv-threshold",
    default="41%",
    show_default=True,
    callback=_threshold,
    metavar="N%|SUV",
    help="From where on a voxel counts for metabolic tumour volume: a share of SUVmax, or an SUV.",
)
@click.option(
    "--distance",
    "pairs",
    multiple=True,
    callback=_pairs,
    metavar="ID:ID",
    help="Measure the least distance of two structures, or the margin of a part within its whole; "
    "repeatable. Default: of each part, within its whole and to what it has nothing in common with.",
)
@click.option(
    "--csv", "csv_file", type=click.Path(path_type=Path), metavar="FILE", help="Also write a table."
)
@click.option(
    "--sr",
    "sr_file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Also write a DICOM SR (TID 1500), of the series that was drawn on.",
)
@click.option(
    "--sr-series",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="The DICOM folder of the series that was drawn on. Default: --image.",
)
@click.option(
    "--sr-seg",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="A DICOM SEG of the label map, to whose segments the SR refers.",
)
@click.option("--overwrite", is_flag=True, help="Replace files that are there.")
@click.option("--all", "every", is_flag=True, help="Print every number, not the main ones alone.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def measure(label_map: Path, *, as_json: bool, every: bool, **options: Any) -> None:
    """Measure the structures of LABELMAP: volumes, diameters, shapes, intensities, uptake, distances.

    A structure takes in what is part of it: the liver its tumour. What each number is, and by whose
    definition, stands in the JSON document and in the table.
    """
    from medseg.cli.measurements_table import every_number, main_numbers

    _require_series(options)
    measurements, notes = _measured(label_map, options)
    for note in notes:
        click.echo(f"note: {note}", err=True)
    if as_json:
        numbers = [number for of_structure in measurements for number in of_structure.as_dicts()]
        click.echo(json.dumps({"measurements": numbers}, indent=1, allow_nan=False))
        return
    for line in (every_number if every else main_numbers)(measurements):
        click.echo(line)


def _require_series(options: dict[str, Any]) -> None:
    if options["sr_file"] and not (options["sr_series"] or options["image"]):
        raise click.UsageError(
            "a DICOM SR refers to the images: name their folder with --sr-series or --image"
        )
    if options["resample"] and not options["image"]:
        raise click.UsageError("--resample is for an image: name it with --image")


def _measured(
    label_map: Path, options: dict[str, Any]
) -> tuple[Sequence[StructureMeasurements], tuple[str, ...]]:
    """Measure, and write what was asked for; with what there is to say about it."""
    from medseg.workflows.measure import Order, Quantity, save_csv, save_report
    from medseg.workflows.measure import measure as measure_label_map

    notes: tuple[str, ...] = ()
    with progress_bar() as progress:
        measurements = measure_label_map(
            label_map,
            options["image"],
            _measure_options(options),
            series_uid=options["series_uid"],
            quantity=Quantity(options["quantity"]) if options["quantity"] else None,
            resample=Order[options["resample"].upper()] if options["resample"] else None,
            progress=progress,
        )
        if options["csv_file"]:
            save_csv(measurements, options["csv_file"], overwrite=options["overwrite"])
        if options["sr_file"]:
            notes = save_report(
                measurements,
                options["sr_file"],
                label_map,
                series=options["sr_series"] or options["image"],
                series_uid=None if options["sr_series"] else options["series_uid"],
                segmentation=options["sr_seg"],
                overwrite=options["overwrite"],
                progress=progress,
            )
    return measurements, notes


def _measure_options(options: dict[str, Any]) -> MeasureOptions:
    from medseg.workflows.measure import Family, MeasureOptions

    families = frozenset(map(Family, options["families"])) or frozenset(Family)
    return MeasureOptions(families, suv_threshold=options["suv_threshold"], pairs=options["pairs"])
