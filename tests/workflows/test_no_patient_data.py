"""What identifies a patient in the DICOM is in no file that medseg writes, and on no screen."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from canaries import WORD, Canaries, contents, digests
from canary_tree import READ, TERMS, make_tree
from medseg.contour import ContourSet, Origin, Slice, trace_slice
from medseg.io.contact_sheet import write_contact_sheet
from medseg.labelmap import Structure
from medseg.workflows.interpolate import how_completed, interpolate
from medseg.workflows.open_image import open_image
from medseg.workflows.save import save_label_map

HARMLESS = {
    "ActualFrameDuration": "how long a PET scanner counted: the canary passes for five hours",
}
"""Elements whose number a JSON sidecar may repeat, and why. Others are out of any scanner's range here."""

PLACES = {"name of a folder", "name of a file"}

HASHABLE = ("PatientID", "PatientName", "AccessionNumber", "OtherPatientIDs")


@dataclass(frozen=True)
class Run:
    """One conversion by the command line."""

    source: Path
    out: Path
    returncode: int
    screen: bytes
    canaries: Canaries


def medseg(*arguments, config):
    """Run the command line as a user does; the secret is made in a folder of the test."""
    return subprocess.run(
        [sys.executable, "-m", "medseg.cli.main", *map(str, arguments)],
        env=os.environ | {"XDG_CONFIG_HOME": str(config), "APPDATA": str(config), "HOME": str(config)},
        capture_output=True,
        check=False,
    )


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    canaries = Canaries()
    root = tmp_path_factory.mktemp("inputs")
    make_tree(root, canaries)
    return root, canaries


def run(tree, tmp_path, *options):
    source, canaries = tree
    done = medseg("convert", *options, source, tmp_path / "out", config=tmp_path / "config")
    return Run(source, tmp_path / "out", done.returncode, done.stdout + b"\n" + done.stderr, canaries)


@pytest.fixture(scope="module")
def converted(tree, tmp_path_factory):
    """A conversion as anyone would start it."""
    return run(tree, tmp_path_factory.mktemp("converted"))


def entries(one):
    return json.loads((one.out / "manifest.json").read_text())["volumes"]


def without_source_names(text, source):
    """A manifest's text without the names of source files, which it may hold, and nothing else may."""
    names = {name for path in source.rglob("*") for name in (path.name, path.relative_to(source).as_posix())}
    for name in sorted(names, key=len, reverse=True):
        text = text.replace(name.encode(), b"")
    return text


@pytest.mark.parametrize(
    "leak",
    [
        "CANARY00007",
        "canary00007",
        "CANARY^00007",
        "1801-01-03",
        "1801:01:03",
        "11:37:49.000009",
        "18700.011",
        base64.b64encode(b"a CANARY00007").decode(),
        "xCANARY00007x".encode("utf-16").decode("latin-1"),
        b"CANARY00007".hex(),
    ],
)
def test_the_search_finds_a_canary_in_any_clothes(leak):
    texts = ["CANARY00007", "18010103", "113749.000009", "18700011"]
    canaries = Canaries(planted=dict.fromkeys(texts, "Somewhere"))
    assert canaries.found_in(b"\x00{" + leak.encode("latin-1") + b"}\xff")
    assert not canaries.found_in(b"CANAR Y1801-02-03 11:37:49.100009 1870001 2")


def test_the_canaries_are_in_what_is_converted_and_what_is_not(converted):
    """Else the tests below would prove nothing."""
    assert converted.returncode == 1, converted.screen.decode()
    statuses = [entry["status"] for entry in entries(converted)]
    assert {status: statuses.count(status) for status in statuses} == {
        "converted": 3,
        "skipped": 2,
        "refused": 5,
    }, [(entry["id"], entry["status"], entry["reason"]) for entry in entries(converted)]
    assert {entry["quantity"] for entry in entries(converted) if entry["status"] == "converted"} == {
        "HU",
        "SUVbw",
        "arbitrary",
    }
    sources = b"".join(path.read_bytes() for path in converted.source.rglob("*") if path.is_file())
    planted = set(converted.canaries.planted.values()) - PLACES - (READ - TERMS)
    assert len(planted) > 9000
    assert planted - converted.canaries.found_in(sources) == set()


def test_no_canary_is_in_the_output(converted):
    found = {}
    for name, content in contents(converted.out):
        if name == "manifest.json":
            content = without_source_names(content, converted.source)
        found[name] = converted.canaries.found_in(content)
        if name.endswith(("_ct.json", "_mr.json", "_pet.json")):
            found[name] -= set(HARMLESS)
    assert {name: sorted(keywords) for name, keywords in found.items() if keywords} == {}
    assert len(found) > 10


def test_no_canary_is_on_the_screen(converted):
    assert len(converted.screen) > 100
    assert converted.canaries.found_in(converted.screen) == set()


def test_no_bare_hash_of_what_identifies_is_in_the_output(converted):
    """Patients can be guessed: whoever hashes all numbers of a hospital would find them."""
    values = {canary: where for canary, where in converted.canaries.planted.items() if where in HASHABLE}
    assert len(values) == len(HASHABLE)
    hashes = {form: where for value, where in values.items() for form in digests(value)}
    for name, content in [*contents(converted.out), ("screen", converted.screen)]:
        lower = content.lower()
        assert {where for form, where in hashes.items() if form in lower} == set(), name


def test_source_paths_are_in_the_manifest_alone(converted):
    holders = {name for name, content in contents(converted.out) if WORD.encode() in content}
    assert holders == {"manifest.json"}
    manifest = json.loads((converted.out / "manifest.json").read_text())
    assert manifest["identifying"] is True
    files = {path for path in converted.source.rglob("*") if path.is_file()}
    assert set(manifest["files"]) == {path.relative_to(converted.source).as_posix() for path in files}
    assert str(converted.source).encode() not in b"".join(content for _, content in contents(converted.out))
    assert str(converted.source).encode() not in converted.screen


def test_the_secret_is_nowhere(converted):
    (secret,) = (converted.out.parent / "config").rglob("pseudonym-secret")
    key = secret.read_text().split()[1]
    for name, content in [*contents(converted.out), ("screen", converted.screen)]:
        assert key.encode() not in content.lower(), name
        assert bytes.fromhex(key) not in content, name


def test_on_request_names_and_sidecars_tell_who_it_is(tree, tmp_path):
    template = "{patient_id}/{patient_name}_{series_description}_{suffix}"
    kept = run(tree, tmp_path, "--keep-phi", "--names", template)
    outputs = [entry["output"] for entry in entries(kept) if entry["status"] == "converted"]
    assert len(outputs) == 3
    for output in outputs:
        found = kept.canaries.found_in(output.encode())
        assert found == {"PatientID", "PatientName", "SeriesDescription"}
        sidecar = (kept.out / output.replace(".nii.gz", ".json")).read_bytes()
        assert kept.canaries.found_in(sidecar) >= {
            "PatientID",
            "PatientName",
            "PatientBirthDate",
            "StudyDescription",
            "InstitutionName",
            "AcquisitionDate",
        }


def test_without_leave_such_a_template_converts_nothing(tree, tmp_path):
    refused = run(tree, tmp_path, "--names", "{patient_id}")
    assert refused.returncode == 8
    assert b"--keep-phi" in refused.screen
    assert not refused.out.exists()


def test_a_saved_label_map_and_its_picture_are_free_of_it(tree, tmp_path):
    source, canaries = tree
    volume = open_image(next(source.glob("ct*")))
    assert canaries.found_in(repr(volume.source).encode()) == set()
    mask = np.zeros(volume.grid.shape_kji[1:], bool)
    mask[1:5, 1:4] = True
    contours = ContourSet(
        tuple(c for k in (0, 2) for c in trace_slice(mask, volume.grid, Slice(0, k), "a", Origin.DRAWN))
    )
    completion = interpolate(contours, volume.grid, [Structure("a", "A", 1)])
    save_label_map(
        tmp_path / "a_dseg.nii.gz",
        completion.label_map,
        grid=volume.grid,
        source=volume.source,
        contours=contours,
        author="Ada Reader",
        completed=how_completed(completion),
    )
    write_contact_sheet(volume, completion.label_map, tmp_path / "a.png", title="A")
    found = {name: canaries.found_in(content) for name, content in contents(tmp_path)}
    assert len([path for path in tmp_path.iterdir() if path.is_file()]) == 5
    assert {name: keywords for name, keywords in found.items() if keywords} == {}
