"""A story as entries of a timeline, in the words of people: the same on the terminal and on a page."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby

from medseg.provenance.history import History, Signed, StructureHistory
from medseg.provenance.source_digest import source_sha256
from medseg.provenance.step import Activity, Step

SHOWN_DIGITS = 12
"""Digits of a digest that people are shown: enough to compare two by eye."""

_ON_SLICE = re.compile(r"([kji])=(\d+)")


@dataclass(frozen=True)
class Entry:
    """One entry of a timeline.

    Attributes:
        at: When; None where nobody said.
        what: What happened, such as ``created`` or ``approved``.
        who: Printed name; empty where nobody said.
        trust: How far the name can be trusted.
        signed: Whether it is a signature.
        lines: What else there is to say.
    """

    at: datetime | None
    what: str
    who: str
    trust: str
    signed: bool = False
    lines: tuple[str, ...] = field(default=())


def timeline(history: History) -> tuple[Entry, ...]:
    """The entries of a story, oldest first: the steps, then the signatures in the order of signing."""
    entries = [_of_step(step, history) for step in history.steps]
    if entries:
        # What is known of each structure is how it is now: after the last step.
        last = entries[-1]
        now = (line for one in history.structures for line in lines_of(one))
        entries[-1] = Entry(last.at, last.what, last.who, last.trust, lines=(*last.lines, *now))
    return (*entries, *map(_of_signature, history.signatures))


def lines_of(one: StructureHistory) -> Iterator[str]:
    """On which slices a structure came from where, and how it was completed."""
    origins = one.origins
    parts = [
        f"{word} {compact(slices)}"
        for word, slices in (
            ("drawn on", origins.drawn),
            ("imported on", origins.imported),
            (_proposed(one), origins.assisted),
        )
        if slices
    ]
    filled = compact(origins.interpolated)
    if one.completed and filled:
        parts.append(f"interpolated on {filled} by {one.completed.method}")
    elif filled:
        parts.append(f"voxels without contours on {filled}")
    name = one.structure.name
    yield f"{name}: {'; '.join(parts) or 'nothing is known of its slices'}"
    if one.completed and one.completed.image_used is not None:
        helped = "the image took part" if one.completed.image_used else "the image took no part"
        yield f"{name}: {helped}: {one.completed.image_reason}"


def about_image(history: History) -> str:
    """The image in one line."""
    source = history.source
    if source is None:
        return "not recorded"
    files = len(source.files)
    parts = [
        source.modality or "",
        source.format,
        f"{files} file{'' if files == 1 else 's'}" if files else "",
    ]
    digest = source_sha256(source)
    parts.append(f"subject {source.subject}" if source.subject else "")
    parts.append(f"sha256 {digest[:SHOWN_DIGITS]}…" if digest else "")
    return ", ".join(part for part in parts if part)


def compact(slices: Sequence[str]) -> str:
    """Slices in few characters: ``k=3, k=4, k=5, k=9`` → ``k=3–5, 9``; other planes as they are."""
    parts: list[str] = []
    for axis, group in groupby(slices, key=_axis):
        members = list(group)
        if not axis:
            parts += members
            continue
        indices = sorted(int(member[2:]) for member in members)
        runs = [[i for _, i in run] for _, run in groupby(enumerate(indices), key=lambda n: n[1] - n[0])]
        shown = ", ".join(str(run[0]) if len(run) == 1 else f"{run[0]}–{run[-1]}" for run in runs)
        parts.append(f"{axis}={shown}")
    return ", ".join(parts)


def _axis(where: str) -> str:
    match = _ON_SLICE.fullmatch(where)
    return match[1] if match else ""


def _proposed(one: StructureHistory) -> str:
    if one.model is None:
        return "proposed by a tool on"
    return f"proposed by {' '.join(part for part in (one.model.name, one.model.version) if part)} on"


def _of_step(step: Step, history: History) -> Entry:
    lines = [f"with {step.software}"]
    if step.activity is Activity.CREATED:
        lines.append(f"on the image: {about_image(history)}")
    lines += [f"from {one.what}: {one.format}, sha256 {one.sha256[:SHOWN_DIGITS]}…" for one in step.inputs]
    lines += [f"note: {note}" for note in step.notes]
    return Entry(step.at, step.activity.value, step.by, "as recorded, not proven", lines=tuple(lines))


def _of_signature(signed: Signed) -> Entry:
    lines = [f"reason: {signed.reason}"] if signed.reason else []
    if signed.only:
        lines.append(f"covers only: {', '.join(signed.only)}")
    if signed.checkpointed_at is not None:
        there = signed.checkpointed_at.isoformat(sep=" ", timespec="seconds")
        lines.append(f"a checkpoint shows that it was there by {there}")
    if signed.verified and not signed.covers_this:
        lines.append("this signature is for an earlier content, not for what lies here now")
    trust = f"{signed.role}, verified" if signed.verified else f"claims to be {signed.role}, not verified"
    return Entry(signed.at, signed.meaning, signed.name, trust, signed=True, lines=tuple(lines))
