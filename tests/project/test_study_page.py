"""The story that docs/study.md tells runs as it stands there, and prints what it says."""

from __future__ import annotations

import itertools
from pathlib import Path

from medseg.io.label_map_files import LabelMapFiles
from page_shell import Shell
from study_cases import draw, write_phantom

PAGE = Path(__file__).parents[2] / "docs" / "study.md"


def test_the_story_of_a_study_runs_as_the_page_tells_it(tmp_path, monkeypatch):
    sizes = itertools.count(1)

    def contour(reader: str, case: str) -> None:
        """Contour the working copy, larger each time."""
        (folder,) = Path("liver/work", case).glob(f"{reader}-*")
        image = Path("liver/images", case, f"{case}.nii.gz")
        draw(image, LabelMapFiles(folder / f"{case}_dseg.nii.gz"), reader, size=next(sizes))

    monkeypatch.chdir(tmp_path)
    for folder in ("images", "elsewhere"):
        Path(folder).mkdir()
    for name in "abc":
        write_phantom(Path("images", f"{name}.nii.gz"))
    assert Shell(monkeypatch).tell(PAGE, {"draw": contour}) > 50
