"""The images that become cases: named one by one, by a folder, or in a table."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from medseg.errors import InputError

COLUMNS = ("image", "id", "structures", "reads", "due")
"""Of a table of cases; only the first must be there."""

BETWEEN = "|"
"""Between the names of structures in a cell: commas and semicolons part the cells."""

MAX_BYTES = 16 << 20
"""A table of a hundred thousand cases is smaller."""

_NIFTI = (".nii", ".nii.gz")

_LABEL_MAP = "_dseg.nii"


@dataclass(frozen=True)
class WantedCase:
    """An image that is to become a case.

    Attributes:
        image: The image.
        case_id: The case's id; None to count.
        structures: Names of the structures wanted.
        reads: How many readers; None as the policy says.
        due: Until when.
    """

    image: Path
    case_id: str | None = None
    structures: tuple[str, ...] = ()
    reads: int | None = None
    due: date | None = None


def named_cases(paths: Sequence[Path], given: WantedCase) -> tuple[WantedCase, ...]:
    """The cases that paths on the command line mean, with what was given for all of them."""
    return tuple(replace(given, image=image) for path in paths for image in _images_in(path))


def _images_in(path: Path) -> tuple[Path, ...]:
    """The images that a path means: the NIfTI files in a folder, or the path itself, such as a DICOM folder.

    Label maps (``*_dseg.nii.gz``) are no images.
    """
    if not path.is_dir():
        return (path,)
    files = sorted(each for each in path.iterdir() if each.name.lower().endswith(_NIFTI) and each.is_file())
    return tuple(each for each in files if _LABEL_MAP not in each.name.lower()) or (path,)


def read_table(path: Path, given: WantedCase) -> tuple[WantedCase, ...]:
    """Read a table of cases (CSV with a head line).

    Args:
        path: The table. Images are found from its folder.
        given: What holds where a cell is empty.

    Raises:
        InputError: It is no such table; ``reason`` is ``case-table``.
    """
    text = _text(path)
    first = text.splitlines()[0] if text.strip() else ""
    rows = csv.DictReader(io.StringIO(text), delimiter=";" if first.count(";") > first.count(",") else ",")
    head = [name.strip().lower() for name in rows.fieldnames or ()]
    if "image" not in head or not set(head) <= set(COLUMNS) or len(set(head)) < len(head):
        raise _bad(
            path, f"expected the columns {', '.join(COLUMNS)}, image at least, got {', '.join(head)!a}"
        )
    rows.fieldnames = head
    try:
        return tuple(_cases(path, rows, given))
    except csv.Error as error:
        raise _bad(path, str(error)) from error


def _cases(path: Path, rows: csv.DictReader[str], given: WantedCase) -> Iterator[WantedCase]:
    for row in rows:
        cells = {name: (row[name] or "").strip() for name in rows.fieldnames or ()}
        where = f"line {rows.line_num}"
        if None in row or not cells["image"]:
            raise _bad(path, f"{where}: expected an image, and as many cells as the head has")
        yield _case(path, where, cells, replace(given, image=path.parent / cells["image"]))


def _case(path: Path, where: str, cells: Mapping[str, str], case: WantedCase) -> WantedCase:
    reads, due = cells.get("reads"), cells.get("due")
    names = [name.strip() for name in cells.get("structures", "").split(BETWEEN)]
    try:
        return replace(
            case,
            case_id=cells.get("id") or case.case_id,
            structures=tuple(filter(None, names)) or case.structures,
            reads=int(reads) if reads else case.reads,
            due=date.fromisoformat(due) if due else case.due,
        )
    except ValueError as error:
        raise _bad(path, f"{where}: {error}") from error


def _text(path: Path) -> str:
    with path.open("rb") as file:
        data = file.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise _bad(path, f"expected at most {MAX_BYTES} bytes")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _bad(path, "expected text in UTF-8") from error


def _bad(path: Path, message: str) -> InputError:
    hint = f"structures are parted by {BETWEEN}, days are as 2026-03-04"
    return InputError(f"{path.name}: {message}", hint=hint, reason="case-table")
