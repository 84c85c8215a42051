"""The commands of sign-off as people and scripts call them, from the first key to the verdict."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import medseg.cli.sign as sign_command
import medseg.cli.verify as verify_command
from medseg.cli.main import main
from medseg.review.states import TRANSITIONS, Meaning
from signed_cases import TABLE, patch_nifti, write_case

PEOPLE = {
    "ada": ("Ada Annotator", "annotator"),
    "ben": ("Ben Radiologist", "radiologist"),
    "cora": ("Cora Checker", "qa"),
}


def run(*arguments: object, **more: object) -> Result:
    return CliRunner().invoke(main, [str(a) for a in arguments], **more)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Keys, passphrase files and a trust folder, made by the commands."""
    folder = tmp_path_factory.mktemp("site")
    for person, (name, role) in PEOPLE.items():
        secret = folder / f"{person}.txt"
        secret.write_text(f"secret of {person}\n")
        made = run(
            "keys", "create", folder / f"{person}.pem", "--name", name, "--role", role,
            "--passphrase-file", secret,
        )  # fmt: skip
        assert made.exit_code == 0, made.output
    both = [
        x for p in PEOPLE for x in ("--person", folder / f"{p}.person.json", "--founder", folder / f"{p}.pem")
    ]
    secrets = [x for p in PEOPLE for x in ("--passphrase-file", folder / f"{p}.txt")]
    made = run("keys", "trust", folder / "keys", *both, *secrets)
    assert made.exit_code == 0, made.output
    assert "3 people, signed by ada-annotator, ben-radiologist, cora-checker" in made.output
    return folder


@pytest.fixture
def case(tmp_path):
    return write_case(tmp_path)


def sign(folder: Path, case, person: str, meaning: str, *more: object) -> Result:
    return run(
        "sign", case.nifti, "--meaning", meaning, "--key", folder / f"{person}.pem",
        "--trust", folder / "keys", "--passphrase-file", folder / f"{person}.txt", *more,
    )  # fmt: skip


def verify(folder: Path, case, *more: object) -> Result:
    return run("verify", case.nifti, "--trust", folder / "keys", *more)


def test_from_the_first_save_to_the_approval(folder, case):
    answer = verify(folder, case)
    assert (answer.exit_code, answer.stdout.splitlines()[0].split()[0]) == (1, "UNSIGNED")
    signed = sign(folder, case, "ada", "submitted")
    assert (signed.exit_code, signed.stderr) == (0, "")
    assert "submitted by Ada Annotator (annotator) at " in signed.stdout
    answer = verify(folder, case, "--require", "approved")
    assert answer.exit_code == 1
    assert "is submitted, not approved" in answer.stderr
    assert sign(folder, case, "ben", "approved", "--reason", "margins are right").exit_code == 0
    answer = verify(folder, case, "--require", "approved")
    assert answer.exit_code == 0
    first, submitted, approved = answer.stdout.splitlines()
    assert first.startswith("VALID (approved)")
    assert "submitted by Ada Annotator (annotator)" in submitted
    assert "approved by Ben Radiologist (radiologist)" in approved
    assert approved.endswith(": margins are right")


def test_an_approval_of_some_structures(folder, case):
    sign(folder, case, "ada", "submitted")
    part = sign(folder, case, "ben", "approved", "--structure", "tumour")
    assert part.exit_code == 0, part.output
    answer = verify(folder, case, "--require", "approved")
    assert answer.exit_code == 1
    assert answer.stdout.splitlines()[0].startswith("VALID (submitted)")
    assert "  approved so far: Tumour, by Ben Radiologist" in answer.stdout.splitlines()
    document = json.loads(verify(folder, case, "--json").stdout)
    assert document["structures"] == [
        {"id": "liver", "name": "Liver", "approved_by": []},
        {"id": "tumour", "name": "Tumour", "approved_by": ["Ben Radiologist"]},
    ]
    assert document["signatures"][-1]["structures"] == ["tumour"]
    refused = sign(folder, case, "ben", "approved", "--structure", "spleen")
    assert (refused.exit_code, refused.stdout) == (7, "")
    assert "there are: liver, tumour" in refused.stderr
    assert sign(folder, case, "ben", "approved", "--structure", "liver").exit_code == 0
    assert verify(folder, case, "--require", "approved").exit_code == 0


def test_what_is_released_is_approved_too_and_what_is_withdrawn_is_not(folder, case):
    sign(folder, case, "ada", "submitted")
    sign(folder, case, "ben", "approved")
    assert verify(folder, case, "--require", "released").exit_code == 1
    assert sign(folder, case, "cora", "released").exit_code == 0
    assert verify(folder, case, "--require", "released").exit_code == 0
    assert verify(folder, case, "--require", "approved").exit_code == 0
    assert sign(folder, case, "cora", "withdrawn", "--reason", "the wrong scan").exit_code == 0
    assert verify(folder, case, "--require", "withdrawn").exit_code == 0
    answer = verify(folder, case, "--require", "approved")
    assert answer.exit_code == 1
    assert "is withdrawn, not approved" in answer.stderr


def test_the_words_of_the_options_are_those_of_the_table():
    assert tuple(meaning.value for meaning in Meaning) == sign_command.MEANINGS
    offered = next(p for p in verify_command.verify.params if p.name == "require").type.choices
    reached = {t.to.value for (_, step), t in TRANSITIONS.items() if isinstance(step, Meaning)}
    assert set(offered) == reached - {"in-progress"}


def test_json_is_one_document_with_the_promised_fields(folder, case):
    sign(folder, case, "ada", "submitted")
    answer = verify(folder, case, "--json")
    document = json.loads(answer.stdout)
    assert (answer.exit_code, answer.stderr) == (0, "")
    assert (document["verdict"], document["state"], document["differs"]) == ("valid", "submitted", [])
    (signature,) = document["signatures"]
    assert {k: signature[k] for k in ("name", "role", "meaning", "time")} == {
        "name": "Ada Annotator",
        "role": "annotator",
        "meaning": "submitted",
        "time": "claimed",
    }
    assert signature["signed_at"][-6] in "+-"


def test_differences_stand_on_one_line_each(folder, case):
    sign(folder, case, "ada", "submitted")
    case.structures.write_text(TABLE.replace("Tumour", "Cyst"))
    patch_nifti(case, 292, b"\x00\x00\xf8\x41")
    case.contours.unlink()
    answer = verify(folder, case)
    assert answer.exit_code == 1
    lines = answer.stdout.splitlines()
    assert lines[0].startswith("INVALID (in-progress)")
    assert lines[1].startswith("  signed then: submitted by Ada")
    assert lines[2].startswith("  differs: sform: expected [[-0.7,")
    assert lines[2].endswith("moves voxels by up to 1 mm")
    assert lines[3] == "  differs: structure tumour: name: expected Tumour, found Cyst"
    assert lines[4].startswith("  differs: sidecar contours: expected ")
    assert lines[4].endswith(", found missing")
    document = json.loads(verify(folder, case, "--json").stdout)
    assert [d.keys() for d in document["differs"]] == [{"field", "expected", "found", "max_mm"}] * 3


def test_files_whose_bytes_differ_are_named(folder, case):
    sign(folder, case, "ada", "submitted")
    head, *rows = TABLE.splitlines(keepends=True)
    case.structures.write_text("".join([head, *rows[::-1]]))
    answer = verify(folder, case)
    assert answer.exit_code == 0
    assert answer.stdout.splitlines()[0].startswith("CONTENT-MATCHES (submitted)")
    assert answer.stdout.splitlines()[-1] == "  other bytes: case_dseg.tsv"


def test_a_problem_is_told(folder, case):
    sign(folder, case, "ada", "submitted")
    case.nifti.write_bytes(case.nifti.read_bytes()[:-4])
    answer = verify(folder, case)
    assert answer.exit_code == 1
    assert "  problem: case_dseg.nii.gz is truncated or damaged" in answer.stdout


@pytest.mark.parametrize(
    ("person", "meaning", "exit_code", "message"),
    [
        ("ben", "approved", 7, "(possible now: submitted, read)"),
        ("ada", "blessed", 2, "Invalid value for '--meaning'"),
    ],
)
def test_a_refusal_is_one_line_and_an_exit_code(folder, case, person, meaning, exit_code, message):
    answer = sign(folder, case, person, meaning)
    assert answer.exit_code == exit_code
    assert message in answer.stderr
    assert answer.stdout == ""


def test_no_trust_folder(folder, case, tmp_path):
    answer = run("verify", case.nifti, "--trust", tmp_path)
    assert answer.exit_code == 4
    assert "no roster.json" in answer.stderr


def test_the_passphrase_is_asked_for_unseen(folder, case):
    answer = run(
        "sign", case.nifti, "--meaning", "submitted", "--key", folder / "ada.pem", "--trust", folder / "keys",
        input="secret of ada\n",
    )  # fmt: skip
    assert answer.exit_code == 0, answer.output
    assert "Passphrase of ada.pem" in answer.stderr
    assert "secret" not in answer.output


def test_the_passphrase_comes_from_a_descriptor(folder, case):
    reader, writer = os.pipe()
    os.write(writer, b"secret of ada\n")
    os.close(writer)
    try:
        answer = run(
            "sign", case.nifti, "--meaning", "submitted", "--key", folder / "ada.pem",
            "--trust", folder / "keys", "--passphrase-fd", reader,
        )  # fmt: skip
    finally:
        os.close(reader)
    assert answer.exit_code == 0, answer.output


@pytest.mark.parametrize(
    ("secret", "exit_code", "message"),
    [
        (b"wrong\n", 7, "the passphrase is wrong"),
        (b"", 7, "must not be empty"),
        (b"two\nlines\n", 2, "one line"),
        (b"\xff", 2, "UTF-8"),
        (b"x" * 5000, 2, "one line"),
    ],
)
def test_passphrase_files_of_another_kind(folder, case, tmp_path, secret, exit_code, message):
    other = tmp_path / "other.txt"
    other.write_bytes(secret)
    answer = run(
        "sign", case.nifti, "--meaning", "submitted", "--key", folder / "ada.pem", "--trust", folder / "keys",
        "--passphrase-file", other,
    )  # fmt: skip
    assert answer.exit_code == exit_code
    assert message in answer.stderr
    assert not case.sign_off.exists()


@pytest.mark.parametrize("more", [["--passphrase-fd", "3"], ["--passphrase-file"]])
def test_a_passphrase_has_one_source(folder, case, more):
    assert sign(folder, case, "ada", "submitted", *more).exit_code == 2


def test_no_such_descriptor(folder, case):
    answer = run(
        "sign", case.nifti, "--meaning", "submitted", "--key", folder / "ada.pem", "--passphrase-fd", 999
    )
    assert answer.exit_code == 2


def test_no_command_takes_a_passphrase_as_argument():
    for command in (["sign"], ["verify"], ["keys", "create"], ["keys", "trust"]):
        shown = run(*command, "--help").stdout
        assert "--passphrase " not in shown
        assert "--passphrase=" not in shown


def test_one_passphrase_file_for_each_founder(folder, tmp_path):
    answer = run(
        "keys", "trust", tmp_path / "keys", "--person", folder / "ada.person.json",
        "--founder", folder / "ada.pem", *["--passphrase-file", folder / "ada.txt"] * 2,
    )  # fmt: skip
    assert answer.exit_code == 2


def test_a_new_passphrase_is_asked_for_twice(tmp_path):
    answer = run(
        "keys", "create", tmp_path / "eve.pem", "--name", "Eve", "--role", "qa", input="a\nb\nc\nc\n"
    )
    assert answer.exit_code == 0, answer.output
    assert sorted(p.name for p in tmp_path.iterdir()) == ["eve.pem", "eve.person.json"]
