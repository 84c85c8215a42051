"""Read an RT structure set: structures and their contours in patient mm."""

from __future__ import annotations

from pathlib import Path

from medseg.contour import Contour, ContourSet
from medseg.errors import UnsupportedImageError
from medseg.io.exchange import Incoming
from medseg.io.rtstruct.about import author_of, notes_about, source_of
from medseg.io.rtstruct.roi_contours import contours_of_roi
from medseg.io.rtstruct.structure_set import Roi, damage_named, open_structure_set, rois_of
from medseg.io.rtstruct.structures import structure_of
from medseg.labelmap import Structure

FORMAT = "RTSTRUCT"


def read_rtstruct(path: Path | str, *, nested_are_holes: bool = False) -> Incoming:
    """Read an RT structure set (PS3.3 A.19.3).

    Contours come as they are, vertex by vertex, but for keyholes, which are opened into an outer contour and
    its holes. Points and open lines bound nothing and are left out, which the notes say.

    Args:
        path: The file.
        nested_are_holes: What a ``CLOSED_PLANAR`` contour inside another one of its structure is. The
            standard has two ways to say a hole, and this is neither of them: by default the two unite, and a
            note says so. Some planning systems mean a hole.

    Raises:
        UnreadableFileError: The file is damaged, not DICOM, or a contour's numbers are.
        UnsupportedImageError: It is another DICOM object, or its contours lie in several frames of reference.
        ContourError: The points of a closed contour are not coplanar.
    """
    path = Path(path)
    dataset = open_structure_set(path)
    with damage_named(path.name):
        rois = list(rois_of(dataset))
        source, author, about = source_of(dataset), author_of(dataset), tuple(notes_about(dataset, rois))
    taken: set[str] = set()
    structures: list[Structure] = []
    contours: list[Contour] = []
    notes: list[str] = []
    for roi in rois:
        structure = structure_of(roi, len(structures) + 1, taken)
        found = contours_of_roi(roi, structure, nested_are_holes=nested_are_holes)
        notes.extend(found.notes)
        if roi.contours and not found.closed:
            continue
        taken.add(structure.id)
        structures.append(structure)
        contours.extend(found.contours)
    return Incoming(
        FORMAT,
        tuple(structures),
        None,
        ContourSet(tuple(contours)),
        frame_of_reference_uid=_frame_of_reference_uid(rois, path.name),
        source=source,
        author=author,
        notes=(*about, *notes),
    )


def _frame_of_reference_uid(rois: list[Roi], name: str) -> str | None:
    found = list(dict.fromkeys(roi.frame_of_reference_uid for roi in rois if roi.contours))
    if len(found) > 1:
        raise UnsupportedImageError(
            f"expected contours in one frame of reference, those of {name} lie in {len(found)}",
            hint="export the structures of each image by themselves from the program that made them",
            reason="mixed-frame-of-reference",
        )
    return found[0] or None if found else None
