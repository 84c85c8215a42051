"""Comments, pinned to a place in patient mm and a structure; open or resolved."""

from __future__ import annotations

import pytest

from medseg.errors import StudyError, TransitionError, UnknownCaseError
from medseg.workflows import study as use
from medseg.workflows.study.comments import comment_sha256
from study_cases import CASE

pytestmark = pytest.mark.usefixtures("stays_sound")


@pytest.fixture
def revision(site):
    return site.submitted()


def comment(site, person, text="the dome is missing", **more):
    return use.add_comment(site.study, site.who(person), CASE, text, **more)


def listed(site, person="ada", **more):
    return use.list_comments(site.study, site.who(person), CASE, **more)


def test_a_comment_has_a_place_a_structure_and_an_author(site, revision):
    said = comment(site, "ben", structure="liver", at_lps_mm=(-12.5, 40, 1e-3))
    (found,) = listed(site)
    assert found == said
    assert (found.author, found.structure, found.at_lps_mm) == ("ben", "liver", (-12.5, 40.0, 0.001))
    assert (found.revision, found.is_open) == (revision.digest, True)
    assert found.created.tzinfo is not None


def test_a_comment_is_resolved_once(site, revision):
    said = comment(site, "ben")
    other = comment(site, "cleo", "and the hilum")
    done = use.resolve_comment(site.study, site.who("ada"), said.id)
    assert (done.resolved_by, done.is_open) == ("ada", False)
    assert [one.id for one in listed(site, open_only=True)] == [other.id]
    assert [one.id for one in listed(site)] == [said.id, other.id]
    with pytest.raises(TransitionError):
        use.resolve_comment(site.study, site.who("ada"), said.id)
    with pytest.raises(UnknownCaseError):
        use.resolve_comment(site.study, site.who("ada"), 99)


def test_the_ledger_holds_the_digest_and_not_the_text(site, revision):
    text = "Frau Müller, geb. 1950:\nder Dom fehlt"
    said = comment(site, "ben", text)
    use.resolve_comment(site.study, site.who("ada"), said.id)
    told, resolved = site.ledger()[-2:]
    assert (told["action"], resolved["action"]) == ("commented", "comment-resolved")
    assert told["details"] == {"comment": said.id, "sha256": comment_sha256(said)}
    assert told["revision"] == revision.digest
    assert "Müller" not in str(site.ledger())


@pytest.mark.parametrize(
    "wrong",
    [
        {"text": "  "},
        {"text": "x" * 4001},
        {"text": "bell \a"},
        {"at_lps_mm": (1, 2)},
        {"at_lps_mm": (1, 2, float("nan"))},
        {"structure": "s" * 201},
        {"structure": ""},
    ],
)
def test_what_is_no_comment_is_refused(site, revision, wrong):
    with pytest.raises(StudyError):
        comment(site, "ben", **wrong)
    assert listed(site) == ()


def test_a_case_without_a_revision_can_be_commented_on(site):
    site.add()
    assert comment(site, "cory", "contrast phase?").revision is None


def test_a_comment_on_an_old_revision_says_so(site, revision):
    site.step("ben", "changes-requested", reason="more")
    new = site.save("ada", size=2)
    assert comment(site, "ben").revision == new.digest
    assert comment(site, "ben", revision=revision.digest[:12]).revision == revision.digest
