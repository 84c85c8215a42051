"""Draw the states of a label map and the steps between them, from the table that the program goes by.

Run it after a change of :data:`medseg.review.states.TRANSITIONS`: ``python tools/make_state_diagram.py``. A
test fails when ``docs/images/states.svg`` is out of date, or when a step has no arrow.
"""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import NamedTuple

from medseg.review.role import Role
from medseg.review.states import EDITABLE, TRANSITIONS, Meaning, State, Transition, Work

PICTURE = Path(__file__).parents[1] / "docs" / "images" / "states.svg"

Step = tuple[State, Work | Meaning]
Point = tuple[float, float]

WIDTH, HEIGHT = 1240, 880
_BOX = (164, 40)
_MAIN, _LEFT, _RIGHT = 560.0, 150.0, 1060.0

PLACES: dict[State, Point] = {
    State.UNASSIGNED: (_MAIN, 50),
    State.ASSIGNED: (_MAIN, 165),
    State.IN_PROGRESS: (_MAIN, 300),
    State.ADJUDICATION: (_RIGHT, 430),
    State.CHANGES_REQUESTED: (_LEFT, 400),
    State.SUBMITTED: (_MAIN, 560),
    State.APPROVED: (_MAIN, 690),
    State.RELEASED: (_MAIN, 825),
    State.WITHDRAWN: (_RIGHT, 610),
    State.SUPERSEDED: (_RIGHT, 765),
}
"""Where each state stands: work runs from top to bottom, what leaves the way to the right."""


class Arrow(NamedTuple):
    """The arrow of a step.

    Attributes:
        points: From the first state to the second.
        text: Where its words begin, or end.
        anchor: Which of the two: ``start`` or ``end``.
    """

    points: tuple[Point, ...]
    text: Point
    anchor: str = "start"


def arrows() -> dict[Step, Arrow]:
    """An arrow for each step that has been laid out."""
    half_w, half_h = _BOX[0] / 2, _BOX[1] / 2
    left, right = _MAIN - half_w, _MAIN + half_w
    s, w, m = State, Work, Meaning
    return {
        (s.UNASSIGNED, w.ASSIGNED): _down(s.UNASSIGNED, s.ASSIGNED, 0, 104),
        (s.ASSIGNED, w.SAVED): _down(s.ASSIGNED, s.IN_PROGRESS, 20, 222),
        (s.IN_PROGRESS, m.SUBMITTED): _down(s.IN_PROGRESS, s.SUBMITTED, 0, 425),
        (s.SUBMITTED, m.APPROVED): _down(s.SUBMITTED, s.APPROVED, 0, 622),
        (s.APPROVED, m.RELEASED): _down(s.APPROVED, s.RELEASED, 0, 754),
        (s.IN_PROGRESS, w.ASSIGNED): Arrow(((_MAIN - 20, 280), (_MAIN - 20, 185)), (_MAIN - 30, 222), "end"),
        (s.ASSIGNED, w.ASSIGNED): Arrow(_loop(right, 165), (right + 50, 162)),
        (s.IN_PROGRESS, w.SAVED): Arrow(_loop(right, 292), (right + 50, 284)),
        # Blind reads.
        (s.IN_PROGRESS, m.READ): Arrow(
            ((right, 314), (_RIGHT, 314), (_RIGHT, 430 - half_h)), (_RIGHT - 12, 362), "end"
        ),
        (s.ADJUDICATION, m.ADJUDICATED): Arrow(
            ((_RIGHT, 430 + half_h), (_RIGHT, 500), (_MAIN + 45, 500), (_MAIN + 45, 560 - half_h)),
            (_RIGHT - 12, 478),
            "end",
        ),
        # Changes are asked for.
        (s.SUBMITTED, m.CHANGES_REQUESTED): Arrow(
            ((left, 550), (_LEFT + 40, 550), (_LEFT + 40, 400 + half_h)), (_LEFT + 52, 520)
        ),
        (s.CHANGES_REQUESTED, m.SUBMITTED): Arrow(
            ((_LEFT - 20, 400 + half_h), (_LEFT - 20, 570), (left, 570)), (_LEFT + 52, 592)
        ),
        (s.CHANGES_REQUESTED, w.SAVED): Arrow(
            ((_LEFT + 40, 400 - half_h), (_LEFT + 40, 314), (left, 314)), (_LEFT + 52, 338)
        ),
        (s.CHANGES_REQUESTED, w.ASSIGNED): Arrow(
            ((_LEFT - 20, 400 - half_h), (_LEFT - 20, 165), (left, 165)), (_LEFT - 8, 190)
        ),
        # What was decided is opened again, taken back or followed by something newer.
        (s.APPROVED, m.AMENDED): Arrow(((left, 690), (50, 690), (50, 302), (left, 302)), (62, 712)),
        (s.RELEASED, m.AMENDED): Arrow(((left, 825), (24, 825), (24, 290), (left, 290)), (36, 847)),
        (s.WITHDRAWN, m.AMENDED): Arrow(
            (
                (_RIGHT + half_w, 600),
                (_RIGHT + 105, 600),
                (_RIGHT + 105, 250),
                (_MAIN + 45, 250),
                (_MAIN + 45, 300 - half_h),
            ),
            (_RIGHT + 95, 226),
            "end",
        ),
        (s.SUBMITTED, m.WITHDRAWN): Arrow(
            ((right, 560), (_RIGHT - 40, 560), (_RIGHT - 40, 610 - half_h)), (right + 20, 540)
        ),
        (s.APPROVED, m.WITHDRAWN): Arrow(
            ((right, 680), (_RIGHT - 40, 680), (_RIGHT - 40, 610 + half_h)), (right + 20, 660)
        ),
        (s.APPROVED, m.SUPERSEDED): Arrow(
            ((right, 700), (_RIGHT - 40, 700), (_RIGHT - 40, 765 - half_h)), (right + 20, 722)
        ),
        (s.RELEASED, m.SUPERSEDED): Arrow(
            ((right, 816), (_RIGHT - 40, 816), (_RIGHT - 40, 765 + half_h)), (right + 20, 796)
        ),
        (s.RELEASED, m.WITHDRAWN): Arrow(
            ((right, 834), (_RIGHT + 105, 834), (_RIGHT + 105, 620), (_RIGHT + half_w, 620)),
            (right + 20, 856),
        ),
    }


def _down(start: State, end: State, dx: float, text_y: float) -> Arrow:
    (x, y), (_, below) = PLACES[start], PLACES[end]
    points = ((x + dx, y + _BOX[1] / 2), (x + dx, below - _BOX[1] / 2))
    return Arrow(points, (x + dx + 10, text_y))


def _loop(right: float, y: float) -> tuple[Point, ...]:
    return (right, y - 8), (right + 40, y - 8), (right + 40, y + 8), (right, y + 8)


_STYLE = """
text { font-family: sans-serif; font-size: 12px; fill: #1c2126; }
.state { fill: #eef3f8; stroke: #35566f; stroke-width: 1.5; } .locked { fill: #e6f2ea; stroke: #14663a; }
.name { font-weight: bold; font-size: 14px; text-anchor: middle; }
.signed { fill: none; stroke: #14663a; stroke-width: 1.5; }
.work { fill: none; stroke: #59616a; stroke-width: 1.5; stroke-dasharray: 5 4; }
.step { font-weight: bold; font-size: 12px; } .roles { fill: #59616a; font-size: 11px; }
""".strip()


def picture() -> str:
    """The picture as SVG.

    Raises:
        KeyError: A step of the table has no arrow yet, or a state no place.
    """
    laid_out = arrows()
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" '
        f'height="{HEIGHT}">',
        "<!-- Made by tools/make_state_diagram.py from the table of states. -->",
        f"<style>{_STYLE}</style>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
    ]
    for step, transition in TRANSITIONS.items():
        lines += _arrow(step, transition, laid_out[step])
    for state in State:
        lines += _state(state)
    lines += _legend()
    return "\n".join([*lines, "</svg>", ""])


def _arrow(step: Step, transition: Transition, arrow: Arrow) -> Iterator[str]:
    kind = "work" if isinstance(step[1], Work) else "signed"
    points = " ".join(f"{x:g},{y:g}" for x, y in arrow.points)
    yield f'<polyline class="{kind}" points="{points}"/>'
    yield _head(arrow.points[-2], arrow.points[-1], kind)
    x, y = arrow.text
    roles = ", ".join(role.value for role in Role if role in transition.roles)
    notes = ("" if transition.open_to_authors else " · no author") + (
        " · reason" if transition.needs_reason else ""
    )
    text = f'x="{x:g}" text-anchor="{arrow.anchor}"'
    yield f'<text class="step" {text} y="{y:g}">{escape(step[1].value)}</text>'
    yield f'<text class="roles" {text} y="{y + 13:g}">{escape(roles + notes)}</text>'


def _head(before: Point, end: Point, kind: str) -> str:
    """The head of an arrow, drawn as it is: not every program that shows SVG knows markers."""
    (x0, y0), (x, y) = before, end
    length = max(abs(x - x0), abs(y - y0))
    dx, dy = (x - x0) / length, (y - y0) / length
    corners = [(x, y), (x - 9 * dx - 4 * dy, y - 9 * dy - 4 * dx), (x - 9 * dx + 4 * dy, y - 9 * dy + 4 * dx)]
    color = "#59616a" if kind == "work" else "#14663a"
    return f'<polygon fill="{color}" points="{" ".join(f"{a:g},{b:g}" for a, b in corners)}"/>'


def _state(state: State) -> Iterator[str]:
    x, y = PLACES[state]
    kind = "state" if state in EDITABLE else "state locked"
    yield (
        f'<rect class="{kind}" x="{x - _BOX[0] / 2:g}" y="{y - _BOX[1] / 2:g}" width="{_BOX[0]}" '
        f'height="{_BOX[1]}" rx="8"/>'
    )
    yield f'<text class="name" x="{x:g}" y="{y + 5:g}">{escape(state.value)}</text>'


def _legend() -> Iterator[str]:
    yield '<rect class="state" x="20" y="22" width="26" height="16" rx="4"/>'
    yield '<text x="54" y="35">a new revision can be saved</text>'
    yield '<rect class="state locked" x="20" y="48" width="26" height="16" rx="4"/>'
    yield '<text x="54" y="61">locked</text>'
    yield '<polyline class="signed" points="20,82 46,82"/><text x="54" y="86">signed</text>'
    yield '<polyline class="work" points="20,106 46,106"/><text x="54" y="110">not signed</text>'


if __name__ == "__main__":
    PICTURE.write_text(picture(), encoding="utf-8")
