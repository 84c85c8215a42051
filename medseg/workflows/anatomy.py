"""Find what a structure is, by a few letters of its name."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from medseg.io.anatomy_codes import Kind, anatomy_codes
from medseg.labelmap import Code
from medseg.workflows.anatomy_colors import recommended_color

__all__ = ["Anatomy", "Kind", "anatomy_of", "find_anatomy", "name_of", "recognised_anatomy"]

OTHER_WORDS = {
    ("SCT", "14799000"): ("metastasis", "metastases", "secondary tumor", "met"),
    ("SCT", "372087000"): ("primary tumor", "sarcoma", "glioma", "carcinoma", "cancer"),
    ("SCT", "108369006"): ("tumor",),
    ("SCT", "50960005"): ("bleeding", "hematoma"),
    ("SCT", "79654002"): ("swelling",),
    ("SCT", "75753009"): ("thrombus",),
    ("NCIt", "C113842"): ("enhancing tumor", "contrast enhancing lesion"),
    ("NCIt", "C81175"): ("non-enhancing tumor",),
    ("SCT", "228791009"): ("gross tumor volume",),
    ("SCT", "228792002"): ("clinical target volume",),
    ("SCT", "228793007"): ("planning target volume",),
    ("DCM", "130056"): ("internal target volume",),
    ("SCT", "64131007"): ("ivc",),
    ("SCT", "119238007"): ("brainstem",),
    ("SCT", "89837001"): ("urinary bladder",),
    ("SCT", "55603005"): ("adipose tissue",),
}
"""Further words by which people search, as scheme and value of what they mean."""

_BRITISH = (("aemo", "emo"), ("aecum", "ecum"), ("oe", "e"), ("tumour", "tumor"), ("fibre", "fiber"))
"""British spellings and those of DICOM's meanings, in lower case."""

_SIDES = frozenset({"left", "right"})
"""DICOM codes the side apart from the organ (CID 244), so that few entries of the list name one."""


@dataclass(frozen=True)
class Anatomy:
    """Something that may be outlined.

    Attributes:
        code: What it is.
        color: ``#rrggbb``, recommended for it.
        kind: What sort of thing it is.
    """

    code: Code
    color: str
    kind: Kind


def find_anatomy(text: str, limit: int = 20) -> tuple[Anatomy, ...]:
    """Search the list.

    Args:
        text: Words, or beginnings of words, in any order and either spelling (tumour, tumor); or the value of
            a code.
        limit: How many to return at most.

    Returns:
        What has all of the words, the best first: what is called exactly so, then what begins so, then what
        has them as beginnings of words, then inside of words; shorter names before longer ones. Where nothing
        has them all, what has one of them, abnormalities first: of a liver metastasis the metastasis, then
        the liver.
    """
    wanted = _simplified(text)
    if not wanted:
        _entries()  # the next search has the dictionary at hand
        return ()
    found = _ranked(wanted, _rank) or _ranked(wanted, _rank_of_one_word)
    return tuple(entry.anatomy for entry in found[:limit])


def recognised_anatomy(name: str) -> Anatomy | None:
    """What is called exactly so, in either spelling, a side and a number left out.

    Returns:
        None where nothing is, or more than one thing.
    """
    for wanted in (_simplified(name), _without_side_and_number(name)):
        found = [entry.anatomy for entry in _entries() if wanted in entry.names]
        if len(found) == 1:
            return found[0]
    return None


def name_of(anatomy: Anatomy, typed: str = "") -> str:
    """What to call a structure that was chosen from the list.

    Args:
        anatomy: What was chosen.
        typed: What it was found by.

    Returns:
        What the code means; with the side, if one was typed; or what was typed, if it says more.
    """
    meaning = anatomy.code.meaning
    # Half of the meanings begin with a small letter.
    name = meaning[:1].upper() + meaning[1:]
    if not typed.strip():
        return name
    entry = next(entry for entry in _entries() if entry.anatomy == anatomy)
    if _rank(entry, _simplified(typed)) is not None:
        return name
    sides = [word.capitalize() for word in _simplified(typed).split() if word in _SIDES]
    if _rank(entry, _without_side_and_number(typed)) is not None:
        return " ".join((*sides, name.lower() if name.istitle() and sides else name))
    own = " ".join(typed.split())
    return own[:1].upper() + own[1:]


def anatomy_of(scheme: str, value: str) -> Anatomy:
    """What a code of the list means.

    Raises:
        KeyError: It is not in the list.
    """
    return _by_code()[scheme, value]


@dataclass(frozen=True)
class _Entry:
    """Something to find, and its names as they are compared."""

    anatomy: Anatomy
    names: tuple[str, ...]


def _ranked(wanted: str, rank_of: Callable[[_Entry, str], int | None]) -> list[_Entry]:
    found = [(rank, entry) for entry in _entries() if (rank := rank_of(entry, wanted)) is not None]
    found.sort(key=lambda ranked: (ranked[0], len(ranked[1].names[0])))
    return [entry for _, entry in found]


def _rank(entry: _Entry, wanted: str) -> int | None:
    """How well an entry fits, 0 the best; None where it does not."""
    if wanted == _simplified(entry.anatomy.code.value):
        return 0
    fits = (rank for rank, fit in enumerate(_FITS) if any(fit(name, wanted) for name in entry.names))
    return next(fits, None)


def _rank_of_one_word(entry: _Entry, wanted: str) -> int | None:
    """The same by the best of the words; a word inside of another one is too little."""
    ranks = [_rank(entry, word) for word in wanted.split() if word not in _SIDES and not word.isdigit()]
    best = min((rank for rank in ranks if rank is not None), default=None)
    if best is None or best >= _FITS.index(_has_parts):
        return None
    return best if entry.anatomy.kind is Kind.ABNORMALITY else best + len(_FITS)


def _begin_words(name: str, wanted: str) -> bool:
    words = name.split()
    return all(any(word.startswith(part) for word in words) for part in wanted.split())


def _has_parts(name: str, wanted: str) -> bool:
    return all(part in name for part in wanted.split())


_FITS: tuple[Callable[[str, str], bool], ...] = (str.__eq__, str.startswith, _begin_words, _has_parts)
"""Ways in which a name may fit what is wanted, the best first."""


@cache
def _entries() -> tuple[_Entry, ...]:
    found = []
    for one in anatomy_codes():
        words = (one.code.meaning, *OTHER_WORDS.get((one.code.scheme, one.code.value), ()))
        anatomy = Anatomy(one.code, recommended_color(one), one.kind)
        found.append(_Entry(anatomy, tuple(map(_simplified, words))))
    return tuple(found)


@cache
def _by_code() -> dict[tuple[str, str], Anatomy]:
    return {(e.anatomy.code.scheme, e.anatomy.code.value): e.anatomy for e in _entries()}


def _without_side_and_number(text: str) -> str:
    return " ".join(w for w in _simplified(text).split() if w not in _SIDES and not w.isdigit())


def _simplified(text: str) -> str:
    """A text as it is compared: one spelling, lower case, single blanks between words."""
    simple = " ".join(re.findall(r"[a-z0-9]+", text.casefold()))
    for british, american in _BRITISH:
        simple = simple.replace(british, american)
    return simple
