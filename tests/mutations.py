"""Random alterations of approved artefacts: of a signed file with all beside it, and of a whole study.

Each alteration says what it touched. What must come of it is decided without medseg: by nibabel's layout of a
header, by the bytes of a decompressed file, by the cells of a table.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import json
import random
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import nibabel

from medseg.io.label_map_files import LabelMapFiles
from medseg.provenance.canonical_json import canonical_json
from medseg.study.ledger import GENESIS

COVERED = frozenset(
    {
        *("dim", "datatype", "bitpix", "pixdim", "scl_slope", "scl_inter", "xyzt_units"),
        *("qform_code", "quatern_b", "quatern_c", "quatern_d", "qoffset_x", "qoffset_y", "qoffset_z"),
        *("sform_code", "srow_x", "srow_y", "srow_z"),
    }
)
"""The fields that geometry and values depend on, by the names of the NIfTI-1 standard."""


@dataclass(frozen=True)
class Altered:
    """What was altered.

    Attributes:
        how: Which alteration, in words.
        names: One of these the answer must name.
        means: Whether the content is another one; False where that is not so, or can be read either way.
    """

    how: str
    names: tuple[str, ...]
    means: bool = True


def flipped(data: bytes, rng: random.Random, start: int = 0, stop: int | None = None) -> bytes:
    """The bytes with one of them changed."""
    at = rng.randrange(start, len(data) if stop is None else stop)
    altered = bytearray(data)
    altered[at] ^= rng.randrange(1, 256)
    return bytes(altered)


def replaced(path: Path, data: bytes) -> None:
    """Write over a file, whoever may not."""
    if path.exists():
        path.chmod(0o644)
    path.write_bytes(data)


def zipped(raw: bytes, level: int = 6) -> bytes:
    """Bytes as a gzip file."""
    return gzip.compress(raw, level, mtime=0)


# Of one signed label map with all beside it. `others` are the files of another signed label map.

FileMutation = Callable[[LabelMapFiles, LabelMapFiles, random.Random], Altered]


def a_voxel(files: LabelMapFiles, _others: LabelMapFiles, rng: random.Random) -> Altered:
    """Change a byte of the voxels: each of them is a label, or a part of one."""
    raw = gzip.decompress(files.nifti.read_bytes())
    # Between the header and the voxels lies medseg's note, which says nothing about them.
    replaced(files.nifti, zipped(flipped(raw, rng, start=nibabel.load(files.nifti).dataobj.offset)))
    return Altered("a voxel", ("voxel", "label"))


def a_header_field(files: LabelMapFiles, _others: LabelMapFiles, rng: random.Random) -> Altered:
    """Change a byte of the header; nibabel knows of which field."""
    raw = gzip.decompress(files.nifti.read_bytes())
    layout = nibabel.Nifti1Header.template_dtype
    field = rng.choice(layout.names)
    kind, start = layout.fields[field][:2]
    replaced(files.nifti, zipped(flipped(raw, rng, start, start + kind.itemsize)))
    # The size of the header, its magic and its offset decide whether it can be read at all.
    means = field in COVERED or field in ("sizeof_hdr", "magic", "vox_offset")
    return Altered(f"header field {field}", (), means)


def a_cell(files: LabelMapFiles, _others: LabelMapFiles, rng: random.Random) -> Altered:
    """Change a character of the structure table."""
    before = files.structures.read_text()
    at = rng.randrange(len(before))
    letters = [letter for letter in "abcXYZ 0123#\t\n" if letter != before[at]]
    after = before[:at] + rng.choice(letters) + before[at + 1 :]
    replaced(files.structures, after.encode())

    # A column that no reader knows is passed over (BIDS), and the names of columns stand in the first line.
    first_line = at <= before.index("\n")
    return Altered("the structure table", (), means=not first_line and _cells(before) != _cells(after))


def _cells(table: str) -> list[list[str]]:
    """The cells of a structure table; a code that lacks a part is none."""
    rows = list(csv.reader(table.splitlines(), delimiter="\t"))
    code = [rows[0].index(name) for name in ("code_scheme", "code_value", "code_meaning")]
    for row in rows[1:]:
        if len(row) == len(rows[0]) and any(row[column] == "n/a" for column in code):
            for column in code:
                row[column] = "n/a"
    return rows


def a_sidecar(files: LabelMapFiles, _others: LabelMapFiles, rng: random.Random) -> Altered:
    """Change a byte of the contours or of the provenance, or take the file away."""
    name = rng.choice(["contours", "provenance"])
    path = getattr(files, name)
    if rng.random() < 0.1:
        path.chmod(0o644)
        path.unlink()
    else:
        replaced(path, flipped(path.read_bytes(), rng))
    return Altered(f"the {name}", (name,))


def a_statement(files: LabelMapFiles, others: LabelMapFiles, rng: random.Random) -> Altered:
    """Alter the bundle: a byte, or whole statements."""
    bundle = files.sign_off.read_bytes()
    lines = bundle.splitlines(keepends=True)
    foreign = others.sign_off.read_bytes().splitlines(keepends=True)
    at = rng.randrange(len(lines))
    how = rng.choice(["byte", "byte", "drop", "repeat", "swap", "foreign", "all foreign", "append", "remove"])
    match how:
        case "byte":
            bundle = flipped(bundle, rng)
        case "drop":
            bundle = b"".join(lines[:at] + lines[at + 1 :])
        case "repeat":
            bundle = b"".join([*lines[: at + 1], lines[at], *lines[at + 1 :]])
        case "swap":
            other = (at + 1) % len(lines)
            lines[at], lines[other] = lines[other], lines[at]
            bundle = b"".join(lines)
        case "foreign":
            # Revisions of one case begin with the same statements.
            lines[at] = rng.choice([line for line in foreign if line != lines[at]])
            bundle = b"".join(lines)
        case "all foreign":
            bundle = b"".join(foreign)
        case "append":
            bundle += rng.choice(foreign)
        case "remove":
            files.sign_off.unlink()
            return Altered("the bundle was removed", ("statement",))
    replaced(files.sign_off, bundle)
    return Altered(f"the bundle: {how}", ("statement", "voxel", "sidecar", "structure"))


def another_file(files: LabelMapFiles, others: LabelMapFiles, rng: random.Random) -> Altered:
    """Put the file of another label map in its place: an older revision, or another case."""
    name = rng.choice(["nifti", "contours", "provenance"])
    replaced(getattr(files, name), getattr(others, name).read_bytes())
    return Altered(f"the {name} of another one", ("voxel", name))


def a_truncated_file(files: LabelMapFiles, _others: LabelMapFiles, rng: random.Random) -> Altered:
    """Cut the end off a file."""
    path = rng.choice([files.nifti, files.sign_off, files.contours, files.provenance])
    data = path.read_bytes()
    replaced(path, data[: rng.randrange(len(data))])
    return Altered(f"{path.name} was cut", ())


def other_bytes(files: LabelMapFiles, _others: LabelMapFiles, rng: random.Random) -> Altered:
    """Compress anew: other bytes, the same content."""
    raw = gzip.decompress(files.nifti.read_bytes())
    replaced(files.nifti, zipped(raw, rng.choice([1, 3, 5])))
    return Altered("the compression", (), means=False)


FILE_MUTATIONS: tuple[FileMutation, ...] = (
    a_voxel,
    a_header_field,
    a_header_field,
    a_cell,
    a_sidecar,
    a_statement,
    a_statement,
    another_file,
    a_truncated_file,
    other_bytes,
)


# Of a whole study, by somebody who may do everything with its database and its files.

StudyMutation = Callable[[Path, random.Random], Altered]


@contextmanager
def _administrator(folder: Path) -> Iterator[sqlite3.Connection]:
    """The database without its guards, which are put back as if nothing had happened."""
    connection = sqlite3.connect(folder / "study.sqlite")
    guards = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
    for name, _ in guards:
        connection.execute(f"DROP TRIGGER {name}")
    yield connection
    for _, sql in guards:
        connection.execute(sql)
    connection.commit()
    connection.close()


def _entries(connection: sqlite3.Connection) -> list[tuple[int, str]]:
    return connection.execute("SELECT number, text FROM ledger ORDER BY number").fetchall()


def a_ledger_entry(folder: Path, rng: random.Random) -> Altered:
    """Alter the ledger: an entry's text, its index, a deletion, a new order, a shorter or a rebuilt chain."""
    with _administrator(folder) as connection:
        entries = _entries(connection)
        # What no checkpoint and no signature has seen can be rewritten: that is what checkpoints are for.
        anchored = max(json.loads(text)["details"].get("size", 0) for _, text in entries)
        number, text = rng.choice(entries)
        how = rng.choice(["text", "index", "delete", "swap", "cut", "rebuild"])
        match how:
            case "text":
                altered = flipped(text.encode("ascii", "replace"), rng).decode("latin-1")
                connection.execute("UPDATE ledger SET text = ? WHERE number = ?", [altered, number])
            case "index":
                column = rng.choice(["action", "case_id", "sha256", "previous"])
                connection.execute(f"UPDATE ledger SET {column} = 'x' WHERE number = ?", [number])
            case "delete":
                number = min(number, anchored)
                connection.execute("DELETE FROM ledger WHERE number = ?", [number])
            case "swap":
                other = rng.choice([n for n, _ in entries if n != number])
                for a, b in ((number, -1), (other, number), (-1, other)):
                    connection.execute("UPDATE ledger SET number = ? WHERE number = ?", [b, a])
            case "cut":
                number = rng.randrange(2, anchored + 1)
                connection.execute("DELETE FROM ledger WHERE number >= ?", [number])
            case "rebuild":
                _rebuild(connection, min(number, anchored), rng)
    # Whoever alters an entry is found at that entry, or at the first one that knew it as it was.
    return Altered(f"the ledger: {how}", ("entry",))


def _rebuild(connection: sqlite3.Connection, start: int, rng: random.Random) -> None:
    """Change who did what in an entry, and make the chain sound again from there on."""
    previous = GENESIS
    for number, text in _entries(connection):
        fields = json.loads(text)
        if number == start:
            fields["workstation"] = f"elsewhere-{rng.random()}"
        fields["previous"] = previous
        after = canonical_json(fields).decode()
        digest = hashlib.sha256(after.encode()).hexdigest()
        connection.execute(
            "UPDATE ledger SET text = ?, previous = ?, sha256 = ? WHERE number = ?",
            [after, previous, digest, number],
        )
        previous = digest


_CELLS = {
    "cases": (
        [
            "state",
            "image_sha256",
            "structures",
            "reads",
            "adjudicator",
            "due",
            "leading",
            "in_force",
            "version",
        ],
        "id",
    ),
    "reads": (["reader", "state", "head", "base", "amendment"], "case_id"),
    "revisions": (["number", "read", "parent", "author", "folder", "files"], "case_id"),
    "statements": (["case_id", "digest", "line", "meaning", "person_id", "signed_at"], "sha256"),
    "bundle_lines": (["sha256", "position"], "case_id"),
    "comments": (["text", "author", "revision", "resolved_by", "structure", "x_lps_mm"], "id"),
}

_VALUES = {
    "state": ["released", "withdrawn", "unassigned", "in-progress"],
    "structures": ['["Spleen"]'],
    "reads": [3],
    "due": ["2020-01-01"],
    "leading": [7, None],
    "version": [1],
    "number": [77],
    "read": [9],
    "position": [55],
    "files": ["{}"],
    "folder": ["revisions/elsewhere"],
    "line": [b"{}", b"\x00"],
    "meaning": ["withdrawn"],
    "signed_at": ["2020-01-01T00:00:00+00:00"],
    "x_lps_mm": [99.5],
}


def a_row(folder: Path, rng: random.Random) -> Altered:
    """Change a cell of a table, or delete a row."""
    with _administrator(folder) as connection:
        connection.execute("PRAGMA foreign_keys = OFF")
        table = rng.choice(list(_CELLS))
        columns, key = _CELLS[table]
        row = rng.choice(connection.execute(f"SELECT rowid, {key} FROM {table}").fetchall())
        named = f"comment {row[1]}" if table == "comments" else str(row[1])[:12]
        if rng.random() < 0.15:
            connection.execute(f"DELETE FROM {table} WHERE rowid = ?", [row[0]])
            how = f"a row of {table} was deleted"
        else:
            column = rng.choice(columns)
            before = connection.execute(f"SELECT {column} FROM {table} WHERE rowid = ?", [row[0]]).fetchone()[
                0
            ]
            values = [value for value in _VALUES.get(column, ["ab" * 32, "eve"]) if value != before]
            connection.execute(
                f"UPDATE {table} SET {column} = ? WHERE rowid = ?", [rng.choice(values), row[0]]
            )
            how = f"{table}.{column}"
    return Altered(how, (named, "study"))


def a_file_of_the_study(folder: Path, rng: random.Random) -> Altered:
    """Change, cut, remove or exchange a file: of an image, a revision, a bundle, the trust folder."""
    paths = sorted(
        path
        for top in ("images", "revisions", "trust")
        for path in (folder / top).rglob("*")
        if path.is_file() and not path.name.endswith(".lock")
    )
    path = rng.choice(paths)
    how = rng.choice(["byte", "byte", "cut", "remove", "another"])
    data = path.read_bytes()
    match how:
        case "byte":
            replaced(path, flipped(data, rng))
        case "cut":
            replaced(path, data[: rng.randrange(len(data))])
        case "remove":
            path.unlink()
        case "another":
            alike = [one for one in paths if one.suffixes == path.suffixes and one.read_bytes() != data]
            replaced(path, rng.choice(alike).read_bytes() if alike else b"another")
    relative = path.relative_to(folder)
    return Altered(f"{relative}: {how}", (path.name, str(relative.parent), str(relative)))


def an_older_study(folder: Path, rng: random.Random) -> Altered:
    """Put an older database, or an older trust folder, back."""
    older = folder.with_name("older")
    if rng.random() < 0.5:
        shutil.copy(older / "study.sqlite", folder / "study.sqlite")
        return Altered("an older database", ("entry", "case-"))
    (folder / "trust" / "checkpoints.jsonl").unlink()
    return Altered("the checkpoints were removed", ("checkpoint",))


STUDY_MUTATIONS: tuple[StudyMutation, ...] = (
    a_ledger_entry,
    a_ledger_entry,
    a_row,
    a_row,
    a_file_of_the_study,
    a_file_of_the_study,
    an_older_study,
)
