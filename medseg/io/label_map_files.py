"""The files that make up one saved label map, by name."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from medseg.errors import InputError

NIFTI_SUFFIXES = (".nii.gz", ".nii")

_NUMBER = "[1-9][0-9]{0,4}"
"""Of a layer, in a file name."""


@dataclass(frozen=True)
class LabelMapFiles:
    """A label map on disk and the sidecars beside it.

    For ``sub-1_dseg.nii.gz`` they are ``sub-1_dseg.tsv``, ``sub-1_dseg.json``,
    ``sub-1_dseg_contours.json`` and ``sub-1_dseg.intoto.jsonl``: each name has the whole stem, so that no
    other label map shares any of them.

    Args:
        nifti: Path of the label map, ending in ``.nii.gz`` or ``.nii``.

    Raises:
        InputError: The name has another ending.
    """

    nifti: Path

    def __post_init__(self) -> None:
        if not self.nifti.name.endswith(NIFTI_SUFFIXES):
            raise InputError(
                f"expected a label map named *.nii.gz or *.nii, got {self.nifti.name}",
                hint="name the label map something like tumour_dseg.nii.gz",
            )

    @property
    def stem(self) -> str:
        """The file name without its NIfTI ending."""
        return self.nifti.name.removesuffix(".gz").removesuffix(".nii")

    @property
    def _ending(self) -> str:
        return self.nifti.name.removeprefix(self.stem)

    def layer(self, number: int) -> Path:
        """The NIfTI file of a layer: the label map itself, or ``sub-1_dseg_layer-1.nii.gz`` and so on."""
        if number == 0:
            return self.nifti
        return self.nifti.with_name(f"{self.stem}_layer-{number}{self._ending}")

    @property
    def is_named_as_layer(self) -> bool:
        """Whether the name is that of a further layer of another label map."""
        return re.search(rf"_layer-{_NUMBER}\Z", self.stem) is not None

    def further_layers(self) -> dict[int, Path]:
        """The files of further layers that are there, by their number, ascending.

        Raises:
            InputError: The folder can't be read.
        """
        # The name is compared as text: it may hold what a pattern would take for a wildcard.
        pattern = re.compile(rf"{re.escape(self.stem)}_layer-({_NUMBER}){re.escape(self._ending)}")
        try:
            found = [pattern.fullmatch(path.name) for path in self.nifti.parent.iterdir()]
        except OSError as error:
            raise InputError(
                f"could not look for the layers of {self.nifti.name}: {error.strerror or error}",
                hint="make its folder readable",
            ) from error
        numbers = sorted(int(match[1]) for match in found if match)
        return {number: self.layer(number) for number in numbers}

    def present(self) -> tuple[Path, ...]:
        """Every file of the label map that is there. All their names begin with the stem."""
        fixed = (self.nifti, self.structures, self.provenance, self.contours, self.sign_off)
        return (*(path for path in fixed if path.exists()), *self.further_layers().values())

    @property
    def structures(self) -> Path:
        """The structure table (BIDS ``_dseg.tsv``)."""
        return self.nifti.with_name(f"{self.stem}.tsv")

    @property
    def provenance(self) -> Path:
        """Sources, software, who and when (BIDS ``_dseg.json``)."""
        return self.nifti.with_name(f"{self.stem}.json")

    @property
    def contours(self) -> Path:
        """The contours in patient mm."""
        return self.nifti.with_name(f"{self.stem}_contours.json")

    @property
    def sign_off(self) -> Path:
        """The signed statements (an in-toto bundle: one DSSE envelope a line)."""
        return self.nifti.with_name(f"{self.stem}.intoto.jsonl")

    @property
    def covered_sidecars(self) -> dict[str, Path]:
        """The sidecars whose bytes a signature covers, by what they hold."""
        return {"provenance": self.provenance, "contours": self.contours}
