"""Compare the label maps of two or more readers: numbers, a picture, and a consensus."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from medseg.contour import ContourSet
from medseg.errors import InputError
from medseg.io.atomic import require_absent
from medseg.io.label_map_files import LabelMapFiles
from medseg.io.nifti.image import nifti_source
from medseg.measurement.agreement import NUMBERS, TOLERANCE_MM
from medseg.measurement.consensus import MOST_READERS
from medseg.measurement.reader_agreement import Reader, StructureAgreement, compare_readers
from medseg.measurement.reader_consensus import ConsensusMethod, ReaderConsensus, consensus_of
from medseg.progress import Progress, silent
from medseg.provenance.step import StepInput
from medseg.volume import Volume
from medseg.workflows.open_image import open_image
from medseg.workflows.open_label_map import SavedLabelMap, open_label_map
from medseg.workflows.save import save_label_map
from medseg.workflows.sparse_input import drawn_on

__all__ = [
    "TOLERANCE_MM",
    "Comparison",
    "ConsensusMethod",
    "Reader",
    "StructureAgreement",
    "compare",
    "require_free",
    "save_agreement_picture",
    "save_consensus",
]


NOTHING_SHARED = "no structure is in the tables of two readers: structures are the same where their ids are"


@dataclass(frozen=True, eq=False)
class Comparison:
    """How far readers agree.

    Attributes:
        readers: Who was compared.
        structures: Each structure that one of them has.
        consensus: What they agree on; None where nobody asked.
    """

    readers: tuple[Reader, ...]
    structures: tuple[StructureAgreement, ...]
    consensus: ReaderConsensus | None = None

    @property
    def remarks(self) -> tuple[str, ...]:
        """What a user should know, one sentence each."""
        nothing_shared = not any(one.pairs for one in self.structures)
        return (
            *((NOTHING_SHARED,) if nothing_shared else ()),
            *(remark for one in self.structures for remark in one.remarks),
        )

    def as_dict(self) -> dict[str, Any]:
        """The comparison as a JSON object: a row for each structure and each two readers."""
        document: dict[str, Any] = {
            "readers": [reader.name for reader in self.readers],
            "remarks": list(self.remarks),
            "structures": [row for one in self.structures for row in _rows(one)],
            "differ_most": [
                {"structure": one.structure.id, "slices": [where.as_dict() for where in one.differing]}
                for one in self.structures
            ],
        }
        if self.consensus is not None:
            document["consensus"] = {
                "method": self.consensus.method.value,
                "readers": [one.as_dict() for one in self.consensus.readers],
                "remarks": list(self.consensus.remarks),
            }
        return document


def _rows(one: StructureAgreement) -> list[dict[str, Any]]:
    structure = {"structure": one.structure.id, "name": one.structure.name, "label": one.structure.label}
    pairs = [
        {**structure, "first": pair.first, "second": pair.second, **pair.agreement.as_dict()}
        for pair in one.pairs
    ]
    # Every row has the same fields: whoever reads them need not ask which are there.
    unknown = dict.fromkeys(("first", "second", *NUMBERS))
    alone = [{**structure, **unknown, "missing_in": name} for name in one.missing]
    return [*pairs, *alone]


def compare(
    label_maps: Sequence[Path | str],
    *,
    names: Sequence[str] | None = None,
    tolerance_mm: float = TOLERANCE_MM,
    consensus: ConsensusMethod | None = None,
    progress: Progress = silent,
) -> Comparison:
    """Compare label maps of one image.

    Args:
        label_maps: Their files, from medseg or other programs; at least two.
        names: What the readers are called; by default their printed names in the records where each file has
            one of its own, else ``reader 1`` and so on. File names are not shown: patients' names stand in
            them.
        tolerance_mm: Of the surface Dice.
        consensus: How a consensus is found; None for none.
        progress: Called before each structure.

    Raises:
        InputError: A file is damaged, there are not two of them, more than STAPLE takes, or not as many
            names.
        GridMismatchError: They lie on different grids.
        LabelMapError: The voxels of a file are no labels.
    """
    if len(label_maps) < 2:
        raise InputError(
            "expected two label maps or more",
            hint="name the files of all readers, the first one being that of reference",
            reason="one-reader",
        )
    if consensus is ConsensusMethod.STAPLE and len(label_maps) > MOST_READERS:
        raise InputError(
            f"expected at most {MOST_READERS} readers for STAPLE, got {len(label_maps)}",
            hint="find the consensus by majority, or name fewer readers",
            reason="too-many-readers",
        )
    opened = [open_label_map(path) for path in label_maps]
    readers = tuple(
        Reader(name, saved.label_map) for name, saved in zip(_named(names, opened), opened, strict=True)
    )
    structures = compare_readers(readers, tolerance_mm, progress=progress)
    found = consensus_of(readers, consensus, tolerance_mm, progress=progress) if consensus else None
    return Comparison(readers, structures, found)


def _named(names: Sequence[str] | None, opened: Sequence[SavedLabelMap]) -> Sequence[str]:
    if names is None:
        authors = [saved.record.author if saved.record else "" for saved in opened]
        numbered = [f"reader {number}" for number in range(1, len(opened) + 1)]
        return authors if all(authors) and len(set(authors)) == len(authors) else numbered
    if len(names) != len(opened) or len(set(names)) != len(names):
        raise InputError(
            f"expected {len(opened)} different names of readers, one a file, got {', '.join(names)}",
            hint="name each reader once, in the order of the files",
            reason="reader-names",
        )
    return names


def require_free(*, consensus: Path | None = None, figure: Path | None = None) -> None:
    """Refuse names that can't be written under, before anything is compared or written.

    Args:
        consensus: Where :func:`save_consensus` is to write.
        figure: Where :func:`save_agreement_picture` is.

    Raises:
        InputError: A name has another ending than its format.
        OutputExistsError: Something is there already.
    """
    if figure is not None and figure.suffix.lower() != ".png":
        raise InputError(
            f"expected a picture named *.png, got {figure.name}",
            hint="name it something like agreement.png",
            reason="other-suffix",
        )
    if figure is not None:
        require_absent(figure)
    for target in LabelMapFiles(consensus).present() if consensus is not None else ():
        require_absent(target)


def save_consensus(
    comparison: Comparison, label_maps: Sequence[Path | str], out: Path | str, *, author: str
) -> LabelMapFiles:
    """Save the consensus as a label map with its record.

    The record names the digest of each reader's file and how the consensus was found. It is a draft of
    whoever saved it, and signed by nobody.

    Args:
        comparison: With a consensus.
        label_maps: The files that were compared, in the same order.
        out: ``*.nii.gz`` or ``*.nii``; never overwritten.
        author: Printed name of who made it.

    Raises:
        OutputExistsError, OutputError: It can't be written.
        ValueError: There is no consensus.
    """
    consensus = comparison.consensus
    if consensus is None:
        raise ValueError("expected a comparison with a consensus")
    paths = [Path(path) for path in label_maps]
    inputs = []
    for path in paths:
        itself = nifti_source(path)
        inputs += [StepInput("label map of a reader", itself.format, file.sha256) for file in itself.files]
    return save_label_map(
        out,
        consensus.label_map,
        grid=consensus.label_map.grid,
        source=drawn_on(paths[0], None),
        contours=ContourSet(),
        author=author,
        notes=(_found_by(consensus, len(paths)), *consensus.remarks),
        inputs=tuple(inputs),
    )


def _found_by(consensus: ReaderConsensus, count: int) -> str:
    return f"consensus of {count} readers by {consensus.method.value}, each structure with its parts"


def save_agreement_picture(
    comparison: Comparison,
    path: Path | str,
    *,
    title: str,
    image: Volume | Path | str | None = None,
    overwrite: bool = False,
    progress: Progress = silent,
) -> None:
    """Write a PNG: how far the readers agree, and the slices on which they differ most.

    Args:
        comparison: What is shown.
        path: The file.
        title: A line at the top, without the patient's name.
        image: The image behind the outlines; without it the grey tells how many readers marked a voxel.
        overwrite: Whether a file that is there is replaced.
        progress: Called before each file of a series.

    Raises:
        GridMismatchError: The image lies on another grid.
        InputError: It can't be read.
        OutputExistsError, OutputError: The picture can't be written.
    """
    from medseg.io.agreement_picture import write_agreement_picture

    if image is not None and not isinstance(image, Volume):
        image = open_image(image, progress=progress)
    write_agreement_picture(
        comparison.readers, comparison.structures, image, Path(path), title=title, overwrite=overwrite
    )
