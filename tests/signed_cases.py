"""A small label map with sidecars, and people with keys, for the tests of sign-off."""

from __future__ import annotations

import gzip
import json
import shutil
from dataclasses import dataclass
from pathlib import Path

import nibabel
import numpy as np

from medseg.contour import ContourSet
from medseg.io.label_map_files import LabelMapFiles
from medseg.labelmap import LabelMap, Structure
from medseg.volume import Source
from medseg.workflows.people import create_key, create_trust
from medseg.workflows.save import save_label_map
from medseg.workflows.sign import sign
from medseg.workflows.verify import Verification, verify
from solids import upright

PASSPHRASE = "correct horse"

PEOPLE = {
    "ada": ("Ada Annotator", "annotator"),
    "ben": ("Ben Radiologist", "radiologist"),
    "cleo": ("Cleo Radiologist", "radiologist"),
    "dora": ("Dora Checker", "qa"),
}

TABLE = (
    "index\tname\tcolor\tid\tpart_of\tlayer\tcode_scheme\tcode_value\tcode_meaning\n"
    "1\tLiver\t#3cb44b\tliver\tn/a\t0\tSCT\t10200004\tLiver\n"
    "2\tTumour\t#e6194b\ttumour\tliver\t0\tn/a\tn/a\tn/a\n"
)


def labels() -> np.ndarray:
    """Voxels in the order of nibabel, ``[i, j, k]``."""
    voxels = np.zeros((7, 6, 5), np.uint8)
    voxels[1:6, 1:5, 1:4] = 1
    voxels[2:4, 2:4, 2:3] = 2
    return voxels


def write_nifti(path: Path, voxels: np.ndarray | None = None, *, name: str = "") -> None:
    """Write an oblique label map."""
    affine = np.array([[-0.7, 0.1, 0.0, 30], [0.1, 0.7, 0.2, -40], [0.0, -0.2, 2.5, 50], [0, 0, 0, 1]])
    image = nibabel.Nifti1Image(labels() if voxels is None else voxels, None)
    image.set_sform(affine, 1)
    image.set_qform(np.diag([0.7, 0.7, 2.5, 1.0]), 0)
    image.header["descrip"] = name.encode()
    nibabel.save(image, path)


def write_case(folder: Path, name: str = "case") -> LabelMapFiles:
    """Write a label map and its sidecars."""
    folder.mkdir(parents=True, exist_ok=True)
    files = LabelMapFiles(folder / f"{name}_dseg.nii.gz")
    write_nifti(files.nifti)
    files.structures.write_text(TABLE)
    files.provenance.write_text(json.dumps({"Sources": [name]}))
    files.contours.write_text(json.dumps({"contours": [], "of": name}))
    return files


def write_layered_case(folder: Path) -> LabelMapFiles:
    """Save a label map of two layers with medseg: each has the 210 voxels of :func:`labels`."""
    folder.mkdir(parents=True, exist_ok=True)
    grid = upright((5, 6, 7), (2.5, 0.7, 0.7))
    liver = labels().T
    target = np.where(liver > 0, 3, 0).astype(np.uint8)
    structures = (
        Structure("liver", "Liver", 1),
        Structure("tumour", "Tumour", 2, part_of="liver"),
        Structure("target", "Planning target", 3, layer=1),
    )
    return save_label_map(
        folder / "case_dseg.nii.gz",
        LabelMap(grid, (np.ascontiguousarray(liver), np.ascontiguousarray(target)), structures),
        grid=grid,
        source=Source("phantom"),
        contours=ContourSet(),
        author="Ada Annotator",
    )


@dataclass(frozen=True)
class Site:
    """People with keys, and their trust folder."""

    folder: Path

    @property
    def trust(self) -> Path:
        """The trust folder."""
        return self.folder / "keys"

    def key(self, person: str) -> Path:
        """The key file of one of the people."""
        return self.folder / f"{person}.pem"

    def card(self, person: str) -> Path:
        """The public card of one of the people."""
        return self.folder / f"{person}.person.json"

    def sign(self, files: LabelMapFiles, person: str, meaning: str, **more: object) -> Verification:
        """Sign as one of the people."""
        given = {"passphrase": PASSPHRASE, "trust": self.trust, **more}
        return sign(files.nifti, meaning=meaning, key=self.key(person), **given)  # type: ignore[arg-type]

    def verify(self, files: LabelMapFiles) -> Verification:
        """Verify by this trust folder."""
        return verify(files.nifti, trust=self.trust)


def make_site(folder: Path) -> Site:
    """Make a key for each of the people, and the trust folder."""
    folder.mkdir(parents=True, exist_ok=True)
    site = Site(folder)
    for person, (name, role) in PEOPLE.items():
        create_key(site.key(person), name=name, role=role, passphrase=PASSPHRASE, person_id=person)
    founders = [(site.key(person), PASSPHRASE) for person in ("ben", "dora")]
    create_trust(site.trust, [site.card(person) for person in PEOPLE], founders)
    return site


def copy_case(files: LabelMapFiles, folder: Path) -> LabelMapFiles:
    """Copy a label map with all that lies beside it."""
    shutil.copytree(files.nifti.parent, folder)
    return LabelMapFiles(folder / files.nifti.name)


def patch_nifti(files: LabelMapFiles, offset: int, data: bytes) -> None:
    """Write bytes into the uncompressed label map."""
    raw = bytearray(gzip.decompress(files.nifti.read_bytes()))
    raw[offset : offset + len(data)] = data
    files.nifti.write_bytes(gzip.compress(bytes(raw), mtime=0))
