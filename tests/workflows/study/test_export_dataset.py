"""Only what is approved leaves for training, and it can be verified where it arrives."""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from dataset_cases import approved, renumbered
from medseg.errors import (
    Cancelled,
    ConflictError,
    LabelMapError,
    OutputExistsError,
    StudyError,
    TransitionError,
)
from medseg.io.datalist import Split, split_of
from medseg.io.file_digest import file_sha256
from medseg.io.nifti.image import write_image
from medseg.io.nifti.label_map import read_label_map
from medseg.labelmap import LabelMap, Structure
from medseg.review.verification import Verdict
from medseg.study.worklist import Filter
from medseg.volume import Quantity, Source, Volume
from medseg.workflows.open_image import open_image
from medseg.workflows.study.export_dataset import export_dataset
from medseg.workflows.trust_changes import change_trust, revocation
from medseg.workflows.verify import verify
from small_disk import run_on_small_disk
from study_cases import GRID, PASSPHRASE, StudySite, label_map_of


def export(site: StudySite, out: Path, who: str = "dora", **options):
    return export_dataset(site.study, site.who(who), out, **options)


def reasons(dataset) -> dict[str, str]:
    return {each.case: each.reason for each in dataset.left_out}


def files_in(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_a_dataset_holds_images_labels_and_what_was_signed(site, tmp_path):
    first = approved(site, "case-0001")
    approved(site, "case-0002", label_map=renumbered(GRID))
    out = tmp_path / "dataset"
    dataset = export(site, out, name="Livers", description="Two of them", modality="CT")
    assert dataset.labels == {"Liver": 1, "Tumour": 2}
    assert files_in(out) == sorted(
        [
            "dataset.json",
            "left_out.json",
            "trust/roster.json",
            *(
                name
                for case in ("case-0001", "case-0002")
                for name in (
                    f"imagesTr/{case}.nii.gz",
                    f"labelsTr/{case}.json",
                    f"labelsTr/{case}.nii.gz",
                    f"signed/{case}/{case}_dseg.intoto.jsonl",
                    f"signed/{case}/{case}_dseg.json",
                    f"signed/{case}/{case}_dseg.nii.gz",
                    f"signed/{case}/{case}_dseg.tsv",
                    f"signed/{case}/{case}_dseg_contours.json",
                )
            ),
        ]
    )
    listed = json.loads((out / "dataset.json").read_text())
    assert listed["labels"] == {"0": "background", "1": "Liver", "2": "Tumour"}
    assert listed["modality"] == {"0": "CT"}
    assert (listed["name"], listed["numTraining"], listed["numTest"]) == ("Livers", 2, 0)
    assert listed["training"][0] == {
        "image": "./imagesTr/case-0001.nii.gz",
        "label": "./labelsTr/case-0001.nii.gz",
    }
    # Both cases number their structures alike now.
    for case, size in (("case-0001", 1), ("case-0002", 2)):
        found = read_label_map(out / f"labelsTr/{case}.nii.gz")
        np.testing.assert_array_equal(found.voxels, label_map_of(GRID, size=size).layers[0])
        assert found.grid.is_same_as(open_image(out / f"imagesTr/{case}.nii.gz").grid, 0)
        assert verify(out / f"signed/{case}/{case}_dseg.nii.gz", trust=out / "trust").verdict is Verdict.VALID
    origin = json.loads((out / "labelsTr/case-0001.json").read_text())
    assert origin["derived_from"]["content_digest"] == first.digest
    assert origin["label_sha256"] == file_sha256(out / "labelsTr/case-0001.nii.gz")
    assert origin["image_sha256"] == file_sha256(out / "imagesTr/case-0001.nii.gz")
    assert [(entry["from"], entry["to"]) for entry in origin["labels"]] == [(1, 1), (2, 2)]


def test_each_case_that_leaves_is_in_the_ledger(site, tmp_path):
    revision = approved(site, "case-0001")
    dataset = export(site, tmp_path / "dataset", "cory")
    (entry,) = site.ledger("exported")
    assert (entry["person"], entry["case"], entry["revision"]) == ("cory", "case-0001", revision.digest)
    assert (
        entry["details"]["dataset_sha256"] == dataset.sha256 == file_sha256(tmp_path / "dataset/dataset.json")
    )
    assert str(tmp_path) not in json.dumps(entry)


def test_what_is_not_in_force_stays_and_is_told(site, tmp_path):
    approved(site, "case-0001")
    site.add("case-0002")
    site.add("case-0003")
    site.assign("ada", case_id="case-0003")
    site.save("ada", case_id="case-0003")
    site.step("ada", "submitted", case_id="case-0003")
    site.step("ben", "approved", case_id="case-0003", structures=["liver"])
    approved(site, "case-0004")
    site.step("ben", "withdrawn", case_id="case-0004", reason="wrong patient side")
    dataset = export(site, tmp_path / "dataset")
    assert [case.signed.case.id for case in dataset.cases] == ["case-0001"]
    assert reasons(dataset) == {
        "case-0002": "not-approved",
        "case-0003": "not-covered",
        "case-0004": "withdrawn",
    }
    assert "Tumour" in next(each.message for each in dataset.left_out if each.case == "case-0003")
    written = json.loads((tmp_path / "dataset/left_out.json").read_text())
    assert written["cases"] == [each.as_dict() for each in dataset.left_out]
    assert not (tmp_path / "dataset/signed/case-0003").exists()


def test_released_only(site, tmp_path):
    approved(site, "case-0001")
    approved(site, "case-0002")
    site.step("dora", "released", case_id="case-0002")
    dataset = export(site, tmp_path / "dataset", released_only=True)
    assert [case.signed.state.value for case in dataset.cases] == ["released"]
    assert reasons(dataset) == {"case-0001": "not-released"}


def test_while_it_is_amended_the_approved_revision_leaves_and_then_the_new_one(site, tmp_path):
    old = approved(site, "case-0001")
    site.step("ada", "amended", reason="a slice was forgotten")
    site.save("ada", size=3)
    first = export(site, tmp_path / "before")
    assert [case.signed.revision.digest for case in first.cases] == [old.digest]
    site.step("ada", "submitted")
    site.step("ben", "approved")
    second = export(site, tmp_path / "after")
    assert [case.signed.revision.number for case in second.cases] == [2]


@pytest.mark.parametrize("what", ["voxels", "sidecar", "image", "statements", "missing"])
def test_what_was_changed_outside_of_medseg_is_left_out_and_named(site, tmp_path, what):
    approved(site, "case-0001")
    revision = approved(site, "case-0002")
    files = site.files(revision)
    path = {
        "voxels": files.nifti,
        "sidecar": files.provenance,
        "image": site.path / "images/case-0002/case-0002.nii.gz",
        "statements": files.sign_off,
        "missing": files.contours,
    }[what]
    path.chmod(0o644)
    if what == "missing":
        path.unlink()
    else:
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.write_bytes(content)
    dataset = export(site, tmp_path / "dataset")
    assert [case.signed.case.id for case in dataset.cases] == ["case-0001"]
    assert reasons(dataset) == {"case-0002": "damaged"}
    assert not list((tmp_path / "dataset").rglob("case-0002*"))


def test_statements_of_another_case_do_not_let_a_case_leave(site, tmp_path):
    """The database says that case 2 is approved, by the very same voxels and statements as case 1."""
    revision = approved(site, "case-0001")
    site.add("case-0002")
    target = site.study.folder.revision("case-0002", revision.digest)
    target.nifti.parent.mkdir(parents=True)
    with closing(sqlite3.connect(site.path / "study.sqlite")) as database:
        for path in site.files(revision).present():
            name = path.name.replace("case-0001", "case-0002")
            (target.nifti.parent / name).write_bytes(path.read_bytes())
        for table in ("revisions", "bundle_lines"):
            _copy_rows(database, table)
        database.execute(
            "UPDATE cases SET in_force = ?, state = 'approved' WHERE id = 'case-0002'", (revision.digest,)
        )
        database.commit()
    dataset = export(site, tmp_path / "dataset")
    assert [case.signed.case.id for case in dataset.cases] == ["case-0001"]
    assert reasons(dataset) == {"case-0002": "signature"}


def test_another_image_does_not_leave_under_a_signature_about_the_first(site, tmp_path):
    approved(site, "case-0001")
    approved(site, "case-0002")
    image = site.path / "images/case-0002/case-0002.nii.gz"
    image.unlink()
    write_image(Volume(GRID, np.zeros(GRID.shape_kji, np.int16), Quantity.HU, Source("other")), image)
    _rewrite(site, "UPDATE cases SET image_sha256 = ? WHERE id = 'case-0002'", file_sha256(image))
    dataset = export(site, tmp_path / "dataset")
    assert reasons(dataset) == {"case-0002": "signature"}
    assert "another image" in dataset.left_out[0].message


@pytest.mark.parametrize("end", ["withdrawn", "superseded"])
def test_the_statements_decide_and_not_the_database(site, tmp_path, end):
    """Somebody writes into the database that an old revision is in force again."""
    approved(site, "case-0001")
    revision = approved(site, "case-0002")
    if end == "withdrawn":
        site.step("ben", "withdrawn", case_id="case-0002", reason="wrong side")
    else:
        site.step("ada", "amended", case_id="case-0002", reason="forgotten")
        site.save("ada", case_id="case-0002", size=3)
        site.step("ada", "submitted", case_id="case-0002")
        site.step("ben", "approved", case_id="case-0002")
    _rewrite(site, "UPDATE cases SET in_force = ? WHERE id = 'case-0002'", revision.digest)
    assert reasons(export(site, tmp_path / "dataset")) == {"case-0002": end}


def _rewrite(site: StudySite, statement: str, value: str) -> None:
    with closing(sqlite3.connect(site.path / "study.sqlite")) as database:
        database.execute(statement, (value,))
        database.commit()


def _copy_rows(database, table: str) -> None:
    rows = database.execute(f"SELECT * FROM {table}").fetchall()
    columns = len(rows[0])
    marks = ", ".join("?" * columns)
    moved = [
        tuple(value.replace("case-0001", "case-0002") if isinstance(value, str) else value for value in row)
        for row in rows
    ]
    database.executemany(f"INSERT INTO {table} VALUES ({marks})", moved)


def test_a_case_that_nobody_looked_for_a_structure_in_is_left_out_or_taken_by_choice(site, tmp_path):
    liver = LabelMap(
        GRID, ((label_map_of(GRID).layers[0] > 0).astype(np.uint8),), (Structure("l", "Liver", 1),)
    )
    approved(site, "case-0001")
    approved(site, "case-0002", label_map=liver)
    approved(site, "case-0003", label_map=liver, structures=["Liver", "Tumour"])
    names = {"structures": ["Liver", "Tumour"]}
    careful = export(site, tmp_path / "careful", **names)
    assert reasons(careful) == {"case-0002": "structure-missing"}
    assert [case.signed.case.id for case in careful.cases] == ["case-0001", "case-0003"]
    bold = export(site, tmp_path / "bold", missing="background", **names)
    assert reasons(bold) == {}


def test_only_some_structures_and_what_becomes_of_the_others(site, tmp_path):
    approved(site, "case-0001")
    dataset = export(site, tmp_path / "dataset", structures=["Liver"])
    assert dataset.labels == {"Liver": 1}
    assert dataset.cases[0].merged == {"Tumour": "Liver"}
    found = read_label_map(tmp_path / "dataset/labelsTr/case-0001.nii.gz").voxels
    np.testing.assert_array_equal(found, label_map_of(GRID).layers[0] > 0)


def test_structures_that_overlap_are_left_out_by_name_unless_only_one_is_wanted(site, tmp_path):
    approved(site, "case-0001", label_map=label_map_of(GRID, layers=2))
    with pytest.raises(StudyError) as told:
        export(site, tmp_path / "dataset")
    (left,) = told.value.details["left_out"]
    assert left["reason"] == "overlap"
    assert "Planning target" in left["message"]
    assert not (tmp_path / "dataset").exists()
    dataset = export(site, tmp_path / "dataset", structures=["Liver", "Tumour"])
    assert dataset.cases[0].merged == {"Planning target": "background"}
    signed = tmp_path / "dataset/signed/case-0001"
    assert (signed / "case-0001_dseg_layer-1.nii.gz").exists()
    assert verify(signed / "case-0001_dseg.nii.gz", trust=tmp_path / "dataset/trust").verdict is Verdict.VALID


def test_the_split_depends_on_the_id_alone():
    ids = [f"case-{number:04d}" for number in range(2000)]
    splits = [split_of(each, validation=0.2, test=0.1) for each in ids]
    assert splits == [split_of(each, validation=0.2, test=0.1) for each in ids]
    assert splits.count(Split.VALIDATION) / 2000 == pytest.approx(0.2, abs=0.03)
    assert splits.count(Split.TEST) / 2000 == pytest.approx(0.1, abs=0.03)
    # A later version of medseg must not split otherwise.
    halves = [split_of(each, validation=0.5, test=0).value for each in ids[:4]]
    assert halves == ["validation", "validation", "training", "training"]


def test_validation_and_test_are_lists_of_their_own(site, tmp_path):
    by_split = dict.fromkeys(Split)
    number = 0
    while None in by_split.values():
        number += 1
        case = f"case-{number:04d}"
        split = split_of(case, validation=0.3, test=0.3)
        if by_split[split] is None:
            by_split[split] = case
            approved(site, case)
    export(site, tmp_path / "dataset", validation_fraction=0.3, test_fraction=0.3)
    listed = json.loads((tmp_path / "dataset/dataset.json").read_text())
    for split, case in by_split.items():
        suffix = "Ts" if split is Split.TEST else "Tr"
        assert listed[split.value] == [
            {"image": f"./images{suffix}/{case}.nii.gz", "label": f"./labels{suffix}/{case}.nii.gz"}
        ]


def test_which_cases_can_be_chosen(site, tmp_path):
    approved(site, "case-0001")
    approved(site, "other-0001")
    dataset = export(site, tmp_path / "dataset", wanted=Filter(text="other"))
    assert [case.signed.case.id for case in dataset.cases] == ["other-0001"]
    assert dataset.left_out == ()


def test_a_stop_leaves_nothing_behind_and_nothing_in_the_ledger(site, tmp_path):
    approved(site, "case-0001")

    def stop(task: str, done: int, total: int) -> None:
        if task == "writing":
            raise Cancelled("stopped")

    with pytest.raises(Cancelled):
        export(site, tmp_path / "dataset", progress=stop)
    assert list(tmp_path.glob("*dataset*")) == []
    assert site.ledger("exported") == []


_KILLED = """
import os, signal, sys
from pathlib import Path
from medseg.workflows import study as use

def kill(task, done, total):
    if f"{task} {done}" == sys.argv[5]:
        os.kill(os.getpid(), signal.SIGKILL)

study = use.open_study(sys.argv[1])
who = use.sign_in(study, Path(sys.argv[2]), sys.argv[3])
use.export_dataset(study, who, sys.argv[4], progress=kill)
"""


@pytest.mark.parametrize("when", ["verifying 1", "writing 0", "writing 1"])
def test_killed_it_leaves_no_dataset_and_no_entry_and_can_be_run_again(site, tmp_path, when):
    approved(site, "case-0001")
    approved(site, "case-0002")
    out = tmp_path / "dataset"
    arguments = (site.path, site.key("dora"), PASSPHRASE, out, when)
    done = subprocess.run([sys.executable, "-c", _KILLED, *map(str, arguments)], check=False)
    assert done.returncode == -signal.SIGKILL
    assert not out.exists()
    assert site.ledger("exported") == []
    assert len(export(site, out).cases) == 2


_EXPORT = """
import sys
from pathlib import Path
from medseg.errors import OutputError
from medseg.workflows import study as use
from medseg.workflows.study.export_dataset import export_dataset

study = use.open_study(sys.argv[1])
who = use.sign_in(study, Path(sys.argv[2]), sys.argv[3])
disk = Path(sys.argv[4])
try:
    export_dataset(study, who, disk / "dataset")
except OutputError as error:
    print("full", sorted(path.name for path in disk.iterdir()))
"""


@pytest.mark.parametrize("kibibytes", [8, 24, 40])
def test_a_full_disk_leaves_no_dataset_and_no_entry(site, tmp_path, kibibytes):
    approved(site, "case-0001")
    approved(site, "case-0002")
    disk = tmp_path / "disk"
    disk.mkdir()
    done = run_on_small_disk(disk, kibibytes, _EXPORT, site.path, site.key("dora"), PASSPHRASE, disk)
    assert done.stdout.strip() == "full []", done.stderr
    assert site.ledger("exported") == []


def test_a_case_that_is_withdrawn_meanwhile_stops_the_export(site, tmp_path):
    approved(site, "case-0001")

    def withdraw(task: str, done: int, total: int) -> None:
        if task == "writing":
            site.step("ben", "withdrawn", reason="seen in time")

    with pytest.raises(ConflictError, match="changed"):
        export(site, tmp_path / "dataset", progress=withdraw)
    assert not (tmp_path / "dataset").exists()
    assert site.ledger("exported") == []


def test_who_was_revoked_meanwhile_lets_no_case_leave(site, tmp_path):
    """What verifies is asked at this moment, by the trust folder of this moment."""
    approved(site, "case-0001")
    approved(site, "case-0002", approver="cleo")
    change_trust(
        site.trust,
        revocation(site.trust, "ben", why="compromised"),
        [(site.key("cleo"), PASSPHRASE), (site.key("dora"), PASSPHRASE)],
    )
    dataset = export(site, tmp_path / "dataset")
    assert reasons(dataset) == {"case-0001": "signature"}
    assert (tmp_path / "dataset/trust/changes.jsonl").exists()


def test_an_annotator_exports_nothing_and_it_is_written_down(site, tmp_path):
    approved(site, "case-0001")
    with pytest.raises(TransitionError):
        export(site, tmp_path / "dataset", "ada")
    assert site.refused()["details"]["attempted"] == "export a dataset"
    assert not (tmp_path / "dataset").exists()


def test_nothing_to_export_and_a_folder_that_is_not_empty(site, tmp_path):
    with pytest.raises(StudyError) as told:
        export(site, tmp_path / "dataset")
    assert told.value.details["reason"] == "nothing-to-export"
    approved(site, "case-0001")
    (tmp_path / "dataset").mkdir()
    (tmp_path / "dataset/other").touch()
    with pytest.raises(OutputExistsError):
        export(site, tmp_path / "dataset")


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"validation_fraction": 0.6, "test_fraction": 0.4}, StudyError),
        ({"validation_fraction": -0.1}, StudyError),
        ({"validation_fraction": float("nan")}, StudyError),
        ({"structures": ["Liver", "liver"]}, LabelMapError),
        ({"missing": "guess"}, ValueError),
    ],
)
def test_options_that_can_not_be(site, tmp_path, options, error):
    approved(site, "case-0001")
    with pytest.raises(error):
        export(site, tmp_path / "dataset", **options)
    assert not (tmp_path / "dataset").exists()
