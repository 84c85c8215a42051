"""Which structures of a label map are lesions."""

from __future__ import annotations

from medseg.labelmap import LabelMap, Structure, ancestors
from medseg.workflows.anatomy import Kind, anatomy_of


def usual_lesions(label_map: LabelMap) -> tuple[str, ...]:
    """Ids of what its code calls an abnormality; else of what is part of something; else of the only one.

    What is itself part of such a lesion, as necrosis is, is none of its own.
    """
    found = {each.id for each in label_map.structures if _is_abnormality(each)}
    found = found or {each.id for each in label_map.structures if each.part_of}
    if not found and len(label_map.structures) == 1:
        found = {label_map.structures[0].id}
    by_id = {each.id: each for each in label_map.structures}
    return tuple(
        each.id for each in label_map.structures if each.id in found and not found & {*ancestors(each, by_id)}
    )


def _is_abnormality(structure: Structure) -> bool:
    if structure.code is None:
        return False
    try:
        return anatomy_of(structure.code.scheme, structure.code.value).kind is Kind.ABNORMALITY
    except KeyError:
        return False
