"""A MONAI bundle as files: a folder or a zip with its configs and weights, and their digests.

The layout is that of the MONAI Bundle specification: ``configs/metadata.json``, ``configs/inference.json``
(or YAML) and ``models/model.pt``.
"""

from __future__ import annotations

import hashlib
import re
import stat
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any

from medseg.assist.bundle.config import read_config
from medseg.assist.bundle.guidance import GuidanceForm, guidance_form
from medseg.assist.bundle.shown import shown
from medseg.assist.bundle.trust import Prepared, prepare
from medseg.errors import InputError, UnreadableFileError

METADATA = "configs/metadata.json"
INFERENCE = ("configs/inference.json", "configs/inference.yaml", "configs/inference.yml")
WEIGHTS = "models/model.pt"
TORCHSCRIPT = "models/model.ts"

MAX_CONFIG_BYTES = 4 * 2**20
"""The largest config of MONAI's model zoo has 30 kB."""

MAX_ARCHIVE_BYTES = 16 * 2**30
"""A zip that unpacks to more is no bundle: the weights of the largest networks have 2 GB."""

_MODALITIES = {"MRI": "MR", "PET": "PT", "CT": "CT", "MR": "MR", "PT": "PT"}
"""Words of bundles for what DICOM calls CT, MR and PT; of others nothing is known."""


@dataclass(frozen=True)
class Bundle:
    """A bundle whose configs were read and checked; nothing of it has run.

    Attributes:
        folder: Where it lies; a temporary folder for a zip.
        name: As its metadata say, else the name of its folder.
        version: As its metadata say.
        metadata: ``configs/metadata.json``.
        prepared: The parts of ``configs/inference.json`` that are run, as they are run.
        weights: The file of weights.
        sha256: Digest of each file that is used, by its path in the bundle; where its own code may run, of
            its scripts and other configs, too.
        guidance: What clicks and masks it takes besides the image; None where it takes none.
        allows_code: Whether its own code may run: who opened it said so.
    """

    folder: Path
    name: str
    version: str
    metadata: Mapping[str, Any]
    prepared: Prepared
    weights: Path
    sha256: Mapping[str, str]
    guidance: GuidanceForm | None = None
    allows_code: bool = False

    @property
    def weights_sha256(self) -> str:
        """Digest of the file of weights."""
        return self.sha256[self.weights.relative_to(self.folder).as_posix()]

    @cached_property
    def bundle_sha256(self) -> str:
        """One digest for all files that are used: SHA-256 of ``<sha256>  <path>``, a line each, by path."""
        lines = "".join(f"{digest}  {path}\n" for path, digest in sorted(self.sha256.items()))
        return hashlib.sha256(lines.encode()).hexdigest()

    @property
    def channel_names(self) -> dict[int, str]:
        """What its channels or labels are called, by number: ``channel_def`` of the metadata."""
        outputs = _inner(self.metadata, "network_data_format", "outputs", "pred", "channel_def")
        return {int(number): str(name) for number, name in outputs.items() if str(number).isdecimal()}

    @property
    def image_channels(self) -> int:
        """How many channels the image is to have: several are several images of a case."""
        channels = _inner(self.metadata, "network_data_format", "inputs", "image").get("num_channels")
        return channels if isinstance(channels, int) else 1

    @property
    def modality(self) -> str:
        """The modality of its images, as DICOM calls it, where the metadata say one; else empty."""
        named = _inner(self.metadata, "network_data_format", "inputs", "image").get("modality")
        word = shown(named, 16).upper() if isinstance(named, str) else ""
        return _MODALITIES.get(word, "")

    @property
    def optional_inputs(self) -> tuple[str, ...]:
        """Further inputs that may be left out, and are zero then: what medseg notes in the metadata."""
        named = self.metadata.get("medseg")
        inputs = named.get("optional_inputs") if isinstance(named, Mapping) else None
        return tuple(map(str, inputs)) if isinstance(inputs, list) else ()


@contextmanager
def opened_bundle(path: Path | str, *, allow_code: bool = False) -> Iterator[Bundle]:
    """Read and check a bundle; a zip is unpacked for as long as the block lasts.

    Nothing of the bundle is imported, unpickled, evaluated or fetched here.

    Args:
        path: A folder, or a zip of one.
        allow_code: Whether a bundle that brings code of its own is taken all the same: it then can do
            whatever the user can.

    Raises:
        InputError: It is no bundle (``not-a-bundle``), lacks its weights (``no-weights``), or is not to be
            trusted; see :mod:`~medseg.assist.bundle.trust` for the reasons.
        UnreadableFileError: A file is damaged (``bundle-damaged``).
    """
    path = Path(path)
    if path.is_dir():
        yield _read(path.resolve(), path.resolve().name, allow_code=allow_code)
        return
    if not zipfile.is_zipfile(path):
        raise InputError(
            f"expected a MONAI bundle, a folder or a zip, at {path.name}",
            hint="a bundle has configs/metadata.json, configs/inference.json and models/model.pt",
            reason="not-a-bundle",
        )
    with tempfile.TemporaryDirectory(prefix="medseg-bundle-") as scratch:
        folder = _unpack(path, Path(scratch).resolve())
        yield _read(folder, path.stem, allow_code=allow_code)


def _read(folder: Path, fallback_name: str, *, allow_code: bool) -> Bundle:
    inference = next((name for name in INFERENCE if (folder / name).is_file()), None)
    if inference is None or not (folder / METADATA).is_file():
        raise InputError(
            f"{fallback_name} is no MONAI bundle that can be run: it lacks {METADATA} or {INFERENCE[0]}",
            hint="name the folder that holds configs/ and models/",
            reason="not-a-bundle",
        )
    texts = {name: _bytes_of(folder / name) for name in (METADATA, inference)}
    metadata = read_config(texts[METADATA], METADATA)
    prepared = prepare(read_config(texts[inference], inference), allow_code=allow_code)
    weights = _weights_of(folder, allow_code=allow_code)
    sha256 = {name: hashlib.sha256(text).hexdigest() for name, text in texts.items()}
    for path in (weights, *(_code_of(folder) if allow_code else ())):
        with path.open("rb") as file:
            sha256[path.relative_to(folder).as_posix()] = hashlib.file_digest(file, "sha256").hexdigest()
    name = metadata.get("name") or fallback_name
    return Bundle(
        folder, _plain(name), _plain(metadata.get("version", "")), metadata, prepared, weights, sha256,
        guidance=guidance_form(metadata), allows_code=allow_code,
    )  # fmt: skip


def _weights_of(folder: Path, *, allow_code: bool) -> Path:
    if (folder / WEIGHTS).is_file():
        return folder / WEIGHTS
    if not (folder / TORCHSCRIPT).is_file():
        raise InputError(
            f"the bundle lacks its weights, {WEIGHTS}",
            hint="get the file from whoever made the bundle: medseg fetches nothing",
            reason="no-weights",
        )
    if not allow_code:
        raise InputError(
            f"the bundle has no weights of its own, only a program with weights inside ({TORCHSCRIPT})",
            hint="TorchScript is code; allow it only if you trust who made the bundle",
            reason="untrusted-weights",
        )
    return folder / TORCHSCRIPT


def _code_of(folder: Path) -> Iterator[Path]:
    """What may run besides, where code is allowed: scripts, and configs that others may be copied from."""
    for path in sorted((*folder.rglob("*.py"), *(folder / "configs").rglob("*"))):
        if path.is_file():
            yield path


def _bytes_of(path: Path) -> bytes:
    with path.open("rb") as file:
        data = file.read(MAX_CONFIG_BYTES + 1)
    if len(data) > MAX_CONFIG_BYTES:
        raise UnreadableFileError(
            f"expected at most {MAX_CONFIG_BYTES} bytes in {path.name}, found more", reason="bundle-damaged"
        )
    return data


def _unpack(archive: Path, scratch: Path) -> Path:
    """Unpack what a bundle needs, and no file of any other place."""
    try:
        with zipfile.ZipFile(archive) as packed:
            members = packed.infolist()
            for member in members:
                _require_inside(member)
            if sum(member.file_size for member in members) > MAX_ARCHIVE_BYTES:
                raise UnreadableFileError(
                    f"expected at most {MAX_ARCHIVE_BYTES} bytes in {archive.name}, found more",
                    reason="bundle-damaged",
                )
            packed.extractall(scratch)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError) as error:
        raise UnreadableFileError(f"{archive.name} is damaged: {error}", reason="bundle-damaged") from error
    if (scratch / "configs").is_dir():
        return scratch
    inside = [child for child in scratch.iterdir() if (child / "configs").is_dir()]
    return inside[0] if len(inside) == 1 else scratch


def _require_inside(member: zipfile.ZipInfo) -> None:
    path = PurePosixPath(member.filename.replace("\\", "/"))
    is_link = stat.S_ISLNK(member.external_attr >> 16)
    if path.is_absolute() or ".." in path.parts or ":" in member.filename or is_link:
        raise InputError(
            "the zip holds a file that would be written outside of its folder, or a link",
            hint="an honest bundle has neither: don't use this one",
            reason="unsafe-archive",
        )


def _inner(value: Any, *keys: str) -> Mapping[Any, Any]:
    for key in keys:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value if isinstance(value, Mapping) else {}


def _plain(value: Any) -> str:
    """A name of the metadata on one line, without what a terminal would act on."""
    return re.sub(r"[^\w .,:+()-]", "_", shown(value)) or "unnamed"
