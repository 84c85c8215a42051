"""One series, looked at from all sides but its pixels: the volumes it will be, and what won't be one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from medseg.errors import GeometryError, InputError, NoImagesError, NotOneVolumeError, UnsupportedImageError
from medseg.io.dicom.announced import Found, missing
from medseg.io.dicom.checks import require_one_volume, require_sound_series
from medseg.io.dicom.find import Inventory, Series
from medseg.io.dicom.geometry import EXACT_MM, fit_grid, fit_single_slice, grid_of, normal_of, position_of
from medseg.io.dicom.header import ImageHeader
from medseg.io.dicom.kinds import Kind, modality_of
from medseg.io.dicom.one_clock import on_one_clock
from medseg.io.dicom.options import AS_STORED, ReadOptions
from medseg.io.dicom.parts import MIN_STACK, Part, SetAside, parts_of, without_pictures, without_placeless
from medseg.io.dicom.quantity import Values, values_of
from medseg.io.dicom.series_axis import axis_of
from medseg.io.dicom.stacks import Stack, stacks_of
from medseg.io.shear import is_sheared, shear_warnings
from medseg.io.volume_summary import Status, printable
from medseg.space import Grid
from medseg.space.even_slices import EvenSlices, plan_even_slices
from medseg.volume import SeriesAxis
from medseg.volume.volume import Quantity

Headers = tuple[ImageHeader, ...]


@dataclass(frozen=True)
class VolumePlan:
    """What images of a series will be once their pixels are read.

    Attributes:
        id: Short name without identity, unique among the plans of an inventory.
        volumes: The images ``[t][k]``; of a 3-D volume ``t`` is 0 only.
        axis: What differs from volume to volume; None for a 3-D volume.
        axis_values: Where each volume lies on the axis, in its unit.
        grid: Where the voxels will lie, once evened out if that was asked for, and not yet desheared.
        residual_mm: Largest distance of a corner pixel from where its own header puts it.
        quantity: What the values will measure.
        scales: What the values are multiplied by after the rescale, one an image ``[t][k]``; empty for 1.
        even: How uneven slices are resampled, if they were allowed to be; ``volumes`` are as acquired.
        deshear: Whether the volume is to be resampled to a rectangular grid.
        warnings: What a careful user should know, one sentence each.
    """

    id: str
    series: Series
    volumes: tuple[Headers, ...]
    axis: SeriesAxis | None
    axis_values: tuple[float, ...]
    grid: Grid
    residual_mm: float
    quantity: Quantity
    scales: tuple[float, ...]
    even: EvenSlices | None
    deshear: bool
    warnings: tuple[str, ...]

    @property
    def headers(self) -> Headers:
        """All images, in the order ``[t][k]``."""
        return tuple(header for volume in self.volumes for header in volume)


@dataclass(frozen=True)
class NoVolume:
    """Images, or other objects, that won't be a volume.

    Attributes:
        status: Refused, or skipped where nothing is lost.
        reason: A stable word.
        error: What to raise where a volume was asked for.
    """

    id: str
    series: Series
    headers: Headers
    status: Status
    reason: str
    error: InputError | GeometryError

    @property
    def message(self) -> str:
        """The reason as a sentence, with the numbers."""
        return printable(self.error.message)


Outcome = VolumePlan | NoVolume


def plan_inventory(inventory: Inventory, options: ReadOptions = AS_STORED) -> tuple[Outcome, ...]:
    """Plan every series; see :func:`plan_series`."""
    return tuple(outcome for series in inventory.series for outcome in plan_series(series, options))


def plan_series(series: Series, options: ReadOptions = AS_STORED) -> tuple[Outcome, ...]:
    """Find the volumes of a series from its headers alone.

    Every image is in exactly one of the outcomes. Volumes and refusals come first; what was set aside last.
    """
    if series.kind is not Kind.IMAGE:
        return (_refused(series, series.headers, _no_image(series), Status.SKIPPED),)
    headers, set_aside = without_pictures(on_one_clock(series.headers))
    placed, placeless = without_placeless(headers)
    if placed and placeless:
        # They are refused on their own, beside what the others are.
        outcomes = [*_plan_images(series, placed, options), *_plan_images(series, placeless, options)]
    else:
        outcomes = [*_plan_images(series, headers, options)] if headers else []
    if len(outcomes) > 1:
        outcomes = [replace(one, id=f"{series.id}-{number}") for number, one in enumerate(outcomes, start=1)]
    pictures = [_skipped(series, pictures) for pictures in set_aside]
    if len(pictures) == 1 and not outcomes:
        return (replace(pictures[0], id=series.id),)
    return (*outcomes, *pictures)


def _plan_images(series: Series, headers: Headers, options: ReadOptions) -> Iterator[Outcome]:
    try:
        require_sound_series(headers)
        values = values_of(headers, options)
    except (InputError, GeometryError) as error:
        yield _refused(series, headers, error)
        return
    for part in parts_of(headers):
        if part.is_stray:
            yield _refused(series, part.headers, _mixed_orientation(part, len(headers)))
        else:
            # Parts may measure different things; but a PET is corrected to the beginning of its whole series.
            is_pet = modality_of(headers[0]) == "PT"
            of_part = values if is_pet else values_of(part.headers, options)
            yield from _plan_part(series, part.headers, of_part, options)


def _plan_part(series: Series, headers: Headers, values: Values, options: ReadOptions) -> Iterator[Outcome]:
    try:
        require_one_volume(headers)
        stacks = stacks_of(headers)
    except (InputError, GeometryError) as error:
        yield _refused(series, headers, error)
        return
    for stack in stacks:
        try:
            yield _plan_stack(series, stack, values, options)
        except (InputError, GeometryError) as error:
            yield _refused(series, (*stack.headers, *stack.copies), error)


def _plan_stack(series: Series, stack: Stack, values: Values, options: ReadOptions) -> VolumePlan:
    headers = stack.headers
    grid, residual_mm, even = _place(stack, options)
    axis, axis_values, axis_warnings = axis_of(stack)
    deshear = options.deshear and is_sheared(grid)
    return VolumePlan(
        id=series.id,
        series=series,
        volumes=stack.volumes,
        axis=axis,
        axis_values=axis_values,
        grid=grid,
        residual_mm=residual_mm,
        quantity=values.quantity,
        scales=values.scales_of(headers),
        even=even,
        deshear=deshear,
        warnings=(
            *values.warnings,
            *axis_warnings,
            *stack.remarks,
            *_announced_but_missing(series, stack, axis),
            *_jitter_warnings(residual_mm, even),
            *(() if deshear else shear_warnings(grid)),
            *_file_warnings(series, stack),
        ),
    )


def _place(stack: Stack, options: ReadOptions) -> tuple[Grid, float, EvenSlices | None]:
    if len(stack.volumes[0]) == 1:
        fitted = fit_single_slice(stack.volumes, allowed=options.single_slices)
        return fitted.grid, fitted.residual_mm, None
    try:
        fitted = fit_grid(stack.volumes)
    except NotOneVolumeError as error:
        is_uneven = error.details["reason"] in ("uneven-spacing", "missing-slices")
        if not options.allow_uneven or not is_uneven or stack.alternates:
            raise
        even = _even(stack.volumes[0])
        grid = grid_of(stack.headers, even.count, even.origin_lps_mm, even.step_k_mm)
        return grid, even.residual_mm, even
    return fitted.grid, fitted.residual_mm, None


def _even(volume: Sequence[ImageHeader]) -> EvenSlices:
    return plan_even_slices([position_of(header) for header in volume], normal_of(volume))


def _refused(
    series: Series,
    headers: Headers,
    error: InputError | GeometryError,
    status: Status = Status.REFUSED,
) -> NoVolume:
    return NoVolume(series.id, series, headers, status, str(error.details.get("reason", "geometry")), error)


def _skipped(series: Series, pictures: SetAside) -> NoVolume:
    error = NotOneVolumeError(
        pictures.message,
        hint="give the images of a scan",
        reason=pictures.reason,
        images=len(pictures.headers),
    )
    return NoVolume(
        f"{series.id}-{pictures.reason}", series, pictures.headers, Status.SKIPPED, pictures.reason, error
    )


def _no_image(series: Series) -> InputError:
    if series.kind is Kind.SEGMENTATION:
        return UnsupportedImageError(
            "a DICOM segmentation: labels, not an image",
            hint="give the images that it was drawn on",
            reason=series.kind.value,
        )
    return NoImagesError(
        f"no image: {len(series.headers)} object(s) of modality {series.modality or 'unknown'}",
        hint="give the series that holds the images",
        reason=series.kind.value,
    )


def _mixed_orientation(part: Part, images: int) -> NotOneVolumeError:
    return NotOneVolumeError(
        f"expected one orientation in a series, found {len(part.headers)} of {images} images in "
        f"{part.orientations} orientations of fewer than {MIN_STACK} images each",
        hint="localizers, radial series and reformats in several planes are not one volume",
        reason="mixed-orientation",
        orientations=part.orientations,
    )


def _jitter_warnings(residual_mm: float, even: EvenSlices | None) -> tuple[str, ...]:
    if even is not None:
        return even.warnings
    if residual_mm <= EXACT_MM:
        return ()
    return (f"Slice positions are uneven: the regular grid is up to {residual_mm:.3f} mm off.",)


def _announced_but_missing(series: Series, stack: Stack, axis: SeriesAxis | None) -> tuple[str, ...]:
    concatenations = {(header.path, header.announced.concatenation) for header in series.headers}
    found = Found(
        slices=len(stack.volumes[0]),
        volumes=len(stack.volumes) if axis is SeriesAxis.TIME else 0,
        acquisitions=[header.dimensions.acquisition_number for header in series.headers],
        files=Counter(uid for _, uid in concatenations),
    )
    # The same sentence for all images of most series.
    announced = {header.announced for header in stack.headers}
    return tuple(dict.fromkeys(sentence for one in announced for sentence in missing(one, found)))


def _file_warnings(series: Series, stack: Stack) -> tuple[str, ...]:
    headers = stack.headers
    lossy = sum(header.lossy for header in headers)
    inverted = sum(header.photometric == "MONOCHROME1" for header in headers)
    is_single = len(stack.volumes[0]) == 1
    burned_in = sum(header.burned_in for header in headers)
    remarks = {
        "There is one slice: its thickness was taken for the distance to the next.": is_single,
        f"{burned_in} of {len(headers)} images say that text is burned into their pixels: it may name the "
        "patient and is not removed.": burned_in,
        f"{lossy} of {len(headers)} images were compressed with loss.": lossy,
        "MONOCHROME1: low values are meant to be shown bright; the values are kept as they are.": inverted,
        f"{len(series.copies)} identical copies of files were passed over.": len(series.copies),
        f"{len(stack.copies)} images were left out: others have the same place and the same pixels.": len(
            stack.copies
        ),
        f"{len(series.suspects)} unreadable file(s) beside this series may be slices of it.": len(
            series.suspects
        ),
    }
    return tuple(sentence for sentence, count in remarks.items() if count)
