"""A bundle as files."""

import hashlib
import json
import zipfile

import pytest

from assist.made_bundles import thresholding_bundle, zipped
from medseg.assist.bundle import opened_bundle
from medseg.errors import InputError


@pytest.fixture
def folder(tmp_path):
    return thresholding_bundle(tmp_path / "made", structures=("Tumour", "Node"))


def refusal(path, **options):
    with pytest.raises(InputError) as refused, opened_bundle(path, **options):
        pass
    return refused.value.details["reason"]


def test_a_folder_and_a_zip_are_the_same_bundle(folder, tmp_path):
    with opened_bundle(folder) as of_folder:
        assert (of_folder.name, of_folder.version) == ("threshold", "0.1.0")
        assert of_folder.channel_names == {0: "background", 1: "Tumour", 2: "Node"}
    for inside in ("", "a-folder"):
        with opened_bundle(zipped(folder, tmp_path / f"{inside}.zip", inside=inside)) as of_zip:
            assert of_zip.sha256 == of_folder.sha256
            assert of_zip.bundle_sha256 == of_folder.bundle_sha256
            kept = of_zip.folder
        assert not kept.exists()


def test_the_digests_are_those_of_the_files_that_are_used(folder):
    with opened_bundle(folder) as bundle:
        for name, digest in bundle.sha256.items():
            assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest
        assert set(bundle.sha256) == {"configs/metadata.json", "configs/inference.json", "models/model.pt"}
        before = bundle.bundle_sha256
    config = folder / "configs" / "inference.json"
    config.write_text(config.read_text().replace("0.25", "0.5"))
    with opened_bundle(folder) as bundle:
        assert bundle.bundle_sha256 != before


def test_where_code_may_run_its_digests_are_there_too(folder):
    (folder / "scripts").mkdir()
    (folder / "scripts" / "network.py").write_text("pass")
    with opened_bundle(folder) as trusted, opened_bundle(folder, allow_code=True) as allowed:
        assert set(allowed.sha256) - set(trusted.sha256) == {"scripts/network.py"}
        assert allowed.sha256["scripts/network.py"] == hashlib.sha256(b"pass").hexdigest()


def test_a_config_in_yaml_is_read_without_making_objects(folder):
    config = folder / "configs" / "inference.json"
    text = config.read_text()
    config.unlink()
    (folder / "configs" / "inference.yaml").write_text(text)  # JSON is YAML, too
    with opened_bundle(folder) as bundle:
        assert "inferer" in bundle.prepared.parts
    (folder / "configs" / "inference.yaml").write_text("inferer: 2026-11-23")
    assert refusal(folder) == "bundle-damaged"
    (folder / "configs" / "inference.yaml").write_text("inferer: !!python/object/apply:os.system ['x']")
    assert refusal(folder) == "bundle-damaged"


@pytest.mark.parametrize("name", ["../outside", "/outside", "a/../../outside", "..\\outside", "C:\\outside"])
def test_a_zip_that_would_write_outside_of_its_folder_is_not_unpacked(folder, tmp_path, name):
    archive = zipped(folder, tmp_path / "bundle.zip")
    with zipfile.ZipFile(archive, "a") as out:
        out.writestr(name, "canary")
    assert refusal(archive) == "unsafe-archive"
    assert not list(tmp_path.rglob("outside*"))


def test_a_link_in_a_zip_is_not_unpacked(folder, tmp_path):
    archive = zipped(folder, tmp_path / "bundle.zip")
    link = zipfile.ZipInfo("models/other.pt")
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(archive, "a") as out:
        out.writestr(link, "/etc/passwd")
    assert refusal(archive) == "unsafe-archive"


def test_a_zip_that_would_fill_the_disk_is_not_unpacked(folder, tmp_path, monkeypatch):
    monkeypatch.setattr("medseg.assist.bundle.files.MAX_ARCHIVE_BYTES", 100)
    assert refusal(zipped(folder, tmp_path / "bundle.zip")) == "bundle-damaged"


def test_what_is_no_bundle_is_refused(folder, tmp_path):
    assert refusal(tmp_path) == "not-a-bundle"
    assert refusal(tmp_path / "nowhere") == "not-a-bundle"
    assert refusal(folder / "models" / "model.pt") == "not-a-bundle"
    (folder / "models" / "model.pt").rename(folder / "models" / "model.ts")
    assert refusal(folder) == "untrusted-weights"
    with opened_bundle(folder, allow_code=True) as bundle:
        assert bundle.weights.name == "model.ts"
    (folder / "models" / "model.ts").unlink()
    assert refusal(folder) == "no-weights"


DEEP = '{"a": ' + "[" * 900 + "]" * 900 + "}"


@pytest.mark.parametrize("text", ["{", "[]", "3", '{"a": ' + "[" * 100_000, "\xff", DEEP])
def test_a_damaged_config_is_told(folder, text):
    (folder / "configs" / "inference.json").write_bytes(text.encode("latin-1"))
    assert refusal(folder) == "bundle-damaged"


def test_a_name_of_the_metadata_can_not_act_on_a_terminal(folder):
    metadata = json.loads((folder / "configs" / "metadata.json").read_text())
    metadata["name"] = "\x1b[2J../../evil\n"
    (folder / "configs" / "metadata.json").write_text(json.dumps(metadata))
    with opened_bundle(folder) as bundle:
        assert bundle.name.isprintable()
        assert "/" not in bundle.name
