"""Which CPU instructions torch computes with."""

from typing import Annotated, Literal, get_args

from pydantic import Field

from mathcode.settings.section import untold

_Names = Literal["native", "avx2"]
KERNELS = get_args(_Names)

Kernels = Annotated[
    _Names,
    Field(
        description="CPU instructions of torch: native, the fastest that the processor has, or avx2, those that every x86-64-v3 processor "
        "has. Numbers are the same only within a setting, and only on processors of one maker",
        exclude_if=untold("native"),
    ),
]
