"""Every tumour drawn in every way, as tables."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import product
from pathlib import Path

import numpy as np

from actions_count.proposed import proposed
from actions_count.reader import DRAW, Actions, Reader
from actions_count.references import TUMOURS, Tumour, metastasis_by_edges, metastasis_by_threshold
from actions_count.ways import completed, slice_by_slice
from medseg.assist.proposing import propose
from medseg.assist.registry import segmenter
from medseg.measurement import dice
from proposal_hints import hints_for

DRAWS = 20
"""Of a reader's errors, besides the ball at its best."""

SLICE_BY_SLICE, COMPLETED, PROPOSED = "slice by slice", "completed", "proposed"

WAYS: dict[str, Callable[[Reader], Iterator[float]]] = {
    SLICE_BY_SLICE: slice_by_slice,
    COMPLETED: completed,
    PROPOSED: proposed,
}

FEW = 0.5
"""Of the actions of slice by slice: fewer are asked for."""

SEGMENTERS = ("threshold-in-sphere", "region-growing", "confidence-connected", "grow-from-seeds")

SCALES_PX = (1.5, 2.0, 2.5)
"""Of the gradient whose watershed is the second reference."""


@dataclass(frozen=True)
class Count:
    """One way of drawing one tumour: what it took, and the Dice after each contour."""

    tumour: Tumour
    tool: str
    way: str
    actions: Actions
    dices: Sequence[float]


def count(tumour: Tumour, tool: str, way: str, errors: int | None = None) -> Count:
    """Draw a tumour in a way with a tool.

    Args:
        tumour: The tumour.
        tool: ``Freehand`` or ``Polygon``.
        way: One of ``WAYS``.
        errors: Which draw of a reader's errors the ball of a proposal has; None for none.
    """
    draw = WAYS[way]
    if errors is not None:
        draw = partial(proposed, errors=np.random.default_rng(errors))
    reader = Reader(tumour.image, tumour.truth, tool)
    dices = tuple(draw(reader))
    return Count(tumour, tool, way, reader.actions, dices)


def page(data: Path) -> str:
    """All counts as Markdown."""
    counts: list[Count] = []
    drawn: list[list[Count]] = []
    for load in TUMOURS:
        tumour = load(data)
        for tool in DRAW:
            counts += [count(tumour, tool, way) for way in WAYS]
            drawn.append([count(tumour, tool, PROPOSED, errors) for errors in range(1, DRAWS + 1)])
    parts = (
        (INTRODUCTION, _table(counts)),
        (TOGETHER, _together_table(counts)),
        (COURSE, _course(counts)),
        (ERRORS, _errors_table(counts, drawn)),
        (OTHERS, _others_table([load(data) for load in TUMOURS])),
        (REFERENCES, _references_table(data)),
    )
    return "\n".join(f"{text}\n" + "".join(f"{line}\n" for line in lines) for text, lines in parts)


def _table(counts: Sequence[Count]) -> Iterator[str]:
    yield "| tumour | reference | tool | way | strokes | clicks | keys | actions | ratio | wheel | Dice |"
    yield "| --- | --- | --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"
    for one in counts:
        did, tumour = one.actions, one.tumour
        yield (
            f"| {tumour.name}, {tumour.slices} slices | {tumour.reference} | {one.tool.lower()} | {one.way} "
            f"| {did.strokes} | {did.clicks} | {did.keys} | {did.total} "
            f"| {_ratio(did.total, whole_of(counts, one))} | {did.notches} | {one.dices[-1]:.3f} |"
        )


def _together_table(counts: Sequence[Count]) -> Iterator[str]:
    names = dict.fromkeys(one.tumour.name for one in counts)
    yield f"| references | tool | {SLICE_BY_SLICE} | {COMPLETED} | each in its quicker way |"
    yield "| --- | --- | ---: | ---: | ---: |"
    for chosen in product(*([one for one in _tumours(counts) if one.name == name] for name in names)):
        for tool in DRAW:
            of_each = [
                {c.way: c.actions.total for c in counts if (c.tumour, c.tool) == (one, tool)}
                for one in chosen
            ]
            whole = sum(totals[SLICE_BY_SLICE] for totals in of_each)
            by_engine = sum(totals[COMPLETED] for totals in of_each)
            quicker = sum(min(totals[COMPLETED], totals[PROPOSED]) for totals in of_each)
            yield (
                f"| {', '.join(one.reference for one in chosen)} | {tool.lower()} | {whole} "
                f"| {by_engine}, {_ratio(by_engine, whole)} | {quicker}, {_ratio(quicker, whole)} |"
            )


def _tumours(counts: Sequence[Count]) -> list[Tumour]:
    return list({id(one.tumour): one.tumour for one in counts}.values())


def _course(counts: Sequence[Count]) -> Iterator[str]:
    yield "| tumour | reference | tool | Dice after each contour and its completion |"
    yield "| --- | --- | --- | --- |"
    for one in counts:
        if one.way == COMPLETED:
            course = ", ".join(f"{value:.2f}" for value in one.dices)
            yield f"| {one.tumour.name} | {one.tumour.reference} | {one.tool.lower()} | {course} |"


def _errors_table(counts: Sequence[Count], drawn: Sequence[Sequence[Count]]) -> Iterator[str]:
    yield "| tumour | reference | tool | Dice of the proposal | slices put right | actions | ratio |"
    yield "| --- | --- | --- | ---: | ---: | ---: | ---: |"
    best = [one for one in counts if one.way == PROPOSED]
    for first, others in zip(best, drawn, strict=True):
        tumour, whole = first.tumour, whole_of(counts, first)
        dices, righted = [one.dices[0] for one in others], [len(one.dices) - 1 for one in others]
        totals = [one.actions.total for one in others]
        middle, most = float(np.median(totals)), max(totals)
        yield (
            f"| {tumour.name} | {tumour.reference} | {first.tool.lower()} "
            f"| {first.dices[0]:.2f} · {np.median(dices):.2f} ({min(dices):.2f}) "
            f"| {len(first.dices) - 1} · {np.median(righted):g} ({max(righted)}) "
            f"| {first.actions.total} · {middle:g} ({most}) "
            f"| {_ratio(first.actions.total, whole)} · {_ratio(middle, whole)} ({_ratio(most, whole)}) |"
        )


def _others_table(tumours: Sequence[Tumour]) -> Iterator[str]:
    yield f"| tumour | reference | {' | '.join(SEGMENTERS)} |"
    yield "| --- | --- |" + " ---: |" * len(SEGMENTERS)
    for tumour in tumours:
        dices = " | ".join(f"{_dice_of(tumour, name):.2f}" for name in SEGMENTERS)
        yield f"| {tumour.name} | {tumour.reference} | {dices} |"


def _dice_of(tumour: Tumour, name: str) -> float:
    region, hints = hints_for(name, tumour.image, tumour.truth)
    found = propose(segmenter(name), tumour.image, ["tumour"], hints, region=region)
    mask = np.zeros(tumour.truth.shape, dtype=bool)
    mask[region] = found.masks["tumour"]
    return dice(mask, tumour.truth)


def _references_table(data: Path) -> Iterator[str]:
    yield f"| scale, pixels | Dice with the threshold | {' | '.join(WAYS)} |"
    yield "| ---: | ---: |" + " ---: |" * len(WAYS)
    by_threshold = metastasis_by_threshold(data)
    for scale_px in SCALES_PX:
        tumour = metastasis_by_edges(data, scale_px)
        totals = [str(count(tumour, "Freehand", way).actions.total) for way in WAYS]
        yield f"| {scale_px:g} | {dice(by_threshold.truth, tumour.truth):.2f} | {' | '.join(totals)} |"


def whole_of(counts: Sequence[Count], other: Count) -> int:
    """The actions of the same tumour with the same tool slice by slice."""
    return next(
        one.actions.total
        for one in counts
        if one.tumour is other.tumour and one.tool == other.tool and one.way == SLICE_BY_SLICE
    )


def _ratio(actions: float, whole: int) -> str:
    ratio = actions / whole
    return f"**{ratio:.2f}**" if ratio < FEW else f"{ratio:.2f}"


INTRODUCTION = """# How many actions a tumour takes

Strokes with the button down, clicks and keys, counted while a reader who draws exactly the reference uses the
tools, until the whole has a Dice of 0.95 with the reference. A structure is there, no tool is in hand; taking
one is a key. Made by `python benchmarks/actions_count --write`.

- *Slice by slice*: every slice that the tumour reaches.
- *Completed*: first the slice where it is largest, then where Tab leads; Shift+Space accepts.
- *Proposed*: J, and a ball 5 mm larger than the tumour around its middle, on which a threshold in a ball with
  its default settings proposes: it is the first of the list, so that a window that has just opened needs no
  more. Then the slice that is most wrong is drawn, and the next one, Shift+Space takes over the
  others, and Del deletes where nothing should be.

The ratio is that of the actions to slice by slice with the same tool, bold where they are fewer than half.
Notches of the wheel stand apart. STS_001's reference is the oncologist's. The CT comes without contours; its
largest metastasis has two references, told below.

**STS_001 takes fewer than half when it is completed, the metastasis alone in no way; both together do, each
in its quicker way.** Half of its seven actions by freehand is three and a half. J, a ball and Shift+Space are
three: only a proposal that is right at once is fewer than half. Two contours, completed, are five with their
keys. These proposals are far from right at once, so that nearly all slices are drawn after all: the limits
that they find, 60 to 111 HU, take in a rim that both references leave to the liver, and leave out what is
darkest beside the gallbladder.
Completing needs about as many contours as there are slices, and a Tab for each, because each slice is unlike
the next: by the threshold they have 31, 262, 860, 618, 402 and 199 voxels, no two of them together give more
than 0.83, no three more than 0.91. With corners instead of strokes a proposal spares a tenth at best.

STS_001 is better completed than proposed: its border runs through tissue of the same value. The other lesions
of the CT's liver are no better witnesses: the clearest, in the dome, reaches over three slices, which are
four actions to draw, and another fades out over five.
"""

TOGETHER = """## Both tumours together
"""

COURSE = """## Completed
"""

ERRORS = f"""## Proposed, with a reader's errors

A cell reads: ball at its best · median of {DRAWS} balls with the errors of a reader (the worst of them). The
ball's middle is off by up to 5 mm, its radius by up to 20 % (`proposal_hints.py`); none is dragged anew.
"""

OTHERS = """## Other segmenters

Dice of what each proposes from its hint at its best, with default settings. None spares the corrections, and
each takes more actions than the threshold: it is chosen from the list of the tab, two or three clicks, and
*Grow from seeds* needs strokes inside and clicks around besides.
"""

REFERENCES = """## The references of the metastasis

*Threshold*: what lies below 100 HU, half-way between liver and lesion. A segmenter that goes by values could
have it easy with that, hence the second one. *Watershed*: the gradient's magnitude on each slice, flooded
from lines along the dark parts and from well outside, both set by eye; no value decides
(`actions_count/references.py`). Both look like what one would draw on slices 13 and 15 to 17. They part on
slice 14, where the lesion fades beside the gallbladder, and on slice 12, where no more than a faint shade is
left of it: the threshold has a spot at the liver's rim there, the watershed is not asked. So far apart (0.81)
are two sensible readings of this lesion; 0.95 with one of them is more than they have with each other.

The watershed at other scales of the gradient, and the actions by freehand against it:
"""
