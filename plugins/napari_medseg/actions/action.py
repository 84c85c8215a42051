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
        keys: Keys that do it unless the reader sets others, as Qt writes them: ``Ctrl+Z``.
        tip: What it does, in one line.
    """

    id: str
    name: str
    group: str
    keys: tuple[str, ...]
    tip: str


TOOLS, CONTOURS, PROPOSALS, SLICES, VIEWS, IMAGES, CASE = (
    "Tools",
    "Contours",
    "Proposals",
    "Slices",
    "Views",
    "Images",
    "Case",
)

GROUPS = (TOOLS, CONTOURS, PROPOSALS, SLICES, VIEWS, IMAGES, CASE)
"""In the order in which they are listed."""

MAX_STRUCTURE_KEY = 9

FIRST_WINDOW_KEY, WINDOW_KEYS = 2, 7
"""F1 lists the keys; the function keys after it choose a window, as on many reading stations."""

_TOOLS = (
    Action("freehand", "Freehand", TOOLS, ("D",), "Draw: from inside adds, from outside cuts"),
    Action("nudge", "Nudge", TOOLS, ("N",), "Push an outline with a soft disc"),
    Action("brush", "Brush", TOOLS, ("B",), "Paint with a disc; Shift turns it into an eraser for a stroke"),
    Action("live-wire", "Live-wire", TOOLS, ("L",), "Follow the edge of the image from seed to seed"),
    Action("polygon", "Polygon", TOOLS, ("P",), "Click corner by corner"),
    Action("no-tool", "No tool", TOOLS, ("V",), "The mouse moves the view and jumps to a place"),
    Action("smaller", "Smaller", TOOLS, ("[",), "A smaller brush or disc"),
    Action("larger", "Larger", TOOLS, ("]",), "A larger brush or disc"),
    Action("erase", "Erase", TOOLS, ("A",), "The brush erases, or paints again"),
    Action("range", "Only in range", TOOLS, ("K",), "The brush keeps to a range of values, or no longer"),
    Action("hole", "Hole", TOOLS, ("O",), "The next polygons cut holes, or no longer"),
    Action(
        "finish", "Finish", TOOLS, ("Return", "Enter", "Esc"), "Close what was begun, or put the tool down"
    ),
)

_CONTOURS = (
    *(
        Action(f"structure-{n}", f"Structure {n}", CONTOURS, (str(n),), f"Draw structure {n} of the list")
        for n in range(1, MAX_STRUCTURE_KEY + 1)
    ),
    Action("next-structure", "Next structure", CONTOURS, ("Ctrl+Down",), "Draw the next one of the list"),
    Action("previous-structure", "Previous structure", CONTOURS, ("Ctrl+Up",), "Draw the one before"),
    Action("new-structure", "New structure", CONTOURS, ("Ins", "Shift+A"), "Type the name of a new one"),
    Action("lock", "Lock", CONTOURS, ("Shift+L",), "Lock the structure against changes, or no longer"),
    Action(
        "undo",
        "Undo",
        CONTOURS,
        ("Ctrl+Z",),
        "Take the last corner or step back, whatever it was",
    ),
    Action("redo", "Redo", CONTOURS, ("Ctrl+Shift+Z", "Ctrl+Y"), "Do it again"),
    Action("delete", "Delete", CONTOURS, ("Del", "Backspace"), "Delete its contours on this slice"),
    Action("smooth", "Smooth", CONTOURS, ("S",), "Smooth its contours on this slice"),
    Action("simplify", "Simplify", CONTOURS, ("Shift+S",), "Fewer points for its contours on this slice"),
    Action(
        "from-neighbours",
        "From neighbours",
        CONTOURS,
        ("C",),
        "Propose its contour here from those before and behind",
    ),
)

_PROPOSALS = (
    Action("accept-slice", "Accept slice", PROPOSALS, ("Space",), "Take over what is proposed on this slice"),
    Action("accept-gap", "Accept gap", PROPOSALS, ("Ctrl+Space",), "Take over up to the next contours"),
    Action("accept-all", "Accept all", PROPOSALS, ("Shift+Space",), "Take over all that is proposed"),
    Action("draw-next", "Draw here next", PROPOSALS, ("Tab",), "Go to where a contour would tell most"),
    Action("propose-anew", "Propose anew", PROPOSALS, ("Shift+Backspace",), "Give back what was accepted"),
    Action("hint-point", "Point", PROPOSALS, ("I",), "Point a segmenter to it by a click; Shift: beside it"),
    Action("hint-ball", "Ball", PROPOSALS, ("J",), "Point a segmenter to it by a ball around it"),
    Action("ask-segmenter", "Propose", PROPOSALS, ("Shift+P",), "Let the chosen segmenter propose"),
    Action("take-over", "Take over", PROPOSALS, ("Shift+B",), "A brush that takes over what is proposed"),
    Action(
        "discard-proposal", "Discard", PROPOSALS, ("Ctrl+Backspace",), "Do away with a segmenter's proposal"
    ),
)

_SLICES = (
    Action("slice-up", "Next slice", SLICES, ("Up", "PgUp"), "One slice on; the wheel does it, too"),
    Action("slice-down", "Previous slice", SLICES, ("Down", "PgDown"), "One slice back"),
    Action(
        "next-contour",
        "Next contoured slice",
        SLICES,
        ("Right",),
        "The next slice that was drawn on",
    ),
    Action("previous-contour", "Previous contoured slice", SLICES, ("Left",), "The one before"),
    Action("next-gap", "Next empty gap", SLICES, ("G",), "The middle of the next gap between contours"),
)

_VIEWS = (
    Action("axial", "Axial", VIEWS, ("Q",), "The axial plane alone, or all again"),
    Action("coronal", "Coronal", VIEWS, ("W",), "The coronal plane alone, or all again"),
    Action("sagittal", "Sagittal", VIEWS, ("E",), "The sagittal plane alone, or all again"),
    Action("surfaces", "3-D", VIEWS, ("R",), "The surfaces alone, or all again"),
    Action("layout", "One or four", VIEWS, ("F",), "One canvas, or three planes and the surfaces"),
    Action("upright", "True planes", VIEWS, ("U",), "True anatomical planes of an oblique image, or its own"),
    Action("fit", "Fit", VIEWS, ("Home",), "Show all of the image"),
    Action(
        "diameters", "Diameters", VIEWS, ("M",), "Show the longest diameters where they are, or hide them"
    ),
    Action("hide", "Hide contours", VIEWS, ("H",), "The image without anything on it, or all again"),
)

_IMAGES = (
    *(
        Action(
            f"window-{n}",
            f"Window {n}",
            IMAGES,
            (f"F{FIRST_WINDOW_KEY + n - 1}",),
            f"Window {n} of the list for this kind of image" if n > 1 else "The window it was opened with",
        )
        for n in range(1, WINDOW_KEYS + 1)
    ),
    Action("switch-image", "Next image", IMAGES, ("X",), "Another image of the patient on the same planes"),
    Action("blend-more", "Blend more", IMAGES, ("+",), "See more of the image in front"),
    Action("blend-less", "Blend less", IMAGES, ("-",), "See less of the image in front"),
    Action("next-time", "Next time point", IMAGES, (".",), "The next volume of a 4-D image"),
    Action("previous-time", "Previous time point", IMAGES, (",",), "The volume before"),
    Action("time-scope", "One time point", IMAGES, ("T",), "Draw at this time point only, or at all of them"),
)

_CASE = (
    Action("save", "Save", CASE, ("Ctrl+S",), "Save the label map with its contours"),
    Action("cancel", "Cancel", CASE, ("Ctrl+.",), "Stop what runs; nothing is changed"),
    Action("help", "Keys", CASE, ("?", "F1"), "List every action with its keys, and set others"),
)

ACTIONS: tuple[Action, ...] = (*_TOOLS, *_CONTOURS, *_PROPOSALS, *_SLICES, *_VIEWS, *_IMAGES, *_CASE)
"""All of them."""

REPEATED = frozenset(
    {
        *("smaller", "larger", "undo", "redo", "blend-more", "blend-less", "next-time", "previous-time"),
        *("next-structure", "previous-structure"),
        *("slice-up", "slice-down", "next-contour", "previous-contour"),
    }
)
"""What a key that is held down does again and again; all others are done once."""

WITHOUT_A_CASE = frozenset({"help", "cancel"})
"""What can be done while nothing is open: the other keys are napari's then."""


def in_group(group: str) -> tuple[Action, ...]:
    """The actions under a heading."""
    return tuple(action for action in ACTIONS if action.group == group)
