"""A series in a few words, for people and scripts, without its pixels."""

from __future__ import annotations

from medseg.errors import GeometryError, InputError
from medseg.io.dicom.find import Inventory, Series
from medseg.io.dicom.kinds import Kind
from medseg.io.dicom.plan import VolumePlan, plan_volume
from medseg.io.volume_summary import Geometry, Status, VolumeSummary, printable


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
    """Describe a series that can't be converted, or that was never meant to be a volume and is skipped."""
    return VolumeSummary(
        id=series.id,
        status=Status.SKIPPED if _is_no_loss(series, error) else Status.REFUSED,
        series_uid=series.series_uid or None,
        modality=series.modality,
        frames=sum(header.frames for header in series.headers),
        reason=str(error.details.get("reason", "geometry")),
        message=printable(error.message),
    )


def _is_no_loss(series: Series, error: InputError | GeometryError) -> bool:
    """Whether nothing is lost without it: no image, or nothing but the scout that a scan was planned on."""
    is_scout = error.details.get("reason") == "localizer" and error.details["images"] == len(series.headers)
    return series.kind is not Kind.IMAGE or is_scout


def summarise_unreadable(inventory: Inventory) -> tuple[VolumeSummary, ...]:
    """One refusal for each file that is too damaged to belong to any series, or folder that is closed."""
    return tuple(
        VolumeSummary(
            id=f"unreadable-{number}",
            status=Status.REFUSED,
            frames=1,
            reason=file.reason,
            message=printable(file.message),
        )
        for number, file in enumerate(inventory.unreadable, start=1)
    )
