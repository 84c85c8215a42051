"""The part of the panel in which a case is saved, submitted, approved and verified."""

from __future__ import annotations

from pathlib import Path

from qtpy.QtCore import Signal  # type: ignore[attr-defined]
from qtpy.QtWidgets import QFileDialog, QFormLayout, QLabel, QLineEdit, QVBoxLayout, QWidget

from medseg.errors import SigningKeyError
from medseg.workflows.verify import State
from napari_medseg.case import Case
from napari_medseg.panel.parts import button, choose_into, even_row, field, heading, row
from napari_medseg.saving import suggested_name
from napari_medseg.signing import APPROVE, REQUEST_CHANGES, SUBMIT, Credentials

IN_STUDY = "This case is in a study: each save is a revision of it. Submit and sign it in the Worklist."

NIFTI_PATTERN = "NIfTI label map (*.nii.gz)"


class SignOffSection(QWidget):
    """Author and file, then key and signature."""

    author_changed = Signal(str)
    save_asked = Signal()
    export_asked = Signal()
    sign_asked = Signal(str)
    verify_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.author = field("Your printed name", "Goes into the record of the label map")
        self.author.editingFinished.connect(lambda: self.author_changed.emit(self.author.text()))
        self.path = field("*_dseg.nii.gz", "Where the label map is saved, with its sidecars beside it")
        self.save = button(
            "Save", "Save exactly what is shown, on the grid of the image", self.save_asked.emit
        )
        self.export = button(
            "Export…",
            "Write what is shown for another program: DICOM, 3D Slicer, ITK-SNAP, surfaces",
            self.export_asked.emit,
        )
        self.key = field("Key file (*.pem)", "Made once with: medseg keys create")
        self.passphrase = field("Asked for at each signature", "Opens the key; it is not kept")
        self.passphrase.setEchoMode(QLineEdit.EchoMode.Password)
        self.trust = field("Folder ‘keys’ beside the file", "The folder that says who may sign")
        self.reason = field("Needed to request changes", "Goes into the signed statement")
        self.submit = button(
            "Submit", "Sign as ready for review; locks the contours", lambda: self.sign_asked.emit(SUBMIT)
        )
        self.approve = button(
            "Approve", "Sign as approved; by another person", lambda: self.sign_asked.emit(APPROVE)
        )
        self.request_changes = button(
            "Request changes",
            "Send back with a reason; unlocks the contours",
            lambda: self.sign_asked.emit(REQUEST_CHANGES),
        )
        self.verify = button(
            "Verify", "Is the file what was signed, and by whom?", lambda: self.verify_asked.emit()
        )
        layout = QVBoxLayout(self)
        layout.setContentsMargins(6, 8, 6, 6)
        layout.setSpacing(6)
        layout.addWidget(heading("Save"))
        self.path_row = row(self.path, button("…", "Choose a file", self._choose))
        layout.addLayout(_form({"Author": self.author, "File": self.path_row}))
        layout.addWidget(even_row(self.save, self.export))
        layout.addSpacing(8)
        self.signing = self._signing_part()
        layout.addWidget(self.signing)
        self.in_study = QLabel(IN_STUDY)
        self.in_study.setWordWrap(True)
        self.in_study.hide()
        layout.addWidget(self.in_study)
        layout.addStretch(1)

    def _signing_part(self) -> QWidget:
        part = QWidget()
        layout = QVBoxLayout(part)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        layout.addWidget(heading("Sign"))
        layout.addLayout(
            _form(
                {
                    "Key": row(self.key, choose_into(self.key, folder=False, title="Choose your key file")),
                    "Passphrase": self.passphrase,
                    "Trust": row(
                        self.trust, choose_into(self.trust, folder=True, title="Choose the trust folder")
                    ),
                    "Reason": self.reason,
                }
            )
        )
        layout.addWidget(even_row(self.submit, self.approve))
        layout.addWidget(even_row(self.request_changes, self.verify))
        return part

    def show_case(self, case: Case | None) -> None:
        """Offer the steps that are possible now."""
        self.setEnabled(case is not None)
        if case is None:
            return
        submitted = case.state is State.SUBMITTED
        self.save.setEnabled(not case.is_locked)
        self.author.setEnabled(not case.is_locked and case.keeper is None)
        self.path_row.setEnabled(case.keeper is None)
        self.signing.setVisible(case.keeper is None)
        self.in_study.setVisible(case.keeper is not None)
        self.submit.setEnabled(not case.is_locked)
        self.approve.setEnabled(submitted)
        self.request_changes.setEnabled(submitted)
        if case.author and not self.author.hasFocus():
            self.author.setText(case.author)

    def take_case(self, case: Case) -> None:
        """Fill in what a newly opened case brings."""
        self.path.setText(str(case.path) if case.path else str(Path.cwd() / suggested_name(case)))
        if case.author:
            self.author.setText(case.author)

    def credentials(self) -> Credentials:
        """What was typed; the passphrase is forgotten here.

        Raises:
            SigningKeyError: No key file was named.
        """
        passphrase = self.passphrase.text()
        self.passphrase.clear()
        if not self.key.text().strip():
            raise SigningKeyError("no key file was named", hint="choose your key file, then sign")
        key = Path(self.key.text().strip()).expanduser()
        return Credentials(key, passphrase, self.trust_path(), self.reason.text())

    def trust_path(self) -> Path | None:
        """The trust folder that was typed, or None for the one beside the file."""
        text = self.trust.text().strip()
        return Path(text).expanduser() if text else None

    def _choose(self) -> None:
        path, _ = QFileDialog.getSaveFileName(self, "Save the label map", self.path.text(), NIFTI_PATTERN)
        if path:
            self.path.setText(path)


def _form(fields: dict[str, QWidget]) -> QFormLayout:
    form = QFormLayout()
    form.setContentsMargins(0, 0, 0, 0)
    form.setSpacing(6)
    form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.ExpandingFieldsGrow)
    for name, widget in fields.items():
        form.addRow(name, widget)
    return form
