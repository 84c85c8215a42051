"""What a reader can do, as a table: the keys, the list behind ? and the page of the docs are made from it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Action:
    """One action.

    Attributes:
        id: Stable name, for the settings.
        name: What people call it.
        group: Under which heading it is listed.
        keys: Keys that do it, as Qt writes them: ``Ctrl+Z``.
        tip: What it does, in one line.
    """

    id: str
    name: str
    group: str
    keys: tuple[str, ...]
    tip: str


TOOLS, CONTOURS, PROPOSALS, SLICES, VIEWS, CASE = (
    "Tools",
    "Contours",
    "Proposals",
    "Slices",
    "Views",
    "Case",
)

MAX_STRUCTURE_KEY = 9

ACTIONS: tuple[Action, ...] = (
    Action("freehand", "Freehand", TOOLS, ("D",), "Draw: from inside adds, from outside cuts"),
    Action("nudge", "Nudge", TOOLS, ("N",), "Push an outline with a soft disc"),
    Action("brush", "Brush", TOOLS, ("B",), "Paint with a disc; Shift erases"),
    Action("polygon", "Polygon", TOOLS, ("P",), "Click corner by corner"),
    Action("no-tool", "No tool", TOOLS, ("V",), "The mouse moves the view and jumps to a place"),
    Action("smaller", "Smaller", TOOLS, ("[",), "A smaller brush or disc"),
    Action("larger", "Larger", TOOLS, ("]",), "A larger brush or disc"),
    Action("finish", "Finish", TOOLS, ("Return", "Enter", "Esc"), "Close the polygon that was begun"),
    *(
        Action(f"structure-{n}", f"Structure {n}", CONTOURS, (str(n),), f"Draw structure {n} of the list")
        for n in range(1, MAX_STRUCTURE_KEY + 1)
    ),
    Action("undo", "Undo", CONTOURS, ("Ctrl+Z",), "Take the last step back, whatever it was"),
    Action("redo", "Redo", CONTOURS, ("Ctrl+Shift+Z", "Ctrl+Y"), "Do it again"),
    Action("delete", "Delete", CONTOURS, ("Del", "Backspace"), "Delete its contours on this slice"),
    Action("hole", "Hole", CONTOURS, ("O",), "The next polygons cut holes, or no longer"),
    Action("accept-slice", "Accept slice", PROPOSALS, ("Space",), "Take over what is proposed on this slice"),
    Action("accept-all", "Accept all", PROPOSALS, ("Shift+Space",), "Take over all that is proposed"),
    Action(
        "draw-next", "Draw here next", PROPOSALS, ("Tab",), "Go to the slice where a contour would tell most"
    ),
    Action(
        "propose-anew",
        "Propose anew",
        PROPOSALS,
        ("Shift+Backspace",),
        "Give back what was accepted",
    ),
    Action("slice-up", "Next slice", SLICES, ("Up", "PgUp"), "One slice on; the wheel does it, too"),
    Action("slice-down", "Previous slice", SLICES, ("Down", "PgDown"), "One slice back"),
    Action("next-contour", "Next contoured slice", SLICES, ("Right",), "The next slice with a contour"),
    Action("previous-contour", "Previous contoured slice", SLICES, ("Left",), "The one before"),
    Action("next-gap", "Next empty gap", SLICES, ("G",), "The middle of the next gap between contours"),
    Action("axial", "Axial", VIEWS, ("Q",), "The axial plane alone, or all again"),
    Action("coronal", "Coronal", VIEWS, ("W",), "The coronal plane alone, or all again"),
    Action("sagittal", "Sagittal", VIEWS, ("E",), "The sagittal plane alone, or all again"),
    Action("surfaces", "3-D", VIEWS, ("R",), "The surfaces alone, or all again"),
    Action("layout", "One or four", VIEWS, ("F",), "One canvas, or three planes and the surfaces"),
    Action("fit", "Fit", VIEWS, ("Home",), "Show all of the image"),
    Action("hide", "Hide contours", VIEWS, ("H",), "The image without anything on it, or all again"),
    Action("save", "Save", CASE, ("Ctrl+S",), "Save the label map with its contours"),
    Action("help", "Keys", CASE, ("?", "F1"), "List every action with its keys"),
)
