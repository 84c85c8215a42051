"""ConvertOptions: what a user may ask of a conversion."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path

from medseg.io.dicom.options import ReadOptions
from medseg.io.output_names import DEFAULT_TEMPLATE


@dataclass(frozen=True)
class ConvertOptions:
    """How volumes are read, named and written.

    Attributes:
        read: Units of PET, and what is resampled.
        compress: Write ``.nii.gz`` rather than ``.nii``.
        names: Template of the output names.
        keep_phi: Let names and JSON sidecars hold what identifies the patient.
        secret: File with the secret that pseudonyms are keyed with; None for the user's own.
    """

    read: ReadOptions = field(default_factory=ReadOptions)
    compress: bool = True
    names: str = DEFAULT_TEMPLATE
    keep_phi: bool = False
    secret: Path | None = None

    def as_dict(self) -> dict[str, object]:
        """What the outputs depend on, as a JSON value; the secret's path stays out."""
        return {
            **{name: getattr(value, "value", value) for name, value in asdict(self.read).items()},
            "compress": self.compress,
            "names": self.names,
            "keep_phi": self.keep_phi,
        }
