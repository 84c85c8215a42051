"""Ask a segmenter, and take its answer: hints and settings are checked before, masks after."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from medseg.assist.segmenter import (
    BACKGROUND,
    Hint,
    Hints,
    Mask,
    Method,
    Parameter,
    Proposal,
    Segmenter,
    Task,
    Value,
)
from medseg.errors import AssistError
from medseg.progress import Progress, silent
from medseg.space import Box
from medseg.volume import Volume

WORDS = {
    Hint.POINTS: "a point within the structure",
    Hint.BACKGROUND: "a point on the background",
    Hint.SPHERE: "a ball around the structure",
    Hint.ROUGH: "a rough delineation",
}
"""What each kind of hint is called in messages."""


def propose(
    segmenter: Segmenter,
    volume: Volume,
    structure_ids: Sequence[str],
    hints: Hints,
    *,
    region: Box | None = None,
    parameters: Mapping[str, Value] | None = None,
    taken: Mask | None = None,
    progress: Progress = silent,
) -> Proposal:
    """Let a segmenter propose structures.

    Args:
        segmenter: Which.
        volume: The image.
        structure_ids: What is to be proposed.
        hints: What there is to go by.
        region: The part of the image that counts; None for all of it.
        parameters: Settings that are not the default, by name.
        taken: Voxels of the region that nothing proposed may have.
        progress: Called between the steps; raise :class:`~medseg.errors.Cancelled` from it to stop.

    Returns:
        The proposal, without voxels that are taken.

    Raises:
        AssistError: A hint or structure is missing, a setting is wrong, or the segmenter's answer is not of
            the form that was agreed.
    """
    for hint in Hint:
        if hint in segmenter.needs and not hints.has(hint):
            raise AssistError(
                f"{segmenter.title} needs {WORDS[hint]}", hint="give it one", reason="hint-missing"
            )
    if not structure_ids:
        raise AssistError("expected a structure to propose", hint="name one", reason="no-structure")
    whole = tuple(slice(0, n) for n in volume.grid.shape_kji)
    task = Task(
        volume,
        tuple(structure_ids),
        region or (whole[0], whole[1], whole[2]),
        hints,
        settings_of(segmenter, parameters or {}),
        taken,
    )
    return _checked(segmenter.propose(task, progress=progress), task, segmenter)


def how_proposed(name: str, method: Method, hints: Hints) -> str:
    """One sentence for the record: by what a structure was proposed, with which settings, from which hints.

    Args:
        name: What the structure is called.
        method: How it was proposed.
        hints: What there was to go by.
    """
    settings = ", ".join(f"{key}={value}" for key, value in method.parameters.items())
    inside = [point for point in hints.points if point.structure_id is not BACKGROUND]
    outside = [point for point in hints.points if point.structure_id is BACKGROUND]
    told = [f"a point at {_mm(point.at_lps_mm)}" for point in inside]
    told += [f"background at {_mm(point.at_lps_mm)}" for point in outside]
    if hints.sphere is not None:
        told.append(f"a ball of {hints.sphere.radius_mm:g} mm around {_mm(hints.sphere.centre_lps_mm)}")
    if hints.marks:
        told.append("what was drawn")
    if hints.rough:
        told.append("a rough delineation")
    how = f"{method.name} {method.version}{f' ({settings})' if settings else ''}"
    return f"{name}: proposed by {how} from {' and '.join(told) or 'the image alone'}"


def _mm(point: Sequence[float]) -> str:
    return f"LPS ({', '.join(f'{value:.1f}' for value in point)}) mm"


def settings_of(segmenter: Segmenter, given: Mapping[str, Value | str]) -> dict[str, Value]:
    """Every setting of a segmenter, those given checked and the others as they are by default.

    Args:
        segmenter: Whose.
        given: By name; text is read as the setting's type.

    Raises:
        AssistError: There is no such setting, or its value is not allowed.
    """
    known = {parameter.name: parameter for parameter in segmenter.parameters}
    for name in given:
        if name not in known:
            raise AssistError(
                f"{segmenter.title} has no setting {name!r}",
                hint=f"it has {', '.join(known) or 'none'}",
                reason="no-such-setting",
            )
    return {
        name: _value(parameter, given[name]) if name in given else parameter.default
        for name, parameter in known.items()
    }


def _value(parameter: Parameter, given: Value) -> Value:
    try:
        value = _as_type_of(parameter.default, given)
    except ValueError:
        raise _wrong(parameter, given) from None
    if parameter.choices and value not in parameter.choices:
        raise _wrong(parameter, given)
    if isinstance(value, str | bool):
        return value
    below = parameter.least is not None and value < parameter.least
    above = parameter.most is not None and value > parameter.most
    if below or above or not np.isfinite(value):
        raise _wrong(parameter, given)
    return value


def _as_type_of(default: Value, given: Value) -> Value:
    if isinstance(default, bool):
        words = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
        if str(given).lower() not in words:
            raise ValueError(given)
        return words[str(given).lower()]
    return type(default)(given)


def _wrong(parameter: Parameter, given: Value) -> AssistError:
    if parameter.choices:
        expected = f"one of {', '.join(parameter.choices)}"
    elif isinstance(parameter.default, bool):
        expected = "yes or no"
    else:
        limits = [
            f"{word} {limit:g}"
            for word, limit in (("from", parameter.least), ("to", parameter.most))
            if limit is not None
        ]
        expected = " ".join(["a number", *limits])
    return AssistError(
        f"{parameter.title}: expected {expected}, got {given!r}",
        hint=f"leave it out for {parameter.default}",
        reason="setting",
    )


def _checked(proposal: Proposal, task: Task, segmenter: Segmenter) -> Proposal:
    """What was proposed, without what is taken; plug-ins may be careless."""
    shape = tuple(side.stop - side.start for side in proposal.region)
    for structure_id, mask in proposal.masks.items():
        if structure_id not in task.structure_ids or mask.dtype != np.bool_ or mask.shape != shape:
            raise AssistError(
                f"{segmenter.title} answered with {mask.dtype} {mask.shape} for {structure_id!r}; expected a "
                f"mask of bool {shape} (k, j, i) for one of {', '.join(task.structure_ids)}",
                hint="tell whoever wrote this segmenter",
                reason="bad-proposal",
            )
    if task.taken is None:
        return proposal
    if proposal.region != task.region:
        raise AssistError(
            f"{segmenter.title} proposed elsewhere than it was asked to",
            hint="tell whoever wrote this segmenter",
            reason="bad-proposal",
        )
    free = ~task.taken
    return replace(proposal, masks={each: mask & free for each, mask in proposal.masks.items()})
