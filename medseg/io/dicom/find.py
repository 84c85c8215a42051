"""Which files of a folder are DICOM, and which of them belong together."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

from pydicom.uid import MediaStorageDirectoryStorage

from medseg.errors import InputError, NoImagesError, UnreadableFileError
from medseg.io.dicom.header import ImageHeader, read_header
from medseg.io.dicom.kinds import Kind, kind_of
from medseg.progress import Progress, silent


@dataclass(frozen=True)
class Series:
    """Files of one series, and of one kind.

    Attributes:
        id: Short name without identity: the modality and eight digits of a digest of the series UID.
        series_uid: Empty where the files have none.
        modality: As the files say; of several the first in the alphabet.
        kind: A series is an image series or not: reports may share the UID of the images they are about.
        headers: One for each file, in the order of their paths.
        copies: Byte-identical copies of files in ``headers``, which add nothing.
        suspects: Unreadable files in the same folders, any of which may be a lost slice of this series.
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
    """A file that belongs to no series, and why: ``not-dicom``, ``dicomdir`` or ``unreadable``."""

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
        """DICOM files that can't be walked at all."""
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


def find_series(paths: Iterable[Path], *, progress: Progress = silent) -> Inventory:
    """Look through files and folders, whatever their names, and read every DICOM header.

    Args:
        paths: Files, or folders that are searched to the bottom; links to folders are not followed.
        progress: Told before each file.

    Returns:
        The series in the order of their ids.

    Raises:
        InputError: A path doesn't exist.
    """
    files = sorted({file for path in paths for file in _walk(path)})
    headers: list[ImageHeader] = []
    passed_over: list[PassedOver] = []
    for done, path in enumerate(files):
        progress("reading headers", done, len(files))
        found = _look_at(path)
        if isinstance(found, PassedOver):
            passed_over.append(found)
        else:
            headers.append(found)
    unreadable = tuple(file.path for file in passed_over if file.reason == "unreadable")
    return Inventory(_group(headers, unreadable), tuple(passed_over))


def _walk(path: Path) -> Iterator[Path]:
    if not path.exists():
        raise InputError(f"{path} does not exist", hint="check the path", path=str(path))
    if not path.is_dir():
        yield path
        return
    for folder, _, names in os.walk(path):
        yield from (Path(folder) / name for name in names if (Path(folder) / name).is_file())


def _look_at(path: Path) -> ImageHeader | PassedOver:
    try:
        header = read_header(path)
    except UnreadableFileError as error:
        return PassedOver(path, "unreadable", error.message)
    if header is None:
        return PassedOver(path, "not-dicom")
    if header.sop_class_uid == MediaStorageDirectoryStorage:
        return PassedOver(path, "dicomdir")
    return header


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
    taken: set[str] = set()
    for one in series:
        name, number = one.id, 1
        while name in taken:
            number += 1
            name = f"{one.id}-{number}"
        taken.add(name)
        yield replace(one, id=name)


def _plain(text: str) -> str:
    return "".join(letter for letter in text.lower() if letter.isascii() and letter.isalnum())


def _without_copies(members: list[ImageHeader]) -> tuple[tuple[ImageHeader, ...], tuple[Path, ...]]:
    """Set aside byte-identical copies: only files that share a SOP instance UID have to be compared."""
    by_uid: defaultdict[str, list[ImageHeader]] = defaultdict(list)
    for header in members:
        by_uid[header.sop_instance_uid].append(header)
    copies: set[Path] = set()
    for same_uid in by_uid.values():
        if len(same_uid) == 1:
            continue
        seen: set[str] = set()
        for header in same_uid:
            digest = sha256(header.path.read_bytes()).hexdigest()
            if digest in seen:
                copies.add(header.path)
            seen.add(digest)
    return tuple(header for header in members if header.path not in copies), tuple(sorted(copies))
