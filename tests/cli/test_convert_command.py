"""``medseg convert`` as people and scripts see it: table, progress, exit codes, and no name of an input."""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
import sys

import pytest

from conversion_cases import make, require_manifest, run, tree


@pytest.fixture
def study(tmp_path):
    """Two series whose folders and files are named after the patient; one has a hole, one file is damaged."""
    root = tmp_path / "in" / "DOE^JANE"
    make(root / "ct", "ct")
    make(root / "holey", "a holey one")
    (root / "holey" / "IM0003.dcm").unlink()
    for path in root.rglob("*.dcm"):
        path.rename(path.with_name(f"DOE_JANE_{path.name}"))
    damaged = root / "ct" / "DOE_JANE_IM0009.dcm"
    damaged.write_bytes((root / "ct" / "DOE_JANE_IM0001.dcm").read_bytes()[:300])
    return root


def test_the_table_tells_status_reason_geometry_values_and_totals(study, tmp_path):
    done = run("convert", study, tmp_path / "out")
    assert (done.returncode, done.stderr) == (1, "")
    lines = done.stdout.splitlines()
    assert lines[0].split() == [
        "status", "reason", "id", "k×j×i", "spacing", "in", "mm", "values", "output",
    ]  # fmt: skip
    assert sorted(line.split()[0] for line in lines[1:4]) == ["converted", "refused", "refused"]
    (converted,) = [line for line in lines if line.startswith("converted")]
    assert converted.split()[2:5] == ["5×4×3", "3×0.5×0.25", "HU"]
    assert converted.endswith("_ct.nii.gz")
    assert "found 6 mm between slices 2 and 3" in done.stdout
    assert lines[-1] == "1 converted, 2 refused"


def test_no_name_of_an_input_is_shown_or_written_but_in_the_manifest(study, tmp_path):
    done = run("convert", study, tmp_path / "out")
    assert "‹file›" in done.stdout
    shown = done.stdout + done.stderr
    written = {name: content.decode("latin-1") for name, content in tree(tmp_path / "out").items()}
    manifest = written.pop("manifest.json")
    written["journal"] = (tmp_path / "out" / ".medseg" / "journal.jsonl").read_text()
    for text in (shown, *written, *written.values()):
        assert "DOE" not in text
        assert "IM000" not in text
        assert str(study) not in text
    assert "DOE_JANE_IM0009.dcm" in manifest
    assert str(tmp_path) not in manifest


def test_every_file_is_accounted_for(study, tmp_path):
    run("convert", study, tmp_path / "out")
    manifest = require_manifest(tmp_path / "out")
    assert set(manifest["files"]) == {
        path.relative_to(study).as_posix() for path in study.rglob("*") if path.is_file()
    }
    ids = {entry["id"] for entry in manifest["volumes"]}
    assert set(manifest["files"].values()) - ids == {"unreadable"}


def test_the_csv_has_a_row_a_volume_and_no_uid(study, tmp_path):
    run("convert", study, tmp_path / "out")
    manifest = require_manifest(tmp_path / "out")
    text = (tmp_path / "out" / "manifest.csv").read_text()
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["id"] for row in rows] == [entry["id"] for entry in manifest["volumes"]]
    converted = next(row for row in rows if row["status"] == "converted")
    assert (converted["shape_kji"], converted["spacing_kji_mm"]) == ("5 4 3", "3.0 0.5 0.25")
    assert converted["dtype"] == "int16"
    for entry in manifest["volumes"]:
        assert entry["series_uid"] is None or entry["series_uid"] not in text


def test_exit_code_zero_only_when_nothing_is_refused(study, tmp_path):
    (study / "ct" / "DOE_JANE_IM0009.dcm").unlink()
    assert run("convert", study / "ct", tmp_path / "a").returncode == 0
    assert run("convert", study, tmp_path / "b").returncode == 1
    assert run("convert", study / "none", tmp_path / "c").returncode == 4
    assert run("convert", study, study).returncode == 8
    assert run("convert", study).returncode == 2
    assert run("convert", study, tmp_path / "d", "--jobs", 0).returncode == 2
    assert run("convert", study, tmp_path / "d", "--names", "{nobody}").returncode == 8
    assert run("convert", study, tmp_path / "d", "--secret", tmp_path / "none").returncode == 4
    assert not any((tmp_path / name).exists() for name in "cd")


def test_options_reach_the_work(tmp_path):
    make(tmp_path / "in", "leaning", tilt_mm=0.7)
    done = run(
        "convert", tmp_path / "in", tmp_path / "out", "--no-compress", "--deshear", "--names", "{id}_x"
    )
    assert done.returncode == 8  # {id} is no field of a template
    done = run(
        "convert", tmp_path / "in", tmp_path / "out", "--no-compress", "--deshear", "--names", "x-{series}",
        "--allow-uneven", "--pet-unit", "bqml", "--philips-scaling",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    (entry,) = require_manifest(tmp_path / "out")["volumes"]
    assert re.fullmatch(r"x-[a-z0-9]{10}\.nii", entry["output"])
    assert entry["geometry"]["shear"] == pytest.approx(0, abs=1e-6)
    options = json.loads((tmp_path / "out" / "manifest.json").read_text())["options"]
    assert options["pet_unit"] == "BQML"
    assert all(options[name] for name in ("deshear", "allow_uneven", "philips_private_scaling"))


def test_several_inputs_are_told_by_the_folder_that_they_share(study, tmp_path):
    run("convert", study / "ct", study / "holey", tmp_path / "out")
    files = require_manifest(tmp_path / "out")["files"]
    assert {name.split("/")[0] for name in files} == {"ct", "holey"}


def test_the_table_can_not_be_broken_by_what_a_file_says(tmp_path):
    make(tmp_path / "in", "ct")
    (tmp_path / "in" / "a\x1b[31m\nb.dcm").write_bytes(b"\0" * 10)
    done = run("convert", tmp_path / "in", tmp_path / "out")
    assert "\x1b" not in done.stdout
    assert done.returncode == 1


def test_an_ordinary_conversion_imports_nothing_heavy(tmp_path):
    make(tmp_path / "in", "ct")
    script = (
        "import sys, click; from medseg.cli.main import main\n"
        "try:\n    main()\nexcept SystemExit as end:\n    assert end.code == 0, end.code\n"
        "heavy = 'pydicom nibabel scipy rich multiprocessing distributed asyncio imagecodecs'.split()\n"
        "print([name for name in heavy if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, "convert", tmp_path / "in", tmp_path / "out"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.splitlines()[-1] == "[]", done.stderr
