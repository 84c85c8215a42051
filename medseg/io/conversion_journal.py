"""The journal of a conversion: one line of JSON for each volume that is finished, so that a rerun goes on.

The first line holds the options, for outputs of different options must not be mixed. A line that a killed
run left unfinished is cut off; a damaged one is passed over, and its volume is converted again.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from medseg.errors import InputError, OutputError, OutputExistsError
from medseg.io.manifest_entry import ManifestEntry

SCHEMA = "medseg-conversion-journal/1"


@dataclass(frozen=True)
class Finished:
    """A converted volume and how its sources looked then.

    Attributes:
        entry: As the manifest has it; read from a journal, its series UID is None.
        stamps: Digest of the sizes and times of its source files: while it is the same, so are they.
    """

    entry: ManifestEntry
    stamps: str


@dataclass(frozen=True)
class Journal:
    """An open journal, made by :func:`open_journal`.

    Attributes:
        finished: What earlier runs finished, by output path.
    """

    finished: Mapping[str, Finished]
    _options: Mapping[str, object] = field(repr=False)
    _file: BinaryIO = field(repr=False)

    def record(self, finished: Finished) -> None:
        """Note a volume whose files are all in place.

        Raises:
            OutputError: The line can't be written.
        """
        # Without the series UID: the manifest alone ties pseudonyms to what an archive knows.
        volume = finished.entry.as_dict() | {"series_uid": None}
        with _errors_named():
            if self._file.tell() == 0:
                _append(self._file, {"schema": SCHEMA, "options": dict(self._options)})
            _append(self._file, {"stamps": finished.stamps, "volume": volume})


@contextmanager
def open_journal(path: Path, options: Mapping[str, object]) -> Iterator[Journal]:
    """Open a journal, or begin one; it is gone again if nothing was recorded.

    Args:
        path: The journal; its folder is locked.
        options: The options of this run, a JSON value.

    Raises:
        OutputExistsError: It was begun with other options.
        OutputError: It can't be read or written.
    """
    with ExitStack() as stack:
        with _errors_named():
            file = stack.enter_context(path.open("r+b" if path.exists() else "w+b"))
            content = file.read()
            whole = content[: content.rfind(b"\n") + 1]
            file.seek(len(whole))
            file.truncate()
        lines = list(_documents(whole))
        if lines:
            _require_same_options(lines[0], options)
        try:
            yield Journal(dict(_finished(lines[1:])), options, file)
        finally:
            if file.tell() == 0:
                path.unlink(missing_ok=True)


def _append(file: BinaryIO, document: Mapping[str, object]) -> None:
    # No fsync: a line that a power cut takes costs one volume's work and nothing else.
    file.write(json.dumps(document, allow_nan=False).encode() + b"\n")
    file.flush()


def _documents(content: bytes) -> Iterator[dict[str, Any]]:
    for line in content.splitlines():
        try:
            document = json.loads(line)
        except (ValueError, RecursionError):
            document = None
        yield document if isinstance(document, dict) else {}


def _finished(lines: list[dict[str, Any]]) -> Iterator[tuple[str, Finished]]:
    for line in lines:
        try:
            entry = ManifestEntry.converted_from_dict(line["volume"])
            yield str(entry.summary.output), Finished(entry, str(line["stamps"]))
        except (KeyError, TypeError, ValueError, InputError):
            continue


def _require_same_options(first: Mapping[str, Any], options: Mapping[str, object]) -> None:
    before = first.get("options")
    if first.get("schema") != SCHEMA or not isinstance(before, dict):
        raise OutputExistsError(
            "the journal in the output folder is damaged or of another version of medseg",
            hint="choose a new folder, or delete .medseg/journal.jsonl: whole files are found again",
            reason="journal",
        )
    differing = sorted(name for name in {*before, *options} if before.get(name) != options.get(name))
    if differing:
        raise OutputExistsError(
            f"the output folder was begun with other options: {', '.join(differing)}",
            hint="give the same options, or choose a new folder",
            reason="other-options",
            options=differing,
        )


@contextmanager
def _errors_named() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise OutputError(
            f"could not write the journal: {error.strerror or 'the system did not say why'}",
            hint="check the output folder, its permissions and the free space",
            reason="not-writable",
        ) from error
