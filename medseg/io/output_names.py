"""Names of converted volumes, by a template.

A template is literal text, fields in braces, and optional parts in square brackets, which are left out where
a field in them is empty::

    sub-{subject}/{suffix}/sub-{subject}_acq-{series}[_echo-{echo}]_{suffix}

The default follows BIDS 1.10 in its entities and their order (``src/schema/rules/entities.yaml``), as far as
a DICOM header can tell them.
"""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from medseg.errors import InputError
from medseg.io.name_template import IDENTIFYING_FIELDS, LABEL_LIMIT, Part, is_device, parse_template
from medseg.io.pseudonyms import VolumeKey

DEFAULT_TEMPLATE = (
    "sub-{subject}/ses-{session}/{suffix}/"
    "sub-{subject}_ses-{session}_acq-{series}[_run-{run}][_echo-{echo}][_part-{part}]_{suffix}"
)

RESERVED_NAMES = ("manifest",)
"""Names that conversion itself uses in the output folder, whatever their suffix."""

UNKNOWN = "unknown"
"""Stands for an empty field outside of square brackets."""

_PSEUDONYMS = ("subject", "session", "series")


@dataclass(frozen=True)
class NameFields:
    """What the name of one volume is made of. All labels hold ASCII letters and digits only.

    Attributes:
        key: Whose and which it is.
        id: Its id in the inventory; it decides where nothing else does.
        order: When it was acquired among its like: the smaller gets the lower run.
        modality: ``ct``, ``mr`` or ``pt``, as in DICOM.
        suffix: BIDS's suffix: ``ct``, ``pet``, ``dwi`` or ``mr``.
        echo: Number of the echo, where its series was split by echo.
        part: ``mag``, ``phase``, ``real`` or ``imag``, where it matters.
        identifying: By field, labels that tell who the patient is; only with ``--keep-phi``.
    """

    key: VolumeKey
    id: str
    order: tuple[float, ...]
    modality: str
    suffix: str
    echo: str = ""
    part: str = ""
    identifying: Mapping[str, str] = field(default_factory=dict)

    def value(self, name: str) -> str:
        """The text of a field other than ``run``, empty if there is none."""
        if name in _PSEUDONYMS:
            return self.key.label(name)
        if name in IDENTIFYING_FIELDS:
            return self.identifying.get(name, "")
        return str(getattr(self, name))


@dataclass(frozen=True)
class NameTemplate:
    """A template that was found good; made by :meth:`parse`."""

    parts: tuple[Part, ...]

    @classmethod
    def parse(cls, text: str = DEFAULT_TEMPLATE, *, keep_phi: bool = False) -> NameTemplate:
        """Read and check a template.

        Args:
            text: See this module and ``docs/privacy.md``.
            keep_phi: Allow fields that identify the patient.

        Raises:
            OutputError: With ``reason="name-template"``, and in ``fault`` which rule it breaks.
        """
        return cls(parse_template(text, keep_phi=keep_phi))

    @property
    def fields(self) -> frozenset[str]:
        """The fields that it names."""
        return frozenset(token.text for part in self.parts for token in part.tokens if token.is_field)

    @property
    def needs_phi(self) -> bool:
        """Whether it names a field that identifies the patient."""
        return not self.fields.isdisjoint(IDENTIFYING_FIELDS)

    def names(
        self, volumes: Sequence[NameFields], taken: Mapping[str, VolumeKey | None] | None = None
    ) -> list[PurePosixPath]:
        """Name volumes, each differently also where upper and lower case are the same.

        The names depend on the volumes and on what is taken, not on the order of either. Volumes that would
        share a name are told apart by ``run``, which is added at the end if the template lacks it.

        Args:
            volumes: What is to be named; all that are converted together, at once.
            taken: Names that are in use, without suffix, and the key of the volume that was given it; None
                for a file of unknown origin. A volume keeps the name that it was given before.

        Returns:
            Names in the order of ``volumes``, relative to the output folder, without a suffix.

        Raises:
            InputError: Two patients, studies or series would share a label.
        """
        taken = taken or {}
        self._require_distinct(volumes, [key for key in taken.values() if key is not None])
        ranked = sorted(volumes, key=lambda volume: (volume.order, volume.key.images, volume.id))
        names = _names_kept(ranked, taken)
        used = {name.casefold() for name in (*taken, *RESERVED_NAMES)}
        groups: defaultdict[str, list[NameFields]] = defaultdict(list)
        for volume in ranked:
            if volume.id not in names:
                groups[self._render(volume, None).casefold()].append(volume)
        # Those that need no number first: a numbered name must not take theirs.
        for one in sorted(groups, key=lambda name: (len(groups[name]) > 1, name)):
            for volume, name in zip(groups[one], self._names_of_group(groups[one], used), strict=True):
                names[volume.id] = name
        return [PurePosixPath(names[volume.id]) for volume in volumes]

    def _names_of_group(self, group: list[NameFields], used: set[str]) -> Iterator[str]:
        """Names for volumes that differ in their number only."""
        alone, first = self._render(group[0], None), self._render(group[0], 1)
        is_free = used.isdisjoint({alone.casefold(), first.casefold()})
        if len(group) == 1 and is_free:
            used.add(alone.casefold())
            yield alone
            return
        # What bears the name without a number already is the first.
        run = 2 if alone.casefold() in used else 1
        for volume in group:
            while self._render(volume, run).casefold() in used:
                run += 1
            name = self._render(volume, run)
            used.add(name.casefold())
            yield name

    def _render(self, volume: NameFields, run: int | None) -> str:
        text = "".join(_render_part(part, volume, run) for part in self.parts)
        return text if run is None or "run" in self.fields else f"{text}_run-{run}"

    def _require_distinct(self, volumes: Sequence[NameFields], earlier: Sequence[VolumeKey]) -> None:
        """Never put two patients into one folder: neither by chance, nor by an ID that is cut to a label."""
        whole: dict[tuple[str, str], str] = {}
        for what in self.fields.intersection(_PSEUDONYMS):
            for key in (*earlier, *(volume.key for volume in volumes)):
                _require_same(whole, what, key.label(what), str(getattr(key, what)))
        if "patient_id" in self.fields:
            for volume in volumes:
                _require_same(whole, "patient_id", volume.value("patient_id"), volume.key.subject)


def _require_same(whole: dict[tuple[str, str], str], what: str, label: str, key: str) -> None:
    if whole.setdefault((what, label.casefold()), key) == key:
        return
    hint = "use {subject} instead" if what == "patient_id" else "convert them into two folders"
    # No label in the message: one of an ID would tell whose it is.
    raise InputError(
        f"two different origins would both be named by one {{{what}}}",
        hint=hint,
        reason="pseudonym-collision",
        field=what,
    )


def _names_kept(ranked: list[NameFields], taken: Mapping[str, VolumeKey | None]) -> dict[str, str]:
    """By id, the names that volumes were given before."""
    given: defaultdict[VolumeKey, list[str]] = defaultdict(list)
    for name in sorted(taken, reverse=True):
        key = taken[name]
        if key is not None:
            given[key].append(name)
    return {volume.id: given[volume.key].pop() for volume in ranked if given[volume.key]}


def _render_part(part: Part, volume: NameFields, run: int | None) -> str:
    texts = []
    for token in part.tokens:
        text = token.text
        if token.is_field:
            text = _field_text(text, volume, run)
            if not text and part.is_optional:
                return ""
            text = text or ("1" if token.text == "run" else UNKNOWN)
        texts.append(text)
    return "".join(texts)


def _field_text(name: str, volume: NameFields, run: int | None) -> str:
    if name == "run":
        return "" if run is None else str(run)
    return volume.value(name)


def as_label(text: str, limit: int = LABEL_LIMIT) -> str:
    """Text as a BIDS label: ASCII letters and digits only, accents dropped, cut to ``limit`` characters.

    >>> as_label("Müller^Jörg")
    'MullerJorg'
    """
    plain = unicodedata.normalize("NFKD", text)
    label = "".join(letter for letter in plain if letter.isascii() and letter.isalnum())[:limit]
    return f"{label}0" if is_device(label) else label
