"""What of a bundle is run, and whether that may be trusted: decided before anything of it is.

Only the network, its inferer, the pre- and the postprocessing are run, and what they refer to. Of these,
every class has to be on the list of :mod:`~medseg.assist.bundle.targets` and every expression on that of
:mod:`~medseg.assist.bundle.expressions`. The rest of the config (datasets, handlers, ``imports``, ``run``) is
never evaluated; it is looked at all the same, for one that names ``os.system`` anywhere is not honest.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from medseg.assist.bundle.config import (
    Config,
    is_expression,
    needed_parts,
    objects,
    texts,
    with_absolute_ids,
)
from medseg.assist.bundle.expressions import require_harmless
from medseg.assist.bundle.shown import shown
from medseg.assist.bundle.targets import is_replaced, require_known_class, require_known_framework
from medseg.errors import InputError, UnreadableFileError

NETWORK, INFERER, BEFORE, AFTER = PARTS = ("network_def", "inferer", "preprocessing", "postprocessing")
"""The parts that are run, by the ids that MONAI requires of an inference config."""

IMAGE = "image"
"""The key of the image, as MONAI's evaluator fixes it (``CommonKeys.IMAGE``)."""

GIVEN: Config = {"bundle_root": ".", "device": "cpu"}
"""Parts that who runs a bundle gives to it; a config may leave them out."""


@dataclass(frozen=True)
class Prepared:
    """The parts of a bundle's config that are run.

    Attributes:
        parts: The config for MONAI's parser; files are neither read nor written by it.
        inputs: The keys that it reads: ``image``, and further ones.
        mixed_precision: Whether the bundle's evaluator is asked for it; it counts on a GPU only.
    """

    parts: Config
    inputs: tuple[str, ...]
    mixed_precision: bool


def prepare(config: Config, *, allow_code: bool) -> Prepared:
    """Take from a bundle's inference config what is run, and refuse what can't be trusted.

    Args:
        config: The whole of ``inference.json``.
        allow_code: Whether everything is trusted.

    Raises:
        InputError: It is not to be trusted: reasons ``untrusted-target``, ``untrusted-argument``,
            ``untrusted-expression`` and ``untrusted-macro``. Or it lacks a part or refers to one that is not
            there: ``bundle-config``.
    """
    try:
        config = with_absolute_ids(GIVEN | config)
    except RecursionError:
        raise UnreadableFileError(
            "the bundle's inference config is nested too deeply", reason="bundle-damaged"
        ) from None
    _require_plain_keys(config)
    inputs = _input_keys(config.get(BEFORE))
    if not allow_code:
        _require_honest(config)
    # MONAI evaluates imports before anything else; only code needs them, for harmless expressions use none.
    roots = (*PARTS, "imports") if allow_code else PARTS
    parts = needed_parts(_with_own_hands(config), roots)
    missing = [part for part in (NETWORK, INFERER, BEFORE) if part not in parts]
    if missing:
        raise InputError(f"the bundle's inference config lacks {missing[0]!r}", reason="bundle-config")
    if not allow_code:
        for part in parts.values():
            _require_trusted(part)
    evaluator = config.get("evaluator")
    amp = isinstance(evaluator, Mapping) and evaluator.get("amp") is True
    return Prepared(parts, inputs, mixed_precision=amp)


def _require_plain_keys(config: Config) -> None:
    odd = [key for key in config if "::" in key or "#" in key or key.startswith("+")]
    if odd:
        raise InputError(
            f"the bundle's config changes a part by the name of {odd[0][:60]!r}; medseg reads whole parts",
            hint="write the change into the part itself",
            reason="bundle-config",
        )


def _require_honest(config: Config) -> None:
    for key, value in objects(config):
        if key == "_target_":
            require_known_framework(value)
        elif isinstance(value, str) and is_expression(value) and "__" in value:
            require_harmless(value)
        elif isinstance(value, str) and value.startswith("%") and ("/" in value or "." in value):
            raise InputError(
                f"the bundle's config copies from another file: {shown(value)}",
                hint="allow its code only if you trust who made the bundle",
                reason="untrusted-macro",
            )


def _require_trusted(part: Any) -> None:
    for _, value in objects(part):
        if isinstance(value, dict) and "_target_" in value:
            require_known_class(value)
    for text in texts(part):
        if is_expression(text):
            require_harmless(text)


def _with_own_hands(value: Any) -> Any:
    """A config whose transforms that read and write files do nothing: medseg does it."""
    if isinstance(value, list):
        return [_with_own_hands(inner) for inner in value]
    if not isinstance(value, dict):
        return value
    if not is_replaced(value.get("_target_")):
        return {key: _with_own_hands(inner) for key, inner in value.items()}
    if "keys" not in value:
        return {"_target_": "monai.transforms.Identity"}
    name = "EnsureChannelFirstd" if value.get("ensure_channel_first") is True else "Identityd"
    return {"_target_": f"monai.transforms.{name}", "keys": value["keys"], "allow_missing_keys": True}


def _input_keys(preprocessing: Any) -> tuple[str, ...]:
    """The keys of what the preprocessing reads from files; the image is always one."""
    keys = [IMAGE]
    for _, value in objects(preprocessing):
        if isinstance(value, dict) and is_replaced(value.get("_target_")):
            named = value.get("keys", IMAGE)
            keys += [key for key in ([named] if isinstance(named, str) else named) if isinstance(key, str)]
    return tuple(dict.fromkeys(key for key in keys if not key.startswith(("@", "$", "%"))))
