"""Which CPU instructions torch computes with."""

from typing import Annotated, Literal

from pydantic import Field

from mathcode.settings.section import untold

KERNELS = ("native", "avx2")

Kernels = Annotated[
    Literal["native", "avx2"],
    Field(
        description="CPU instructions of torch: the fastest that the processor has, or avx2, the same on every x86-64-v3 processor; "
        "others round otherwise",
        exclude_if=untold("native"),
    ),
]
