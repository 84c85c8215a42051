"""Volumes in the words of people who look at images: columns × rows × slices, spacing, unit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from medseg.space import AnatomicalOrder, Grid
from medseg.workflows.list_volumes import ListedVolume, SeriesAxis, place_on
from napari_medseg.display import PLANE_NAMES

MODALITY_NAMES = {"PT": "PET"}
"""What DICOM's modalities are called, where that is not what DICOM calls them."""

_VOLUMES = {
    SeriesAxis.TIME: "time points",
    SeriesAxis.ECHO: "echoes",
    SeriesAxis.B_VALUE: "diffusion volumes",
    SeriesAxis.INDEX: "volumes",
}

_ASIDE = {
    "localizer": ("localizer image", "localizer images"),
    "secondary-capture": ("screen capture", "screen captures"),
    "derived-picture": ("derived picture", "derived pictures"),
    "segmentation": ("segmentation", "segmentations"),
    "SR": ("report", "reports"),
    "RTSTRUCT": ("set of contours", "sets of contours"),
    "RTDOSE": ("dose distribution", "dose distributions"),
    "RTPLAN": ("treatment plan", "treatment plans"),
    "PR": ("presentation state", "presentation states"),
    "KO": ("list of key images", "lists of key images"),
    "REG": ("registration", "registrations"),
    "SEG": ("segmentation", "segmentations"),
}
"""What lies beside volumes, one and several, by the reason why it is set aside, or by its modality."""

_OTHER = ("other object", "other objects")


def title_of(listed: ListedVolume) -> str:
    """The modality, and what the series was called at the scanner."""
    summary = listed.summary
    modality = MODALITY_NAMES.get(summary.modality, summary.modality)
    return (
        " · ".join(text for text in (modality, listed.description, listed.component) if text)
        or "Unnamed series"
    )


def facts_of(listed: ListedVolume) -> str:
    """Plane, size, spacing and unit; of what is refused the number of its images."""
    grid, quantity = listed.grid, listed.summary.quantity
    if grid is None or quantity is None:
        images = listed.summary.frames
        return f"{images} image{'' if images == 1 else 's'}"
    plane = PLANE_NAMES[AnatomicalOrder.of(grid).axes.index(0)]
    return " · ".join(text for text in (plane, size_of(grid), spacing_of(grid), quantity.unit) if text)


def size_of(grid: Grid) -> str:
    """Columns, rows, slices."""
    k, j, i = grid.shape_kji
    return f"{i}×{j}×{k}"


def spacing_of(grid: Grid) -> str:
    """The spacing in the same order."""
    k_mm, j_mm, i_mm = grid.spacing_kji_mm
    return f"{i_mm:.3g}×{j_mm:.3g}×{k_mm:.3g} mm"


def extent_of(listed: ListedVolume) -> str:
    """How many volumes a series has and from where to where they lie; empty for a single volume."""
    axis, values = listed.summary.axis, listed.summary.axis_values
    if axis is None:
        return ""
    count = f"{len(values)} {_VOLUMES[axis]}"
    return (
        count if axis is SeriesAxis.INDEX else f"{count}: {min(values):.4g} to {max(values):.4g} {axis.unit}"
    )


def position_of(listed: ListedVolume, time_index: int) -> str:
    """Which volume of a series it is."""
    axis, values = listed.summary.axis, listed.summary.axis_values
    if axis is None:
        return ""
    place = place_on(axis, values[time_index])
    return f"Volume {time_index + 1} of {len(values)}{f': {place}' if place else ''}"


def set_aside(skipped: Sequence[ListedVolume]) -> str:
    """What else there is, counted."""
    counts: Counter[tuple[str, str]] = Counter()
    for one in skipped:
        words = _ASIDE.get(one.summary.reason or "") or _ASIDE.get(one.summary.modality, _OTHER)
        counts[words] += one.summary.frames
    return ", ".join(f"{count} {words[count > 1]}" for words, count in counts.items())
