"""How sure a bundle is of a case, as files beside its label map: a map of voxels, and the numbers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from medseg.assist.bundle import Bundle
from medseg.assist.uncertainty import CaseDoubt, Sampling
from medseg.errors import InputError, OutputExistsError
from medseg.io.atomic import require_absent, write_whole
from medseg.io.bounded_file import read_bounded
from medseg.io.nifti.write import write_voxels
from medseg.provenance.source_digest import source_sha256
from medseg.volume import Volume
from medseg.workflows.doubt_map import MAP, map_beside

NUMBERS = "_uncertainty.json"

SCHEMA = 1

MAX_BYTES = 4 << 20
"""The numbers of a thousand structures take less."""


def sampling_of(samples: int | None, *, mirror: bool = False) -> Sampling:
    """How a case is asked about; None for the usual number of samples.

    Raises:
        InputError: The number is none of 2 to 64; reason ``samples``.
    """
    return Sampling(mirror=mirror) if samples is None else Sampling(samples, mirror=mirror)


def write_doubt(label_map: Path, found: CaseDoubt, volume: Volume, bundle: Bundle) -> dict[str, Any]:
    """Write the map and the numbers beside a label map; each is whole or not there.

    Args:
        label_map: The label map's file.
        found: How sure the bundle is.
        volume: The case.
        bundle: The bundle.

    Returns:
        The numbers, with ``map``, the file of the map.

    Raises:
        OutputExistsError: The map is there already; reason ``output-exists``.
        OutputError: They can't be written.
    """
    path = map_beside(label_map)
    require_absent(path)
    document = {"schema": SCHEMA, **_of(found.sampling, volume, bundle), **found.as_dict()}
    # The numbers first: a map without numbers is somebody else's.
    write_whole(_numbers(path), (json.dumps(document, indent=1) + "\n").encode(), overwrite=True)
    write_voxels(found.entropy_bits, volume.grid, path)
    return _told(document, path)


def read_doubt(label_map: Path, sampling: Sampling, volume: Volume, bundle: Bundle) -> dict[str, Any] | None:
    """The numbers beside a label map, where an earlier run wrote them and the map for the same.

    Returns:
        As of :func:`write_doubt`; None where they are not there, or were not finished.

    Raises:
        OutputExistsError: What is there is of another image, bundle or way of sampling; reason
            ``output-exists``.
    """
    path = map_beside(label_map)
    numbers = _numbers(path)
    if not numbers.exists():
        if path.exists():
            raise _foreign(path)
        return None
    document = _document(numbers)
    expected = {"schema": SCHEMA, **_of(sampling, volume, bundle)}
    if not isinstance(document, dict) or any(document.get(key) != value for key, value in expected.items()):
        raise _foreign(numbers)
    return _told(document, path) if path.exists() else None


def _numbers(path: Path) -> Path:
    return path.with_name(path.name.removesuffix(MAP) + NUMBERS)


def _of(sampling: Sampling, volume: Volume, bundle: Bundle) -> dict[str, Any]:
    """What the numbers are of, by digests."""
    model = {"name": bundle.name, "version": bundle.version, "sha256": bundle.bundle_sha256}
    return {"bundle": model, "image_sha256": source_sha256(volume.source), **sampling.as_dict()}


def _told(document: dict[str, Any], path: Path) -> dict[str, Any]:
    left_out = ("schema", "bundle", "image_sha256")
    return {"map": str(path), **{key: value for key, value in document.items() if key not in left_out}}


def _document(path: Path) -> Any:
    try:
        return json.loads(read_bounded(path, MAX_BYTES))
    except (ValueError, RecursionError, InputError):
        return None


def _foreign(path: Path) -> OutputExistsError:
    return OutputExistsError(
        f"{path.name} exists already, and is of another image, another bundle or another way of sampling",
        hint="name another folder",
        reason="output-exists",
        path=str(path),
    )
