"""Alter approved artefacts again and again, and judge each answer of verify and of check."""

from __future__ import annotations

import random
import shutil
from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from medseg.errors import MedsegError
from medseg.io.label_map_files import LabelMapFiles
from medseg.workflows import study as use
from medseg.workflows.verify import Verdict, verify
from mutations import FILE_MUTATIONS, STUDY_MUTATIONS, Altered
from study_cases import CASE, StudySite

OTHER = "case-0002"


@dataclass(frozen=True)
class Artefacts:
    """A study with approved, released, amended and superseded revisions, and a copy of its checkpoints.

    Attributes:
        site: The study; nobody alters it, only copies of it.
        folder: Where copies are made.
    """

    site: StudySite
    folder: Path

    @classmethod
    def made(cls, site: StudySite, folder: Path) -> Artefacts:
        """Let people work until there is something to alter."""
        site.approved(released=True)
        site.add(OTHER)
        site.assign("abe", case_id=OTHER)
        site.save("abe", case_id=OTHER, size=2)
        site.step("abe", "submitted", case_id=OTHER)
        use.add_comment(site.study, site.who("cleo"), CASE, "look here", at_lps_mm=(1.0, 2.0, 3.0))
        shutil.copytree(site.path, folder / "older")
        site.step("cleo", "approved", case_id=OTHER, reason="follows the fat plane")
        site.step("ben", "amended", reason="a lobe was missed")
        site.save("ada", size=3)
        site.step("ada", "submitted")
        site.step("cleo", "approved")
        use.resolve_comment(site.study, site.who("cleo"), 1)
        use.make_checkpoint(site.study, site.who("dora"), copy_to=folder / "kept.jsonl")
        return cls(site, folder)

    @cached_property
    def signed(self) -> list[LabelMapFiles]:
        """The label maps that were signed."""
        return [self.site.files(revision) for case in (CASE, OTHER) for revision in self.site.revisions(case)]


@dataclass
class Tally:
    """What came of it.

    Attributes:
        altered: How often each alteration was made.
        controls: How many unaltered artefacts were looked at.
        faults: Answers that were wrong, in words.
    """

    altered: Counter[str] = field(default_factory=Counter)
    controls: int = 0
    faults: list[str] = field(default_factory=list)

    def judge(self, altered: Altered, *, found: bool, said: str) -> None:
        """Note an alteration that was not found, or whose answer does not name what was altered."""
        self.altered[altered.how.split(":")[0].split(".")[0]] += 1
        if not found:
            self.faults.append(f"not found: {altered.how}: {said}")
        elif altered.names and not any(name in said for name in altered.names):
            self.faults.append(f"not named: {altered.how} {altered.names}: {said}")


def alter_files(artefacts: Artefacts, count: int, seed: int) -> Tally:
    """Alter signed label maps and ask `medseg verify`; every second one is a control."""
    rng, tally = random.Random(seed), Tally()
    trust = artefacts.site.trust
    for number in range(count):
        original, other = rng.sample(artefacts.signed, 2)
        folder = artefacts.folder / "loose"
        shutil.copytree(original.nifti.parent, folder)
        files = LabelMapFiles(folder / original.nifti.name)
        control = verify(files.nifti, trust=trust)
        tally.controls += 1
        if control.verdict is not Verdict.VALID:
            tally.faults.append(f"control {number} is {control.verdict}: {control.problems}")
        altered = rng.choice(FILE_MUTATIONS)(files, other, rng)
        try:
            answer = verify(files.nifti, trust=trust)
            verdict = answer.verdict
            said = " ".join((*answer.problems, *(difference.field for difference in answer.differs)))
        except MedsegError as error:
            verdict, said = Verdict.INVALID, error.message
        if altered.means:
            tally.judge(altered, found=verdict is Verdict.INVALID and bool(said), said=f"{verdict} {said}")
        else:
            tally.judge(altered, found=verdict is not Verdict.VALID, said=f"{verdict} {said}")
            if verdict is not Verdict.CONTENT_MATCHES and altered.how == "the compression":
                tally.faults.append(f"{altered.how} is {verdict}: {said}")
        shutil.rmtree(folder)
    return tally


def alter_studies(artefacts: Artefacts, count: int, seed: int) -> Tally:
    """Alter copies of the study and ask `medseg study check`; every tenth time the copy is checked first."""
    rng, tally = random.Random(seed), Tally()
    kept_file = artefacts.folder / "kept.jsonl"
    kept = use.read_kept_checkpoints(artefacts.site.path, kept_file)
    for number in range(count):
        folder = artefacts.folder / "copy"
        shutil.copytree(artefacts.site.path, folder)
        if number % 10 == 0:
            control = use.check_study(folder, kept=kept)
            tally.controls += 1
            if control.damages:
                tally.faults.append(f"control {number}: {control.damages}")
        altered = rng.choice(STUDY_MUTATIONS)(folder, rng)
        check = use.check_study(folder, kept=kept)
        # A bundle that is only behind is written again; that an older one was put back is said all the same.
        said = " ".join(f"{one.kind} {one.what} {one.message}" for one in check.damages)
        tally.judge(altered, found=bool(check.damages), said=said)
        shutil.rmtree(folder)
    return tally
