"""Which files of a folder are DICOM, and which of them belong together."""

from __future__ import annotations

import os
import stat
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from hashlib import file_digest, sha256
from pathlib import Path

from medseg.errors import InputError, NoImagesError, UnreadableFileError
from medseg.io.dicom.header import ImageHeader, read_headers
from medseg.io.dicom.kinds import DIRECTORY_CLASS, Kind, kind_of
from medseg.io.dicom.walk import DEFLATED
from medseg.processes import run_in_order
from medseg.progress import Progress, silent


@dataclass(frozen=True)
class Series:
    """Files of one series, and of one kind.

    Attributes:
        id: Short name without identity: the modality and eight digits of a digest of the series UID.
        series_uid: Empty where the files have none.
        modality: As the files say; of several the first in the alphabet.
        kind: A series is an image series or not: reports may share the UID of the images they are about.
        headers: One for each 2-D image, in the order of their files.
        copies: Copies of files in ``headers`` with the same header and pixels, which add nothing.
        suspects: Unreadable files and folders beside them, any of which may be a lost slice of this series.
    """

    id: str
    series_uid: str
    modality: str
    kind: Kind
    headers: tuple[ImageHeader, ...]
    copies: tuple[Path, ...] = ()
    suspects: tuple[Path, ...] = ()


@dataclass(frozen=True)
class PassedOver:
    """What belongs to no series, and why: ``not-dicom``, ``dicomdir``, ``not-a-file`` or ``unreadable``.

    Unreadable is also a folder that can't be listed, a link to nowhere, and a file that should be DICOM by
    its place and name but isn't: each may be a lost slice.
    """

    path: Path
    reason: str
    message: str = ""


@dataclass(frozen=True)
class Inventory:
    """Every file that was found, in a series or passed over."""

    series: tuple[Series, ...]
    passed_over: tuple[PassedOver, ...]

    @property
    def images(self) -> tuple[Series, ...]:
        """The image series."""
        return tuple(series for series in self.series if series.kind is Kind.IMAGE)

    @property
    def unreadable(self) -> tuple[PassedOver, ...]:
        """What may hold images but can't be read at all."""
        return tuple(file for file in self.passed_over if file.reason == "unreadable")

    def require_images(self) -> None:
        """Refuse an inventory in which nothing could become a volume.

        Raises:
            NoImagesError: There is neither an image nor a damaged file that may have been one.
        """
        if self.images or self.unreadable:
            return
        others = ", ".join(sorted({series.modality or "unnamed objects" for series in self.series}))
        raise NoImagesError(
            f"no DICOM image among {len(self.passed_over)} other files"
            + (f" and series of {others}" if others else ""),
            hint="give the folder that holds the images, or one above it",
            reason="no-images",
        )


def find_series(paths: Iterable[Path], *, workers: int = 1, progress: Progress = silent) -> Inventory:
    """Look through files and folders, whatever their names, and read every DICOM header.

    A file is looked at once, even if it was named twice or through a link to its folder.

    Args:
        paths: Files, or folders that are searched to the bottom, through links too, each once.
        workers: How many processes may share the work, where there are thousands of files. A program with
            threads of its own should leave it at 1.
        progress: Told before each file.

    Returns:
        The series in the order of their ids.

    Raises:
        InputError: A path doesn't exist.
    """
    by_identity: dict[str, str] = {}
    unlisted: dict[Path, PassedOver] = {}
    for path in paths:
        for identity, file in _walk(path, unlisted):
            by_identity.setdefault(identity, file)
    files = [Path(file) for file in sorted(by_identity.values())]
    headers: list[ImageHeader] = []
    passed_over = list(unlisted.values())
    for done, found in enumerate(_look_at_all(files, workers)):
        progress("reading headers", done, len(files))
        if isinstance(found, PassedOver):
            passed_over.append(found)
        else:
            headers.extend(found)
    image_names = {(header.path.parent, _suffix(header.path)) for header in headers}
    passed_over = [_suspected(file, image_names) for file in passed_over]
    unreadable = tuple(file.path for file in passed_over if file.reason == "unreadable")
    return Inventory(_group(headers, unreadable), tuple(passed_over))


def _walk(path: Path, unlisted: dict[Path, PassedOver]) -> Iterator[tuple[str, str]]:
    """Every file, with what it is whatever the way to it: a link inside of a folder is a file of its own.

    Strings, not paths: of ten thousand files this is a quarter of the time.
    """
    try:
        is_folder = stat.S_ISDIR(path.stat().st_mode)
    except FileNotFoundError:
        raise InputError(f"{path} does not exist", hint="check the path", path=str(path)) from None
    except OSError as error:
        raise InputError(f"{path} can't be opened: {error.strerror}", path=str(path)) from error
    if not is_folder:
        yield str(path.resolve()), str(path)
        return

    def note(error: OSError) -> None:
        at = Path(str(error.filename))
        message = f"{at.name} can't be listed: {error.strerror}"
        unlisted.setdefault(at.resolve(), PassedOver(at, "unreadable", message))

    visited: set[str] = set()
    for folder, folders, names in os.walk(path, onerror=note, followlinks=True):
        resolved = os.path.realpath(folder)
        if resolved in visited:  # by another link, which may even lead back up
            folders.clear()
            continue
        visited.add(resolved)
        for name in names:
            file = f"{folder}{os.sep}{name}"
            if _is_file(file):
                yield f"{resolved}{os.sep}{name}", file
            else:
                unlisted.setdefault(Path(resolved, name), PassedOver(Path(file), "not-a-file"))


def _is_file(path: str) -> bool:
    """Whether it is a file or may be one: a link to nowhere and a forbidden file fail when opened."""
    try:
        return stat.S_ISREG(os.stat(path).st_mode)  # noqa: PTH116 - a path object would double the time
    except OSError:
        return True


IMAGE_SUFFIXES = {".dcm", ".ima", ".dicom"}
"""Names that promise DICOM, in any folder."""

_BLANK_LOOK_BYTES = 1 << 16

_WORTH_A_POOL = 2000
"""So many headers take longer than starting processes does: about a quarter of a second."""

_AT_ONCE = 100


def _suspected(file: PassedOver, image_names: set[tuple[Path, str]]) -> PassedOver:
    """Take a file that is not DICOM for a lost image if its name promises one, or if it is blank among them.

    A file that was cut to nothing, or that a broken copy filled with zeros, is no longer DICOM.
    """
    suffix = _suffix(file.path)
    is_promised = suffix in IMAGE_SUFFIXES or (file.path.parent, suffix) in image_names
    if file.reason != "not-dicom" or file.path.name.startswith(".") or not is_promised:
        return file
    fault = _blankness(file.path)
    if not suffix and not fault:  # a LICENSE among images without suffixes
        return file
    return replace(file, reason="unreadable", message=f"{file.path.name} is {fault or 'damaged: not DICOM'}")


def _suffix(path: Path) -> str:
    """The suffix, unless it is the last number of a UID."""
    return "" if path.suffix[1:].isdecimal() else path.suffix.lower()


def _blankness(path: Path) -> str:
    try:
        with path.open("rb") as file:
            start = file.read(_BLANK_LOOK_BYTES)
    except OSError:
        return ""
    if not start:
        return "empty"
    return "" if start.strip(b"\0") else "filled with zeros"


def _look_at_all(files: list[Path], workers: int) -> Iterator[tuple[ImageHeader, ...] | PassedOver]:
    """Look at files in their order; the first is looked at when it is asked for."""
    if workers < 2 or len(files) < _WORTH_A_POOL:
        yield from map(_look_at, files)
        return
    chunks = [files[start : start + _AT_ONCE] for start in range(0, len(files), _AT_ONCE)]
    with closing(run_in_order(_look_at_each, chunks, workers)) as results:
        for chunk, found in zip(chunks, results, strict=True):
            # None: the process was killed over it.
            yield from map(_look_at, chunk) if found is None else found


def _look_at_each(files: list[Path]) -> list[tuple[ImageHeader, ...] | PassedOver]:
    return [_look_at(path) for path in files]


def _look_at(path: Path) -> tuple[ImageHeader, ...] | PassedOver:
    try:
        headers = read_headers(path)
    except UnreadableFileError as error:
        return PassedOver(path, "unreadable", error.message)
    if headers is None:
        return PassedOver(path, "not-dicom")
    if headers[0].sop_class_uid == DIRECTORY_CLASS:
        return PassedOver(path, "dicomdir")
    return headers


def _group(headers: list[ImageHeader], unreadable: tuple[Path, ...]) -> tuple[Series, ...]:
    groups: defaultdict[tuple[str, Kind], list[ImageHeader]] = defaultdict(list)
    for header in headers:
        groups[header.series_uid or header.group, kind_of(header)].append(header)
    series = [_series(key, kind, members, unreadable) for (key, kind), members in groups.items()]
    return tuple(_with_unique_ids(sorted(series, key=lambda one: (one.id, one.kind))))


def _series(key: str, kind: Kind, members: list[ImageHeader], unreadable: tuple[Path, ...]) -> Series:
    modality = min(header.modality for header in members)
    kept, copies = _without_copies(members)
    folders = {header.path.parent for header in members}
    return Series(
        id=f"{_plain(modality) or 'dicom'}-{sha256(key.encode()).hexdigest()[:8]}",
        series_uid=members[0].series_uid,
        modality=modality,
        kind=kind,
        headers=kept,
        copies=copies,
        suspects=tuple(path for path in unreadable if path.parent in folders),
    )


def _with_unique_ids(series: list[Series]) -> Iterator[Series]:
    """Tell series of one UID apart by their kind; ``-1`` and so on are for the volumes of a series."""
    taken: set[str] = set()
    for one in series:
        name, number = one.id, 1
        while name in taken:
            number += 1
            name = f"{one.id}-{one.kind}{number if number > 2 else ''}"
        taken.add(name)
        yield replace(one, id=name)


def _plain(text: str) -> str:
    return "".join(letter for letter in text.lower() if letter.isascii() and letter.isalnum())


def _without_copies(members: list[ImageHeader]) -> tuple[tuple[ImageHeader, ...], tuple[Path, ...]]:
    """Set aside copies: only files that share a SOP instance UID have to be compared."""
    by_uid: defaultdict[str, dict[Path, ImageHeader]] = defaultdict(dict)
    for header in members:
        by_uid[header.sop_instance_uid].setdefault(header.path, header)
    copies: set[Path] = set()
    for same_uid in by_uid.values():
        if len(same_uid) == 1:
            continue
        seen: set[tuple[object, ...]] = set()
        for path, header in same_uid.items():
            content = (*_place_and_values(header), pixel_digest(header))
            if content in seen:
                copies.add(path)
            seen.add(content)
    return tuple(header for header in members if header.path not in copies), tuple(sorted(copies))


def pixel_digest(header: ImageHeader) -> str:
    """What tells pixels apart without decoding them: a digest of the file from its pixels on.

    Files whose pixels are not where they should be are compared as a whole.
    """
    pixels = header.pixels
    offset = pixels.offset if pixels and header.transfer_syntax_uid != DEFLATED else 0
    try:
        with header.path.open("rb") as file:
            file.seek(offset)
            return file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise UnreadableFileError(
            f"{header.path.name} can't be read: {error.strerror or error}", reason="unreadable"
        ) from error


def _place_and_values(header: ImageHeader) -> tuple[object, ...]:
    """What two files of one SOP instance UID must share to be the same image."""
    place = header.position_lps_mm, header.orientation, header.spacing_ji_mm
    return *place, header.rescale, header.bits, header.transfer_syntax_uid, header.damage
