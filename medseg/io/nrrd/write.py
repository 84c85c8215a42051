"""Write layers of labels as one NRRD file, deflated."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from medseg.errors import InputError
from medseg.io.atomic import whole_file
from medseg.io.nifti.deflate import gzip_member, usable_threads
from medseg.io.nrrd.geometry import geometry_fields
from medseg.io.nrrd.header import escaped
from medseg.space import Grid

MAGIC = "NRRD0005"
"""The version that has all that is used here."""

BLOCK_BYTES = 1 << 21
"""As for NIfTI: large enough for deflating, small enough to keep all threads busy."""

_TYPES = {np.dtype(np.uint8): "uint8", np.dtype(np.uint16): "uint16"}


def write_nrrd(
    layers: Sequence[npt.NDArray[Any]],
    grid: Grid,
    path: Path,
    *,
    pairs: Mapping[str, str] | None = None,
    overwrite: bool = False,
) -> None:
    """Write one layer as three dimensions, several as four with the list of layers first, as Slicer does.

    The same content gives the same bytes.

    Args:
        layers: Labels ``[k, j, i]`` of uint8 or uint16.
        grid: Where they lie.
        path: ``*.nrrd``.
        pairs: Key/value pairs of the header.
        overwrite: Whether a file that is there is replaced.

    Raises:
        InputError: The path does not end in ``.nrrd``.
        OutputExistsError: The file exists and ``overwrite`` is not set.
        OutputError: It can't be written.
    """
    if not path.name.endswith(".nrrd"):
        raise InputError(f"expected a file named *.nrrd, got {path.name}", reason="format")
    dtype = np.result_type(*layers)
    with whole_file(path, overwrite=overwrite) as temporary, temporary.open("wb") as file:
        file.write(_header(layers, grid, dtype, pairs or {}))
        with closing(gzip_member(_blocks(layers, dtype), usable_threads())) as deflated:
            for piece in deflated:
                file.write(piece)


def _header(
    layers: Sequence[npt.NDArray[Any]], grid: Grid, dtype: np.dtype[Any], pairs: Mapping[str, str]
) -> bytes:
    several = len(layers) > 1
    sizes = ([len(layers)] if several else []) + list(grid.shape_kji[::-1])
    fields = {
        "type": _TYPES[dtype],
        "dimension": len(sizes),
        "sizes": " ".join(map(str, sizes)),
        "endian": "little",
        "encoding": "gzip",
        **geometry_fields(grid, with_list=several),
    }
    # The dimension of the space must be known before the vectors in it (format definition, section 3).
    lines = [MAGIC, "# https://teem.sourceforge.net/nrrd/format.html"]
    order = ("type", "dimension", "space", "sizes", "space directions", "kinds", "endian", "encoding")
    lines += [f"{name}: {fields[name]}" for name in (*order, "space origin")]
    lines += [f"{escaped(key)}:={escaped(value)}" for key, value in pairs.items()]
    return ("\n".join(lines) + "\n\n").encode()


def _blocks(layers: Sequence[npt.NDArray[Any]], dtype: np.dtype[Any]) -> Iterator[memoryview]:
    little_endian = dtype.newbyteorder("<")
    for together in _slabs(layers):
        flat = np.ascontiguousarray(together, little_endian).reshape(-1).view(np.uint8)
        for start in range(0, flat.size, BLOCK_BYTES):
            yield flat[start : start + BLOCK_BYTES].data


def _slabs(layers: Sequence[npt.NDArray[Any]]) -> Iterable[npt.NDArray[Any]]:
    """The samples in the order of the file, some slices at a time; the layers of a voxel lie together."""
    if len(layers) == 1:
        return (layers[0],)
    bytes_a_slice = 2 * len(layers) * layers[0][0].size
    step = max(1, BLOCK_BYTES // bytes_a_slice)
    starts = range(0, len(layers[0]), step)
    return (np.stack([layer[k : k + step] for layer in layers], axis=-1) for k in starts)
