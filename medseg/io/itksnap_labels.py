"""ITK-SNAP's label description files ↔ structures: one line a label, with colour, visibility and name."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from medseg.errors import LabelMapError, UnreadableFileError
from medseg.io.atomic import write_whole
from medseg.labelmap import NOTHING, Structure

MAX_FILE_BYTES = 1 << 24
"""A line has some sixty bytes: more would be more labels than there are."""

_HEADER = """\
################################################
# ITK-SnAP Label Description File
# File format:
# IDX   -R-  -G-  -B-  -A--  VIS MSH  LABEL
# Fields:
#    IDX:   Zero-based index
#    -R-:   Red color component (0..255)
#    -G-:   Green color component (0..255)
#    -B-:   Blue color component (0..255)
#    -A-:   Label transparency (0.00 .. 1.00)
#    VIS:   Label visibility (0 or 1)
#    MSH:   Label mesh visibility (0 or 1)
#  LABEL:   Label description
################################################
"""
"""ITK-SNAP itself writes such a head; other readers look for its second line."""

_LINE = re.compile(
    r"\s*(?P<label>\d{1,9})\s+(?P<red>\d{1,3})\s+(?P<green>\d{1,3})\s+(?P<blue>\d{1,3})"
    r'\s+(?P<opacity>\d{0,9}\.?\d{0,9})\s+(?P<visible>[01])\s+(?P<mesh>[01])\s+"(?P<name>.*)"\s*'
)


@dataclass(frozen=True)
class ItkSnapLabel:
    """What ITK-SNAP knows of a label.

    Attributes:
        label: The value of its voxels.
        color: ``#rrggbb``.
        name: What people read.
        opacity: From 0, not to be seen, to 1. ITK-SNAP calls it transparency.
        visible: Whether slices show it.
        mesh_visible: Whether the 3-D view does.
    """

    label: int
    color: str
    name: str
    opacity: float = 1.0
    visible: bool = True
    mesh_visible: bool = True


def write_itksnap_labels(
    structures: Sequence[Structure], path: Path, *, overwrite: bool = False
) -> tuple[str, ...]:
    """Write what the labels of a label map of one layer mean: ITK-SNAP keeps them beside the voxels.

    Returns:
        What the file can't hold, one sentence each.

    Raises:
        LabelMapError: Two structures have one label: those of another layer need a file of their own.
        OutputExistsError, OutputError: It can't be written.
    """
    labels = [s.label for s in structures]
    if len(set(labels)) < len(labels):
        raise LabelMapError(
            "ITK-SNAP knows one layer of labels, but two structures have one label",
            hint="write each layer to files of its own",
            reason="several-layers",
        )
    lines = [ItkSnapLabel(0, "#000000", "Clear Label", 0.0, visible=False, mesh_visible=False)]
    lines += [ItkSnapLabel(s.label, s.color, s.name) for s in structures]
    write_whole(path, (_HEADER + "".join(map(_line, lines))).encode(), overwrite=overwrite)
    return tuple(
        f"{s.name}: its quotation marks became single ones, which ITK-SNAP can read"
        for s in structures
        if '"' in s.name
    )


def read_itksnap_descriptions(path: Path) -> tuple[ItkSnapLabel, ...]:
    """Read every line of a label description file, that of the background too.

    Raises:
        UnreadableFileError: Not there, or no such file.
    """
    return tuple(
        _description(line, number, path)
        for number, line in enumerate(_text(path).splitlines(), start=1)
        if line.strip() and not line.lstrip().startswith("#")
    )


def read_itksnap_labels(path: Path) -> tuple[Structure, ...]:
    """Read the structures of a label description file.

    Opacity and visibility are how somebody looked at them, and stay behind.

    Raises:
        UnreadableFileError: Not there, or no such file.
        LabelMapError: A label that can't be, or two that are one.
    """
    found = [one for one in read_itksnap_descriptions(path) if one.label]
    if len({one.label for one in found}) < len(found):
        raise LabelMapError(f"{path.name} describes a label twice")
    return tuple(Structure(f"label-{one.label}", _name(one), one.label, one.color) for one in found)


def _name(one: ItkSnapLabel) -> str:
    clean = "".join(mark if mark.isprintable() else " " for mark in one.name).strip()
    return f"Label {one.label}" if clean in {"", NOTHING} else clean


def _line(one: ItkSnapLabel) -> str:
    red, green, blue = (int(one.color[n : n + 2], 16) for n in (1, 3, 5))
    name = one.name.replace('"', "'")
    return (
        f"{one.label:5d} {red:5d} {green:4d} {blue:4d} {one.opacity:9.2g} "
        f'{one.visible:2d} {one.mesh_visible:2d}    "{name}"\n'
    )


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_FILE_BYTES + 1)
        if len(content) > MAX_FILE_BYTES:
            raise UnreadableFileError(
                f"{path.name} is no label description: it has more than {MAX_FILE_BYTES} bytes",
                reason="too-large",
            )
        return content.decode("utf-8-sig")
    except OSError as error:
        raise UnreadableFileError(
            f"{path.name} can't be read: {error.strerror or error}", reason="missing"
        ) from error
    except UnicodeDecodeError:
        return content.decode("latin-1")


def _description(line: str, number: int, path: Path) -> ItkSnapLabel:
    found = _LINE.fullmatch(line)
    opacity = _opacity(found["opacity"]) if found else None
    if found is None or opacity is None or max(int(found[c]) for c in ("red", "green", "blue")) > 255:
        raise UnreadableFileError(
            f"{path.name}, line {number}: expected a label, red, green, blue, opacity, two flags and a name "
            f"in quotation marks, got {line[:60]!r}",
            hint="is this a label description file of ITK-SNAP?",
            reason="not-labels",
        )
    red, green, blue = (int(found[c]) for c in ("red", "green", "blue"))
    return ItkSnapLabel(
        int(found["label"]),
        f"#{red:02x}{green:02x}{blue:02x}",
        found["name"],
        opacity,
        visible=found["visible"] == "1",
        mesh_visible=found["mesh"] == "1",
    )


def _opacity(text: str) -> float | None:
    try:
        opacity = float(text)
    except ValueError:
        return None
    return opacity if opacity <= 1 else None
