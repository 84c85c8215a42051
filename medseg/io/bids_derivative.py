"""Put saved label maps into a BIDS derivative (BIDS 1.10, derivatives, discrete segmentations).

The label map, its table and its sidecars go in byte for byte under a BIDS name, so that a signature on them
still verifies there. What BIDS has no name for (contours, statements, PROV, further layers) goes in beside
them and is listed in ``.bidsignore``. Of the folders that fit, BIDS knows ``_dseg`` files in ``anat`` alone:
label maps on CT and PET lie there too.
"""

from __future__ import annotations

import json
import shutil
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from medseg._version import __version__
from medseg.errors import InputError, LabelMapError, OutputExistsError, SidecarError
from medseg.io.atomic import whole_file
from medseg.io.atomic_folder import parents_of
from medseg.io.bids_name import BidsName
from medseg.io.bounded_file import read_bounded
from medseg.io.existence import require_file
from medseg.io.file_digest import file_sha256
from medseg.io.label_map_files import LabelMapFiles
from medseg.io.nifti.label_map import read_label_map, write_label_map
from medseg.io.provenance_file import read_any_record
from medseg.io.structure_table import COLUMNS, read_structure_table, write_structure_table

BIDS_VERSION = "1.10.0"

PROGRAM = "medseg"

IGNORED = ("*_contours.json", "*.intoto.jsonl", "*_prov.json", "*_layer-*")
"""What the validator passes over: BIDS has no names for it. (Validator 3.0.2 does not know that
``*_layer-*.nii.gz`` fits a layer.)"""

MAX_DESCRIPTION_BYTES = 1 << 20

README = """Label maps made with medseg, as a BIDS derivative.

Each *_dseg.nii.gz holds the labels of one image, on exactly its grid; the *_dseg.tsv beside it says what
each label means, the *_dseg.json how it was made. Files that BIDS has no names for lie beside them:
*_contours.json holds every contour in patient mm, *.intoto.jsonl the signed statements of the sign-off,
*_prov.json the story in W3C PROV.
"""

_COLUMNS = {
    "id": "Stable identifier of the structure.",
    "part_of": "Identifier of the structure that contains it.",
    "layer": "Which layer holds its voxels: structures that overlap lie in layers of their own.",
    "code_scheme": "Coding scheme of the code, such as SCT (SNOMED CT).",
    "code_value": "What the structure is, as a code of that scheme.",
    "code_meaning": "Meaning of the code.",
}
"""The columns of the structure table that are not BIDS's own."""


def add_to_derivative(
    files: LabelMapFiles, folder: Path, *, subject: str | None, prov: bytes | None = None
) -> tuple[Path, ...]:
    """Add a label map to a BIDS derivative, which is made if needed.

    A label map of another program, which nobody signed, is written anew without its header's texts and its
    sidecar: these may name the patient.

    Args:
        files: The label map with its sidecars.
        folder: The derivative: empty, not there yet, or made by medseg.
        subject: What the dataset calls the patient: letters and digits. By default the pseudonym of the
            record.
        prov: The story in W3C PROV.

    Returns:
        The files that were written, the label map first.

    Raises:
        InputError: There is no subject, or it is no BIDS label; or the folder holds another dataset.
        LabelMapError: Structures in different layers share a label: BIDS wants each label once.
        OutputExistsError: The label map is in the dataset already.
        OutputError: A file can't be written; then nothing was added.
    """
    require_file(files.nifti)
    _require_own_labels(files)
    record = read_any_record(files.provenance) if files.provenance.exists() else None
    name = BidsName.of(files, subject or (record.source.subject if record else None))
    description = _description(folder)
    target = _free_target(folder, name, files.nifti)
    with parents_of(target.nifti), ExitStack() as stack:

        def new(path: Path, *, overwrite: bool = False) -> Path:
            written.append(path)
            return stack.enter_context(whole_file(path, overwrite=overwrite))

        written: list[Path] = []
        if record is not None or files.sign_off.exists():
            for source in files.present():
                # Each name is the stem and something more, in both places.
                there = target.nifti.with_name(target.stem + source.name.removeprefix(files.stem))
                shutil.copyfile(source, new(there))
        else:
            label_map = read_label_map(files.nifti)
            write_label_map(label_map, new(target.nifti))
            write_structure_table(label_map.structures, new(target.structures))
            _write_json(new(target.provenance), {"Description": "Label map", "SpatialReference": "orig"})
        if prov is not None:
            new(target.nifti.with_name(f"{target.stem}_prov.json")).write_bytes(prov)
        for path, text in _dataset_files(folder, description).items():
            new(path, overwrite=True).write_text(text)
    return tuple(written)


def _require_own_labels(files: LabelMapFiles) -> None:
    if not files.structures.exists():
        return
    labels = Counter(structure.label for structure in read_structure_table(files.structures))
    repeated = [label for label, count in labels.items() if count > 1]
    if repeated:
        raise LabelMapError(
            f"label {repeated[0]} stands for structures in several layers, but BIDS wants each label once",
            hint="give every structure a label of its own",
            reason="repeated-label",
        )


def _free_target(folder: Path, name: BidsName, nifti: Path) -> LabelMapFiles:
    """Where the label map goes; another one whose name is taken is told apart by its digest."""
    digest = file_sha256(nifti)
    for candidate in (name, name.described_by(digest)):
        target = LabelMapFiles(folder / candidate.path)
        if not target.nifti.exists():
            return target
        if file_sha256(target.nifti) == digest:
            break
    raise OutputExistsError(
        f"{target.nifti.name} is in this dataset already",
        hint="the same label map was added before",
        path=str(target.nifti),
    )


def _description(folder: Path) -> dict[str, Any] | None:
    """The description of the dataset; None where it is still to be made.

    Raises:
        InputError: The folder holds something that medseg did not make.
    """
    path = folder / "dataset_description.json"
    if not path.exists():
        if folder.is_dir() and any(folder.iterdir()):
            raise InputError(
                f"{folder} holds files, but no dataset_description.json of a BIDS derivative",
                hint="name an empty folder or a derivative that medseg made",
                reason="other-dataset",
            )
        return None
    try:
        description = json.loads(read_bounded(path, MAX_DESCRIPTION_BYTES, SidecarError))
        makers = [maker["Name"] for maker in description["GeneratedBy"]]
        ours = description["DatasetType"] == "derivative" and PROGRAM in makers
    except (ValueError, KeyError, TypeError, RecursionError):
        ours = False
    if not ours:
        raise InputError(
            f"{folder} is a dataset that medseg did not make: nothing was added",
            hint="name another folder; label maps go into a derivative of their own",
            reason="other-dataset",
        )
    assert isinstance(description, dict)  # noqa: S101 - it has the fields of one
    return description


def _dataset_files(folder: Path, description: dict[str, Any] | None) -> dict[Path, str]:
    """The files of the dataset that are missing, or of an earlier medseg."""
    maker = {"Name": PROGRAM, "Version": __version__}
    made = {
        "README": README,
        ".bidsignore": "".join(f"{pattern}\n" for pattern in IGNORED),
        # Inherited by every label map, so that their own sidecars stay as they were signed.
        "dseg.json": _as_json(
            {name: {"Description": _COLUMNS[name]} for name in COLUMNS if name in _COLUMNS}
        ),
    }
    missing = {folder / name: text for name, text in made.items() if not (folder / name).exists()}
    if description is None:
        description = {
            "Name": "Label maps made with medseg",
            "BIDSVersion": BIDS_VERSION,
            "DatasetType": "derivative",
            "GeneratedBy": [],
        }
    if maker not in description["GeneratedBy"]:
        description["GeneratedBy"] = [*description["GeneratedBy"], maker]
        missing[folder / "dataset_description.json"] = _as_json(description)
    return missing


def _write_json(path: Path, document: dict[str, Any]) -> None:
    path.write_text(_as_json(document))


def _as_json(document: dict[str, Any]) -> str:
    return json.dumps(document, indent=2) + "\n"
