"""The page on clusters: its script runs as far as it can where there is no SLURM."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "cluster.md"

FAKE_SBATCH = """#!/bin/sh
# Begins the script at once, as SLURM would on some machine; the caller deletes it when this returns.
cp "$1" job.sh
bash job.sh > job.log 2>&1 &
echo "Submitted batch job $$"
"""


def test_the_script_for_slurm_converts_through_jobs_that_are_submitted(tmp_path, monkeypatch):
    """``sbatch`` and ``scancel`` are stand-ins; scheduler, workers and conversion are real."""
    from conversion_cases import make_tree, require_manifest

    (script,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    environment = Path(sys.executable).parent
    script = script.replace('"source /path/to/venv/bin/activate"', f'"export PATH={environment}:$PATH"')
    script = script.replace("cores=8,", "cores=2,").replace("processes=8,", "processes=2,")
    script = script.replace("jobs=4", "jobs=1").replace('"64GiB"', '"2GiB"')
    (tmp_path / "convert_on_slurm.py").write_text(
        script.replace("SLURMCluster(\n", 'SLURMCluster(\n        interface="lo",\n')
    )
    bin_folder = tmp_path / "bin"
    bin_folder.mkdir()
    for name, text in {"sbatch": FAKE_SBATCH, "scancel": "#!/bin/sh\n"}.items():
        (bin_folder / name).write_text(text)
        (bin_folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{bin_folder}:{environment}:/usr/bin:/bin")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    source = make_tree(tmp_path / "in", 3)
    done = subprocess.run(
        [sys.executable, "convert_on_slurm.py", source, tmp_path / "out"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert len(require_manifest(tmp_path / "out")["volumes"]) == 3
