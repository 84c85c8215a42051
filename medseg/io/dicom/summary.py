"""Outcomes in a few words, for people and scripts, without their pixels."""

from __future__ import annotations

from medseg.io.dicom.find import Inventory
from medseg.io.dicom.plan import NoVolume, Outcome, VolumePlan
from medseg.io.volume_summary import Geometry, Status, VolumeSummary, printable


def summarise(outcome: Outcome) -> VolumeSummary:
    """Say what images will be once read, or why they won't be."""
    return _of_volume(outcome) if isinstance(outcome, VolumePlan) else _of_no_volume(outcome)


def _of_volume(plan: VolumePlan) -> VolumeSummary:
    return VolumeSummary(
        id=plan.id,
        status=Status.CONVERTIBLE,
        series_uid=plan.series.series_uid or None,
        modality=plan.series.modality,
        frames=len(plan.headers),
        geometry=Geometry.of(plan.grid, plan.residual_mm),
        axis=plan.axis,
        axis_values=plan.axis_values,
        quantity=plan.quantity,
        warnings=plan.warnings,
    )


def _of_no_volume(outcome: NoVolume) -> VolumeSummary:
    return VolumeSummary(
        id=outcome.id,
        status=outcome.status,
        series_uid=outcome.series.series_uid or None,
        modality=outcome.series.modality,
        frames=len(outcome.headers),
        reason=outcome.reason,
        message=outcome.message,
    )


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
