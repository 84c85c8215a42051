"""A study in which nearly everything has happened, for the tests that look at a whole study."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from medseg.errors import TransitionError
from medseg.workflows import study as use
from study_cases import CASE, Studies, StudySite


@pytest.fixture(scope="session")
def lived(studies: Studies, tmp_path_factory: pytest.TempPathFactory) -> StudySite:
    """A case released, amended and approved anew, and a blind one that one reader has submitted."""
    site = studies.make(tmp_path_factory.mktemp("lived") / "study")
    site.approved(released=True)
    who = {person: site.who(person) for person in ("ada", "ben", "cleo", "dora")}
    use.add_comment(site.study, who["ben"], CASE, "hm", structure="liver", at_lps_mm=(1, 2.5, -3))
    use.add_comment(site.study, who["cleo"], CASE, "the hilum")
    use.resolve_comment(site.study, who["ada"], 1)
    use.view_revision(site.study, who["dora"], CASE)
    use.make_checkpoint(site.study, who["dora"])
    with pytest.raises(TransitionError):
        site.step("ada", "approved")
    site.step("ben", "amended", reason="the tumour was missed")
    site.save("ada", size=2)
    site.step("ada", "submitted")
    site.step("cleo", "approved")
    site.add("blind", reads=2)
    site.assign("ada", "abe", case_id="blind", adjudicator="carl")
    site.save("ada", case_id="blind")
    site.step("ada", "submitted", case_id="blind")
    site.study.close()
    return site


@pytest.fixture
def lived_site(lived: StudySite, tmp_path: Path) -> Iterator[StudySite]:
    """A copy of it."""
    shutil.copytree(lived.path, tmp_path / "study")
    made = StudySite(tmp_path / "study", lived.keys)
    yield made
    # One whose database is gone was never opened.
    if "study" in vars(made):
        made.study.close()
