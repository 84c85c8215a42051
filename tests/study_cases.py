"""A study with people and a small phantom case, for the tests of studies.

Making one takes a tenth of a second: a template is made once a test run and copied for each test.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from medseg.contour import ContourSet
from medseg.io.label_map_files import LabelMapFiles
from medseg.io.nifti.image import write_image
from medseg.labelmap import LabelMap, Structure
from medseg.review.policy import Policy
from medseg.space import Grid
from medseg.study.records import Case, Read, Revision
from medseg.volume import Quantity, Source, Volume
from medseg.workflows import study as use
from medseg.workflows.open_image import open_image
from medseg.workflows.people import create_key
from medseg.workflows.save import save_label_map
from medseg.workflows.study.opened import Study
from medseg.workflows.study.signing_in import SignedIn
from medseg.workflows.verify import Verification, verify

PASSPHRASE = "correct horse"

PEOPLE = {
    "ada": ("Ada Annotator", "annotator"),
    "abe": ("Abe Annotator", "annotator"),
    "ben": ("Ben Radiologist", "radiologist"),
    "cleo": ("Cleo Radiologist", "radiologist"),
    "carl": ("Carl Radiologist", "radiologist"),
    "dora": ("Dora Checker", "qa"),
    "cory": ("Cory Coordinator", "coordinator"),
}

FOUNDERS = ("ben", "dora")

CASE = "case-0001"

LIVER = Structure("liver", "Liver", 1)
TUMOUR = Structure("tumour", "Tumour", 2, part_of="liver")
TARGET = Structure("target", "Planning target", 3, layer=1)

GRID = Grid.from_axes(
    (5, 8, 9),
    origin_lps_mm=(-30.0, 40.0, 50.0),
    step_k_mm=(0.0, 0.3, 2.5),
    step_j_mm=(0.0, 0.8, -0.1),
    step_i_mm=(0.7, 0.0, 0.0),
)


@dataclass(frozen=True)
class StudySite:
    """A study, and people who hold their keys.

    Attributes:
        path: The folder of the study.
        keys: The folder of the keys, which no study ever holds.
    """

    path: Path
    keys: Path
    _who: dict[str, SignedIn] = field(default_factory=dict, repr=False)

    @cached_property
    def study(self) -> Study:
        """The study, opened."""
        return use.open_study(self.path)

    @property
    def trust(self) -> Path:
        """The trust folder."""
        return self.path / "trust"

    def key(self, person: str) -> Path:
        """The key file of one of the people."""
        return self.keys / f"{person}.pem"

    def card(self, person: str) -> Path:
        """The public card of one of the people."""
        return self.keys / f"{person}.person.json"

    def who(self, person: str) -> SignedIn:
        """One of the people, signed in; once, as people do."""
        if person not in self._who:
            self._who[person] = use.sign_in(self.study, self.key(person), PASSPHRASE)
        return self._who[person]

    def add(self, case_id: str = CASE, **more: Any) -> Case:
        """Add the phantom as a case."""
        image = self.path.parent / "phantom.nii.gz"
        if not image.exists():
            write_phantom(image)
        return use.add_case(self.study, self.who("cory"), image, case_id=case_id, **more)

    def assign(self, *readers: str, case_id: str = CASE, **more: Any) -> Case:
        """Hand the case out."""
        return use.assign(self.study, self.who("cory"), case_id, readers, **more)

    def draw(self, person: str, *, case_id: str = CASE, size: int = 1, layers: int = 1) -> LabelMapFiles:
        """Check the case out and save a label map into the working copy; ``size`` says how large."""
        copy = use.check_out(self.study, self.who(person), case_id)
        return draw(copy.image, copy.files, person, size=size, layers=layers)

    def save(self, person: str, *, case_id: str = CASE, size: int = 1, layers: int = 1) -> Revision:
        """Draw and save a revision."""
        files = self.draw(person, case_id=case_id, size=size, layers=layers)
        return use.save_revision(self.study, self.who(person), case_id, files.nifti)

    def step(self, person: str, meaning: str, *, case_id: str = CASE, **more: Any) -> Any:
        """Sign."""
        return use.take_step(self.study, self.who(person), case_id, meaning, **more)

    def submitted(self, person: str = "ada", *, size: int = 1, **more: Any) -> Revision:
        """A case that somebody has drawn and submitted."""
        self.add(**more)
        self.assign(person)
        revision = self.save(person, size=size)
        self.step(person, "submitted")
        return revision

    def approved(self, *, size: int = 1, released: bool = False) -> Revision:
        """A case that Ada drew and Ben approved; released by Dora, if wanted."""
        revision = self.submitted(size=size)
        self.step("ben", "approved")
        if released:
            self.step("dora", "released")
        return revision

    def read_twice(self, *, adjudicator: str | None = None) -> tuple[Revision, Revision]:
        """A blind case that Ada and Abe have read, differently: it waits for adjudication."""
        self.add(reads=2)
        self.assign("ada", "abe", adjudicator=adjudicator)
        revisions = self.save("ada", size=1), self.save("abe", size=2)
        self.step("ada", "submitted")
        self.step("abe", "submitted")
        return revisions

    def case(self, case_id: str = CASE) -> Case:
        """The case as the database has it."""
        with self.study.store.reading() as r:
            return r.case(case_id)

    def reads(self, case_id: str = CASE) -> tuple[Read, ...]:
        """The reads as the database has them."""
        with self.study.store.reading() as r:
            return r.reads(case_id)

    def revisions(self, case_id: str = CASE) -> tuple[Revision, ...]:
        """The revisions as the database has them."""
        with self.study.store.reading() as r:
            return r.revisions(case_id)

    def bundle(self, revision: Revision) -> bytes:
        """The statements of a revision as the database has them."""
        with self.study.store.reading() as r:
            return r.bundle(revision.case_id, revision.digest)

    def ledger(self, *actions: str) -> list[dict[str, Any]]:
        """The entries of the ledger, of these actions or of all."""
        with self.study.store.reading() as r:
            fields = [entry.fields for entry in r.ledger()]
        return [entry for entry in fields if not actions or entry["action"] in actions]

    def refused(self) -> dict[str, Any]:
        """The last entry of the ledger, which must be a refusal."""
        last = self.ledger()[-1]
        assert last["action"] == "refused", last
        return last

    def files(self, revision: Revision) -> LabelMapFiles:
        """The files of a revision."""
        return self.study.folder.revision(revision.case_id, revision.digest)

    def require_sound(self) -> None:
        """Nothing is damaged, by the study's own check."""
        check = use.check_study(self.study)
        assert check.is_sound, [damage.message for damage in check.damages]

    def verify(self, revision: Revision) -> Verification:
        """Verify a revision as anybody may: its file and the trust folder, without a database."""
        return verify(self.files(revision).nifti, trust=self.trust)


def write_phantom(path: Path) -> Path:
    """Write a small oblique image."""
    voxels = np.arange(np.prod(GRID.shape_kji), dtype=np.int16).reshape(GRID.shape_kji)
    write_image(Volume(GRID, voxels, Quantity.HU, Source("phantom")), path)
    return path


def label_map_of(grid: Grid, *, size: int = 1, layers: int = 1) -> LabelMap:
    """A liver with a tumour; another size is another content. A second layer holds a planning target."""
    voxels = np.zeros(grid.shape_kji, np.uint8)
    voxels[1:4, 1 : 3 + size, 1:7] = 1
    voxels[2, 2, 2:4] = 2
    if layers == 1:
        return LabelMap(grid, (voxels,), (LIVER, TUMOUR))
    target = np.where(voxels == 2, 3, 0).astype(np.uint8)
    return LabelMap(grid, (voxels, target), (LIVER, TUMOUR, TARGET))


def draw(image: Path, files: LabelMapFiles, person: str, *, size: int = 1, layers: int = 1) -> LabelMapFiles:
    """Save a label map of an image, as a program that draws does."""
    volume = open_image(image)
    return save_label_map(
        files.nifti,
        label_map_of(volume.grid, size=size, layers=layers),
        grid=volume.grid,
        source=volume.source,
        contours=ContourSet(),
        author=PEOPLE[person][0],
        overwrite=True,
    )


def make_keys(folder: Path) -> Path:
    """Make a key for each of the people."""
    folder.mkdir(parents=True, exist_ok=True)
    for person, (name, role) in PEOPLE.items():
        create_key(folder / f"{person}.pem", name=name, role=role, passphrase=PASSPHRASE, person_id=person)
    return folder


def make_study(
    folder: Path, keys: Path, *, policy: Policy | None = None, database: str | None = None
) -> StudySite:
    """Make a study of all the people."""
    use.create_study(
        folder,
        people=[keys / f"{person}.person.json" for person in PEOPLE],
        founders=[(keys / f"{person}.pem", PASSPHRASE) for person in FOUNDERS],
        policy=policy,
        database=database,
    ).close()
    return StudySite(folder, keys)


class Studies:
    """Makes studies: one template a policy, copied for each test.

    Args:
        folder: Where the templates are kept.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._made: dict[Policy | None, Path] = {}

    @cached_property
    def keys(self) -> Path:
        """The keys of all the people."""
        return make_keys(self._folder / "people")

    def make(self, folder: Path, policy: Policy | None = None) -> StudySite:
        """A study in a new folder."""
        if policy not in self._made:
            template = self._folder / f"template-{len(self._made)}"
            make_study(template, self.keys, policy=policy)
            self._made[policy] = template
        shutil.copytree(self._made[policy], folder)
        return StudySite(folder, self.keys)


@pytest.fixture(scope="session")
def studies(tmp_path_factory: pytest.TempPathFactory, quick_keys: None) -> Studies:
    """Makes studies quickly."""
    return Studies(tmp_path_factory.mktemp("studies"))


@pytest.fixture
def site(studies: Studies, tmp_path: Path) -> Iterator[StudySite]:
    """An empty study, one approval and one reader a case."""
    made = studies.make(tmp_path / "study")
    yield made
    made.study.close()


@pytest.fixture
def stays_sound(site: StudySite) -> Iterator[None]:
    """Whatever a test does or tries, the study is sound afterwards."""
    yield
    site.require_sound()
