"""Open again what a journal was drawn on."""

from __future__ import annotations

from medseg.errors import InputError
from medseg.progress import Progress, silent
from medseg.workflows.delineate import FoundJournal, image_digest
from napari_medseg.case import Case
from napari_medseg.opening import Choice, name_of_chosen, open_chosen, open_path, put_on, read_label_map


def belongs_to(found: FoundJournal, case: Case) -> bool:
    """Whether work was drawn on the image of a case, and upon the file that it shows.

    In a study it belongs to its reader alone: nobody is shown what another one draws.
    """
    about, digest = found.about, image_digest(case.volume.source)
    same_image = about.image_sha256 == digest if digest else about.image == case.image_path
    if not same_image or about.label_map != case.path or about.is_of_study != (case.keeper is not None):
        return False
    return not about.is_of_study or about.author == case.author


def reopened(found: FoundJournal, progress: Progress = silent) -> Case:
    """The image of a journal, with the label map on it that was saved last, if it is still that one.

    Raises:
        InputError: The image is not known, not there any more, or does not say which of its volumes it was.
    """
    about = found.about
    if about.is_of_study or about.image is None:
        where = "in the worklist" if about.is_of_study else "first"
        raise InputError(
            f"{about.case} is not open", hint=f"open it {where}; what was drawn is then offered again"
        )
    case = open_path(about.image, progress)
    if isinstance(case, Choice):
        case = _chosen(case, about.case, progress)
    if about.label_map is not None and found.label_map_is_same:
        put_on(case, read_label_map(about.label_map))
    points, time_index = case.time_points, about.time_index
    if points is not None and time_index is not None and time_index != case.time_index:
        case.show_time(time_index, points.volume(time_index, progress))
    return case


def _chosen(choice: Choice, name: str, progress: Progress) -> Case:
    """The volume of a folder of several that a case of this name showed.

    Raises:
        InputError: None did.
    """
    for listed in choice.listed:
        for time_index in range(max(listed.count, 1)):
            if name_of_chosen(choice, listed, time_index) == name:
                return open_chosen(choice, listed, time_index, progress)
    raise InputError(
        f"{choice.path.name} holds no volume {name} any more",
        hint="open the volume that was drawn on; what was drawn is then offered again",
    )
