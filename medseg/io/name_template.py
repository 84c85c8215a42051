"""The grammar of name templates, and every rule that a template must obey before any file is looked at."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain
from typing import NamedTuple

from medseg.errors import OutputError
from medseg.io.pseudonyms import LABEL_LENGTH

LABEL_LIMIT = 40
"""Most characters of a label that comes from the DICOM (LO and PN allow 64 and more)."""

FIELD_LIMITS = {
    "subject": LABEL_LENGTH,
    "session": LABEL_LENGTH,
    "series": LABEL_LENGTH,
    "modality": 5,
    "suffix": 5,
    "run": 4,
    "echo": 4,
    "part": 5,
}
"""Every field that says nothing about the patient, and its most characters."""

IDENTIFYING_FIELDS = {
    "patient_id": "PatientID",
    "patient_name": "PatientName",
    "study_date": "StudyDate",
    "series_description": "SeriesDescription",
    "series_number": "SeriesNumber",
    "protocol": "ProtocolName",
}
"""Every field that may identify the patient (PS3.15 Table E.1-1 removes or replaces it), and its element."""

PART_LIMIT = 200
"""Most characters of a folder's or file's name: 255 (ext4, APFS, NTFS) less suffixes and a temporary mark."""

PATH_LIMIT = 220
"""Most characters of a name with its folders: Windows' 260, less a little for the output folder."""

_DEVICES = re.compile(r"con|prn|aux|nul|(com|lpt)[0-9]", re.IGNORECASE)
"""Names that no file may have on Windows, whatever their suffix."""

_TOKEN = re.compile(r"\{(?P<field>[^{}\[\]]*)\}|(?P<bracket>[\[\]])|(?P<literal>[^{}\[\]]+)|(?P<stray>[{}])")
_LITERAL = re.compile(r"[A-Za-z0-9_+=@/-]*", re.ASCII)


class Token(NamedTuple):
    """A field's name, or literal text."""

    text: str
    is_field: bool


class Part(NamedTuple):
    """A run of tokens; an optional one is left out where a field in it is empty."""

    tokens: tuple[Token, ...]
    is_optional: bool


def parse_template(text: str, *, keep_phi: bool) -> tuple[Part, ...]:
    """Read and check a template; see :meth:`medseg.io.output_names.NameTemplate.parse`."""
    parts = tuple(_parts(text))
    for token in chain.from_iterable(part.tokens for part in parts):
        if token.is_field:
            _require_field(token.text, keep_phi=keep_phi)
    _require_safe_literals(parts)
    for with_optional in (True, False):
        _require_usable(_sample(parts, with_optional=with_optional, longest=False))
    _require_short(_sample(parts, with_optional=True, longest=True))
    return parts


_HINT = "see the page on privacy for what a template may hold"


def _refused(fault: str, found: str, hint: str = _HINT) -> OutputError:
    return OutputError(f"the template for names has {found}", hint=hint, reason="name-template", fault=fault)


def _parts(text: str) -> Iterator[Part]:
    tokens: list[Token] = []
    is_optional = False
    for match in _TOKEN.finditer(text):
        if match["stray"]:
            raise _refused("unbalanced", f"a brace without its other half: {match['stray']}")
        if match["bracket"] is None:
            is_field = match["field"] is not None
            tokens.append(Token(match["field"] if is_field else match["literal"], is_field))
            continue
        opens = match["bracket"] == "["
        if opens is is_optional:
            raise _refused("unbalanced", f"a bracket inside of another or without its other half: {match[0]}")
        if is_optional and not any(token.is_field for token in tokens):
            raise _refused("empty-option", "brackets without a field in them: nothing could be left out")
        yield Part(tuple(tokens), is_optional)
        tokens, is_optional = [], opens
    if is_optional:
        raise _refused("unbalanced", "a bracket without its other half: [")
    yield Part(tuple(tokens), is_optional=False)


def _require_field(name: str, *, keep_phi: bool) -> None:
    if name in FIELD_LIMITS:
        return
    if name not in IDENTIFYING_FIELDS:
        known = ", ".join([*FIELD_LIMITS, *IDENTIFYING_FIELDS])
        raise _refused("unknown-field", f"a field that is not known: {{{name}}}", hint=f"known are {known}")
    if not keep_phi:
        raise _refused(
            "identifying-field",
            f"the field {{{name}}}, which may tell who the patient is",
            hint="use {subject}, {session} or {series}; or, if names may tell, --keep-phi",
        )


def _require_safe_literals(parts: tuple[Part, ...]) -> None:
    """Letters, digits and a few signs. There is no dot: a name can't climb, hide, or pass for a suffix."""
    # Two letters for a field: one before a colon would pass for a drive of Windows.
    shape = "".join("xx" if token.is_field else token.text for part in parts for token in part.tokens)
    if re.match(r"[/\\~]|[A-Za-z]:", shape):
        raise _refused("absolute", "an absolute path", hint="names are relative to the output folder")
    if ".." in re.split(r"[/\\]", shape):
        raise _refused("escapes", "..: a path out of the output folder", hint="leave it out")
    if shape.endswith((".nii", ".nii.gz")):
        raise _refused("suffix", "a suffix", hint="leave .nii or .nii.gz out: it is added")
    strange = sorted({letter for letter in shape if not _LITERAL.fullmatch(letter)})
    if strange:
        raise _refused(
            "illegal-character",
            f"characters that not every file system takes: {' '.join(map(ascii, strange))}",
            hint="letters, digits and _ + = @ - are allowed, and / between folders",
        )


def _require_usable(sample: str) -> None:
    for part in sample.split("/"):
        if not part:
            raise _refused(
                "empty", "a folder or file without a name, at least where optional parts are left out"
            )
        if is_device(part):
            raise _refused("reserved", f"a name that Windows keeps for a device: {part}")
        if part.startswith("-"):
            raise _refused("leading-dash", "a name that begins with -, which commands take for an option")


def _require_short(longest: str) -> None:
    part = max(map(len, longest.split("/")))
    if part > PART_LIMIT or len(longest) > PATH_LIMIT:
        raise _refused(
            "too-long",
            f"names of up to {part} characters, {len(longest)} with folders; the most are {PART_LIMIT} and "
            f"{PATH_LIMIT}",
        )


def is_device(name: str) -> bool:
    """Whether Windows keeps a name for a device, in upper or lower case."""
    return _DEVICES.fullmatch(name) is not None


def _sample(parts: tuple[Part, ...], *, with_optional: bool, longest: bool) -> str:
    """A name that the template may give, with a digit in place of each field or of each of its characters.

    A digit, so that ``com{run}`` is seen for what it may become.
    """
    return "".join(
        "1" * (FIELD_LIMITS.get(token.text, LABEL_LIMIT) if longest else 1) if token.is_field else token.text
        for part in parts
        if with_optional or not part.is_optional
        for token in part.tokens
    )
