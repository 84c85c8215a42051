"""Images of one orientation → stacks: one volume, several, or a series of volumes along a named axis.

What a header declares (stack, echo, b-value, temporal position, kernel …) always parts images, wherever
they lie. Where images still share a place, something undeclared tells them apart: a time, an
acquisition, their order. A slice's own time parts nothing: a part must hold all places.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from medseg.errors import GeometryError, NotOneVolumeError
from medseg.io.dicom.geometry import fit_grid
from medseg.io.dicom.header import ImageHeader
from medseg.io.dicom.places import (
    Headers,
    Value,
    along_normal,
    by_class,
    clusters,
    covers,
    have_same_places,
    is_stack,
    levels_of,
    stations,
)
from medseg.io.dicom.undeclared import (
    INSTANCE_ORDER,
    LATE,
    UNDECLARED,
    alternation,
    by_common_value,
    by_instance_number,
    by_rank,
    duplicates,
    in_time,
    looks_copied,
    without_same_pixels,
)

_Values = Callable[[ImageHeader], Value]


@dataclass(frozen=True)
class Stack:
    """Slices of one volume, or of several volumes of the same places.

    Attributes:
        volumes: ``[t][k]``, each along the normal.
        told_apart_by: Which dimension tells the volumes apart; empty for one volume.
        copies: Images that were left out because another one has the same place and the same pixels.
        remarks: What a user should know about how the images were parted.
        alternates: Whether slices of what may be two scans alternate: nothing is made up between those.
    """

    volumes: tuple[Headers, ...]
    told_apart_by: str = ""
    copies: Headers = ()
    remarks: tuple[str, ...] = ()
    alternates: bool = False

    @property
    def headers(self) -> Headers:
        """All images, in the order ``[t][k]``."""
        return tuple(header for volume in self.volumes for header in volume)


@dataclass(frozen=True)
class _Declared:
    """A dimension that a header declares.

    Attributes:
        values: What it is; equal within ``tolerance`` is the same.
        joins: Whether volumes of the same places form a series along it; else they stay apart.
        by_value: Whether such a series is in the order of the values, not of the acquisition.
        only_crowded: Whether it parts images only where some share a place, for it may differ by slice.
    """

    name: str
    values: _Values
    tolerance: float = 0.0
    joins: bool = True
    by_value: bool = False
    only_crowded: bool = False


def _log_echo_time(header: ImageHeader) -> float | None:
    """On a scale of ratios: echo times may differ by less than a hundredth from slice to slice."""
    echo_time_ms = header.dimensions.echo_time_ms
    return math.log(echo_time_ms) if echo_time_ms and echo_time_ms > 0 else None


def _b_ms_um2(header: ImageHeader) -> float | None:
    b_value = header.dimensions.b_value
    return None if b_value is None else b_value / 1000


_DECLARED = (
    _Declared("stack", lambda header: (header.dimensions.stack or None,), joins=False),
    _Declared("kernel", lambda header: (header.dimensions.kernel or None,), joins=False),
    _Declared(
        "tube voltage",
        lambda header: (header.dimensions.tube_voltage_kv,),
        0.5,
        joins=False,
        only_crowded=True,
    ),
    _Declared("echo", lambda header: (_log_echo_time(header),), 0.01, by_value=True),
    _Declared(
        "inversion time",
        lambda header: (header.dimensions.inversion_time_ms,),
        0.1,
        by_value=True,
        only_crowded=True,
    ),
    _Declared(
        "flip angle",
        lambda header: (header.dimensions.flip_angle_deg,),
        0.01,
        by_value=True,
        only_crowded=True,
    ),
    _Declared(
        "b-value",
        lambda header: (_b_ms_um2(header), *(header.dimensions.gradient_lps or (None,) * 3)),
        1e-3,  # of a unit vector, and 1 s/mm²
    ),
    _Declared("temporal position", lambda header: (header.dimensions.temporal_position,)),
)


def stacks_of(headers: Headers) -> tuple[Stack, ...]:
    """Find the volumes among images of one orientation and size.

    Raises:
        NotOneVolumeError: Images share a place, differ in their pixels, and nothing tells them apart.
    """
    return tuple(stack for station in stations(headers) for stack in _declared(station, _DECLARED))


def _declared(headers: Headers, dimensions: Sequence[_Declared]) -> tuple[Stack, ...]:
    """Part images by the first declared dimension that differs, and each part by those after it."""
    levels = levels_of(headers)
    is_crowded = len(set(levels.values())) < len(headers)
    for number, dimension in enumerate(dimensions):
        if dimension.only_crowded and not is_crowded:
            continue
        groups = by_class(headers, clusters(_completed(headers, dimension), dimension.tolerance))
        if len(groups) > 1 and _are_stacks(groups, levels):
            stacks = [stack for group in groups for stack in _declared(group, dimensions[number + 1 :])]
            joined = _joined(stacks, dimension) if dimension.joins else tuple(stacks)
            return joined if is_crowded else _with_parting_said(joined, headers, dimension)
    return _undeclared(headers)


def _completed(headers: Headers, dimension: _Declared) -> list[Value]:
    """The values of a dimension; images that name none have the value that all others share."""
    values = [*map(dimension.values, headers)]
    named = {value for value in values if value[0] is not None}
    if named and len(set(clusters([*named], dimension.tolerance))) == 1 and dimension.name != "b-value":
        return [next(iter(named))] * len(values)
    return values


def _are_stacks(groups: Sequence[Headers], levels: dict[ImageHeader, int]) -> bool:
    """Whether half of the groups or more are volumes: what differs from slice to slice parts nothing.

    The few that are not are strays, which must not be mixed with the others.
    """
    if len(set(levels.values())) == 1:
        return True
    several = sum(len({levels[header] for header in group}) > 1 for group in groups)
    return 2 * several >= len(groups)


def _with_parting_said(stacks: Sequence[Stack], headers: Headers, dimension: _Declared) -> tuple[Stack, ...]:
    """Say of volumes that would have been one, had a header not declared them to be several."""
    try:
        fit_grid([along_normal(headers, levels_of(headers))])
    except (NotOneVolumeError, GeometryError):
        return tuple(stacks)
    remark = (
        f"The images were parted by their {dimension.name}; together their {len(headers)} slices lie on one "
        "regular grid."
    )
    return tuple(replace(stack, remarks=(*stack.remarks, remark)) for stack in stacks)


def _joined(stacks: Sequence[Stack], dimension: _Declared) -> tuple[Stack, ...]:
    """Make one series of the stacks that have the same places.

    Repeated b-values may each hold several volumes: all of them are one series. Of other dimensions, stacks
    that are series already, such as the echoes of a time series, stay apart.
    """
    if dimension.name != "b-value" and any(len(stack.volumes) > 1 for stack in stacks):
        return _with_losses_said(stacks)
    series: list[list[Stack]] = []
    for stack in stacks:
        alike = next((one for one in series if have_same_places(one[0].volumes[0], stack.volumes[0])), None)
        if alike is None:
            series.append([stack])
        else:
            alike.append(stack)

    joined = [
        Stack(
            _ordered([volume for stack in alike for volume in stack.volumes], dimension),
            dimension.name if len(alike) > 1 else alike[0].told_apart_by,
            tuple(header for stack in alike for header in stack.copies),
            tuple(dict.fromkeys(remark for stack in alike for remark in stack.remarks)),
        )
        for alike in series
    ]
    return _with_losses_said(joined)


def _ordered(volumes: Sequence[Headers], dimension: _Declared) -> tuple[Headers, ...]:
    ordered = in_time(volumes)
    if not dimension.by_value:
        return ordered
    # The sort is stable: volumes of one value stay in time.
    return tuple(sorted(ordered, key=lambda volume: _number(dimension.values(volume[0])[0])))


def _number(value: float | str | None) -> float:
    return value if isinstance(value, (int, float)) else 0.0


def _undeclared(headers: Headers) -> tuple[Stack, ...]:
    """The stacks of images that declare nothing different."""
    levels = levels_of(headers)
    counts = np.bincount([*levels.values()])
    if counts.max() == 1:
        remarks = alternation(headers, levels)
        return (Stack((along_normal(headers, levels),), remarks=remarks, alternates=bool(remarks)),)
    if counts.min() == counts.max():
        for name, value in UNDECLARED.items():
            if name == LATE and looks_copied(headers, levels):
                break
            volumes = by_common_value(headers, levels, value) or by_rank(headers, levels, value)
            if volumes:
                return (Stack(volumes, name),)
    if looks_copied(headers, levels) or counts.min() < counts.max():
        kept, copies = without_same_pixels(headers, levels)
        if copies:
            first, *rest = _undeclared(kept)
            return (replace(first, copies=(*first.copies, *copies)), *rest)
    volumes = by_instance_number(headers, levels)
    if volumes:
        return (Stack(volumes, INSTANCE_ORDER),)
    acquisitions = by_class(headers, clusters([(h.dimensions.acquisition_number,) for h in headers], 0.0))
    if len(acquisitions) > 1 and all(is_stack(group) for group in acquisitions):
        stacks = [Stack((along_normal(group, levels_of(group)),)) for group in acquisitions]
        return _joined(stacks, _Declared("acquisition", lambda h: (h.dimensions.acquisition_number,)))
    raise duplicates(headers, levels)


def _with_losses_said(stacks: Sequence[Stack]) -> tuple[Stack, ...]:
    """Say of volumes that cover a part of the places of others that slices may have been lost."""
    return tuple(
        replace(stack, remarks=(*stack.remarks, *_loss(stack, stacks))) if len(stacks) > 1 else stack
        for stack in stacks
    )


def _loss(stack: Stack, others: Sequence[Stack]) -> tuple[str, ...]:
    here = stack.volumes[0]
    for other in others:
        there = other.volumes[0]
        if len(here) == len(there) and len(stack.volumes) < len(other.volumes) and covers(here, there):
            return (
                f"The series also holds {len(other.volumes)} volumes at the same places, here are "
                f"{len(stack.volumes)}: some may have been lost.",
            )
        small, large = sorted((here, there), key=len)
        if len(small) < len(large) and covers(large, small):
            return (
                f"The series holds volumes of {len(large)} and of {len(small)} slices at the same places: "
                "slices may have been lost.",
            )
    return ()
