"""Every series of the real data is right frame by frame, or refused for a reason that is true of it."""

from __future__ import annotations

import shutil

import pytest

from compare_peers import find_cases
from frame_oracle import UndecodableError, check_nifti, read_frames
from medseg.workflows.convert import ConvertOptions, Status, convert

TRUE_REASONS = {
    "codecs/TestPattern": {"secondary-capture", "colour"},
    "codecs/US-YBR": {"derived-picture", "colour"},  # a colour ultrasound picture without a place
    "codecs/no-pixel-spacing": {"colour"},  # palette colours
    "ct_gantry_tilt/ge": {"uneven-spacing"},  # 1.1 to 7 mm
    "ct_gantry_tilt/philips_S1000_scout": {"localizer"},
    "vendor_mr/failing/notavolume": {"one-slice"},  # four acquisitions of one slice each
    "vendor_mr/failing/sliceincrement": {"missing-slices", "uneven-spacing"},
    "vendor_mr/failing/sliceorientation": {"mixed-orientation"},
    "vendor_mr/generic/rgb": {"secondary-capture", "colour"},
}
"""What a person found true of each series that is no volume, by the beginning of its name."""

ONE_SLICE = "one-slice"
"""True of every series of one frame."""


def true_reasons(name, frames):
    stated = {
        reason for start, reasons in TRUE_REASONS.items() if name.startswith(start) for reason in reasons
    }
    return stated | ({ONE_SLICE} if frames == 1 else set())


def frames_of(case):
    try:
        return read_frames(case.files)
    except UndecodableError:
        return None


def fault_of(case, work, number):
    """What is wrong with medseg's conversion of one series; empty if nothing is."""
    source, out = work / f"in_{number}", work / f"out_{number}"
    source.mkdir()
    for file in case.files:
        shutil.copyfile(file, source / file.name)
    conversion = convert([source], out, ConvertOptions(compress=False), workers=1)
    frames = frames_of(case)
    count = None if frames is None else len(frames)
    left = [v for v in conversion.volumes if v.status is not Status.CONVERTED]
    untrue = {v.reason for v in left} - true_reasons(case.name, count)
    if untrue:
        return f"refused as {untrue}"
    outputs = list(out.rglob("*.nii"))
    if frames is None or not outputs:
        return "" if left else "nothing was written and nothing refused"
    report = check_nifti(frames, outputs)
    refused = sum(volume.frames for volume in left)
    if report.right + refused == report.frames and not report.unexplained_voxels:
        return ""
    return f"{report.right} of {report.frames} right, {refused} refused, {report.faults[:2]}"


@pytest.mark.timeout(240)
def test_every_real_series_is_right_or_refused_for_a_true_reason(real_data, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    cases = find_cases(real_data)
    assert len(cases) > 80
    faults = {case.name: fault_of(case, tmp_path, number) for number, case in enumerate(cases)}
    assert {name: fault for name, fault in faults.items() if fault} == {}
