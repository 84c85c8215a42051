"""MONAI reads an exported training set, and finds each label where medseg put it."""

from __future__ import annotations

import importlib
import warnings
from types import SimpleNamespace

import numpy as np
import pytest

from dataset_cases import approved, renumbered
from medseg.space import Grid
from medseg.workflows.open_image import open_image
from medseg.workflows.study.export_dataset import export_dataset
from study_cases import GRID, LIVER, TUMOUR, StudySite, label_map_of


@pytest.fixture(scope="module")
def monai() -> SimpleNamespace:
    """MONAI, imported only where these tests run: it takes seconds, and warns about its own dependencies."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pytest.importorskip("torch")
        data, transforms = map(importlib.import_module, ("monai.data", "monai.transforms"))
    return SimpleNamespace(data=data, transforms=transforms)


@pytest.fixture
def dataset(site: StudySite, tmp_path):
    """Two cases that number their structures differently."""
    approved(site, "case-0001")
    approved(site, "case-0002", label_map=renumbered(GRID))
    return export_dataset(site.study, site.who("dora"), tmp_path / "dataset", modality="CT")


def test_the_datalist_and_its_properties_are_read(monai, dataset):
    path = dataset.folder / "dataset.json"
    items = monai.data.load_decathlon_datalist(str(path), is_segmentation=True, data_list_key="training")
    assert [sorted(item) for item in items] == [["image", "label"]] * 2
    properties = monai.data.load_decathlon_properties(str(path), ["labels", "modality", "numTraining"])
    assert properties["labels"] == {"0": "background", "1": LIVER.name, "2": TUMOUR.name}
    assert properties["numTraining"] == 2
    assert monai.data.load_decathlon_datalist(str(path), data_list_key="validation") == []


# MONAI 1.6 tries all its readers, and one of them is for NVIDIA's decoders alone.
@pytest.mark.filterwarnings("ignore:NvImgCodecPydicomReader:UserWarning")
@pytest.mark.parametrize("axcodes", ["RAS", "LPS", "SPL"])
def test_labels_and_image_lie_where_medseg_says_in_any_orientation(monai, dataset, axcodes):
    items = monai.data.load_decathlon_datalist(str(dataset.folder / "dataset.json"), data_list_key="training")
    load = monai.transforms.Compose(
        [
            monai.transforms.LoadImaged(keys=["image", "label"]),
            monai.transforms.EnsureChannelFirstd(keys=["image", "label"]),
            monai.transforms.Orientationd(keys=["image", "label"], axcodes=axcodes, labels=None),
        ]
    )
    for item, size in zip(items, (1, 2), strict=True):
        loaded = load(item)
        image = open_image(item["image"])
        expected = {
            "label": label_map_of(image.grid, size=size).layers[0],
            "image": image.voxels,
        }
        for key, voxels in expected.items():
            found = np.asarray(loaded[key])[0]
            index = np.moveaxis(np.indices(found.shape), 0, -1).reshape(-1, 3)
            places = _in_medseg(index, np.asarray(loaded[key].affine, dtype=np.float64), image.grid)
            np.testing.assert_array_equal(found.ravel(), voxels[tuple(places.T)])


def _in_medseg(index, affine_ras, grid: Grid) -> np.ndarray:
    """Voxels of MONAI, by their place in the patient, as indices of medseg."""
    ras = index @ affine_ras[:3, :3].T + affine_ras[:3, 3]
    found = grid.to_index(ras * [-1, -1, 1])
    nearest = np.rint(found).astype(int)
    assert np.abs(found - nearest).max() < 1e-3
    return nearest
