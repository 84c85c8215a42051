"""A series in a few words, for people and scripts, without its pixels."""

from __future__ import annotations

from medseg.errors import GeometryError, InputError
from medseg.io.dicom.find import Inventory, Series
from medseg.io.dicom.kinds import Kind
from medseg.io.dicom.plan import VolumePlan, plan_volume
from medseg.io.volume_summary import Geometry, Status, VolumeSummary


def summarise(series: Series) -> VolumeSummary:
    """Say what a series will be once read, or why it won't be."""
    try:
        return summarise_plan(plan_volume(series))
    except (InputError, GeometryError) as error:
        return summarise_refusal(series, error)


def summarise_plan(plan: VolumePlan) -> VolumeSummary:
    """Describe a series that can be converted."""
    return VolumeSummary(
        id=plan.series.id,
        status=Status.CONVERTIBLE,
        series_uid=plan.series.series_uid or None,
        modality=plan.series.modality,
        frames=len(plan.headers),
        geometry=Geometry.of(plan.grid, plan.residual_mm),
        quantity=plan.quantity,
        warnings=plan.warnings,
    )


def summarise_refusal(series: Series, error: InputError | GeometryError) -> VolumeSummary:
    """Describe a series that can't be converted, or that holds no image and is skipped."""
    return VolumeSummary(
        id=series.id,
        status=Status.REFUSED if series.kind is Kind.IMAGE else Status.SKIPPED,
        series_uid=series.series_uid or None,
        modality=series.modality,
        frames=sum(header.frames for header in series.headers),
        reason=str(error.details.get("reason", "geometry")),
        message=error.message,
    )


def summarise_unreadable(inventory: Inventory) -> tuple[VolumeSummary, ...]:
    """One refusal for each DICOM file that is too damaged to belong to any series."""
    return tuple(
        VolumeSummary(
            id=f"unreadable-{number}",
            status=Status.REFUSED,
            frames=1,
            reason=file.reason,
            message=file.message,
        )
        for number, file in enumerate(inventory.unreadable, start=1)
    )
