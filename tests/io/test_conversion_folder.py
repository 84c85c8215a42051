"""The output folder of a conversion: claimed by one, filled with whole files, nothing overwritten."""

from __future__ import annotations

from hashlib import sha256

import pytest

from medseg.errors import OutputError, OutputExistsError
from medseg.io.conversion_folder import claimed_folder, digest_of, publish, scratch_folder


def finished(folder, content):
    path = folder / "a.nii"
    path.write_bytes(content)
    return path, sha256(content).hexdigest()


def test_folders_are_made_and_left_clean(tmp_path):
    with claimed_folder(tmp_path / "a" / "b") as out, scratch_folder(out) as scratch:
        publish(*_to(out, finished(scratch, b"x")))
    assert sorted(path.name for path in out.rglob("*")) == [".medseg", "a.nii"]


def _to(out, made):
    path, digest = made
    return path, out / path.name, digest


def test_what_fails_at_once_leaves_no_folder(tmp_path):
    (tmp_path / "a").mkdir()
    with pytest.raises(ZeroDivisionError), claimed_folder(tmp_path / "a" / "b" / "c"):
        raise ZeroDivisionError
    assert list((tmp_path / "a").iterdir()) == []


def test_what_fails_later_keeps_what_is_finished(tmp_path):
    def fail(out):
        with scratch_folder(out) as scratch:
            publish(*_to(out, finished(scratch, b"x")))
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), claimed_folder(tmp_path / "b") as out:
        fail(out)
    with claimed_folder(tmp_path / "b"):  # it is still known as a conversion's
        pass
    assert (tmp_path / "b" / "a.nii").read_bytes() == b"x"


@pytest.mark.parametrize("links", [True, False])
def test_a_file_is_never_replaced_and_the_same_one_is_accepted(tmp_path, monkeypatch, links):
    if not links:

        def refuse(*_):
            raise PermissionError(1, "Operation not permitted")

        monkeypatch.setattr("pathlib.Path.hardlink_to", refuse)
    with claimed_folder(tmp_path / "b") as out:
        for content in (b"x", b"x"):
            with scratch_folder(out) as scratch:
                publish(*_to(out, finished(scratch, content)))
        with scratch_folder(out) as scratch, pytest.raises(OutputExistsError, match=r"a\.nii exists"):
            publish(*_to(out, finished(scratch, b"y")))
    assert (tmp_path / "b" / "a.nii").read_bytes() == b"x"


def test_a_folder_in_the_place_of_a_file_is_refused(tmp_path):
    with claimed_folder(tmp_path / "b") as out, scratch_folder(out) as scratch:
        (out / "a.nii").mkdir()
        with pytest.raises(OutputExistsError):
            publish(*_to(out, finished(scratch, b"x")))


def test_a_second_claim_is_refused_and_changes_nothing(tmp_path):
    with claimed_folder(tmp_path / "b") as out, scratch_folder(out) as scratch:
        made = finished(scratch, b"x")
        with pytest.raises(OutputError, match="another conversion"), claimed_folder(tmp_path / "b"):
            pass
        assert made[0].exists()


def test_a_place_that_can_not_be_written_says_why(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="Not a directory"), claimed_folder(tmp_path / "file" / "out"):
        pass


def test_the_digest_of_nothing_is_none(tmp_path):
    assert digest_of(tmp_path / "none") is None
