"""ManifestEntry: what became of one volume, as a manifest tells it and a journal keeps it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from medseg.io.pseudonyms import VolumeKey
from medseg.io.volume_summary import Geometry, Status, VolumeSummary
from medseg.volume import Quantity, SeriesAxis


@dataclass(frozen=True)
class Written:
    """The files of one converted volume.

    Attributes:
        sidecars: Paths relative to the output folder.
        sha256: Digest of each file's bytes, the image's too, by path.
        sources_sha256: Digest of what they were made from, see :func:`sources_digest`.
        dtype: Type of the voxels, as numpy names it.
        software: Program and version that wrote them.
    """

    sidecars: tuple[str, ...]
    sha256: Mapping[str, str]
    sources_sha256: str
    dtype: str
    software: str

    def as_dict(self) -> dict[str, object]:
        """JSON value."""
        return {
            "sidecars": list(self.sidecars),
            "sha256": dict(self.sha256),
            "sources_sha256": self.sources_sha256,
            "dtype": self.dtype,
            "software": self.software,
        }


_NOTHING_WRITTEN: dict[str, object] = {
    "sidecars": [],
    "sha256": {},
    "sources_sha256": None,
    "dtype": None,
    "software": None,
}


@dataclass(frozen=True)
class ManifestEntry:
    """One volume, or images that became none.

    Attributes:
        summary: What it is; ``summary.output`` is the path relative to the output folder. Its message may
            name source files, whose names may name a patient: only a manifest may hold it.
        key: Whose and which it is, keyed; None where there is no image to tell.
        written: Its files; None where it was not converted.
        shown: The message without names of files, for a screen or a log.
    """

    summary: VolumeSummary
    key: VolumeKey | None = None
    written: Written | None = None
    shown: str = field(default="", compare=False)

    def as_dict(self) -> dict[str, object]:
        """The entry as it stands in a manifest, a JSON value."""
        return {
            **self.summary.as_dict(with_output=True),
            "key": self.key.as_dict() if self.key else None,
            **(self.written.as_dict() if self.written else _NOTHING_WRITTEN),
        }

    @classmethod
    def converted_from_dict(cls, value: Mapping[str, Any]) -> ManifestEntry:
        """The entry of a converted volume that :meth:`as_dict` gave.

        Raises:
            KeyError, TypeError, ValueError, InputError: It is none.
        """
        geometry, axis = value["geometry"], value["axis"]
        summary = VolumeSummary(
            id=value["id"],
            status=Status(value["status"]),
            frames=value["frames"],
            series_uid=value["series_uid"],
            modality=value["modality"],
            geometry=Geometry(
                shape_kji=tuple(geometry["shape_kji"]),
                spacing_kji_mm=tuple(geometry["spacing_kji_mm"]),
                residual_mm=geometry["residual_mm"],
                shear=geometry["shear"],
            ),
            axis=SeriesAxis(axis["name"]) if axis else None,
            axis_values=tuple(axis["values"]) if axis else (),
            quantity=Quantity(value["quantity"]),
            warnings=tuple(value["warnings"]),
            output=value["output"],
        )
        written = Written(
            sidecars=tuple(value["sidecars"]),
            sha256=dict(value["sha256"]),
            sources_sha256=value["sources_sha256"],
            dtype=value["dtype"],
            software=value["software"],
        )
        return cls(summary, VolumeKey.from_dict(value["key"]), written)
