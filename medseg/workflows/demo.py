"""The whole job on sample data: DICOM → contours → label map → sign-off → verification."""

from __future__ import annotations

import secrets
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from medseg.contour import Contour, ContourSet, Origin, Slice, trace_slice
from medseg.io.atomic_folder import whole_folder
from medseg.io.contact_sheet import write_contact_sheet
from medseg.io.label_map_files import LabelMapFiles
from medseg.io.nifti.label_map import read_label_map, write_label_map
from medseg.labelmap import LabelMap
from medseg.progress import Progress, silent
from medseg.workflows.interpolate import how_completed, interpolate, remarks_on
from medseg.workflows.open_image import open_image
from medseg.workflows.people import create_key, create_trust
from medseg.workflows.sample_data import write_phantom_series
from medseg.workflows.save import save_label_map
from medseg.workflows.sign import sign
from medseg.workflows.verify import Verdict, Verification, verify
from medseg_phantoms import PHANTOMS

CONTOURED = ("liver", "tumour", "necrosis")
"""What the demo's reader contours."""

EVERY = 3
"""The reader draws every third slice, and each structure's first and last one."""

READER, RADIOLOGIST = "Ada Reader", "Ben Radiologist"


@dataclass(frozen=True)
class DemoResult:
    """What the demo left behind and what it found.

    Attributes:
        dicom: Folder of the sample series.
        files: The label map and its sidecars.
        trust: The trust folder.
        picture: Contact sheet of the image with outlines.
        dice: Overlap with the phantom's truth for each contoured structure, by name.
        drawn_slices: On how many slices contours were taken, and how many slices the structures span.
        verification: Of the approved label map.
        tampered: Of a copy in which one voxel was changed.
    """

    dicom: Path
    files: LabelMapFiles
    trust: Path
    picture: Path
    dice: dict[str, float]
    drawn_slices: tuple[int, int]
    verification: Verification
    tampered: Verification


def run_demo(
    out: Path, *, say: Callable[[str], None] = lambda _line: None, progress: Progress = silent
) -> DemoResult:
    """Do the whole job on the abdominal phantom.

    Args:
        out: A folder that does not exist yet, or an empty one. All or nothing is left in it.
        say: Called with one line for each step.
        progress: Called before each file and structure.

    Raises:
        OutputExistsError: The folder holds something.
        OutputError: It can't be written.
    """
    with whole_folder(out) as folder, tempfile.TemporaryDirectory() as private:
        done = _run(folder, Path(private), say, progress)
    final = {name: out / getattr(done, name).name for name in ("dicom", "trust", "picture")}
    return DemoResult(
        **final,
        files=LabelMapFiles(out / done.files.nifti.name),
        dice=done.dice,
        drawn_slices=done.drawn_slices,
        verification=done.verification,
        tampered=done.tampered,
    )


def _run(folder: Path, private: Path, say: Callable[[str], None], progress: Progress) -> DemoResult:
    phantom = PHANTOMS["abdomen"]("small")
    dicom = folder / "dicom"
    write_phantom_series(phantom, dicom, progress=progress)
    volume = open_image(dicom, progress=progress)
    slices, rows, columns = volume.grid.shape_kji
    say(f"Made an abdominal CT and read it back: {slices} slices of {rows} × {columns}, as DICOM")

    contours = contours_of_truth(phantom.truth)
    structures = [s for s in phantom.truth.structures if s.id in CONTOURED]
    completion = interpolate(contours, volume.grid, structures, progress=progress)
    drawn = {where for group in completion.drawn.values() for where in group}
    spanned = int(completion.label_map.voxels.any(axis=(1, 2)).sum())
    say(f"Took contours on {len(drawn)} of {spanned} slices and completed the rest in 3-D")

    files = save_label_map(
        folder / "abdomen_dseg.nii.gz",
        completion.label_map,
        grid=volume.grid,
        source=volume.source,
        contours=contours,
        author=READER,
        completed=how_completed(completion),
        notes=remarks_on(completion),
    )
    picture = folder / "abdomen.png"
    write_contact_sheet(
        volume,
        completion.label_map,
        picture,
        title="medseg demo: abdominal CT phantom",
        drawn={
            key: [where.index for where in group if isinstance(where, Slice)]
            for key, group in completion.drawn.items()
        },
    )
    say(f"Saved the label map as {READER}, with contours, structure table and provenance")

    trust = folder / "keys"
    verification = _submit_and_approve(files, trust, private)
    say(f"Submitted by {READER}, approved by {RADIOLOGIST}: verification says {verification.verdict}")

    tampered = _verify_tampered_copy(files, trust, private)
    say(f"Changed one voxel of a copy: verification says {tampered.verdict}; the copy was deleted")
    dice = {
        s.name: _dice(completion.label_map.mask_with_parts(s.id), phantom.truth.mask_with_parts(s.id))
        for s in structures
    }
    return DemoResult(dicom, files, trust, picture, dice, (len(drawn), spanned), verification, tampered)


def contours_of_truth(truth: LabelMap) -> ContourSet:
    """Contours of the phantom's truth on every few slices, as a reader would draw them."""
    contours: list[Contour] = []
    for structure_id in CONTOURED:
        mask = truth.mask_with_parts(structure_id)
        filled = np.flatnonzero(mask.any(axis=(1, 2))).tolist()
        for k in sorted({filled[0], *(k for k in filled if k % EVERY == 0), filled[-1]}):
            contours += trace_slice(mask[k], truth.grid, Slice(0, k), structure_id, Origin.IMPORTED)
    return ContourSet(tuple(contours))


def _submit_and_approve(files: LabelMapFiles, trust: Path, private: Path) -> Verification:
    # Keys of the demo's two people: made for this run, used once and thrown away.
    people = []
    for name, role in ((READER, "annotator"), (RADIOLOGIST, "radiologist")):
        passphrase = secrets.token_urlsafe()
        people.append(
            (create_key(private / f"{role}.pem", name=name, role=role, passphrase=passphrase), passphrase)
        )
    create_trust(trust, [p.card for p, _ in people], [(p.key, passphrase) for p, passphrase in people])
    for (person, passphrase), meaning in zip(people, ("submitted", "approved"), strict=True):
        sign(files.nifti, meaning=meaning, key=person.key, passphrase=passphrase, trust=trust)
    return verify(files.nifti, trust=trust)


def _verify_tampered_copy(files: LabelMapFiles, trust: Path, private: Path) -> Verification:
    copy = LabelMapFiles(private / "copy" / files.nifti.name)
    copy.nifti.parent.mkdir()
    for original in (files.nifti, files.structures, files.provenance, files.contours, files.sign_off):
        shutil.copy(original, copy.nifti.parent)
    label_map = read_label_map(copy.nifti)
    voxels = label_map.voxels.copy()
    first = tuple(np.argwhere(voxels)[0])
    voxels[first] = 0
    write_label_map(LabelMap(label_map.grid, (voxels,), label_map.structures), copy.nifti, overwrite=True)
    tampered = verify(copy.nifti, trust=trust)
    if tampered.verdict is not Verdict.INVALID:
        raise AssertionError(f"a changed voxel went unnoticed: {tampered.verdict}")
    return tampered


def _dice(a: npt.NDArray[np.bool_], b: npt.NDArray[np.bool_]) -> float:
    return float(2 * (a & b).sum() / (a.sum() + b.sum()))
