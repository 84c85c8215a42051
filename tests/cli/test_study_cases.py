"""Adding cases, finding the study, the worklist, comments."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys

import pytest
from click.testing import CliRunner

from medseg.cli.main import main
from medseg.cli.study.options import STATES
from medseg.review.states import State
from medseg.workflows import study as use
from study_cases import CASE, site, studies, write_phantom
from study_commands import medseg_study

__all__ = ["medseg_study", "site", "studies"]

HEAVY = ("sqlalchemy", "alembic", "numpy", "nibabel", "cryptography", "reportlab", "qtpy")


@pytest.mark.parametrize("command", ["study", "study approve", "study comment add", "study check"])
def test_help_loads_nothing_heavy(command):
    code = (
        "import sys\nfrom medseg.cli.main import main\n"
        f"main([*{command.split()}, '--help'], standalone_mode=False)\n"
        f"print([name for name in {HEAVY} if name in sys.modules])"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said.splitlines()[-1] == "[]"


def test_the_states_of_the_filter_are_those_of_the_table():
    assert set(STATES) == {state.value for state in State}


def test_a_file_that_is_called_dataset_is_exported_with_its_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MEDSEG_KEY", raising=False)
    file = CliRunner().invoke(main, ["export", "./dataset", "out.nrrd"])
    assert file.exit_code == 4
    assert "--key" not in file.stderr
    command = CliRunner().invoke(main, ["export", "dataset", "out"])
    assert command.exit_code == 2
    assert "'--key'" in command.stderr


# The study.


def test_a_study_is_found_from_a_folder_in_it(medseg_study, monkeypatch):
    medseg_study.site.add()
    monkeypatch.chdir(medseg_study.site.path / "images" / CASE)
    found = CliRunner().invoke(main, ["study", "list", "--json"])
    assert json.loads(found.stdout)["counts"] == {"unassigned": 1}


def test_a_study_and_a_key_are_found_in_the_environment(medseg_study, monkeypatch):
    site = medseg_study.site
    monkeypatch.setenv("MEDSEG_STUDY", str(site.path))
    monkeypatch.setenv("MEDSEG_KEY", str(site.key("cory")))
    image = write_phantom(site.path.parent / "image.nii.gz")
    arguments = ["study", "add", str(image), "--passphrase-file", str(medseg_study.secret)]
    added = CliRunner().invoke(main, arguments)
    assert added.stdout == f"{CASE}: image.nii.gz\n"


def test_where_there_is_no_study_one_is_asked_for(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for arguments in (["list"], ["audit"], ["show", CASE]):
        none = CliRunner().invoke(main, ["study", *arguments])
        assert none.exit_code == 11
        assert none.stderr.startswith(f"medseg: error: there is no study in {tmp_path} (name its folder")


def test_an_unknown_case_is_an_error_in_json_too(medseg_study):
    assert medseg_study.json("show", "case-0009", code=11)["error"] == "UnknownCaseError"


# Adding.


def test_images_and_folders_of_images(medseg_study, tmp_path):
    folder = tmp_path / "images"
    folder.mkdir()
    for name in ("b.nii.gz", "a.nii.gz", "a_dseg.nii.gz"):
        write_phantom(folder / name)
    one = write_phantom(tmp_path / "one.nii.gz")
    added = medseg_study.by("cory", "add", one, folder, "--structure", "Liver", "--reads", "2")
    assert added.stdout.splitlines() == [
        "case-0001: one.nii.gz, 2 blind readers",
        "case-0002: a.nii.gz, 2 blind readers",
        "case-0003: b.nii.gz, 2 blind readers",
    ]
    assert medseg_study.json("show", "case-0003")["case"]["structures"] == ["Liver"]


def test_what_can_not_be_added_is_told_and_the_others_are_added(medseg_study, tmp_path):
    image = write_phantom(tmp_path / "image.nii.gz")
    damaged = tmp_path / "damaged.nii.gz"
    damaged.write_bytes(image.read_bytes()[:100])
    answer = medseg_study.json_by("cory", "add", damaged, image, tmp_path / "none.nii", code=1)
    assert [row["case"] and row["case"]["id"] for row in answer["cases"]] == [None, CASE, None]
    assert answer["cases"][0]["error"] == "UnreadableFileError"
    twice = medseg_study.by("cory", "add", image, "--id", CASE, code=1)
    assert f"there is a case {CASE} already" in twice.stderr


def test_an_id_is_one_image_s(medseg_study, tmp_path):
    image = write_phantom(tmp_path / "image.nii.gz")
    medseg_study.by("cory", "add", image, image, "--id", "lung-7", code=2)
    medseg_study.by("cory", "add", code=2)
    assert medseg_study.by("cory", "add", image, "--id", "lung-7").stdout == "lung-7: image.nii.gz\n"


@pytest.mark.parametrize("comma", [",", ";"])
def test_a_table_of_cases(medseg_study, tmp_path, comma):
    write_phantom(tmp_path / "a.nii.gz")
    write_phantom(tmp_path / "b.nii.gz")
    rows = (
        ("image", "id", "structures", "reads", "due"),
        ("a.nii.gz", "lung-1", "Tumour|Lung", "2", "2026-12-24"),
        ("b.nii.gz", "", "", "", ""),
    )
    table = tmp_path / "cases.csv"
    table.write_text("\ufeff" + "\n".join(comma.join(row) for row in rows) + "\n")
    answer = medseg_study.json_by("cory", "add", "--table", table, "--structure", "Liver")
    first, second = (row["case"] for row in answer["cases"])
    assert (first["id"], first["structures"], first["reads"], first["due"]) == (
        "lung-1", ["Tumour", "Lung"], 2, "2026-12-24",
    )  # fmt: skip
    assert (second["id"], second["structures"], second["reads"]) == (CASE, ["Liver"], 1)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "image at least"),
        ("image,patient\na.nii,Doe\n", "got 'image, patient'"),
        ("id\nlung-1\n", "image at least"),
        ("image,due\na.nii,tomorrow\n", "line 2"),
        ("image,reads\na.nii,two\n", "line 2"),
        ("image,id\n,lung-1\n", "expected an image"),
        ("image,id\na.nii,lung-1,more\n", "as many cells"),
        ("image,image\na,b\n", "image at least"),
        (b"image\n\xff\n", "UTF-8"),
    ],
)
def test_a_table_that_is_none(medseg_study, tmp_path, text, said):
    table = tmp_path / "cases.csv"
    table.write_bytes(text if isinstance(text, bytes) else text.encode())
    refused = medseg_study.json_by("cory", "add", "--table", table, code=4)
    assert said in refused["message"]
    assert refused["details"]["reason"] == "case-table"
    assert medseg_study.json("list")["cases"] == []


def test_ctrl_c_while_adding_tells_what_was_added(medseg_study, tmp_path, monkeypatch):
    image = write_phantom(tmp_path / "image.nii.gz")
    real = use.add_case

    def interrupted(*args, **more):
        os.kill(os.getpid(), signal.SIGINT)
        return real(*args, **more)

    monkeypatch.setattr(use, "add_case", interrupted, raising=False)
    stopped = medseg_study.json_by("cory", "add", image, image, code=9)
    assert [row["case"]["id"] for row in stopped["cases"]] == [CASE]
    assert stopped["stopped"]["details"]["reason"] == "cancelled"


# The worklist.


def test_the_worklist_by_filters_with_counts(medseg_study):
    site = medseg_study.site
    for number, structures in enumerate((["Tumour"], ["Liver"], ["Tumour"]), start=1):
        site.add(f"case-000{number}", structures=structures)
    site.assign("ada", case_id="case-0001")
    site.assign("abe", case_id="case-0002")
    site.save("ada", case_id="case-0001")
    use.add_comment(site.study, site.who("ben"), "case-0001", "look again")

    def listed(*arguments):
        return [row["id"] for row in medseg_study.json("list", *arguments)["cases"]]

    assert listed() == ["case-0001", "case-0002", "case-0003"]
    assert listed("--state", "assigned", "--state", "unassigned") == ["case-0002", "case-0003"]
    assert listed("--person", "ada") == ["case-0001"]
    assert listed("--structure", "Tumour") == ["case-0001", "case-0003"]
    assert listed("--text", "0003") == ["case-0003"]
    assert listed("--open-comments") == ["case-0001"]
    assert listed("--no-open-comments") == ["case-0002", "case-0003"]
    assert listed("--limit", "1", "--offset", "1") == ["case-0002"]
    medseg_study("list", "--state", "finished", code=2)

    table = medseg_study("list")
    head, first, *_ = table.stdout.splitlines()
    assert head.split() == ["case", "state", "readers", "due", "comments", "changed"]
    assert first.split()[:5] == ["case-0001", "in-progress", "ada", "-", "1"]
    assert table.stderr == "3 cases: 1 unassigned, 1 assigned, 1 in-progress\n"


def test_an_empty_worklist(medseg_study):
    none = medseg_study("list")
    assert (none.stdout, none.stderr) == ("", "0 cases\n")


# Comments.


def test_comments_at_a_place_open_and_resolved(medseg_study):
    medseg_study.site.submitted()
    add = ("comment", "add", CASE, "cut the vessel", "--structure", "tumour", "--at", "12.5,-30,88")
    made = medseg_study.json_by("ben", *add)
    assert (made["at_lps_mm"], made["structure"], made["open"]) == ([12.5, -30.0, 88.0], "tumour", True)
    medseg_study.by("dora", "comment", "add", CASE, "fine")
    line = f"comment {made['id']} by ben on tumour at 12.5, -30.0, 88.0 mm (LPS) (open): cut the vessel"
    assert medseg_study("comment", "list", CASE).stdout.splitlines()[0] == line
    assert line in medseg_study("show", CASE).stdout
    done = medseg_study.by("ada", "comment", "resolve", made["id"])
    assert done.stdout == f"comment {made['id']} is resolved\n"
    left = medseg_study.json("comment", "list", CASE, "--open")["comments"]
    assert [one["text"] for one in left] == ["fine"]
    assert "(resolved by ada)" in medseg_study("comment", "list", CASE).stdout
    medseg_study.by("ada", "comment", "resolve", made["id"], code=7)
    resolved = medseg_study.json_by("ada", "comment", "resolve", left[0]["id"])
    assert resolved["resolved_by"] == "ada"


@pytest.mark.parametrize("place", ["1,2", "1,2,3,4", "here", "1,2,x"])
def test_a_place_is_three_numbers(medseg_study, place):
    medseg_study.site.add()
    refused = medseg_study.by("ben", "comment", "add", CASE, "look", "--at", place, code=2)
    assert "three numbers in mm" in refused.stderr


def test_a_place_that_is_nowhere(medseg_study):
    medseg_study.site.add()
    refused = medseg_study.json_by("ben", "comment", "add", CASE, "look", "--at", "nan,0,0", code=11)
    assert refused["details"]["reason"] == "place"


def test_a_blind_reader_s_comments_are_his(medseg_study):
    site = medseg_study.site
    site.add(reads=2)
    site.assign("ada", "abe")
    site.save("ada")
    medseg_study.by("ada", "comment", "add", CASE, "is this a vessel?")
    assert medseg_study.json("comment", "list", CASE)["comments"] == []
    assert medseg_study.json_by("abe", "comment", "list", CASE)["comments"] == []
    assert len(medseg_study.json_by("ada", "comment", "list", CASE)["comments"]) == 1
