"""The journal of a case: begun when it is opened, told what is saved, gone when nothing is left to save."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from drawn_history import require_same, require_same_history
from medseg.contour import Contour, Slice
from medseg.errors import InputError, OutputError
from medseg.io.nifti.image import write_image
from medseg.space import Grid
from medseg.volume import Quantity, Source, Volume
from medseg.workflows.delineate import FoundJournal, found_journals, image_digest, recover, take_up
from medseg.workflows.verify import State
from napari_medseg.case import Case
from napari_medseg.completing import Snapshot
from napari_medseg.journaling import CaseJournal
from napari_medseg.opening import open_path
from napari_medseg.reopening import belongs_to, reopened
from napari_medseg.saving import result_to_save, save_case
from napari_medseg.status_line import status_of

SHAPE_KJI = (8, 30, 40)
SQUARE = np.array([(5.0, 5.0), (15.0, 5.0), (15.0, 15.0), (5.0, 15.0)])


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A state folder of the test's own."""
    monkeypatch.setenv("MEDSEG_STATE", str(tmp_path / "state"))
    return tmp_path / "state"


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """An image on disk."""
    grid = Grid.from_axes(
        SHAPE_KJI, origin_lps_mm=(1, 2, 3), step_k_mm=(0, 0, 2), step_j_mm=(0, 1, 0), step_i_mm=(1, 0, 0)
    )
    voxels = np.arange(np.prod(SHAPE_KJI), dtype=np.int16).reshape(SHAPE_KJI)
    path = tmp_path / "chest.nii.gz"
    write_image(Volume(grid, voxels, Quantity.HU, Source("phantom")), path)
    return path


@pytest.fixture
def told() -> list[OutputError | None]:
    """What journals say."""
    return []


@pytest.fixture
def case(image: Path) -> Case:
    """The image, opened by Ada."""
    opened = open_path(image)
    assert isinstance(opened, Case)
    opened.set_author("Ada Adams")
    return opened


@pytest.fixture
def kept(case: Case, told: list[OutputError | None]) -> Iterator[CaseJournal]:
    """Its journal."""
    kept = CaseJournal(case, told.append)
    yield kept
    kept.give_up()
    kept.end()
    assert told == []


def _draw(case: Case, *slices: int) -> None:
    if not case.structures:
        case.add_structure("Tumour")
    for k in slices:
        plane = case.volume.grid.plane(0, k)
        case.replace_on("tumour", Slice(0, k), [Contour(plane, SQUARE + k, "tumour")], "draw")


def _save(case: Case, path: Path) -> None:
    case.accept_result(result_to_save(Snapshot.of(case)))
    save_case(case, path)


def _left_by(kept: CaseJournal) -> FoundJournal:
    """What the next start finds when the program ends now."""
    kept.end()
    (found,) = found_journals()
    return found


def test_after_the_end_of_the_program_the_case_is_opened_as_it_was(
    case: Case, kept: CaseJournal, told: list[OutputError | None], tmp_path: Path
) -> None:
    assert status_of(case).endswith("saved")
    _draw(case, 2, 4)
    assert status_of(case).endswith("in the journal, unsaved")
    _save(case, tmp_path / "chest_dseg.nii.gz")
    assert found_journals() == ()
    _draw(case, 5, 6, 7)
    case.undo()
    found = _left_by(kept)
    assert (found.steps, found.about.author, found.about.case) == (2, "Ada Adams", "chest")
    again = reopened(found)
    assert again.path == tmp_path / "chest_dseg.nii.gz"
    recovered = recover(found, again.volume.grid, image_digest(again.volume.source))
    again.journal = take_up(found, recovered, told=told.append)
    again.resume(recovered.history)
    require_same_history(again.history, case.history)
    assert not again.saved
    after = CaseJournal(again, told.append)
    assert again.redo() == "draw"
    while again.undo():
        pass
    assert not again.contours
    for _ in range(len(again.history.steps)):
        again.redo()
    _save(again, again.path)
    after.end()
    assert found_journals() == ()


def test_a_label_map_that_was_changed_meanwhile_is_not_drawn_over(
    case: Case, kept: CaseJournal, tmp_path: Path
) -> None:
    path = tmp_path / "chest_dseg.nii.gz"
    _draw(case, 2)
    _save(case, path)
    _draw(case, 3)
    found = _left_by(kept)
    path.write_bytes(path.read_bytes() + b"by another")
    again = reopened(found)
    assert again.path is None


def test_what_goes_on_without_its_image_is_refused_with_what_to_do(
    case: Case, kept: CaseJournal, image: Path
) -> None:
    _draw(case, 2)
    found = _left_by(kept)
    image.unlink()
    with pytest.raises(InputError):
        reopened(found)
    case.image_path = None
    _draw(case, 3)
    with pytest.raises(InputError, match="not open") as caught:
        reopened(next(one for one in _all_left_by(kept) if one.about.image is None))
    assert "offered again" in caught.value.hint


def _all_left_by(kept: CaseJournal) -> tuple[FoundJournal, ...]:
    kept.end()
    return found_journals()


class Study:
    """What keeps a case of a study."""

    trust = Path("trust")

    def __init__(self, path: Path) -> None:
        self.path = path

    def keep(self) -> str:
        return "kept"

    def note_export(self, to: str) -> None:
        """Nothing goes out here."""


def test_it_is_offered_on_its_own_image_file_and_in_a_study_to_its_own_reader(
    case: Case, kept: CaseJournal, image: Path, tmp_path: Path
) -> None:
    _draw(case, 2)
    found = _left_by(kept)
    again = open_path(image)
    assert isinstance(again, Case)
    assert belongs_to(found, again)
    again.path = tmp_path / "other_dseg.nii.gz"
    assert not belongs_to(found, again)
    again.path = None
    again.keeper = Study(tmp_path)
    assert not belongs_to(found, again), "it was drawn outside of the study"

    case.keeper = Study(tmp_path)
    _draw(case, 3)
    in_study = next(one for one in _all_left_by(kept) if one.about.is_of_study)
    again.set_author("Ben Brook")
    assert not belongs_to(in_study, again), "another reader's"
    again.set_author("Ada Adams")
    assert belongs_to(in_study, again)
    with pytest.raises(InputError, match="not open") as caught:
        reopened(in_study)
    assert "worklist" in caught.value.hint


def test_what_is_not_wanted_is_gone_unless_it_is_drawn_on(case: Case, kept: CaseJournal) -> None:
    _draw(case, 2)
    kept.give_up()
    _draw(case, 3)
    assert _left_by(kept).steps == 3
    assert case.journal is None
    _draw(case, 4)
    kept.give_up()
    kept.end()
    assert len(found_journals()) == 1, "that of before"


def test_a_case_that_is_looked_at_only_has_none_until_it_opens_up(
    case: Case, told: list[OutputError | None]
) -> None:
    _draw(case, 2)
    case.mark_state(State.SUBMITTED)
    kept = CaseJournal(case, told.append)
    assert case.journal is None
    case.mark_state(State.IN_PROGRESS)
    _draw(case, 3)
    require_same(recover(_left_by(kept), case.volume.grid).history.current, case.history.current)


def test_another_window_goes_on_with_the_journal_of_a_case(case: Case, kept: CaseJournal) -> None:
    _draw(case, 2)
    kept.let_go()
    heard: list[OutputError | None] = []
    other = CaseJournal(case, heard.append)
    _draw(case, 3)
    assert _left_by(other).steps == 3


def test_where_no_journal_can_be_the_reader_is_told_and_draws_on(
    case: Case, state: Path, told: list[OutputError | None]
) -> None:
    state.write_text("a file where the folder should be")
    kept = CaseJournal(case, told.append)
    _draw(case, 2, 3)
    (error,) = told
    assert error is not None
    assert error.details["reason"] == "journal-not-written"
    assert status_of(case).endswith("only in memory, unsaved")
    kept.give_up()
    kept.end()
