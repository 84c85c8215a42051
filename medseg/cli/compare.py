"""``medseg compare``."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from medseg.cli.progress import progress_bar
from medseg.cli.text_table import printable, text_table

if TYPE_CHECKING:
    from medseg.workflows.compare_label_maps import Comparison, StructureAgreement

SLICES_PRINTED = 5

HEAD = ("structure", "readers", "Dice", "Jaccard", "HD95 mm", "ASSD mm", "surface Dice", "ml", "change")


def _finite(_context: click.Context, _option: click.Parameter, value: float) -> float:
    # A range lets "nan" and "inf" through.
    if not math.isfinite(value):
        raise click.BadParameter(f"expected a distance in mm, got {value}")
    return value


@click.command()
@click.argument(
    "label_maps", metavar="LABELMAP LABELMAP…", nargs=-1, required=True, type=click.Path(path_type=Path)
)
@click.option("--name", "names", multiple=True, help="What a reader is called, in the order of the files.")
@click.option(
    "--tolerance",
    "tolerance_mm",
    type=click.FloatRange(min=0),
    callback=_finite,
    default=2.0,
    show_default=True,
    metavar="MM",
    help="Of the surface Dice: what readers at your site may differ by.",
)
@click.option(
    "--consensus",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Also write the consensus of all readers, a label map.",
)
@click.option(
    "--by",
    "method",
    type=click.Choice(["staple", "majority"]),
    help="How the consensus is found. Default: staple.",
)
@click.option(
    "--figure", type=click.Path(path_type=Path), metavar="FILE", help="Also write a picture, a PNG."
)
@click.option(
    "--image", type=click.Path(path_type=Path), help="The image behind the outlines of the picture."
)
@click.option("--author", default="unnamed", show_default=True, help="Printed name for the consensus.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def compare(label_maps: tuple[Path, ...], *, as_json: bool, **options: Any) -> None:
    """Tell how far readers agree: their label maps of one image, structure by structure.

    Dice, Jaccard, 95 % Hausdorff distance, average symmetric surface distance, surface Dice at a tolerance
    and difference of volume, of each two readers; a structure takes in what is part of it. Structures are the
    same where their ids are.
    """
    if options["image"] and not options["figure"]:
        raise click.UsageError("--image is for the picture: name its file with --figure")
    found = _compared(label_maps, options)
    if as_json:
        click.echo(json.dumps(found.as_dict(), indent=1, ensure_ascii=False, allow_nan=False))
        return
    for line in _lines(found, label_maps):
        click.echo(printable(line))


def _compared(label_maps: Sequence[Path], options: dict[str, Any]) -> Comparison:
    from medseg.workflows.compare_label_maps import (
        ConsensusMethod,
        compare,
        require_free,
        save_agreement_picture,
        save_consensus,
    )

    require_free(consensus=options["consensus"], figure=options["figure"])
    wanted = options["consensus"] or options["method"]
    with progress_bar() as progress:
        found = compare(
            label_maps,
            names=options["names"] or None,
            tolerance_mm=options["tolerance_mm"],
            consensus=ConsensusMethod(options["method"] or "staple") if wanted else None,
            progress=progress,
        )
        # The picture first: its image may lie on another grid, and then nothing is left behind.
        if options["figure"]:
            names = ", ".join(reader.name for reader in found.readers)
            title = f"Agreement of {names}"
            save_agreement_picture(
                found, options["figure"], title=title, image=options["image"], progress=progress
            )
        if options["consensus"]:
            save_consensus(found, label_maps, options["consensus"], author=options["author"])
    return found


def _lines(found: Comparison, label_maps: Sequence[Path]) -> Iterator[str]:
    for reader, path in zip(found.readers, label_maps, strict=True):
        yield f"{reader.name}: {path.name}"
    yield from text_table(HEAD, [row for one in found.structures for row in _rows(one)])
    for one in found.structures:
        if one.missing:
            yield f"{one.structure.name}: not delineated by {', '.join(one.missing)}"
        if one.differing:
            slices = ", ".join(f"k={where.index}" for where in one.differing[:SLICES_PRINTED])
            yield f"{one.structure.name}: differs most on {slices}"
    yield from found.remarks
    if found.consensus is not None:
        yield from _consensus_lines(found)


def _rows(one: StructureAgreement) -> Iterator[tuple[str, ...]]:
    for pair in one.pairs:
        of = pair.agreement
        relative = of.relative_volume_difference
        yield (
            one.structure.name,
            f"{pair.first} / {pair.second}",
            f"{of.dice:.4f}",
            f"{of.jaccard:.4f}",
            _mm(of.hd95_mm),
            _mm(of.assd_mm),
            f"{of.surface_dice:.4f}",
            f"{of.first_mm3 / 1000:.4g} / {of.second_mm3 / 1000:.4g}",
            "-" if relative is None else f"{relative:+.1%}",
        )


def _consensus_lines(found: Comparison) -> Iterator[str]:
    consensus = found.consensus
    assert consensus is not None  # noqa: S101 - whoever calls has looked
    yield f"consensus by {consensus.method.value}:"
    head = ("structure", "reader", "Dice", "HD95 mm", "sensitivity", "specificity")
    rows = [
        (
            one.structure.name,
            one.reader,
            f"{one.agreement.dice:.4f}",
            _mm(one.agreement.hd95_mm),
            _share(one.sensitivity),
            _share(one.specificity),
        )
        for one in consensus.readers
    ]
    yield from text_table(head, rows)
    yield from (remark for remark in consensus.remarks if remark not in found.remarks)


def _mm(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"
