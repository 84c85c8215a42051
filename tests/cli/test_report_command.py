"""``medseg report`` as people call it."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from medseg.cli.main import main
from signed_cases import write_layered_case


def run(*arguments):
    return CliRunner().invoke(main, ["report", *map(str, arguments)])


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    return write_layered_case(tmp_path_factory.mktemp("case"))


def test_it_writes_a_page_and_a_pdf(files, tmp_path):
    page, pdf = tmp_path / "report.html", tmp_path / "report.pdf"
    told = run(files.nifti, "--out", page, "--out", pdf, "--title", "Case 7")
    assert told.exit_code == 0, told.output
    assert told.stdout.strip() == "not verified. No trust folder was named: signatures were not looked at."
    assert "<h1>Case 7</h1>" in page.read_text()
    assert pdf.read_bytes().startswith(b"%PDF")
    # Nothing is written where one of two is there already.
    other = tmp_path / "other.html"
    assert run(files.nifti, "--out", other, "--out", page).exit_code == 8
    assert not other.exists()
    assert run(files.nifti, "--out", page, "--overwrite").exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "exit_code", "said"),
    [
        (("--out", "report.txt"), 4, "*.html or *.pdf"),
        (("--out", "report.pdf", "--window", "100", "0"), 2, "lower value first"),
        ((), 2, "Missing option '--out'"),
    ],
)
def test_what_it_refuses(files, arguments, exit_code, said):
    told = run(files.nifti, *arguments)
    assert told.exit_code == exit_code
    assert said in told.stderr
