"""Which classes a bundle may name to be made: those of MONAI and torch that only compute.

A ``_target_`` that merely starts with ``torch.`` proves nothing: ``torch.os.system`` is there. So a name has
to be that of a class in one of a few packages, and in the process that runs it, the class that is found has
to be defined in one of them and to be a network, a transform or an inferer.
"""

from __future__ import annotations

import builtins
import re
from typing import Any

from medseg.assist.bundle.shown import shown
from medseg.errors import InputError

PACKAGES = (
    "monai.networks.nets",
    "monai.networks.blocks",
    "monai.networks.layers",
    "monai.transforms",
    "monai.inferers",
    "torch.nn",
)
"""Where the classes of what is run are defined."""

DEVICE = "torch.device"

REPLACED = ("loadimage", "saveimage")
"""Transforms that medseg puts others in the place of: the image and the result go by its own hands.

They must never be made: ``reader`` and ``writer`` may name any function there is.
"""

REFUSED = frozenset(
    (
        # Call what a text names, as PatchInferer does with its merger.
        "patchinferer",
        # Hand a name on to another package.
        "torchvision", "randtorchvision", "torchio", "randtorchio", "cucim", "randcucim",
        # Write files, or fetch weights.
        "saveclassification", "writefilemapping", "multimodal", "transchex", "bertpretrainedmodel",
    )
)  # fmt: skip
"""Classes of the packages that do more than compute, in lower case and without the ``d`` of a dictionary."""

_CLASS = re.compile(r"(?:(?P<package>[a-z0-9_.]+)\.)?(?P<name>[A-Z][A-Za-z0-9_]*)")
_FRAMEWORKS = ("monai.", "torch.", "ignite.")
_MODES = ("default", "callable")


def plain_name(target: str) -> str:
    """The name of a class in lower case, without its package and the ending of a dictionary's transform."""
    return re.sub(r"(?:dict|d)$", "", target.rpartition(".")[2].lower())


def is_replaced(target: object) -> bool:
    """Whether a ``_target_`` is a transform of MONAI that reads or writes an image."""
    if not isinstance(target, str) or ("." in target and not target.startswith("monai.transforms.")):
        return False
    return plain_name(target) in REPLACED


def require_known_framework(target: object) -> None:
    """Refuse a part that is not run, but names something outside of MONAI, ignite and torch.

    Raises:
        InputError: It does; reason ``untrusted-target``.
    """
    if isinstance(target, str) and target.startswith(("@", "$@")):
        return  # an object of the config, which is never made
    is_short = isinstance(target, str) and target.isidentifier() and not hasattr(builtins, target)
    if not is_short and not (isinstance(target, str) and target.startswith(_FRAMEWORKS)):
        raise _refused(target)


def require_known_class(component: dict[str, Any]) -> None:
    """Refuse what is to be made unless its name is that of a class that computes.

    Args:
        component: The part of the config with its ``_target_``.

    Raises:
        InputError: It is something else (``untrusted-target``), or it would fetch weights or stop in a
            debugger (``untrusted-argument``).
    """
    target = component["_target_"]
    if target != DEVICE:
        match = _CLASS.fullmatch(target) if isinstance(target, str) else None
        if match is None or hasattr(builtins, match["name"]) or plain_name(target) in REFUSED:
            raise _refused(target)
        package = match["package"]
        if package is not None and not f"{package}.".startswith(tuple(f"{one}." for one in PACKAGES)):
            raise _refused(target)
    for key, value in component.items():
        fetches = key.startswith("pretrained") and value not in (False, None, "")
        if fetches or key == "_debug_" or (key == "_mode_" and value not in _MODES):
            raise InputError(
                f"the bundle's config makes {shown(target)} with {key[:40]!r}, which is not run unasked",
                hint="weights are never fetched; allow its code only if you trust who made the bundle",
                reason="untrusted-argument",
            )


def require_harmless_object(made: object, target: str) -> None:
    """Refuse what a name led to, unless it is a network, a transform or an inferer of the packages.

    Args:
        made: What MONAI is about to call.
        target: Its name in the config.

    Raises:
        InputError: It is something else; reason ``untrusted-target``.
    """
    import torch
    from monai.inferers.inferer import Inferer
    from monai.transforms.transform import Transform

    if made is torch.device:
        return
    known = isinstance(made, type) and issubclass(made, torch.nn.Module | Transform | Inferer)
    where = f"{getattr(made, '__module__', '')}."
    if not known or not where.startswith(tuple(f"{one}." for one in PACKAGES)):
        raise _refused(target)
    if plain_name(made.__name__) in (*REFUSED, *REPLACED):  # type: ignore[attr-defined]
        raise _refused(target)  # another name of such a class


def _refused(target: object) -> InputError:
    return InputError(
        f"the bundle's config wants {shown(target)!r} to be called, which is no network, transform or "
        "inferer of MONAI or torch",
        hint="allow its code only if you trust who made the bundle",
        reason="untrusted-target",
    )
