"""The model card of a trained bundle: what it learned from, who vouched for that, and how good it is.

``docs/model_card.json`` for programs, ``docs/README.md`` for people, as MONAI's bundles have it. After M.
Mitchell et al., "Model cards for model reporting", FAT* 2019 (arXiv:1810.03993).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

from medseg.io.atomic import write_whole
from medseg.io.datalist import write_json

SCHEMA = "urn:medseg:model-card:1"

CARD, PAGE = "model_card.json", "README.md"

_DIGITS = 12
"""Of a digest on the page; the whole one is in the JSON."""


def write_model_card(folder: Path, card: Mapping[str, Any]) -> None:
    """Write a model card.

    Args:
        folder: The ``docs`` of the bundle.
        card: A JSON object, as :mod:`medseg.workflows.train` makes it.

    Raises:
        OutputError: It can't be written.
    """
    write_json(folder / CARD, {"schema": SCHEMA, **card})
    write_whole(folder / PAGE, model_card_page(card).encode())


def model_card_page(card: Mapping[str, Any]) -> str:
    """The model card as Markdown."""
    plan, training = card["plan"], card["training"]
    lines = [
        f"# {_cell(card['name'])}",
        "",
        f"A MONAI bundle that proposes {_listed(plan['structures'])}.",
        "What it proposes is to be looked at, corrected and signed by a reader. It is no medical device.",
        "",
        "## How good it is",
        "",
        *card["remarks"],
        *_dice_lines(card["held_out"], plan["structures"]),
        "",
        "## What it learned from",
        "",
        f"{len(card['learned_from'])} cases, all approved and verified by the roster"
        f" `{card['roster_sha256'][:_DIGITS]}`. Nothing else was learned from.",
        "",
        "| case | content | image | signed |",
        "| --- | --- | --- | --- |",
        *map(_case_line, card["learned_from"]),
        "",
        *_left_out_lines(card["left_out"]),
        "## How it was trained",
        "",
        "| | |",
        "| --- | --- |",
        f"| images | {plan['modality'] or 'unknown'} |",
        f"| network | {plan['network']['target'].rpartition('.')[2]}, {training['weights']:,} weights |",
        f"| voxels | {_times(plan['spacing_mm'])} mm (i, j, k) |",
        f"| patch | {_times(plan['patch'])} voxels |",
        f"| values | {_scaling(plan['normalisation'])} |",
        f"| steps | {plan['steps']} of {plan['patches_a_step']} patches |",
        f"| guided by clicks | {'yes' if plan['guided'] else 'no'} |",
        f"| seed | {plan['seed']} |",
        f"| begun, ended | {training['begun_at']}, {training['ended_at']} |",
        f"| device | {training['device']}, {training['minutes']:g} minutes |",
        f"| software | {', '.join(f'{name} {number}' for name, number in card['software'].items())} |",
        "",
    ]
    return "\n".join(lines)


def _dice_lines(held_out: Sequence[Mapping[str, Any]], structures: Sequence[str]) -> list[str]:
    if not held_out:
        return []
    clicks = len(held_out[0]["dice"])
    heads = [f"{_cell(name)}{_after(n)}" for n in range(clicks) for name in structures]
    rows = [
        [_cell(case["case"]), *(case["dice"][n][name] for n in range(clicks) for name in structures)]
        for case in held_out
    ]
    means = [fmean(row[column] for row in rows) for column in range(1, len(heads) + 1)]
    return [
        f"Dice on {len(rows)} cases that it did not learn from, of what `medseg predict` gives:",
        "",
        f"| case | {' | '.join(heads)} |",
        f"| --- |{' --- |' * len(heads)}",
        *(_dice_row(row) for row in (*rows, ["mean", *means])),
    ]


def _left_out_lines(left_out: Sequence[Mapping[str, str]]) -> list[str]:
    if not left_out:
        return []
    named = ", ".join(f"{_cell(case['case'])} ({case['reason']})" for case in left_out)
    return [f"Left out: {named}.", ""]


def _dice_row(row: Sequence[Any]) -> str:
    return f"| {row[0]} | {' | '.join(f'{value:.3f}' for value in row[1:])} |"


def _after(clicks: int) -> str:
    return "" if not clicks else f", {clicks} click{'s' if clicks > 1 else ''}"


def _case_line(case: Mapping[str, Any]) -> str:
    signed = ", ".join(f"{each['meaning']} by {each['role']}" for each in case["attestations"])
    digests = (case["content_digest"][:_DIGITS], case["image_sha256"][:_DIGITS])
    return f"| {_cell(case['case'])} | `{digests[0]}` | `{digests[1]}` | {signed} |"


def _scaling(by: Mapping[str, Any]) -> str:
    if by["scaling"] == "image":
        return "by mean and deviation of each image"
    return f"from {by['low']:g} to {by['high']:g}, mean {by['mean']:g}, deviation {by['deviation']:g}"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(map(_cell, names))


def _times(values: Sequence[float]) -> str:
    return " × ".join(f"{value:.4g}" for value in values)


def _cell(text: str) -> str:
    """Text that can't end a cell of a table, or become markup."""
    return "".join(f"\\{each}" if each in "|`*_[]<>#\\" else each for each in " ".join(text.split()))
