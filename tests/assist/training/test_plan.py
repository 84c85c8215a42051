"""The plan is fitted to the data by rules that can be told."""

from __future__ import annotations

import numpy as np
import pytest

from medseg.assist.bundle.trust import prepare
from medseg.assist.training import configs
from medseg.assist.training.network import network_for
from medseg.assist.training.patches import may_be_mirrored
from medseg.assist.training.plan import Fingerprint, Plan, Scaling, Size, fitted, normalised
from medseg.errors import InputError

VALUES = np.linspace(-200, 300, 1001, dtype=np.float32)


def looks(shape=(200, 180, 60), spacing_mm=(0.8, 0.8, 2.0), values=VALUES):
    return Fingerprint(shape, spacing_mm, values)


def fit(*looks_of_cases, modality="CT", size=Size.SMALL, network="auto", channels=1, classes=2):
    return fitted(looks_of_cases, modality, size, network=network, channels=channels, classes=classes)


def plan_of(**changes):
    fields = fit(looks(), channels=6 if changes.get("guided") else 1, classes=3)
    others = {
        "structures": ("Liver", "Tumour"), "modality": "CT", "guided": False, "mirrored": True, "steps": 10,
        "seed": 0, "learned_from": ("a", "b"), "held_out": ("c",),
    }  # fmt: skip
    return Plan(**(fields | others | changes))


def test_voxels_have_the_median_size_and_the_patch_is_a_cube_in_mm_as_far_as_the_image_goes():
    plan = fit(looks(), looks(spacing_mm=(1.0, 1.0, 2.5)), looks(spacing_mm=(0.9, 0.9, 5.0)))
    assert plan["spacing_mm"] == (0.9, 0.9, 2.5)
    edges_mm = np.multiply(plan["patch"], plan["spacing_mm"])
    assert edges_mm.max() / edges_mm.min() < 1.6
    assert 30_000 < np.prod(plan["patch"]) < 60_000
    flat = fit(looks(shape=(200, 180, 9)))
    assert flat["patch"][2] <= 12
    assert np.prod(fit(looks(), size=Size.LARGE)["patch"]) > 20 * np.prod(plan["patch"])


def test_thick_slices_get_dynunet_which_leaves_them_alone_first():
    isotropic, thick = fit(looks(spacing_mm=(1, 1, 1.5))), fit(looks(spacing_mm=(0.7, 0.7, 5.0)))
    assert isotropic["network"].target.endswith("SegResNet")
    assert thick["network"].target.endswith("DynUNet")
    strides = thick["network"].arguments["strides"]
    assert strides[1] == [2, 2, 1]
    assert thick["network"].arguments["kernel_size"][0] == [3, 3, 1]
    assert all(
        edge % halved == 0 for edge, halved in zip(thick["patch"], np.prod(strides, axis=0), strict=True)
    )
    with pytest.raises(InputError, match="segresnet") as refused:
        network_for((1, 1, 1), np.array([16.0] * 3), name="unet", channels=1, classes=2, small=True)
    assert refused.value.details["reason"] == "no-such-network"


@pytest.mark.parametrize("name", ["segresnet", "dynunet"])
@pytest.mark.parametrize("spacing_mm", [(1, 1, 1), (0.7, 0.7, 5.0), (2.0, 1.0, 1.0)])
@pytest.mark.parametrize("size", Size)
def test_the_network_takes_a_patch_and_gives_a_channel_for_each_class(name, spacing_mm, size):
    import torch
    from monai.bundle.config_parser import ConfigParser

    edges = np.minimum([40, 40, 12], [200, 180, 60]).astype(float)
    network, patch = network_for(spacing_mm, edges, name=name, channels=4, classes=3, small=True)
    made = ConfigParser({"network": network.config}).get_parsed_content("network")
    with torch.no_grad():
        assert made(torch.zeros(1, 4, *patch)).shape == (1, 3, *patch)


def test_values_with_a_unit_are_scaled_alike_in_all_images_and_others_by_each():
    ct = normalised("CT", [looks()])
    assert ct.scaling is Scaling.WINDOW
    assert (ct.low, ct.high) == pytest.approx((-197.5, 297.5))
    assert ct.mean == pytest.approx(50)
    assert normalised("PT", [looks()]).low == 0
    assert normalised("MR", [looks()]).scaling is Scaling.IMAGE
    assert normalised("CT", [looks(values=np.full(9, 5.0, np.float32))]).scaling is Scaling.IMAGE


def test_who_has_sides_is_not_mirrored():
    assert may_be_mirrored(["Liver", "Tumour", "Bright lesion"])
    assert not may_be_mirrored(["Liver", "Kidney left"])
    assert not may_be_mirrored(["Right lung"])


@pytest.mark.parametrize("guided", [False, True])
@pytest.mark.parametrize("modality", ["CT", "MR"])
def test_the_config_passes_the_checks_of_strangers_bundles(guided, modality):
    plan = plan_of(guided=guided, modality=modality, normalisation=normalised(modality, [looks()]))
    prepared = prepare(configs.inference(plan, mixed_precision=True), allow_code=False)
    assert prepared.inputs == ("image",)
    assert prepared.mixed_precision
    about = configs.metadata(plan, name="x", bundle_version="1", description="y")
    form = about["network_data_format"]
    assert form["outputs"]["pred"]["channel_def"] == {"0": "background", "1": "Liver", "2": "Tumour"}
    assert form["inputs"]["image"]["modality"] == {"CT": "CT", "MR": "MRI"}[modality]
    assert len(form["inputs"]["image"]["channel_def"]) == plan.network.arguments["in_channels"]
    assert ("medseg" in about) == guided
