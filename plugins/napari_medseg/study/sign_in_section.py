"""The part of the dock in which a study is opened and somebody says who he is."""

from __future__ import annotations

from html import escape
from pathlib import Path

from qtpy.QtCore import Signal  # type: ignore[attr-defined]
from qtpy.QtWidgets import QFormLayout, QLabel, QLineEdit, QSizePolicy, QVBoxLayout, QWidget

from medseg.workflows.study import SignedIn
from napari_medseg.panel.parts import button, choose_into, field, row
from napari_medseg.study.texts import about_identity

KEY_PATTERN = "Key file (*.pem)"


class SignInSection(QWidget):
    """Study, key and passphrase; afterwards one line that says who is signed in."""

    sign_in_asked = Signal()
    sign_out_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.study = field("Folder of the study", "The folder with study.json in it")
        self.key = field("Key file (*.pem)", "Made once with: medseg keys create")
        self.passphrase = field("Opens the key", "It is asked for again at each signature")
        self.passphrase.setEchoMode(QLineEdit.EchoMode.Password)
        self.sign_in = button("Open and sign in", "Say who you are, with your key", self.sign_in_asked.emit)
        for line in (self.study, self.key, self.passphrase):
            line.returnPressed.connect(self._enter)
        self.identity = QLabel()
        self.identity.setWordWrap(True)
        self.identity.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.sign_out = button("Sign out", "Close the case and forget the key", self.sign_out_asked.emit)
        self._form = QWidget()
        form = QFormLayout(self._form)
        form.setContentsMargins(0, 0, 0, 0)
        form.setSpacing(6)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.ExpandingFieldsGrow)
        form.addRow(
            "Study",
            row(self.study, choose_into(self.study, folder=True, title="Choose the folder of the study")),
        )
        form.addRow(
            "Key",
            row(
                self.key,
                choose_into(self.key, folder=False, title="Choose your key file", pattern=KEY_PATTERN),
            ),
        )
        form.addRow("Passphrase", self.passphrase)
        form.addRow(self.sign_in)
        self._line = row(self.identity, self.sign_out)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._form)
        layout.addWidget(self._line)
        self.show_identity(None, is_open=False)

    def take_credentials(self) -> tuple[Path, Path, str]:
        """Folder, key file and passphrase as typed; the passphrase is forgotten here."""
        passphrase = self.passphrase.text()
        self.passphrase.clear()
        study, key = (Path(line.text().strip()).expanduser() for line in (self.study, self.key))
        return study, key, passphrase

    def show_identity(self, who: SignedIn | None, *, is_open: bool) -> None:
        """Show who is signed in.

        Args:
            who: Who, or None.
            is_open: Whether a signature needs no more than the passphrase now.
        """
        self._form.setVisible(who is None)
        self._line.setVisible(who is not None)
        self.identity.setText(f"<b>{escape(about_identity(who, is_open=is_open))}</b>")
        self.identity.setToolTip(f"{self.study.text()}" if who else "")

    def _enter(self) -> None:
        """Enter goes on to the next empty field, and signs in from the last one."""
        for line in (self.study, self.key, self.passphrase):
            if not line.text():
                line.setFocus()
                return
        self.sign_in_asked.emit()
