"""The structure table: BIDS ``_dseg.tsv``.

Columns ``index``, ``name`` and ``color`` are those of BIDS (imaging derivatives, discrete segmentations);
``id``, ``part_of``, ``layer`` and the three of the code are ours, as BIDS allows.
"""

from __future__ import annotations

import csv
import io
from pathlib import Path

from medseg.errors import LabelMapError, SidecarError
from medseg.io.atomic import write_whole
from medseg.labelmap import NOTHING, Code, Structure

COLUMNS = (
    "index",
    "name",
    "color",
    "id",
    "part_of",
    "layer",
    "code_scheme",
    "code_value",
    "code_meaning",
)


def write_structure_table(structures: tuple[Structure, ...], path: Path, *, overwrite: bool = False) -> None:
    """Write one line a structure."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter="\t", lineterminator="\n", quoting=csv.QUOTE_NONE, quotechar=None)
    writer.writerow(COLUMNS)
    for s in structures:
        code = (s.code.scheme, s.code.value, s.code.meaning) if s.code else (NOTHING,) * 3
        writer.writerow((s.label, s.name, s.color, s.id, s.part_of or NOTHING, s.layer, *code))
    write_whole(path, text.getvalue().encode(), overwrite=overwrite)


def read_structure_table(path: Path) -> tuple[Structure, ...]:
    """Read the structures of a label map.

    A line for the background (index 0) is passed over.

    Raises:
        SidecarError: The table is missing, damaged, or describes a structure that can't be.
    """
    try:
        # Some programs put a byte order mark in front.
        lines = [line for line in path.read_text(encoding="utf-8-sig").splitlines() if line]
    except (OSError, UnicodeDecodeError) as error:
        raise SidecarError(f"could not read the structure table {path.name}: {error}") from error
    try:
        rows = list(csv.reader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))
    except csv.Error as error:
        raise SidecarError(f"{path.name} is no structure table: {error}") from error
    if not rows or not {"index", "name"} <= set(rows[0]):
        raise SidecarError(f"{path.name} is no structure table: expected columns index and name")
    structures = []
    for number, row in enumerate(rows[1:], start=2):
        if len(row) != len(rows[0]):
            raise SidecarError(f"{path.name}, line {number}: expected {len(rows[0])} columns, got {len(row)}")
        try:
            cells = dict(zip(rows[0], row, strict=True))
            if cells["index"] != "0":  # some programs list the background
                structures.append(_structure(cells))
        except KeyError as error:
            raise SidecarError(f"{path.name}, line {number}: the column {error} is empty") from error
        except (ValueError, LabelMapError) as error:
            raise SidecarError(f"{path.name}, line {number}: {error}") from error
    return tuple(structures)


def _structure(row: dict[str, str]) -> Structure:
    value = {name: cell for name, cell in row.items() if cell != NOTHING}
    code = None
    if "code_value" in value:
        code = Code(value.get("code_scheme", ""), value["code_value"], value.get("code_meaning", ""))
    return Structure(
        id=value.get("id", f"label-{value['index']}"),
        name=value["name"],
        label=int(value["index"]),
        color=value.get("color", ""),
        code=code,
        part_of=value.get("part_of"),
        layer=int(value.get("layer", "0")),
    )
