"""A canary in every element of a DICOM file that can hold text: what gets out tells where it came from."""

from __future__ import annotations

import base64
import gzip
import hashlib
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

import pydicom
from pydicom import Dataset
from pydicom.datadict import DicomDictionary, tag_for_keyword
from pydicom.dataelem import DataElement
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_data_element

WORD = "CANARY"
"""Begins every canary that may be a word."""

NUMBER = 18_700_000
"""Added to every canary that must be a number: eight digits, which survive a change of unit and rounding."""

FIRST_DAY = date(1801, 1, 1)

UID_ROOT = "1.2.187.0.1"

WORDS = {"AE", "CS", "LO", "LT", "PN", "SH", "ST", "UC", "UR", "UT"}
NUMBERS = {"DS", "IS"}

STRUCTURAL = {
    "SpecificCharacterSet",  # how all texts are written
    "ModalityLUTSequence",  # the values are no longer linear
    "PerFrameFunctionalGroupsSequence",  # with it, the file is another kind of object
    "SharedFunctionalGroupsSequence",
}
"""Elements that can't hold anything else and be read."""


_FORMS = [
    re.compile(rb"(?=(%s))" % form)  # looks ahead: matches may overlap
    for form in (
        WORD.lower().encode() + rb"\d{5}",
        rb"18\d{6}",
        rb"113749\d{6}",
        rb"121870\d{6}",
        rb"087y",
    )
]
"""The canaries as they look without what divides their parts."""


@dataclass
class Canaries:
    """Makes canaries, each different from all others, and remembers where they are.

    Attributes:
        planted: By canary, as it would stand in a text, the keyword of the element that holds it.
        meaningful: The same of canaries that were planted by hand, because they must make sense.
    """

    planted: dict[str, str] = field(default_factory=dict)
    meaningful: dict[str, str] = field(default_factory=dict)
    _days: int = 0
    _numbers: int = 0

    def dataset(self) -> Dataset:
        """Every standard element that can hold text, an item of every sequence, and private elements."""
        dataset = Dataset()
        for number, (vr, multiplicity, _, _, keyword) in DicomDictionary.items():
            is_file_part = number >> 16 in (0x0000, 0x0002, 0x0004, 0xFFFE) or number >> 16 >= 0x7FE0
            if is_file_part or not keyword or keyword in STRUCTURAL:
                continue
            if vr == "SQ":
                dataset.add(DataElement(number, vr, [self.item(keyword)]))
                continue
            value = self._value(vr, keyword)
            if value is not None:
                count = int(multiplicity[0]) if vr in NUMBERS and multiplicity[0].isdecimal() else 1
                values = [value, *(self._value(vr, keyword) for _ in range(1, count))]
                dataset.add(DataElement(number, vr, values if count > 1 else value))
        self._plant_private(dataset)
        return dataset

    def found_in(self, content: bytes) -> set[str]:
        """Where the canaries in some bytes came from, in upper or lower case, divided or disguised."""
        small, known = _squeezed(content), {_squeezed(text.encode()): text for text in self.planted}
        matches = [match[1] for form in _FORMS for match in form.finditer(small)]
        found = {self.planted[known[match]] for match in matches if match in known}
        lower = content.lower()
        found |= {where for text, where in self.meaningful.items() if _squeezed(text.encode()) in small}
        return found | {f"disguised: {form!r}" for form in disguises(WORD) if form in lower}

    def word(self, keyword: str) -> str:
        """A canary that may be any text, of 11 characters."""
        return self._remember(f"{WORD}{len(self.planted):05d}", keyword)

    def number(self, keyword: str) -> str:
        """A canary that is a number."""
        self._numbers += 1
        return self._remember(str(NUMBER + self._numbers), keyword)

    def _value(self, vr: str, keyword: str) -> str | None:
        count = len(self.planted)
        if vr in WORDS:
            return self.word(keyword)
        if vr in NUMBERS:
            return self.number(keyword)
        day = f"{FIRST_DAY + timedelta(self._days):%Y%m%d}"
        self._days += vr in ("DA", "DT")
        time = f"113749.{count:06d}"
        made = {"DA": day, "TM": time, "DT": f"{day}{time}", "UI": f"{UID_ROOT}{count:05d}", "AS": "087Y"}
        if vr not in made:
            return None
        if vr == "DT":
            self._remember(time, keyword)
        return self._remember(made[vr], keyword)

    def _remember(self, canary: str, keyword: str) -> str:
        self.planted[canary] = keyword
        return canary

    def item(self, keyword: str) -> Dataset:
        """An item with names, text, a code and private text; and one more item in it."""
        item, inner = Dataset(), Dataset()
        inner.PersonName = self.word(f"{keyword}[][].PersonName")
        for name in ("PatientName", "CodeMeaning", "TextValue", "PatientID"):
            setattr(item, name, self.word(f"{keyword}[].{name}"))
        item.ContentSequence = [inner]
        item.private_block(0x0009, WORD, create=True).add_new(1, "LO", self.word(f"{keyword}[].private"))
        return item

    def _plant_private(self, dataset: Dataset) -> None:
        """Text and bytes in the blocks of vendors that are read for numbers, and in one that nobody knows."""
        creators = ("SIEMENS CSA HEADER", "SIEMENS MR HEADER", "GEMS_PARM_01", "Philips Imaging DD 001", WORD)
        for group, creator in zip((0x0029, 0x0019, 0x0043, 0x2001, 0x0009), creators, strict=True):
            block = dataset.private_block(group, creator, create=True)
            for element, vr in enumerate(("LO", "UT", "PN", "SH"), start=0xE0):
                block.add_new(element, vr, self.word(f"private {creator}"))
            for element in (0x10, 0x20):
                raw = f"SV10\4\3\2\1{self.word(f'private {creator}')}".encode()
                block.add_new(element, "OB", raw + b"\0" * (len(raw) % 2))


def encoded(dataset: Dataset) -> dict[int, bytes]:
    """Each element as it stands in a file of explicit VR, little endian."""
    found = {}
    for element in dataset:
        buffer = DicomBytesIO()
        buffer.is_little_endian, buffer.is_implicit_VR = True, False
        write_data_element(buffer, element)
        found[int(element.tag)] = buffer.getvalue()
    return found


def spread(path: Path, canaries: dict[int, bytes], keep: Collection[str]) -> None:
    """Add encoded elements to a file, in place of its own but for those to keep.

    Encoding is what takes time, and is done once for all files.
    """
    own = pydicom.dcmread(path)
    kept = {int(tag) for keyword in keep if (tag := tag_for_keyword(keyword)) is not None}
    mine = {tag: raw for tag, raw in encoded(own).items() if tag in kept or tag not in canaries}
    others = {tag: raw for tag, raw in canaries.items() if tag not in kept}
    content = path.read_bytes()
    meta_end = 144 + int.from_bytes(content[140:144], "little")  # group length, PS3.10 7.1
    mixed = sorted((others | mine).items())
    path.write_bytes(content[:meta_end] + b"".join(raw for _, raw in mixed))


def disguises(value: str) -> set[bytes]:
    """Forms in which a word may stand in a file that was not meant to show it, all in lower case."""
    raw = value.encode()
    encoded = {
        raw.hex().encode(),
        value.encode("utf-16-le"),
        value.encode("utf-16-be"),
        base64.b32encode(raw).rstrip(b"="),
    }
    for shift in range(3):  # base64 depends on where in the encoded text the word begins
        whole = base64.b64encode(b"\0" * shift + raw + b"\0" * 3)
        encoded.add(whole[-(-8 * shift // 6) : 8 * (shift + len(raw)) // 6])
    return {form.lower() for form in encoded}


def digests(value: str) -> set[bytes]:
    """Bare hashes of a value, of which whoever can guess the value knows the origin."""
    raw = value.encode()
    found = [hashlib.new(name, raw).digest() for name in ("md5", "sha1", "sha256", "sha512")]
    found += [
        hashlib.sha256(first).digest() for first in (raw + b" ", hashlib.sha256(raw).hexdigest().encode())
    ]
    beginnings = {
        form(digest)[:10].lower() for digest in found for form in (base64.b32encode, base64.b64encode)
    }
    return beginnings | {digest.hex()[:10].encode() for digest in found}


def contents(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Every file below a folder: its name, and its bytes; of a compressed one the inflated bytes as well."""
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        yield f"name of {name}", name.encode()
        if path.is_file():
            raw = path.read_bytes()
            yield name, raw
            if path.suffix == ".gz":
                yield f"{name}, inflated", gzip.decompress(raw)


def _squeezed(text: bytes) -> bytes:
    """Bytes in lower case without what divides dates, times and numbers."""
    return re.sub(rb"[\s.:,^_/\\-]", b"", text.lower())
