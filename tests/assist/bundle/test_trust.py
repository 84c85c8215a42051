"""A bundle that is not to be trusted is refused before anything of it runs."""

import os
from pathlib import Path

import pytest

from assist.made_bundles import inference_config, thresholding_bundle
from medseg.assist.bundle import opened_bundle
from medseg.assist.bundle.trust import prepare
from medseg.errors import InputError


def reason_of(changes):
    with pytest.raises(InputError) as refused:
        prepare(inference_config() | changes, allow_code=False)
    return refused.value.details["reason"]


def test_what_monai_and_torch_make_is_taken():
    prepared = prepare(inference_config(spacing_mm=(1, 1, 1)), allow_code=False)
    assert set(prepared.parts) == {"network_def", "inferer", "preprocessing", "postprocessing"}
    assert prepared.inputs == ("image",)


def test_the_usual_ways_of_writing_a_config_are_taken():
    """As the bundles of MONAI's model zoo are written: parts by reference, keys by name."""
    config = inference_config()
    config["preprocessing"]["transforms"][0]["keys"] = "@image_key"
    changes = {
        "imports": ["$import glob", "$import numpy", "$import os"],
        "image_key": "image",
        "output_dtype": "$numpy.float32",
        "highres": False,
        "spacing": "$[3.0, 3.0, 3.0] if @highres is False else [1.5, 1.5, 1.5]",
        "network_def": {"_target_": "UNet", "norm": "batch", "channels": "@channels", "pretrained": False},
        "channels": [16, "$2 * @channels::0"],
        "inferer": {"_target_": "SlidingWindowInferer", "roi_size": [96, 96, 96], "device": "@device"},
        "initialize": ["$monai.utils.set_determinism(seed=123)", "$setattr(torch.backends.cudnn, 'x', True)"],
        "checkpointloader": {"_target_": "CheckpointLoader", "map_location": "@device"},
        "finalize": ["$torch.cuda.empty_cache()"],
    }
    prepared = prepare(config | changes, allow_code=False)
    assert prepared.inputs == ("image",)
    assert "channels" in prepared.parts
    assert not {"imports", "initialize", "finalize", "checkpointloader"} & set(prepared.parts)


def test_files_are_neither_read_nor_written_by_transforms_of_the_bundle():
    prepared = prepare(inference_config(), allow_code=False)
    assert "LoadImage" not in str(prepared.parts)
    assert "SaveImage" not in str(prepared.parts)
    assert "output_dir" not in str(prepared.parts)


@pytest.mark.parametrize(
    "target",
    [
        "os.system", "subprocess.Popen", "builtins.eval", "eval", "exec", "scripts.network.Network",
        "torch.os.system", "torch.load", "torch.hub.load", "torch.jit.load", "torch.nn.os.system",
        "torch.utils.cpp_extension.load_inline", "torch.nn.modules.module.functools.partial",
        "monai.bundle.scripts.run", "monai.bundle.run", "monai.apps.download_url",
        "monai.transforms.io.array.locate", "monai.networks.nets.densenet.load_state_dict_from_url",
        "monai.data.PersistentDataset", "monai.inferers.PatchInferer", "monai.transforms.TorchVisiond",
        "pathlib.Path", "Popen.communicate", "@network_def", "$__import__('os').system", "", None, 3,
        "SystemExit", "numpy.load", "monai.networks.netsevil.Net",
    ],
)  # fmt: skip
def test_a_network_that_is_none_is_refused(target):
    assert reason_of({"network_def": {"_target_": target}}) == "untrusted-target"


@pytest.mark.parametrize(
    "component",
    [
        {"_target_": "EfficientNetBN", "model_name": "efficientnet-b0", "pretrained": True},
        {"_target_": "monai.networks.nets.FlexibleUNet", "pretrained": "@yes"},
        {"_target_": "HoVerNet", "pretrained_url": "https://example.org/x"},
        {"_target_": "torch.nn.Conv3d", "_mode_": "debug"},
        {"_target_": "torch.nn.Conv3d", "_debug_": True},
    ],
)
def test_arguments_that_fetch_weights_or_stop_in_a_debugger_are_refused(component):
    assert reason_of({"network_def": component, "yes": True}) == "untrusted-argument"


@pytest.mark.parametrize(
    "changes",
    [
        {"inferer": {"_target_": "SimpleInferer", "_requires_": "$__import__('os').system('x')"}},
        {"inferer": {"_target_": "SimpleInferer", "_disabled_": "$exec('x')"}},
        {"inferer": "@deep", "deep": "@deeper::0", "deeper": ["$open('x', 'w')"]},
        {"inferer": "%deep", "deep": {"_target_": "SimpleInferer", "_requires_": "$open('x')"}},
        {"inferer": {"_target_": "SimpleInferer", "x": "@#y", "y": ["$open('x')"]}},
        {"run": ["$__import__('os').system('x')"]},
        {"imports": ["$__import__('scripts')"]},
    ],
)
def test_an_expression_is_found_wherever_it_hides(changes):
    assert reason_of(changes) == "untrusted-expression"


def test_the_parts_that_are_not_run_are_looked_at_all_the_same():
    handlers = [{"_target_": "os.system", "command": "x"}]
    assert reason_of({"handlers": handlers}) == "untrusted-target"
    assert reason_of({"inferer": "%elsewhere.json::inferer"}) == "untrusted-macro"


def test_a_config_that_contradicts_itself_is_refused():
    assert reason_of({"inferer": "@nowhere"}) == "bundle-config"
    assert reason_of({"inferer": "@::::::::::::nowhere"}) == "bundle-config"
    assert reason_of({"network_def::in_channels": 2}) == "bundle-config"
    for needed in ("network_def", "inferer", "preprocessing"):
        config = inference_config()
        del config[needed]
        with pytest.raises(InputError, match=needed):
            prepare(config, allow_code=False)


def test_relative_ids_and_copies_are_read_as_monai_reads_them():
    changes = {
        "inferer": {"_target_": "SlidingWindowInferer", "roi_size": "@##size", "overlap": "%share"},
        "size": [16, "$@#0", "@size#0"],
        "share": 0.5,
    }
    parts = prepare(inference_config() | changes, allow_code=False).parts
    assert parts["inferer"]["roi_size"] == "@size"
    assert parts["size"] == [16, "$@size::0", "@size::0"]
    assert parts["share"] == 0.5


def test_nothing_of_a_bundle_runs_while_it_is_judged(tmp_path, monkeypatch):
    """Code of each kind that would leave a file behind, with the bundle's folder in easy reach."""
    canary = tmp_path / "canary"
    touch = f"touch {canary}"
    kinds = {
        "target": {"network_def": {"_target_": "os.system", "command": touch}},
        "expression": {"inferer": f"$__import__('os').system({touch!r})"},
        "script": {"network_def": {"_target_": "scripts.network.Network"}},
        "import": {"imports": ["$import scripts"], "inferer": "$scripts.network.Network()"},
    }
    for kind, changes in kinds.items():
        folder = thresholding_bundle(tmp_path / kind, changes=changes)
        (folder / "scripts").mkdir()
        code = f"import pathlib\npathlib.Path({str(canary)!r}).touch()\nclass Network: pass\n"
        (folder / "scripts" / "__init__.py").write_text(code)
        (folder / "scripts" / "network.py").write_text(code)
        monkeypatch.chdir(folder)
        with pytest.raises(InputError, match=r"call|expression"), opened_bundle(folder):
            pass
    assert not canary.exists()
    os.system(touch)
    assert Path(canary).exists(), "the trap works"
