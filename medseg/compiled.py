"""Loops that numpy can't express, compiled when they are first called.

A module with such loops takes half a second to import and seconds to compile for the first time on a
machine: import it inside the function that needs it.

What is kept is taken anew when its own file changes, and not when that of a compiled function it calls does:
who edits such a function removes ``__pycache__`` beside it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba

Function = TypeVar("Function", bound=Callable[..., Any])


def compiled(function: Function) -> Function:
    """Compile a function to machine code that runs without the interpreter's lock.

    The code is kept beside the module or, where that folder can't be written, in the user's cache; where
    there is neither, it is compiled anew in each process.

    Division by zero gives inf or nan, as numpy's does: to look for it takes a fifth of some loops' time.
    """
    options = {"nogil": True, "error_model": "numpy"}
    try:
        return cast("Function", numba.njit(cache=True, **options)(function))
    except RuntimeError:
        return cast("Function", numba.njit(**options)(function))
