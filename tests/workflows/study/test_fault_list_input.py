"""The fault list, about what comes in: text that names a patient, and files that were made to do harm."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import sqlite3
import struct
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import nibabel
import numpy as np
import pydicom
import pytest
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, MediaStorageDirectoryStorage

from canaries import Canaries, contents, encoded
from canary_tree import spoil, write
from medseg.errors import DamagedStudyError, InputError, MedsegError
from medseg.io.label_map_files import LabelMapFiles
from medseg.workflows import study as use
from study_cases import CASE, draw

# A canary in every text, path and comment: in no extension, sidecar, PROV record, log, file name or export.
# What lies in the study itself is in test_no_patient_data_in_study.py.


@pytest.fixture
def canaries():
    return Canaries()


@pytest.fixture
def dicom(canaries, tmp_path):
    """A series with a canary in every text, file name and folder name."""
    return spoil(write(tmp_path / "in" / "series", "seed"), canaries, encoded(canaries.dataset()))


@pytest.fixture
def lived_through(site, canaries, dicom, tmp_path):
    """A case from such a series, drawn in a folder with a canary in its name, commented on and approved."""
    use.add_case(site.study, site.who("cory"), dicom, case_id=CASE, structures=["Liver"])
    site.assign("ada")
    folder = tmp_path / canaries.word("name of a folder")
    folder.mkdir()
    own = LabelMapFiles(folder / f"{canaries.word('name of a file')}_dseg.nii.gz")
    use.save_revision(site.study, site.who("ada"), CASE, draw(dicom, own, "ada").nifti)
    said = canaries.word("comment")
    use.add_comment(site.study, site.who("ben"), CASE, f"{said} was here", structure="liver")
    site.step("ada", "submitted")
    site.step("ben", "changes-requested", reason="more")
    site.save("ada", size=2)
    site.step("ada", "submitted")
    site.step("ben", "approved")
    site.step("dora", "released")
    return site


def found_in_folder(canaries, folder):
    return {(where, one) for where, content in contents(folder) for one in canaries.found_in(content)}


def test_nothing_that_leaves_the_study_tells_of_a_patient(lived_through, canaries, tmp_path):
    """Training set, audit trail, checkpoint, difference, check and working copy, as files and as text."""
    site, out = lived_through, tmp_path / "out"
    out.mkdir()
    dora = site.who("dora")
    use.export_dataset(site.study, dora, out / "dataset")
    use.make_checkpoint(site.study, dora, copy_to=out / "kept.jsonl")
    trail = use.audit(site.study)
    use.write_audit(trail, html=out / "audit.html", pdf=out / "audit.pdf")
    first, second = (one.digest for one in site.revisions())
    compared = use.compare_revisions(site.study, dora, CASE, first, second, picture=out / "difference.png")
    site.step("ben", "amended", reason="more", reader="ada")
    copy = use.check_out(site.study, site.who("ada"), CASE, out=out / "mine")
    told = [
        trail.as_dict(),
        compared.as_dict(),
        use.check_study(site.study).as_dict(),
        site.verify(site.revisions()[1]).as_dict(),
        str(use.list_cases(site.study)),
    ]
    assert copy.files.nifti.is_relative_to(out)
    assert len(list(out.rglob("*"))) > 15
    assert found_in_folder(canaries, out) == set()
    assert canaries.found_in(json.dumps(told, default=str).encode()) == set()


def test_no_refusal_tells_of_a_patient(lived_through, canaries, dicom):
    """What is refused is written down without what was typed, and without the names of files and folders."""
    site = lived_through
    name = canaries.word("name of a file")
    broken = site.path.parent / f"{name}.nii.gz"
    broken.write_bytes(b"\x1f\x8b" + name.encode())
    attempts = [
        lambda: use.add_case(site.study, site.who("cory"), broken, case_id="case-0002"),
        lambda: use.add_case(site.study, site.who("cory"), dicom, case_id=f"{name} / {name}"),
        lambda: use.save_revision(site.study, site.who("ada"), CASE, broken),
        lambda: use.save_revision(site.study, site.who("ada"), name, broken),
        lambda: use.view_revision(site.study, site.who("ada"), name),
        lambda: use.assign(site.study, site.who("cory"), CASE, [name]),
        lambda: use.receive_statement(site.study, site.who("ben"), CASE, name.encode()),
        lambda: use.add_comment(site.study, site.who("ben"), CASE, f"{name}\a", structure=name),
    ]
    for attempt in attempts:
        with pytest.raises(MedsegError):
            attempt()
    assert canaries.found_in(json.dumps(site.ledger()).encode()) == set()
    site.study.close()
    database = (site.path / "study.sqlite").read_bytes()
    assert canaries.found_in(database) == {"comment"}


# Hostile input: confined, in bounded memory, a typed error, nothing lost.

MEMORY = 1 << 30
"""What a program may take, in bytes, besides what it has when it begins."""


def zeros_behind_the_voxels(path):
    """The header of a few voxels, and a gigabyte of zeros behind them: of an image they are no part."""
    path.write_bytes(path.read_bytes() + gzip.compress(bytes(1 << 24)) * 64)


def bomb(path):
    """Two gigabytes of voxels, all there, in two megabytes."""
    side = 1300
    header = bytearray(gzip.decompress(path.read_bytes())[:352])
    header[42:48] = struct.pack("<3h", side, side, side)
    whole, rest = divmod(side**3 * 4, 1 << 24)
    zeros = gzip.compress(bytes(1 << 24)) * whole + gzip.compress(bytes(rest))
    path.write_bytes(gzip.compress(bytes(header)) + zeros)


def huge_dimensions(path):
    """A header that promises 32767³ voxels."""
    patched(path, 42, struct.pack("<3h", 32767, 32767, 32767))


def not_a_number_in_the_affine(path):
    """An affine of which one number is none."""
    patched(path, 280, struct.pack("<f", float("nan")))


def truncated(path):
    """The end of the file is missing."""
    path.write_bytes(path.read_bytes()[:-40])


def truncated_in_the_header(path):
    """Hardly anything is there."""
    path.write_bytes(path.read_bytes()[:30])


def text_instead(path):
    """No image at all."""
    path.write_text("[" * 100_000)


def patched(path, offset, data):
    raw = bytearray(gzip.decompress(path.read_bytes()))
    raw[offset : offset + len(data)] = data
    path.write_bytes(gzip.compress(bytes(raw)))


HOSTILE = [
    zeros_behind_the_voxels,
    bomb,
    huge_dimensions,
    not_a_number_in_the_affine,
    truncated,
    truncated_in_the_header,
    text_instead,
]


@pytest.fixture
def worked_on(site):
    """A case with a revision, and a working copy."""
    site.add()
    site.assign("ada")
    site.save("ada")
    return site


def kept(site):
    """All files but the ledger's, and what the tables say."""
    files = {path: path.read_bytes() for path in site.path.rglob("*") if path.is_file()}
    files = {
        path: data for path, data in files.items() if "sqlite" not in path.name and "work" not in path.parts
    }
    return files, site.case(), site.reads(), site.revisions()


LIMITED = """
import resource, sys
from contextlib import closing
from pathlib import Path
from medseg.errors import MedsegError
from medseg.workflows import study as use
from study_cases import CASE, StudySite

study, keys, path, limit = sys.argv[1:]
site = StudySite(Path(study), Path(keys))
ada, cory = site.who("ada"), site.who("cory")
in_use = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (in_use + int(limit), in_use + int(limit)))
for attempt in (
    lambda: use.add_case(site.study, cory, Path(path)),
    lambda: use.save_revision(site.study, ada, CASE, Path(path)),
):
    try:
        attempt()
        print("taken")
    except MedsegError as error:
        print(type(error).__name__)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="limits the memory as Linux does")
@pytest.mark.parametrize("harm", HOSTILE)
def test_a_hostile_file_is_refused_and_nothing_changes(worked_on, tmp_path, harm):
    """A bomb, huge dimensions, a NaN affine, a truncated file: a typed error, bounded memory, nothing lost.

    As an image that is added, and as a label map that is saved with good sidecars beside it.
    """
    site = worked_on
    own = site.study.folder.work(CASE, "ada").nifti
    files = LabelMapFiles(shutil.copytree(own.parent, tmp_path / "harm") / own.name)
    harm(files.nifti)
    before = kept(site)
    site.study.close()
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, *map(str, (site.path, site.keys, files.nifti, MEMORY))],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "OPENBLAS_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stderr
    as_image, as_label_map = done.stdout.split()
    assert as_label_map != "taken"
    assert (as_image == "taken") is (harm is zeros_behind_the_voxels)
    if as_image != "taken":
        assert kept(site) == before
    assert (site.reads(), site.revisions()) == before[2:]
    site.require_sound()


DEEP = "[" * 100_000 + "]" * 100_000


@pytest.mark.parametrize("where", ["extension", "provenance", "contours", "statement", "roster"])
def test_deep_json_is_no_crash(worked_on, tmp_path, where):
    """JSON nested 100,000 deep, wherever JSON is read: passed over in the extension, else a typed error."""
    site = worked_on
    source = site.draw("ada", size=2)
    folder = shutil.copytree(source.nifti.parent, tmp_path / "deep")
    files = LabelMapFiles(folder / source.nifti.name)
    before = kept(site)
    if where == "extension":
        image = nibabel.Nifti1Image.from_bytes(gzip.decompress(files.nifti.read_bytes()))
        image.header.extensions.clear()
        image.header.extensions.append(nibabel.nifti1.Nifti1Extension("comment", DEEP.encode()))
        files.nifti.write_bytes(gzip.compress(image.to_bytes()))
        revision = use.save_revision(site.study, site.who("ada"), CASE, files.nifti)
        raw = gzip.decompress(site.files(revision).nifti.read_bytes())
        assert b"[[[[" not in raw
        site.require_sound()
        return
    if where == "statement":
        with pytest.raises(MedsegError):
            use.receive_statement(site.study, site.who("ada"), CASE, DEEP.encode())
    elif where == "roster":
        trust = shutil.copytree(site.trust, tmp_path / "trust")
        (trust / "roster.json").write_text(DEEP)
        with pytest.raises(MedsegError):
            use.read_kept_checkpoints(tmp_path, trust / "checkpoints.jsonl")
        return
    else:
        getattr(files, where).write_text(DEEP)
        with pytest.raises(MedsegError):
            use.save_revision(site.study, site.who("ada"), CASE, files.nifti)
    assert kept(site) == before
    site.require_sound()


@pytest.mark.parametrize(
    "uid", ["../../../../etc/passwd", "/etc/passwd", "..", "1.2/../../x", "1.2\\..\\x", "a\nb", "9" * 64]
)
def test_a_hostile_uid_becomes_no_path(site, tmp_path, uid):
    """UIDs that climb, in every place of a series that names something: no file appears outside the study."""
    series = tmp_path / "in" / "series"
    with pydicom.config.disable_value_validation():
        for path in write(series, "seed"):
            dataset = pydicom.dcmread(path)
            for keyword in ("StudyInstanceUID", "SeriesInstanceUID", "FrameOfReferenceUID", "PatientID"):
                setattr(dataset, keyword, uid)
            dataset.save_as(path)
    outside = everything_outside(site, tmp_path)
    try:
        added = use.add_case(site.study, site.who("cory"), series)
    except InputError:
        added = None
    assert everything_outside(site, tmp_path) == outside
    names = {path.name for path in site.path.rglob("*")}
    assert not any("passwd" in name or name == "x" for name in names)
    if added is not None:
        assert added.id == "case-0001"
        site.assign("ada")
        site.save("ada")
    site.require_sound()


def everything_outside(site, folder):
    return {path for path in folder.rglob("*") if not path.is_relative_to(site.path)}


@pytest.mark.parametrize("climb", [["..", "..", "secret.dcm"], ["/", "secret.dcm"], ["..\\secret.dcm"]])
def test_a_dicomdir_that_climbs_is_not_followed(site, tmp_path, climb):
    """A DICOMDIR that names a file above its folder: that file is not read, with it nor without an image."""
    secret = write(tmp_path / "above", "secret")[0]
    folder = tmp_path / "above" / "disc" / "here"
    write(folder, "seed")
    secret.rename(tmp_path / "above" / "secret.dcm")
    dicomdir(folder / "DICOMDIR", climb)
    added = use.add_case(site.study, site.who("cory"), folder)
    assert np.asarray(nibabel.load(site.study.folder.absolute(added.image)).shape).tolist() == [5, 6, 4]
    alone = tmp_path / "alone" / "disc"
    alone.mkdir(parents=True)
    dicomdir(alone / "DICOMDIR", climb)
    (tmp_path / "secret.dcm").write_bytes((tmp_path / "above" / "secret.dcm").read_bytes())
    for target in (alone, alone / "DICOMDIR"):
        with pytest.raises(InputError):
            use.add_case(site.study, site.who("cory"), target)
    site.require_sound()


def dicomdir(path: Path, climb: list[str]) -> None:
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = MediaStorageDirectoryStorage
    meta.MediaStorageSOPInstanceUID = "1.2.3.4"
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    made = FileDataset(str(path), {}, file_meta=meta, preamble=bytes(128))
    with pydicom.config.disable_value_validation():
        record = pydicom.Dataset()
        record.DirectoryRecordType = "IMAGE"
        record.add_new("ReferencedFileID", "CS", "\\".join(climb))
        made.DirectoryRecordSequence = [record]
        made.save_as(path, enforce_file_format=True)


@pytest.mark.parametrize("text", [DEEP, "{"])
@pytest.mark.parametrize(
    ("table", "column", "named"),
    [
        ("cases", "structures", "cases, row 1"),
        ("revisions", "files", "revisions, row 1"),
        ("ledger", "text", "entry 1"),
    ],
)
def test_deep_json_in_the_database_is_named(worked_on, table, column, named, text):
    """Put there by somebody who administers it: the check names it, and whoever acts gets a typed error."""
    site = worked_on
    site.study.close()
    with closing(sqlite3.connect(site.path / "study.sqlite")) as database:
        for (guard,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            database.execute(f"DROP TRIGGER {guard}")
        database.execute(f"UPDATE {table} SET {column} = ? WHERE rowid = 1", [text])
        database.commit()
    assert named in {damage.what for damage in use.check_study(site.study).damages}
    with pytest.raises(DamagedStudyError):
        use.view_revision(site.study, site.who("ada"), CASE)
