"""``medseg study`` as people run it: each with their key, the passphrase from a file."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from medseg.cli.main import main
from study_cases import PASSPHRASE, StudySite


@dataclass(frozen=True)
class StudyCommands:
    """Runs commands in a study.

    Attributes:
        site: The study and its people.
        secret: A file with everybody's passphrase.
    """

    site: StudySite
    secret: Path

    def __call__(self, *arguments: object, code: int = 0, **more: Any) -> Result:
        """Run ``medseg study ...`` as nobody in particular."""
        given = ["study", *map(str, arguments), "--study", str(self.site.path)]
        result = CliRunner().invoke(main, given, **more)
        assert result.exit_code == code, (result.output, result.exception)
        return result

    def by(self, person: str, *arguments: object, code: int = 0, **more: Any) -> Result:
        """Run ``medseg study ...`` as one of the people."""
        return self(*arguments, *self.signed(person), code=code, **more)

    def signed(self, person: str) -> tuple[object, ...]:
        """The options that say who acts."""
        return "--key", self.site.key(person), "--passphrase-file", self.secret

    def json(self, *arguments: object, code: int = 0) -> Any:
        """The answer as JSON: one document, and nothing else on standard output."""
        return json.loads(self(*arguments, "--json", code=code).stdout)

    def json_by(self, person: str, *arguments: object, code: int = 0) -> Any:
        """The answer to one of the people as JSON."""
        return json.loads(self.by(person, *arguments, "--json", code=code).stdout)


@pytest.fixture
def medseg_study(site: StudySite, tmp_path: Path) -> StudyCommands:
    """Runs commands in an empty study."""
    secret = tmp_path / "passphrase.txt"
    secret.write_text(f"{PASSPHRASE}\n")
    return StudyCommands(site, secret)
