"""Run the parts of a bundle with MONAI: in the worker's process only.

The parts are made by MONAI's own parser, as written, and run in the order of its evaluator: preprocessing,
inferer around the network, postprocessing.
"""

from __future__ import annotations

import hashlib
import itertools
import math
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt
import torch
from monai.bundle.config_item import ConfigComponent, ConfigExpression
from monai.bundle.config_parser import ConfigParser
from monai.data.meta_tensor import MetaTensor
from monai.inferers.inferer import SlidingWindowInferer
from monai.transforms.post.dictionary import Invertd

from medseg.assist.bundle.expressions import require_harmless
from medseg.assist.bundle.guidance import Guidance, GuidanceForm, on_image
from medseg.assist.bundle.shown import shown
from medseg.assist.bundle.targets import require_harmless_object
from medseg.assist.bundle.trust import AFTER, BEFORE, IMAGE, INFERER, NETWORK
from medseg.errors import InputError

PREDICTION = "pred"
"""The key of the result, as MONAI's evaluator fixes it (``CommonKeys.PRED``)."""

AFFINE_TOLERANCE = 1e-3
"""Of the matrix of a result that was brought back, against that of its image: mm, and mm a voxel.

Spacing and its inverse lose about 1e-6 of it; a result that was not brought back is off by a voxel or more.
"""

Windows = Callable[[int, int], None]
"""Told how many windows are done, of how many."""


class _CheckedComponent(ConfigComponent):
    """A component that is looked at once more: it is now that a name has become a class."""

    def instantiate(self, **kwargs: Any) -> object:
        from pydoc import locate

        name = self.resolve_module_name()  # type: ignore[no-untyped-call]
        require_harmless_object(locate(name) if isinstance(name, str) else name, str(name))
        return super().instantiate(**kwargs)


class _CheckedExpression(ConfigExpression):
    """An expression that is looked at once more: it is now that its references have been replaced."""

    def evaluate(self, *args: Any, **kwargs: Any) -> Any:
        require_harmless(self.get_config())  # type: ignore[no-untyped-call]
        return super().evaluate(*args, **kwargs)


class _CheckedParser(ConfigParser):
    """MONAI's parser, with parts that are looked at once more."""

    def parse(self, reset: bool = True) -> None:  # noqa: FBT001, FBT002 - as in MONAI
        super().parse(reset)
        items = self.ref_resolver.items
        for name, item in items.items():
            if isinstance(item, ConfigExpression):
                items[name] = _CheckedExpression(item.config, name, item.globals)
            elif isinstance(item, ConfigComponent):
                items[name] = _CheckedComponent(item.config, name, item.locator)


class LoadedBundle:
    """A bundle whose network has its weights.

    Args:
        parts: The checked config.
        weights: The file of weights.
        weights_sha256: Its digest when the bundle was opened, which the record names.
        device: Where it runs.
        mixed_precision: Whether the network runs in half precision where the device is a GPU.
        folder: The bundle's folder, for those of its expressions that name it.
        guidance: What clicks and masks it takes; None where it takes none.
        allow_code: Whether everything of the bundle is trusted.

    Raises:
        InputError: The weights are no plain tensors (``untrusted-weights``), those of another network
            (``weights-mismatch``), or have changed since (``bundle-changed``).
    """

    def __init__(
        self,
        parts: dict[str, Any],
        weights: Path,
        *,
        weights_sha256: str,
        device: torch.device,
        mixed_precision: bool,
        folder: Path,
        guidance: GuidanceForm | None = None,
        allow_code: bool,
    ) -> None:
        self._form = guidance
        if allow_code:
            sys.path.insert(0, str(folder))
        config = parts | {"bundle_root": str(folder), "device": f"$torch.device({str(device)!r})"}
        self._parser = (ConfigParser if allow_code else _CheckedParser)(config)
        self._device = device
        self._mixed_precision = mixed_precision and device.type == "cuda"
        self._network = self._with_weights(weights, weights_sha256, allow_code=allow_code).to(device).eval()
        self._inferer = self._parser.get_parsed_content(INFERER)
        self._before = self._parser.get_parsed_content(BEFORE)
        self._after = self._parser.get_parsed_content(AFTER) if AFTER in parts else None

    def _with_weights(self, path: Path, sha256: str, *, allow_code: bool) -> torch.nn.Module:
        with path.open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != sha256:
                raise InputError("the bundle's weights have changed meanwhile", reason="bundle-changed")
            file.seek(0)
            if path.suffix == ".ts":
                return torch.jit.load(file, map_location="cpu")  # type: ignore[no-any-return, no-untyped-call]
            state = weights_in(file, allow_code=allow_code)
        network: torch.nn.Module = self._parser.get_parsed_content(NETWORK)
        try:
            network.load_state_dict(state)
        except RuntimeError as error:
            raise InputError(
                f"the bundle's weights are those of another network: {shown(error, 200)}",
                hint="ask whoever made the bundle for the weights that belong to its network_def",
                reason="weights-mismatch",
            ) from None
        return network

    def predict(
        self,
        inputs: Mapping[str, npt.NDArray[Any]],
        ijk_to_ras_mm: npt.NDArray[np.float64],
        windows: Windows,
        guidance: Guidance | None = None,
    ) -> npt.NDArray[Any]:
        """Run it on one case.

        Args:
            inputs: Arrays ``[k, j, i]`` by their key; ``image`` is the case.
            ijk_to_ras_mm: The affine of all, as of a NIfTI file.
            windows: Told before each call of the network.
            guidance: Clicks and the current structures; only for a bundle that takes them.

        Returns:
            Labels as an array ``[channel, k, j, i]`` of uint8 or uint16.

        Raises:
            InputError: The result is no labels (``not-labels``), or can't be brought back onto the grid of
                the case (``not-on-grid``).
        """
        data: dict[str, Any] = {key: as_read(array, ijk_to_ras_mm) for key, array in inputs.items()}
        shape = tuple(data[IMAGE].shape)
        with torch.no_grad():
            data = self._before(data)
            image = data[IMAGE]
            if guidance is not None:
                self._guide(image, guidance, ijk_to_ras_mm)
            result = self._infer(image, windows)
            data[PREDICTION] = MetaTensor(
                result, meta=dict(image.meta), applied_operations=list(image.applied_operations)
            )
            if self._after is not None:
                data = self._after(data)
            if not _lies_on(data[PREDICTION], shape, ijk_to_ras_mm):
                data = self._brought_back(data)
        if not _lies_on(data[PREDICTION], shape, ijk_to_ras_mm):
            raise InputError(
                f"the bundle's result has {tuple(data[PREDICTION].shape)} voxels and can't be brought back "
                f"onto the case's grid of {shape} (i, j, k)",
                hint="its postprocessing has to invert its preprocessing: Invertd",
                reason="not-on-grid",
            )
        return _labels(data[PREDICTION])

    def _guide(self, image: MetaTensor, guidance: Guidance, ijk_to_ras_mm: npt.NDArray[np.float64]) -> None:
        """Put guidance in the place of the zeros that the preprocessing left for it."""
        form = self._form
        if form is None or image.shape[0] != 1 + form.channels:
            raise InputError(
                "the bundle takes no clicks, or others than its metadata say",
                hint="train one with `medseg train --deepedit`",
                reason="not-guided",
            )
        image[1:] = torch.from_numpy(on_image(guidance, form, image, ijk_to_ras_mm))

    def _infer(self, image: MetaTensor, windows: Windows) -> torch.Tensor:
        batch = image.as_tensor()[None].to(self._device)
        counted = _Counted(self._network, _window_count(self._inferer, tuple(batch.shape[2:])), windows)
        with torch.autocast(self._device.type, enabled=self._mixed_precision):
            result = self._inferer(batch, counted)
        if not isinstance(result, torch.Tensor):
            raise InputError(
                f"expected one result of the bundle's network, got {type(result).__name__}",
                reason="not-labels",
            )
        return result[0]

    def _brought_back(self, data: dict[str, Any]) -> dict[str, Any]:
        """Invert the preprocessing where the bundle does not: nearest, for these are labels."""
        if not isinstance(data[PREDICTION], MetaTensor):
            return data
        back = Invertd(
            keys=PREDICTION, transform=self._before, orig_keys=IMAGE, nearest_interp=True, to_tensor=True
        )
        return dict(back(data))  # type: ignore[arg-type]


class _Counted:
    """A network that tells how often it was called."""

    def __init__(self, network: torch.nn.Module, total: int, windows: Windows) -> None:
        self._network = network
        self._total = total
        self._done = 0
        self._windows = windows

    def __call__(self, batch: torch.Tensor, *args: Any, **kwargs: Any) -> Any:
        self._windows(min(self._done, self._total), self._total)
        self._done += batch.shape[0]
        return self._network(batch, *args, **kwargs)


def _window_count(inferer: object, shape: Sequence[int]) -> int:
    """How many windows MONAI's sliding window lays over an image; 1 for another inferer."""
    if not isinstance(inferer, SlidingWindowInferer):
        return 1
    sizes = _each(inferer.roi_size, len(shape))
    counts = []
    for length, size, overlap in zip(shape, sizes, _each(inferer.overlap, len(shape)), strict=True):
        window = length if size is None or size <= 0 else min(size, length)
        step = max(1, int(window * (1 - overlap)))
        counts.append(math.ceil((length - window) / step) + 1)
    return math.prod(counts)


def _each(value: Any, axes: int) -> tuple[Any, ...]:
    return tuple(itertools.islice(value, axes)) if isinstance(value, Sequence) else (value,) * axes


def as_read(array: npt.NDArray[Any], ijk_to_ras_mm: npt.NDArray[np.float64]) -> MetaTensor:
    """What MONAI's ``LoadImage`` makes of a NIfTI file: ``[i, j, k]`` of float32 with a RAS affine."""
    voxels = torch.from_numpy(np.array(array.T, dtype=np.float32, order="C"))
    affine = torch.as_tensor(ijk_to_ras_mm, dtype=torch.float64)
    meta = {
        "original_channel_dim": float("nan"),  # none: as MONAI writes it
        "spatial_shape": np.array(voxels.shape),
        "original_affine": np.array(ijk_to_ras_mm),
        "space": "RAS",
        "filename_or_obj": "case.nii.gz",
    }
    return MetaTensor(voxels, affine=affine, meta=meta)


def _lies_on(result: Any, shape: tuple[int, ...], ijk_to_ras_mm: npt.NDArray[np.float64]) -> bool:
    if tuple(result.shape[1:]) != shape:
        return False
    affine = np.asarray(result.affine) if isinstance(result, MetaTensor) else ijk_to_ras_mm
    return np.allclose(affine, ijk_to_ras_mm, rtol=0, atol=AFFINE_TOLERANCE)


def _labels(result: torch.Tensor) -> npt.NDArray[Any]:
    values = result.detach().cpu()
    values = values.as_tensor() if isinstance(values, MetaTensor) else values
    low, high = float(values.min()), float(values.max())
    if not (low >= 0 and high < 2**16) or bool(torch.any(values != values.round())):
        raise InputError(
            f"expected labels, got values between {low:g} and {high:g}",
            hint="the bundle's postprocessing has to make labels of its channels: AsDiscreted",
            reason="not-labels",
        )
    kind = np.uint8 if high < 2**8 else np.uint16
    return np.ascontiguousarray(values.numpy().astype(kind).transpose(0, 3, 2, 1))


def weights_in(file: IO[bytes], *, allow_code: bool) -> Mapping[str, torch.Tensor]:
    """Read a state dict; without leave for code, plain tensors and containers of them alone.

    Args:
        file: The file of weights, from its beginning.
        allow_code: Whether it may be any pickle, which can run any code.

    Raises:
        InputError: It is more than that, or damaged: ``untrusted-weights``, or ``bundle-damaged`` where code
            is allowed; ``weights-mismatch`` where it is no table of tensors.
    """
    try:
        state = torch.load(file, map_location="cpu", weights_only=not allow_code)
    except Exception as error:  # noqa: BLE001 - a damaged pickle raises anything
        reason = "bundle-damaged" if allow_code else "untrusted-weights"
        why = shown(error, 120) or type(error).__name__
        raise InputError(
            f"the bundle's weights are more than plain tensors, or damaged: {why}",
            hint="a pickle can run any code; allow it only if you trust who made the bundle",
            reason=reason,
        ) from None
    for key in ("model", "state_dict"):
        if isinstance(state, Mapping) and isinstance(state.get(key), Mapping):
            state = state[key]
    if isinstance(state, torch.nn.Module):  # only where code is allowed
        state = state.state_dict()
    if not isinstance(state, Mapping):
        raise InputError("the bundle's weights are no table of tensors", reason="weights-mismatch")
    return state
