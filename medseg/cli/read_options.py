"""The options of ``medseg convert`` and ``medseg inspect`` that decide what a volume will be."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from medseg.workflows.convert import ReadOptions

_OPTIONS = (
    click.option(
        "--pet-unit",
        type=click.Choice(["suvbw", "bqml", "stored"]),
        default="suvbw",
        show_default=True,
        help="What PET is converted to where its header allows it.",
    ),
    click.option(
        "--deshear", is_flag=True, help="Resample stacks that lean, as by a tilted gantry, to right angles."
    ),
    click.option("--allow-uneven", is_flag=True, help="Resample slices at uneven distances to even ones."),
    click.option(
        "--single-slices",
        is_flag=True,
        help="Convert a series of one slice too: its thickness is taken for the distance.",
    ),
    click.option(
        "--philips-scaling",
        is_flag=True,
        help="Use the private scale factors of Philips MR instead of the DICOM rescale.",
    ),
)


def read_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options to a command, as keyword arguments of these names."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def chosen(
    *, pet_unit: str, deshear: bool, allow_uneven: bool, single_slices: bool, philips_scaling: bool
) -> ReadOptions:
    """What was chosen by the options above."""
    from medseg.workflows.convert import PetUnit, ReadOptions

    return ReadOptions(
        pet_unit=PetUnit[pet_unit.upper()],
        deshear=deshear,
        allow_uneven=allow_uneven,
        single_slices=single_slices,
        philips_private_scaling=philips_scaling,
    )
