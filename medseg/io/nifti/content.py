"""Read what a signature covers from a label map and its sidecars, in one pass and bounded memory."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from medseg.errors import SidecarError, UnsupportedImageError
from medseg.io.label_map_files import LabelMapFiles
from medseg.io.nifti.damage import Damage, damage_named
from medseg.io.nifti.digested_file import DigestedFile
from medseg.io.nifti.extension import FOREIGN, NotedVoxels, note_in
from medseg.io.nifti.file import (
    Readable,
    decompressed,
    read_exactly,
    read_header,
    require_volumes,
)
from medseg.io.nifti.header import Header
from medseg.io.nifti.label_map import further_layer_paths
from medseg.io.structure_table import read_structure_table
from medseg.labelmap import Structure
from medseg.provenance.content import SIDECARS, Content, FurtherLayer, StructureContent
from medseg.provenance.nifti_fields import FIELDS

CHUNK_VOXELS = 1 << 20
"""Voxels that are looked at together; a header that lies about its size costs no memory."""

MAX_SIDECAR_BYTES = 1 << 30
"""Contours of a whole body are tens of megabytes; a gigabyte is something else."""

MAX_PLAUSIBLE_LABEL = 2**31
"""A larger stored number is no label; below it every number survives JSON."""


@dataclass(frozen=True)
class FileDigests:
    """What was found on disk.

    Attributes:
        content: What the files mean.
        files: SHA-256 of the bytes of the label map, of its further layers and of the structure table, by
            file name.
        warnings: What a careful user should know and no signature covers, one sentence each.
    """

    content: Content
    files: dict[str, str]
    warnings: tuple[str, ...] = ()


def read_content(files: LabelMapFiles) -> Content:
    """Read what a signature covers; see :func:`read_content_and_digests`."""
    return read_content_and_digests(files).content


def read_content_and_digests(files: LabelMapFiles) -> FileDigests:
    """Read what a signature covers, and the digests of the files that hold it.

    A structure table or sidecar that is not there is recorded as missing.

    Raises:
        UnreadableFileError: The label map is not there, truncated, damaged or not NIfTI in a single file.
        UnsupportedImageError: The voxels are no integers.
        SidecarError: The structure table or a sidecar can't be read; a further layer is missing or left over.
        LabelMapError: The structure table contradicts itself.
    """
    digests = {}
    structures = None
    table = _file_sha256(files.structures)
    if table is not None:
        digests[files.structures.name] = table
        structures = read_structure_table(files.structures)
    paths = (files.nifti, *further_layer_paths(files, structures or ()))
    layers = [
        _read_layer(path, [s for s in structures or () if s.layer == number])
        for number, path in enumerate(paths)
    ]
    digests |= {path.name: layer.file for path, layer in zip(paths, layers, strict=True)}
    first, *further = layers
    content = Content(
        first.header,
        first.voxels,
        None if structures is None else tuple(layers[s.layer].tally.content_of(s) for s in structures),
        first.tally.unexplained_labels,
        {name: _file_sha256(files.covered_sidecars[name]) for name in SIDECARS},
        tuple(FurtherLayer(one.header, one.voxels, one.tally.unexplained_labels) for one in further),
    )
    warnings = (FOREIGN,) if any(layer.is_noted_of_others for layer in layers) else ()
    return FileDigests(content, digests, warnings)


class _Tally:
    """Where each label lies, gathered chunk by chunk."""

    def __init__(self, structures: Iterable[Structure]) -> None:
        self._positions = {s.label: hashlib.sha256() for s in structures}
        self._counts = dict.fromkeys(self._positions, 0)
        self._unexplained: set[int] = set()

    def add(self, chunk: npt.NDArray[Any], start: int) -> None:
        """Count a chunk of voxels whose first one stands at the flat position ``start``."""
        inside = np.flatnonzero(chunk)
        if not inside.size:
            return
        values = chunk[inside]
        # Sorted once by label, stably so that positions stay ascending: one look a chunk, not one a label.
        order = np.argsort(values, kind="stable")
        values = values[order]
        positions = (inside[order] + start).astype("<u8")
        borders = np.flatnonzero(values[1:] != values[:-1]) + 1
        for first, last in zip([0, *borders.tolist()], [*borders.tolist(), len(values)], strict=True):
            self._add_label(int(values[first]), positions[first:last])

    def _add_label(self, label: int, positions: npt.NDArray[np.uint64]) -> None:
        if label in self._positions:
            self._positions[label].update(positions.data)
            self._counts[label] += len(positions)
            return
        if abs(label) > MAX_PLAUSIBLE_LABEL:
            raise UnsupportedImageError(f"expected labels, found the number {label}")
        self._unexplained.add(label)

    def content_of(self, structure: Structure) -> StructureContent:
        label = structure.label
        return StructureContent(structure, self._counts[label], self._positions[label].hexdigest())

    @property
    def unexplained_labels(self) -> tuple[int, ...]:
        return tuple(sorted(self._unexplained))


@dataclass(frozen=True)
class _Layer:
    """What one NIfTI file holds.

    Attributes:
        header: Its covered header fields, hexadecimal.
        voxels: Digest of its voxels as stored.
        tally: Where each label lies.
        is_noted_of_others: Whether its header bears a note of medseg about other voxels.
        file: Digest of the file's bytes.
    """

    header: dict[str, str]
    voxels: str
    tally: _Tally
    is_noted_of_others: bool
    file: str


def _read_layer(path: Path, structures: Iterable[Structure]) -> _Layer:
    tally = _Tally(structures)
    voxels = hashlib.sha256()
    with damage_named(path), path.open("rb") as raw:
        file = DigestedFile(raw)
        stream = decompressed(file, path)
        header = read_header(stream)
        kind = require_volumes(header, path)
        _require_integers(kind, path)
        note = note_in(header)
        noted = NotedVoxels(note) if note else None
        start = 0
        for chunk in _chunks(stream, header, kind):
            voxels.update(chunk.data)
            if noted:
                noted.add(chunk)
            tally.add(chunk, start)
            start += len(chunk)
        # Reading past the voxels makes gzip compare its checksum.
        if stream.read(1):
            raise Damage(f"it holds more than the {start} voxels of its header", "damaged-data")
        file.drain()
    fields = {name: header.raw_field(name).hex() for name in FIELDS}
    foreign = noted is not None and noted.are_others
    return _Layer(fields, voxels.hexdigest(), tally, foreign, file.digest.hexdigest())


def _chunks(stream: Readable, header: Header, kind: np.dtype[Any]) -> Iterator[npt.NDArray[Any]]:
    """The voxels as stored, in the order of the file, piece by piece."""
    count = math.prod(header.shape)
    while count:
        length = min(count, CHUNK_VOXELS)
        yield np.frombuffer(read_exactly(stream, length * kind.itemsize), kind)
        count -= length


def _require_integers(kind: np.dtype[Any], path: Path) -> None:
    if kind.kind not in "iu":
        raise UnsupportedImageError(
            f"expected whole numbers as labels, but {path.name} stores {kind}",
            hint="save the label map with medseg, which stores uint8 or uint16",
        )


def _file_sha256(path: Path) -> str | None:
    """SHA-256 of a file's bytes; None where there is no file."""
    try:
        with path.open("rb") as file:
            if path.stat().st_size > MAX_SIDECAR_BYTES:
                raise SidecarError(f"{path.name} is larger than {MAX_SIDECAR_BYTES} bytes")
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise SidecarError(f"could not read {path.name}: {error.strerror or error}") from error
