"""Which expressions of a bundle's config are harmless: MONAI hands every ``$…`` to Python's ``eval``.

An expression is parsed, never run, and each node of its syntax tree has to be on a list: numbers, texts,
lists, arithmetic, references to other parts of the config, and calls of few named functions. Attributes of
values are limited to a few names, because ``().__class__`` is already a way to everything.
"""

from __future__ import annotations

import ast
import warnings

from medseg.assist.bundle.config import REFERENCE
from medseg.assist.bundle.shown import shown
from medseg.errors import InputError

REFERENCES = "__local_refs"
"""What MONAI calls the parts that an expression refers to, when it evaluates one."""

FUNCTIONS = frozenset(
    (
        "abs", "bool", "dict", "enumerate", "float", "int", "len", "list", "max", "min", "range", "round",
        "sorted", "str", "sum", "tuple", "zip",
    )
)  # fmt: skip
"""Of Python: they compute, and reach nothing."""

_OF_TORCH = (
    "device", "cuda.is_available", "cuda.device_count",
    "float16", "bfloat16", "float32", "float64", "float", "half", "bool",
    "uint8", "int8", "int16", "int32", "int64", "long",
    "argmax", "sigmoid", "softmax", "where", "stack", "cat", "clamp", "tensor",
)  # fmt: skip
_OF_NUMPY = ("float32", "float64", "uint8", "int16", "int32", "int64", "inf", "pi", "deg2rad", "array")

DOTTED = frozenset(
    (
        *(f"torch.{name}" for name in _OF_TORCH),
        *(f"{module}.{name}" for module in ("np", "numpy") for name in _OF_NUMPY),
    )
)
"""Of the modules that MONAI lends to expressions; whole names, for ``torch.os`` is the operating system."""

ATTRIBUTES = frozenset(
    (
        "argmax", "cpu", "cuda", "eval", "float", "item", "max", "mean", "min", "ndim", "shape", "sum", "to",
        "transforms",
    )
)  # fmt: skip
"""Of any other value. Methods that write a file, such as numpy's ``tofile``, are none of them."""

_NODES = (
    ast.Expression, ast.Constant, ast.Name, ast.Attribute, ast.Call, ast.keyword, ast.Subscript, ast.Slice,
    ast.Tuple, ast.List, ast.Dict, ast.BinOp, ast.UnaryOp, ast.BoolOp, ast.Compare, ast.IfExp, ast.ListComp,
    ast.GeneratorExp, ast.comprehension, ast.Lambda, ast.arguments, ast.arg, ast.expr_context, ast.boolop,
    ast.unaryop, ast.cmpop, ast.Add, ast.Sub, ast.Mult, ast.Div, ast.FloorDiv, ast.Mod,
)  # fmt: skip
"""Powers are left out: ``9**9**9`` would be computed for days."""


def require_harmless(text: str) -> None:
    """Refuse an expression that could do anything but compute.

    Args:
        text: With its ``$``, its references as they stand in the config or as MONAI has replaced them.

    Raises:
        InputError: It could; reason ``untrusted-expression``.
    """
    nodes = list(ast.walk(_parsed(text)))
    modules = {name.partition(".")[0] for name in DOTTED}
    bound = _bound_names(nodes)
    if bound & (modules | {REFERENCES}):
        raise _refused(text, "gives a module's name to something else")
    inner = {id(node.value) for node in nodes if isinstance(node, ast.Attribute | ast.Subscript)}
    for node in nodes:
        if not isinstance(node, _NODES):
            raise _refused(text, f"holds a {type(node).__name__}")
        if isinstance(node, ast.Attribute):
            _require_known_attribute(node, text, bound, is_whole=id(node) not in inner)
        elif isinstance(node, ast.Name) and node.id not in FUNCTIONS | bound and id(node) not in inner:
            raise _refused(text, f"names {node.id[:40]!r}")
        elif isinstance(node, ast.Subscript):
            _require_known_subscript(node, text, bound)


def _parsed(text: str) -> ast.Expression:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of odd escapes in texts
            return ast.parse(_with_references_replaced(text)[1:].strip(), mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise _refused(text, "is no simple expression") from None


def _with_references_replaced(text: str) -> str:
    """Replace references in the text just as MONAI does it before it evaluates: longest first, anywhere."""
    for found in sorted(REFERENCE.findall(text), key=len, reverse=True):
        text = text.replace(found, f"{REFERENCES}['{found[1:]}']")
    return text


def _bound_names(nodes: list[ast.AST]) -> set[str]:
    """Names that the expression itself gives to values: of lambdas and comprehensions."""
    arguments = {node.arg for node in nodes if isinstance(node, ast.arg)}
    return arguments | {
        node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }


def _require_known_attribute(node: ast.Attribute, text: str, bound: set[str], *, is_whole: bool) -> None:
    dotted = _dotted(node)
    if dotted is None or dotted.partition(".")[0] in bound:
        if node.attr not in ATTRIBUTES:
            raise _refused(text, f"takes the attribute {node.attr[:40]!r}")
    elif dotted not in DOTTED and (is_whole or not any(known.startswith(f"{dotted}.") for known in DOTTED)):
        raise _refused(text, f"names {dotted[:60]!r}")


def _require_known_subscript(node: ast.Subscript, text: str, bound: set[str]) -> None:
    """A name in front of brackets is a value of the expression, or MONAI's own table of references."""
    if isinstance(node.value, ast.Name) and node.value.id not in bound | {REFERENCES}:
        raise _refused(text, f"names {node.value.id[:40]!r}")


def _dotted(node: ast.expr) -> str | None:
    """``a.b.c`` as text; None where it starts from anything but a name."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join([node.id, *reversed(parts)]) if isinstance(node, ast.Name) else None


def _refused(text: str, why: str) -> InputError:
    return InputError(
        f"the bundle's config has an expression that {why}, which could run any code: {shown(text, 100)}",
        hint="allow its code only if you trust who made the bundle",
        reason="untrusted-expression",
    )
