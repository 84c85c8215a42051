"""The window in which somebody signs: it shows all of what will be signed (21 CFR 11.50, 11.200)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QComboBox,
    QDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from medseg.errors import ConflictError, DamagedStudyError, InputError, MedsegError, SigningKeyError
from medseg.labelmap import Structure
from medseg.progress import Progress
from medseg.workflows.study import SignedIn, StepTaken
from medseg.workflows.study.open_steps import Meaning, OpenStep
from napari_medseg.panel.background import Background
from napari_medseg.panel.messages import Messages
from napari_medseg.panel.parts import button, choose_into, color_icon, field, row, text_box
from napari_medseg.study.texts import MEANINGS

WIDTH_PX = 460

TEXT_PX = 340

DIGEST_GROUP = 8
"""Digits of a digest that are shown together: a long row can't be compared by eye."""


@dataclass(frozen=True)
class ToSign:
    """What is going to be signed.

    Attributes:
        step: Meaning and revision.
        number: Of the revision, as it is shown to who signs.
        structures: All structures of the revision.
        approved_by: Printed names of who has approved each structure, by id.
        name: Printed name of who signs.
        role: In which role.
        needs_key: Whether the key must be named anew: the session has ended.
        readers: Id and printed name of who could go on after an amendment, the first by default.
        is_blind: Whether the case has several readings.
    """

    step: OpenStep
    number: int
    structures: Sequence[Structure]
    approved_by: Mapping[str, Sequence[str]]
    name: str
    role: str
    needs_key: bool
    readers: Sequence[tuple[str, str]] = ()
    is_blind: bool = False


@dataclass(frozen=True)
class Answered:
    """What was filled in.

    Attributes:
        passphrase: Opens the key.
        key: The key file, where it had to be named anew.
        reason: Why.
        structures: Ids of the structures that an approval covers; None for all.
        reader: Id of who goes on after an amendment.
    """

    passphrase: str
    key: Path | None
    reason: str
    structures: tuple[str, ...] | None
    reader: str | None


@dataclass(frozen=True)
class Signed:
    """A signature that was given.

    Attributes:
        taken: What it led to.
        who: Who gave it; his session starts anew.
    """

    taken: StepTaken
    who: SignedIn


class SignDialog(QDialog):
    """Asks for a signature.

    Args:
        to_sign: What is going to be signed.
        sign: Called in a thread with what was filled in.
        done: Called in the window's thread with what the signature led to.
        conflict: Called where somebody else was faster: what is shown here is no longer what there is.
        parent: The main window.
    """

    def __init__(
        self,
        to_sign: ToSign,
        sign: Callable[[Answered, Progress], Signed],
        done: Callable[[Signed], None],
        conflict: Callable[[MedsegError], None],
        parent: QWidget,
    ) -> None:
        super().__init__(parent)
        self._to_sign, self._sign, self._done, self._conflict = to_sign, sign, done, conflict
        self.messages = Messages()
        self.background = Background(self._tell)
        self.structures = QListWidget()
        self.reason = text_box(52)
        self.reader = QComboBox()
        self.key = field("Key file (*.pem)", "The session has ended: name your key again")
        self.passphrase = field("Asked for at each signature", "Opens the key; it is not kept")
        self.passphrase.setEchoMode(QLineEdit.EchoMode.Password)
        meaning = to_sign.step.meaning
        self.sign = button(f"Sign: {meaning.value}", MEANINGS[meaning], self._start)
        self.cancel = button("Cancel", "Sign nothing (Esc)", self.reject)
        self._fill_structures()
        self._lay_out()
        self.background.busy_changed.connect(self._show_busy)
        self.passphrase.returnPressed.connect(self.sign.click)

    @property
    def chosen(self) -> tuple[str, ...] | None:
        """Ids of the structures that are covered; None for all."""
        if not self._may_choose:
            return None
        items = [self.structures.item(number) for number in range(self.structures.count())]
        ids = [item.data(Qt.ItemDataRole.UserRole) for item in items]
        chosen = [
            one for one, item in zip(ids, items, strict=True) if item.checkState() is Qt.CheckState.Checked
        ]
        return None if len(chosen) == len(ids) else tuple(chosen)

    def reject(self) -> None:
        """Sign nothing; while a signature is being made there is no way back."""
        if not self.background.busy:
            super().reject()

    @property
    def _may_choose(self) -> bool:
        return self._to_sign.step.meaning is Meaning.APPROVED and len(self._to_sign.structures) > 1

    def _start(self) -> None:
        self.messages.clear()
        try:
            answered = self._answered()
        except (InputError, SigningKeyError) as error:
            self.messages.show_error(error)
            return
        sign = self._sign

        def work(progress: Progress) -> Signed:
            return sign(answered, progress)

        self.background.run("Signing", work, self._signed)

    def _answered(self) -> Answered:
        step, key = self._to_sign.step, self.key.text().strip()
        reason, passphrase = self.reason.toPlainText().strip(), self.passphrase.text()
        self.passphrase.clear()
        if step.needs_reason and not reason:
            raise InputError("a reason is needed", hint="it goes into the signed statement; then sign")
        if self.chosen == ():
            raise InputError("no structure is chosen", hint="tick what you approve, then sign")
        if self._to_sign.needs_key and not key:
            raise SigningKeyError("no key file was named", hint="choose your key file, then sign")
        if not passphrase:
            raise SigningKeyError("no passphrase was typed", hint="it is asked for at each signature")
        return Answered(
            passphrase,
            Path(key).expanduser() if self._to_sign.needs_key else None,
            reason,
            self.chosen,
            self.reader.currentData() if self._to_sign.readers else None,
        )

    def _signed(self, signed: Signed) -> None:
        self.accept()
        self._done(signed)

    def _tell(self, error: MedsegError) -> None:
        if isinstance(error, ConflictError | DamagedStudyError):
            super().reject()
            self._conflict(error)
        else:
            self.messages.show_error(error)

    def _show_busy(self, busy: bool) -> None:  # noqa: FBT001 - Qt's signal passes it
        for widget in (self.sign, self.cancel, self.reason, self.passphrase, self.key, self.structures):
            widget.setEnabled(not busy)
        if not busy:
            self.passphrase.setFocus()

    def _fill_structures(self) -> None:
        for structure in self._to_sign.structures:
            names = self._to_sign.approved_by.get(structure.id, ())
            more = f"  ·  approved by {', '.join(names)}" if names else ""
            item = QListWidgetItem(color_icon(structure.color), f"{structure.name}{more}")
            item.setData(Qt.ItemDataRole.UserRole, structure.id)
            if self._may_choose:
                item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
                item.setCheckState(Qt.CheckState.Checked)
            self.structures.addItem(item)
        rows = min(max(1, self.structures.count()), 6)
        self.structures.setFixedHeight(rows * 24 + 6)
        self.structures.setToolTip("Tick what the approval covers" if self._may_choose else "All are covered")
        if not self._may_choose:
            self.structures.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            self.structures.setSelectionMode(QListWidget.SelectionMode.NoSelection)

    def _lay_out(self) -> None:
        to_sign, revision = self._to_sign, self._to_sign.step.revision
        self.setWindowTitle(f"Sign {revision.case_id}")
        form = QFormLayout()
        form.setSpacing(6)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.ExpandingFieldsGrow)
        form.addRow("Case", _text(revision.case_id))
        reading = f", reading {revision.read}" if to_sign.is_blind else ""
        form.addRow("Revision", _text(f"{to_sign.number}{reading}"))
        form.addRow("Content", _digest(revision.digest))
        form.addRow("Structures", self.structures if to_sign.structures else _text("none"))
        form.addRow("Meaning", _text(f"{to_sign.step.meaning.value}: {MEANINGS[to_sign.step.meaning]}"))
        form.addRow("Name", _text(f"{to_sign.name}, {to_sign.role}"))
        self.reason.setPlaceholderText("Needed" if to_sign.step.needs_reason else "If there is one")
        form.addRow("Reason", self.reason)
        if to_sign.readers:
            for person_id, name in to_sign.readers:
                self.reader.addItem(name, person_id)
            form.addRow("Goes on with", self.reader)
        if to_sign.needs_key:
            key = row(self.key, choose_into(self.key, folder=False, title="Choose your key file"))
            form.addRow("Key", key)
        form.addRow("Passphrase", self.passphrase)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        buttons.addWidget(self.sign)
        buttons.addWidget(self.cancel)
        self.sign.setDefault(True)
        for push in self.findChildren(QPushButton):
            push.setAutoDefault(push is self.sign)
        layout = QVBoxLayout(self)
        layout.setSpacing(8)
        layout.addLayout(form)
        layout.addWidget(self.background)
        layout.addWidget(self.messages)
        layout.addLayout(buttons)
        self.setFixedWidth(WIDTH_PX)
        (self.reason if to_sign.step.needs_reason else self.passphrase).setFocus()


def _text(text: str) -> QLabel:
    label = QLabel(text)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    # Else the form gives it no more width than Qt finds handsome.
    label.setMinimumWidth(TEXT_PX)
    return label


def _digest(digest: str) -> QLabel:
    """A digest in groups that can be compared by eye, and copied."""
    groups = [digest[start : start + DIGEST_GROUP] for start in range(0, len(digest), DIGEST_GROUP)]
    label = _text(" ".join(groups))
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    label.setStyleSheet("font-family: monospace;")
    label.setToolTip("Digest of voxels, grid, structures and sidecars of the revision")
    return label
