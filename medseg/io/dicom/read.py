"""A DICOM series → a Volume or a VolumeSeries."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from medseg.errors import NotOneVolumeError, UnreadableFileError
from medseg.io.dicom.find import Inventory, Series, find_series
from medseg.io.dicom.options import AS_STORED, ReadOptions
from medseg.io.dicom.pixels import read_values
from medseg.io.dicom.plan import NoVolume, Outcome, VolumePlan, plan_series
from medseg.io.volume_summary import Status
from medseg.progress import Progress, silent
from medseg.space.resampling import resample_evenly
from medseg.volume import Source, Volume, VolumeSeries
from medseg.volume.resample import deshear


def read_series(
    path: Path,
    *,
    series_uid: str | None = None,
    volume_id: str | None = None,
    options: ReadOptions = AS_STORED,
    progress: Progress = silent,
) -> Volume:
    """Read the one CT, MR or PET volume in a folder onto its grid.

    Classic, enhanced and mosaic images, uncompressed or compressed, are read; whatever else, and whatever
    lies on no regular grid, is refused by name: never a silent wrong volume. Pictures that are no slices
    (localizers, screen captures) are passed over.

    Values are exact: each slice has its own RescaleSlope and RescaleIntercept applied, in the smallest
    integer type that holds all of them, or in float32 where they are fractions. CT is HU (unless its
    header says otherwise), MR has no physical scale, PET is SUV by body weight where its header allows it.
    Padding keeps its rescaled value.

    Args:
        path: A folder, searched to the bottom, or one file.
        series_uid: Which series, where the folder holds several.
        volume_id: Which volume, where the folder or the series holds several; see :class:`VolumePlan`.
        options: What is converted or resampled.
        progress: Told before each file, twice: for its header and for its pixels.

    Returns:
        The volume, ``k`` growing along the normal (row direction × column direction).

    Raises:
        NoImagesError: No DICOM image in there.
        NotOneVolumeError: Several series or volumes, or none that is regular; ``reason`` says why.
        UnreadableFileError: A damaged file; without ``series_uid`` any in the folder, for it may be a slice.
        UnsupportedImageError: A kind of image that is not read.
    """
    plan = plan_one(path, series_uid=series_uid, volume_id=volume_id, options=options, progress=progress)
    if plan.axis is not None:
        raise NotOneVolumeError(
            f"expected one volume, found {len(plan.volumes)} along an axis of {plan.axis.value}",
            hint="convert the series, or choose one of its volumes",
            reason="4d",
        )
    volume = read_planned(plan, progress=progress)
    assert isinstance(volume, Volume)  # noqa: S101 - without an axis it is one
    return volume


def plan_one(
    path: Path,
    *,
    series_uid: str | None = None,
    volume_id: str | None = None,
    options: ReadOptions = AS_STORED,
    progress: Progress = silent,
) -> VolumePlan:
    """Find the one volume, or series of volumes, in a folder; see :func:`read_series`."""
    inventory = find_series([path], progress=progress)
    if series_uid is None and volume_id is None:
        _require_readable(inventory)
    inventory.require_images()
    return _only_volume(_chosen(inventory.images, series_uid, volume_id, options))


def read_planned(
    plan: VolumePlan, *, workers: int | None = None, progress: Progress = silent
) -> Volume | VolumeSeries:
    """Read the pixels of images whose headers were looked at already.

    Args:
        plan: What the images will be.
        workers: How many threads or processes may share the work; None for one a processor.
        progress: Told before each image.

    Raises:
        UnreadableFileError: A file is damaged or changed since.
        UnsupportedImageError: Pixels that contradict their header.
    """
    values = read_values(plan.headers, scales=plan.scales or None, workers=workers, progress=progress)
    first = plan.headers[0]
    source = Source(
        format="DICOM",
        files=values.files,
        series_uid=first.series_uid or None,
        study_uid=first.study_uid or None,
        modality=first.modality or None,
    )
    warnings = (*plan.warnings, *values.remarks)
    if plan.axis is None:
        voxels = values.voxels if plan.even is None else resample_evenly(values.voxels, plan.even)
        volume = Volume(plan.grid, voxels, plan.quantity, source, warnings, _display_window(plan))
        return deshear(volume, progress=progress) if plan.deshear else volume
    return _series(plan, values.voxels, source, warnings, progress)


def _display_window(plan: VolumePlan) -> tuple[float, float] | None:
    """That of the middle slice: scanners often set one a slice. None where values are scaled further."""
    return None if plan.scales else plan.headers[len(plan.headers) // 2].display_window


def _series(
    plan: VolumePlan,
    voxels: npt.NDArray[np.generic],
    source: Source,
    warnings: tuple[str, ...],
    progress: Progress,
) -> VolumeSeries:
    assert plan.axis is not None  # noqa: S101 - for the type checker
    count, slices = len(plan.volumes), len(plan.volumes[0])
    tkji = voxels.reshape(count, slices, *voxels.shape[1:])
    if plan.even is None and not plan.deshear:
        return VolumeSeries.from_array(
            plan.grid,
            tkji,
            axis=plan.axis,
            values=plan.axis_values,
            quantity=plan.quantity,
            sources=source,
            warnings=warnings,
            display_window=_display_window(plan),
        )
    volumes = []
    for volume in tkji:
        kji = volume.copy() if plan.even is None else resample_evenly(volume, plan.even)
        one = Volume(plan.grid, kji, plan.quantity, source, warnings, _display_window(plan))
        volumes.append(deshear(one, progress=progress) if plan.deshear else one)
    return VolumeSeries(tuple(volumes), plan.axis, plan.axis_values)


def _require_readable(inventory: Inventory) -> None:
    if not inventory.unreadable:
        return
    first = inventory.unreadable[0]
    raise UnreadableFileError(
        f"{first.message} ({len(inventory.unreadable)} unreadable file(s))",
        hint="it may be a slice of the series; copy or export it again",
        reason="unreadable",
        files=[str(file.path) for file in inventory.unreadable],
    )


def _chosen(
    images: Sequence[Series], series_uid: str | None, volume_id: str | None, options: ReadOptions
) -> tuple[Outcome, ...]:
    """The outcomes that a user may have meant, pictures set aside."""
    series = [one for one in images if series_uid is None or one.series_uid == series_uid]
    if not series:
        raise NotOneVolumeError(
            f"no image series has the UID {series_uid}", hint="see medseg inspect", reason="no-such-series"
        )
    outcomes = [(one, outcome) for one in series for outcome in plan_series(one, options)]
    if volume_id is not None:
        named = tuple(outcome for _, outcome in outcomes if outcome.id == volume_id)
        if not named:
            raise NotOneVolumeError(
                f"no volume has the id {volume_id}", hint="see medseg inspect", reason="no-such-volume"
            )
        return named
    meant = [pair for pair in outcomes if _is_meant(pair[1])] or outcomes
    if len({one.id for one, _ in meant}) > 1:
        found = ", ".join(f"{one.id} ({len(one.headers)} images)" for one in series[:6])
        raise NotOneVolumeError(
            f"expected one series, found {len(series)}: {found}{' …' if len(series) > 6 else ''}",
            hint="give the folder of one series, or its UID",
            reason="several-series",
            series=[one.series_uid for one in series],
        )
    return tuple(outcome for _, outcome in meant)


def _is_meant(outcome: Outcome) -> bool:
    return isinstance(outcome, VolumePlan) or outcome.status is not Status.SKIPPED


def _only_volume(outcomes: Sequence[Outcome]) -> VolumePlan:
    """The one volume among outcomes of a series.

    A refusal beside it is an error too: nobody should take a part of a series for the whole.
    """
    refused = [outcome for outcome in outcomes if isinstance(outcome, NoVolume)]
    if len(outcomes) == 1 and not refused:
        return outcomes[0]  # type: ignore[return-value]
    if refused:
        raise refused[0].error
    raise NotOneVolumeError(
        f"expected one volume, found {len(outcomes)} in the series: "
        + ", ".join(f"{outcome.id} ({len(outcome.headers)} images)" for outcome in outcomes[:6]),
        hint="choose one of them by its id",
        reason="several-volumes",
        volumes=[outcome.id for outcome in outcomes],
    )
