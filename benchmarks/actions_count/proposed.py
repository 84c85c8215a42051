"""Having a tumour proposed from a ball, and putting right what is wrong.

In a window that has just opened a threshold in a ball is chosen, with its default settings, and the tab
*Propose* need not be looked at: J, the ball and Shift+Space are all it takes. Slices that are wrong
are drawn before Shift+Space, which leaves them as drawn: afterwards each would have to be deleted first.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from actions_count.reader import ENOUGH_DICE, Reader, cut
from medseg.contour import Slice
from medseg.measurement import dice
from medseg.workflows.delineate import (
    Asked,
    Delineation,
    Question,
    ask_segmenter,
    label_map_of,
    with_proposed,
)
from medseg.workflows.segmenters import usable
from napari_medseg.tools.edits import deleted
from proposal_hints import Errors, ball_around


def proposed(reader: Reader, errors: Errors = None) -> Iterator[float]:
    """Drag a ball, ask, draw the slices that are worst, and accept; yields the Dice after each step.

    Args:
        reader: Who does it.
        errors: Of where the ball is set.
    """
    here = drag_ball(reader, errors)
    asked = ask(reader)
    todo: list[Slice] = []
    while True:
        mask = _accepted(reader, asked, todo)
        agreement = dice(mask, reader.truth)
        if agreement >= ENOUGH_DICE:
            break
        yield agreement
        worst = Slice(0, int((mask != reader.truth).sum(axis=(1, 2)).argmax()))
        reader.actions.notches += abs(worst.index - here.index)
        here = worst
        if cut(reader.truth, worst).any():
            reader.draw(worst)
        else:
            todo.append(worst)
    reader.case.edit("accept proposal", _with(reader, asked))
    reader.actions.keys += 1
    for where in todo:
        deleted(reader.slate(where))
        reader.actions.keys += 1
    yield reader.dice()


def drag_ball(reader: Reader, errors: Errors = None) -> Slice:
    """Drag a ball from its middle, on the nearest slice, to its rim; returns that slice."""
    grid = reader.image.grid
    ball = ball_around(reader.truth, grid, errors)
    index = round(float(grid.to_index(np.array(ball.centre_lps_mm))[0]))
    where = Slice(0, int(np.clip(index, 0, grid.shape_kji[0] - 1)))
    slate, tool = reader.slate(where), reader.box.ball
    reader.take(tool)
    middle = slate.plane.to_plane_mm(np.array([ball.centre_lps_mm]))[0]
    rim = middle + np.array([ball.radius_mm, 0])
    tool.press(slate, middle)
    tool.drag(rim)
    tool.release(rim)
    reader.actions.strokes += 1
    return where


def ask(reader: Reader) -> Asked:
    """The first segmenter of the list, which needs but a ball, proposes as soon as there is one."""
    hints = reader.box.hints
    (segmenter, *_), _ = usable()
    question = Question(
        reader.image,
        reader.case.delineation,
        segmenter,
        (reader.structure_id,),
        hints.points,
        hints.sphere,
    )
    return ask_segmenter(question)


def _accepted(reader: Reader, asked: Asked, todo: list[Slice]) -> np.ndarray:
    """What the structure will be, once it is accepted and what is left to delete is deleted."""
    mask = label_map_of(_with(reader, asked), reader.image.grid).mask(reader.structure_id)
    for where in todo:
        mask[where.index] = False
    return np.asarray(mask)


def _with(reader: Reader, asked: Asked) -> Delineation:
    return with_proposed(reader.case.delineation, asked.proposal, reader.image.grid, notes=asked.notes)
