"""One series, looked at from all sides but its pixels: the volume it will be, or why it is none."""

from __future__ import annotations

from dataclasses import dataclass

from medseg.errors import NoImagesError, UnsupportedImageError
from medseg.io.dicom.checks import require_one_volume
from medseg.io.dicom.find import Series
from medseg.io.dicom.geometry import EXACT_MM, FittedGrid, fit_grid
from medseg.io.dicom.header import ImageHeader
from medseg.io.dicom.kinds import Kind
from medseg.io.dicom.quantity import quantity_of
from medseg.io.shear import shear_warnings
from medseg.space import Grid
from medseg.volume.volume import Quantity


@dataclass(frozen=True)
class VolumePlan:
    """What a series will be once its pixels are read.

    Attributes:
        headers: One a slice, in the order of ``k``.
        residual_mm: Largest distance of a corner pixel from where its own header puts it.
        warnings: What a careful user should know, one sentence each.
    """

    series: Series
    headers: tuple[ImageHeader, ...]
    grid: Grid
    residual_mm: float
    quantity: Quantity
    warnings: tuple[str, ...]


def plan_volume(series: Series) -> VolumePlan:
    """Find the grid and the quantity of a series from its headers alone.

    Raises:
        NoImagesError: The series holds reports, contours and the like.
        UnsupportedImageError: Images of a kind that is not read, segmentations among them.
        UnreadableFileError: A file is damaged.
        NotOneVolumeError: The images don't form one regular volume.
        GeometryError: The grid would be none of a patient.
    """
    _require_image(series)
    require_one_volume(series.headers)
    quantity, remarks = quantity_of(series.headers[0])
    fitted = fit_grid(series.headers)
    return VolumePlan(
        series=series,
        headers=fitted.headers,
        grid=fitted.grid,
        residual_mm=fitted.residual_mm,
        quantity=quantity,
        warnings=(*remarks, *_geometry_warnings(fitted), *_file_warnings(series)),
    )


def _require_image(series: Series) -> None:
    if series.kind is Kind.SEGMENTATION:
        raise UnsupportedImageError(
            "a DICOM segmentation: labels, not an image",
            hint="give the images that it was drawn on",
            reason=series.kind.value,
        )
    if series.kind is Kind.OTHER:
        raise NoImagesError(
            f"no image: {len(series.headers)} object(s) of modality {series.modality or 'unknown'}",
            hint="give the series that holds the images",
            reason=series.kind.value,
        )


def _geometry_warnings(fitted: FittedGrid) -> tuple[str, ...]:
    slant = shear_warnings(fitted.grid)
    if fitted.residual_mm <= EXACT_MM:
        return slant
    return (f"Slice positions are uneven: the regular grid is up to {fitted.residual_mm:.3f} mm off.", *slant)


def _file_warnings(series: Series) -> tuple[str, ...]:
    lossy = sum(header.lossy for header in series.headers)
    remarks = {
        f"{lossy} of {len(series.headers)} images were compressed with loss.": lossy,
        f"{len(series.copies)} identical copies of files were passed over.": len(series.copies),
        f"{len(series.suspects)} unreadable file(s) beside this series may be slices of it.": len(
            series.suspects
        ),
    }
    return tuple(sentence for sentence, count in remarks.items() if count)
