"""A bundle in a process of its own puts its result on the case's own grid exactly."""

import subprocess
import sys
import threading
import time
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assist.made_bundles import oblique, thresholding_bundle
from medseg.assist.bundle import BundleProcess, opened_bundle
from medseg.assist.bundle.process import ijk_to_ras_mm
from medseg.errors import Cancelled, GridMismatchError, InputError
from medseg.volume import Quantity, Source, Volume
from strategies import grids

THRESHOLD = 100.5


@pytest.fixture(scope="module")
def process(tmp_path_factory):
    """One process for all tests: most of its time is the import of torch and MONAI."""
    folder = thresholding_bundle(tmp_path_factory.mktemp("bundles") / "plain", threshold=THRESHOLD)
    with opened_bundle(folder) as bundle, BundleProcess(bundle, device="cpu") as started:
        yield started


def noise(grid, seed=0):
    voxels = np.random.default_rng(seed).integers(-200, 400, grid.shape_kji).astype(np.int16)
    return Volume(grid, voxels, Quantity.HU, Source("phantom"))


def test_each_voxel_of_an_oblique_anisotropic_flipped_case_is_thresholded_where_it_lies(process):
    volume = noise(oblique())
    prediction = process.predict(volume)
    (structure,) = prediction.structures
    assert (structure.id, structure.name, structure.label) == ("tumour", "Tumour", 1)
    assert np.array_equal(prediction.masks["tumour"], volume.voxels > 100)
    assert prediction.remarks == ()


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(grids(shape=st.tuples(*[st.integers(2, 9)] * 3)))
def test_on_any_grid_even_a_sheared_one(process, grid):
    volume = noise(grid)
    assert np.array_equal(process.predict(volume).masks["tumour"], volume.voxels > 100)


def test_the_affine_is_that_of_the_nifti_file_of_the_grid():
    grid = oblique()
    index_kji = np.array([3, 5, 7])
    expected = grid.to_lps_mm(index_kji) * [-1, -1, 1]
    assert np.allclose(ijk_to_ras_mm(grid) @ [7, 5, 3, 1], [*expected, 1])


def test_progress_counts_the_windows(process):
    told = []
    process.predict(noise(oblique((8, 40, 40))), progress=lambda *step: told.append(step))
    # 40 voxels take 3 windows of 16 with a quarter of overlap, 8 one.
    assert {total for _, _, total in told} == {1, 9}
    assert {task for task, _, _ in told} == {"running threshold"}
    done = [done for _, done, _ in told]
    assert done == sorted(done)


def test_a_case_of_which_nothing_is_found_says_so(process):
    grid = oblique()
    volume = Volume(grid, np.zeros(grid.shape_kji, np.int16), Quantity.HU, Source("phantom"))
    prediction = process.predict(volume)
    assert not prediction.masks["tumour"].any()
    assert prediction.remarks == ("Tumour: the bundle found none.",)


def test_an_image_of_another_modality_than_the_bundles_is_told(process):
    like_mr = replace(noise(oblique()), quantity=Quantity.ARBITRARY, source=Source("DICOM", modality="MR"))
    assert process.predict(like_mr).remarks == ("The bundle was made for CT, and the image is MR.",)
    unknown = replace(like_mr, source=Source("NIfTI"))
    assert process.predict(unknown).remarks == ()


def test_a_case_that_fails_leaves_the_process_for_the_next_one(process):
    inner = process._process
    with pytest.raises(GridMismatchError):
        process.predict(noise(oblique()), further={"image": np.zeros((2, 2, 2))})
    process._ask(inputs={"image": "nowhere.npy"}, ijk_to_ras_mm=np.eye(4).tolist(), out="x")
    with pytest.raises(InputError, match="FileNotFoundError") as failed:
        process._answer("labels", lambda *_: None)
    assert failed.value.details["reason"] == "bundle-failed"
    assert process.predict(noise(oblique())).structures
    assert process._process is inner


def test_the_caller_stays_alive_while_it_runs(process):
    """A window draws at most every 16 ms, and has to be able to: the work is another process's."""
    volume = noise(oblique((16, 48, 48)))
    done = threading.Event()

    def run():
        for _ in range(3):
            process.predict(volume)
        done.set()

    thread = threading.Thread(target=run)
    thread.start()
    gaps_s, last_s = [], time.perf_counter()
    while not done.is_set():
        time.sleep(0.005)
        now_s = time.perf_counter()
        gaps_s.append(now_s - last_s)
        last_s = now_s
    thread.join()
    assert len(gaps_s) > 3
    assert max(gaps_s) < 0.25


def test_cancelling_ends_the_process_and_leaves_nothing(tmp_path):
    folder = thresholding_bundle(tmp_path / "bundle")

    def stop(task, done, total):
        if started.is_set():
            raise Cancelled("enough")

    started = threading.Event()
    with opened_bundle(folder) as bundle, BundleProcess(bundle, device="cpu") as process:
        threading.Timer(0.3, started.set).start()
        with pytest.raises(Cancelled):
            process.start(progress=stop)
        assert process._process is None
        scratch = process._folder
    assert not scratch.exists()


def test_an_input_that_is_missing_is_told_before_anything_starts(tmp_path):
    load = {"_target_": "LoadImaged", "keys": ["image", "guidance"]}
    changes = {"preprocessing": {"_target_": "Compose", "transforms": [load]}}
    folder = thresholding_bundle(tmp_path / "bundle", changes=changes)
    with opened_bundle(folder) as bundle, BundleProcess(bundle) as process:
        with pytest.raises(InputError, match="guidance") as refused:
            process.predict(noise(oblique()))
        assert process._process is None
    assert refused.value.details["reason"] == "input-missing"


def test_a_bundle_that_needs_several_images_is_refused(tmp_path):
    folder = thresholding_bundle(tmp_path / "bundle")
    metadata = folder / "configs" / "metadata.json"
    metadata.write_text(metadata.read_text().replace('"num_channels": 1', '"num_channels": 4'))
    with opened_bundle(folder) as bundle, pytest.raises(InputError, match="4 images") as refused:
        BundleProcess(bundle).predict(noise(oblique()))
    assert refused.value.details["reason"] == "input-missing"


def test_a_process_that_is_killed_is_told(process):
    volume = noise(oblique())

    def kill(task, done, total):
        if process._process is not None:
            process._process.kill()

    with pytest.raises(InputError, match="signal 9") as died:
        process.predict(volume, progress=kill)
    assert died.value.details["reason"] == "worker-died"


def test_the_process_ends_when_whoever_started_it_is_gone():
    command = [sys.executable, "-m", "medseg.assist.bundle.worker"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as alone:
        alone.stdin.close()
        assert alone.wait(timeout=20) == 0
