"""``medseg history`` as people and scripts call it."""

from __future__ import annotations

import json
import subprocess
import sys
from os import close, openpty, read

import pytest
from click.testing import CliRunner
from prov.model import ProvDocument

from drawn_cases import write_drawn_case
from medseg.cli.main import main
from signed_cases import make_site, write_nifti


@pytest.fixture(scope="module")
def case(tmp_path_factory):
    return write_drawn_case(tmp_path_factory.mktemp("case"))


@pytest.fixture(scope="module")
def site(tmp_path_factory, case):
    site = make_site(tmp_path_factory.mktemp("site"))
    site.sign(case.files, "ada", "submitted")
    site.sign(case.files, "ben", "approved")
    return site


def run(*arguments):
    return CliRunner().invoke(main, ["history", *map(str, arguments)])


def test_it_prints_a_timeline_in_plain_text(case, site):
    done = run(case.files.nifti, "--trust", site.trust)
    assert done.exit_code == 0, done.output
    lines = done.output.splitlines()
    assert lines[0] == "case_dseg.nii.gz: 2 structures, approved"
    assert "  created by Ada Reader (as recorded, not proven)" in done.output
    assert lines[-1].endswith("approved by Ben Radiologist (radiologist, verified)")
    assert "\x1b" not in done.output


@pytest.mark.usefixtures("site")
def test_without_a_trust_folder_it_warns(case):
    done = run(case.files.nifti)
    assert done.exit_code == 0
    assert "warning: the signatures were not verified" in done.output


def test_json_is_one_document(case, site):
    told = json.loads(run(case.files.nifti, "--trust", site.trust, "--json").stdout)
    assert (told["schema"], told["standing"]) == ("medseg-history/1", "approved")
    assert [step["activity"] for step in told["steps"]] == ["created"]
    assert [signed["verified"] for signed in told["signatures"]] == [True, True]
    liver = told["structures"][0]
    assert [(b["where"], b["derived_from"]) for b in liver["blocks"]][1] == ("k=5..6", ["k=4", "k=7"])


def test_it_writes_a_page_and_prov(tmp_path, case, site):
    page, prov = tmp_path / "a.html", tmp_path / "a_prov.json"
    arguments = (
        case.files.nifti,
        "--trust",
        site.trust,
        "--html",
        page,
        "--image",
        case.dicom,
        "--prov",
        prov,
    )
    assert run(*arguments).exit_code == 0
    assert page.read_text().startswith("<!DOCTYPE html>")
    assert len(list(ProvDocument.deserialize(content=prov.read_text(), format="json").get_records())) > 50
    again = run(*arguments)
    assert again.exit_code == 8
    assert run(*arguments, "--overwrite").exit_code == 0


def test_a_label_map_of_another_program_is_told_as_such(tmp_path):
    write_nifti(tmp_path / "a.nii.gz")
    done = run(tmp_path / "a.nii.gz", "--html", tmp_path / "a.html")
    assert done.exit_code == 0, done.output
    assert "no record: another program made it" in done.output
    assert "Label 1: " in done.output


@pytest.mark.parametrize(
    ("arguments", "code"), [(("absent.nii.gz",), 4), (("a.png",), 4), ((), 2), (("x.nii", "--image", "x"), 2)]
)
def test_wrong_usage_and_missing_files_have_their_exit_codes(arguments, code):
    assert run(*arguments).exit_code == code


def test_on_a_terminal_no_text_of_a_file_commands_it(tmp_path, case):
    files = case.files
    for path in files.present():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    record = tmp_path / files.provenance.name
    record.write_text(record.read_text().replace("Ada Reader", "[red]Ada\\u001b]0;owned\\u0007 Reader"))
    try:
        terminal, end = openpty()
    except OSError:
        pytest.skip("there is no pseudo-terminal to give")
    command = [sys.executable, "-m", "medseg.cli.main", "history", str(tmp_path / files.nifti.name)]
    done = subprocess.run(command, stdout=end, env={"TERM": "xterm-256color"}, timeout=60, check=False)
    assert done.returncode == 0
    close(end)
    shown = read(terminal, 65536).decode()
    close(terminal)
    assert "\x1b[1m" in shown
    assert "[red]Ada ]0;owned  Reader" in shown
    assert "\x1b]0" not in shown
