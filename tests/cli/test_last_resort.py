"""What nobody expected of the file system is still one line, and errors are JSON where JSON was asked for."""

from __future__ import annotations

import json

from click.testing import CliRunner

from medseg.cli.main import main


def test_a_path_that_no_file_system_takes_is_one_line():
    result = CliRunner().invoke(main, ["inspect", "x" * 300])
    assert result.exit_code == 4
    (line,) = result.stderr.splitlines()
    assert line.startswith("medseg: error: ")
    assert "too long" in line


def test_an_error_is_a_json_document_where_json_was_asked_for(tmp_path):
    result = CliRunner().invoke(main, ["inspect", str(tmp_path), "--json"])
    assert result.exit_code == 4
    assert json.loads(result.stdout)["error"] == "NoImagesError"
    assert result.stderr.startswith("medseg: error: ")


def test_a_key_needs_a_name_for_its_file(tmp_path):
    (tmp_path / "pass").write_text("correct horse")
    options = ["--name", "Ada", "--role", "qa", "--passphrase-file", str(tmp_path / "pass")]
    result = CliRunner().invoke(main, ["keys", "create", ".", *options])
    assert result.exit_code == 8
    assert "ada.pem" in result.stderr


def test_a_name_that_gives_no_id_needs_one(tmp_path):
    (tmp_path / "pass").write_text("correct horse")
    options = ["--name", "李雷", "--role", "qa", "--passphrase-file", str(tmp_path / "pass")]
    result = CliRunner().invoke(main, ["keys", "create", str(tmp_path / "a.pem"), *options])
    assert result.exit_code == 7
    assert "--id" in result.stderr
    assert [p.name for p in tmp_path.iterdir()] == ["pass"]
