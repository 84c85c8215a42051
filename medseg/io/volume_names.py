"""From planned volumes to what their names are made of."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from medseg.io.dicom.identity import identifying_texts
from medseg.io.dicom.kinds import modality_of
from medseg.io.name_template import IDENTIFYING_FIELDS
from medseg.io.output_names import NameFields, as_label
from medseg.io.pseudonyms import Pseudonyms, VolumeKey
from medseg.volume import SeriesAxis

if TYPE_CHECKING:
    from medseg.io.dicom.header import ImageHeader
    from medseg.io.dicom.plan import VolumePlan

_MODALITIES = {"CT": "ct", "MR": "mr", "PT": "pt"}
"""A header's modality may be anything that was typed; what is none of these is called an image."""

_SUFFIXES = {"pt": "pet"}
"""BIDS's suffix, where it is not the modality itself. A generic ``mr`` is no suffix of BIDS: see the docs."""

_PARTS = {"magnitude": "mag", "phase": "phase", "real": "real", "imaginary": "imag"}
"""BIDS's values of the entity ``part``, by the component that the header names."""

_LAST = float("inf")


def name_fields(
    plans: Sequence[VolumePlan], pseudonyms: Pseudonyms, *, keep_phi: bool = False
) -> list[NameFields]:
    """Gather what the names of volumes are made of.

    Args:
        plans: All volumes of an inventory: what tells one from the rest of its series is seen only beside it.
        pseudonyms: What stands for patients, studies and series.
        keep_phi: Read what identifies the patient, too, from one file of each volume.

    Returns:
        One for each plan, in the same order.

    Raises:
        UnreadableFileError: A file can no longer be read.
    """
    siblings: defaultdict[str, list[VolumePlan]] = defaultdict(list)
    for plan in plans:
        siblings[plan.series.id].append(plan)
    return [_fields_of(plan, siblings[plan.series.id], pseudonyms, keep_phi=keep_phi) for plan in plans]


def _fields_of(
    plan: VolumePlan, siblings: Sequence[VolumePlan], pseudonyms: Pseudonyms, *, keep_phi: bool
) -> NameFields:
    modality = _MODALITIES.get(modality_of(plan.headers[0]), "image")
    key = pseudonyms.key_of(plan)
    return NameFields(
        key=key,
        id=plan.id,
        order=_order(plan.headers),
        modality=modality,
        suffix="dwi" if plan.axis is SeriesAxis.B_VALUE else _SUFFIXES.get(modality, modality),
        echo=_echo(plan, siblings),
        part=_part(plan, siblings),
        identifying=_identifying_labels(plan.headers[0], key) if keep_phi else {},
    )


def _order(headers: Sequence[ImageHeader]) -> tuple[float, ...]:
    """The first acquired comes first. It decides who is run 1, and is written nowhere."""
    dimensions = [header.dimensions for header in headers]
    return tuple(
        min((_LAST if value is None else float(value) for value in values), default=_LAST)
        for values in (
            [one.acquisition_number for one in dimensions],
            [one.acquired_at_s for one in dimensions],
            [one.instance_number for one in dimensions],
        )
    )


def _echo(plan: VolumePlan, siblings: Sequence[VolumePlan]) -> str:
    """The number of the echo, where the series was split by echo time.

    It is the scanner's own number where each echo time has one of its own, else the rank of the echo time.
    """
    if plan.axis is SeriesAxis.ECHO:
        return ""
    numbers: defaultdict[float, set[int | None]] = defaultdict(set)
    for sibling in siblings:
        dimensions = sibling.headers[0].dimensions
        if sibling.axis is not SeriesAxis.ECHO and dimensions.echo_time_ms is not None:
            numbers[dimensions.echo_time_ms].add(dimensions.echo_number)
    own = plan.headers[0].dimensions.echo_time_ms
    if own is None or len(numbers) < 2:
        return ""
    given = [number for of_one_time in numbers.values() for number in of_one_time]
    if len(set(given)) == len(given) == len(numbers) and all(number and number > 0 for number in given):
        (number,) = numbers[own]
        return str(number)
    return str(sorted(numbers).index(own) + 1)


def _part(plan: VolumePlan, siblings: Sequence[VolumePlan]) -> str:
    """The part of the complex signal; magnitude is what every image is, and named only beside others."""
    parts = {_PARTS.get(sibling.headers[0].dimensions.component, "") for sibling in siblings} - {""}
    own = _PARTS.get(plan.headers[0].dimensions.component, "")
    return "" if own == "mag" and len(parts) == 1 else own


def _identifying_labels(header: ImageHeader, key: VolumeKey) -> Mapping[str, str]:
    texts = identifying_texts(header.path)
    labels = {name: as_label(texts[keyword]) for name, keyword in IDENTIFYING_FIELDS.items()}
    # Patients without an ID must not be taken for one.
    labels["patient_id"] = labels["patient_id"] or key.label("subject")
    return labels
