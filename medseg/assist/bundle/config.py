"""The configuration language of MONAI bundles, as data: nothing is evaluated here.

``@id`` refers to another part, ``%id`` copies one, ``$…`` is a Python expression, and ``_target_`` names what
is to be called. ``#`` is the older way to write ``::``, which separates the parts of an id; ``@::x`` or
``@##x`` is an id relative to the place where it stands. Source: MONAI's documentation of its bundles.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from medseg.errors import InputError, UnreadableFileError

SEPARATOR = "::"
REFERENCE = re.compile(r"@\w*(?:::\w*)*")
"""What MONAI takes for a reference in an expression, and for one as a whole string elsewhere."""

_RELATIVE = re.compile(r"([@%])((?:::)+)")

Config = dict[str, Any]


def read_config(data: bytes, name: str) -> Config:
    """Read a config of a bundle.

    Args:
        data: The bytes of the file.
        name: Its path in the bundle; the suffix says whether it is JSON or YAML.

    Raises:
        UnreadableFileError: It is damaged, or no object; reason ``bundle-damaged``.
        InputError: It is YAML, and there is no reader of YAML; reason ``no-yaml``.
    """
    try:
        document = json.loads(data) if name.endswith(".json") else _yaml(data)
        json.dumps(document)  # dates of YAML and the like can't be handed on, nor depths beyond all need
    except (ValueError, TypeError, RecursionError) as error:
        raise UnreadableFileError(f"{name} is damaged: {error}", reason="bundle-damaged") from error
    if not isinstance(document, dict) or not all(isinstance(key, str) for key in document):
        raise UnreadableFileError(f"expected an object with named parts in {name}", reason="bundle-damaged")
    return document


def _yaml(data: bytes) -> Any:
    try:
        import yaml  # type: ignore[import-untyped]
    except ImportError as error:
        raise InputError(
            "the bundle's inference config is YAML, and PyYAML is not installed",
            hint='pip install "medseg[ai]"',
            reason="no-yaml",
        ) from error
    try:
        return yaml.safe_load(data)
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from error


def with_absolute_ids(config: Config) -> Config:
    """A copy with ``::`` for ``#`` and no relative ids, as MONAI does it before anything else.

    Raises:
        InputError: A relative id leads out of the config; reason ``bundle-config``.
    """
    return {key: _absolute(value, (key,)) for key, value in config.items()}


def _absolute(value: Any, where: tuple[str, ...]) -> Any:
    if isinstance(value, dict):
        return {key: _absolute(inner, (*where, str(key))) for key, inner in value.items()}
    if isinstance(value, list):
        return [_absolute(inner, (*where, str(position))) for position, inner in enumerate(value)]
    if not isinstance(value, str):
        return value

    def prefixed(match: re.Match[str]) -> str:
        up = len(match[2]) // len(SEPARATOR)
        if up > len(where):
            raise InputError(
                f"the bundle refers to {value[:60]!r}, which leads out of its config", reason="bundle-config"
            )
        return "".join([match[1], *(f"{part}{SEPARATOR}" for part in where[:-up])])

    return _RELATIVE.sub(prefixed, value.replace("#", SEPARATOR))


def texts(value: Any) -> Iterator[str]:
    """Every string of a config, keys left out."""
    for _, inner in objects(value):
        if isinstance(inner, str):
            yield inner


def objects(value: Any, key: str = "") -> Iterator[tuple[str, Any]]:
    """Every value of a config with the key that it stands under, the outer ones first."""
    yield key, value
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from objects(inner, str(name))
    elif isinstance(value, list):
        for inner in value:
            yield from objects(inner, key)


def is_expression(text: str) -> bool:
    """Whether MONAI would evaluate a string."""
    return text.startswith("$")


def references(text: str) -> list[str]:
    """The ids that a string refers to, ``%`` copies included."""
    if text.startswith("%"):
        return [text[1:]]
    found = REFERENCE.findall(text)
    return [one[1:] for one in found if is_expression(text) or one == text]


def needed_parts(config: Config, roots: tuple[str, ...]) -> Config:
    """The top-level parts that some of them need, by way of references: the others are never looked at.

    Raises:
        InputError: A part is referred to that is not there; reason ``bundle-config``.
    """
    found: Config = {}
    waiting = [name for name in roots if name in config]
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        if name not in config:
            raise InputError(
                f"the bundle's config refers to {name[:60]!r}, which it does not have", reason="bundle-config"
            )
        found[name] = config[name]
        for text in texts(config[name]):
            waiting += [reference.split(SEPARATOR)[0] for reference in references(text)]
    return found
