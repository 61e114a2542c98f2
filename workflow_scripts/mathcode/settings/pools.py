"""Pools: the disjoint sets of queries that a run explores, and which part of which datasets each of them takes."""

from collections.abc import Mapping
from typing import Literal, Self, get_args

from pydantic import Field, model_validator

from mathcode.settings.section import Name, PositiveInt, Section

PoolName = Literal["seed_set", "critic", "web1", "web2", "web3"]
POOLS: tuple[PoolName, ...] = get_args(PoolName)
"""Pools in order: what two of them could claim belongs to the first."""


class Pool(Section):
    """Queries of some datasets whose place on the line from 0 to 1, drawn by a hash of the question, is in a part of it."""

    datasets: list[Name] = Field(min_length=1, description="query datasets, in order")
    part: tuple[float, float] = Field(default=(0.0, 1.0), description="from (included) and to (excluded)")
    rows: PositiveInt | None = Field(default=None, description="queries kept, drawn by hash; null: all")

    @model_validator(mode="after")
    def _is_a_part(self) -> Self:
        start, end = self.part
        if not 0 <= start < end <= 1:
            raise ValueError(f"part must go from 0 to 1 and upwards, not from {start:g} to {end:g}")
        return self


def refuse_overlaps(pools: Mapping[str, Pool]) -> None:
    """Raise ValueError if two pools take the same part of a dataset."""
    named = list(pools.items())
    for place, (name, pool) in enumerate(named):
        for other, rival in named[:place]:
            shared = [dataset for dataset in pool.datasets if dataset in rival.datasets]
            if shared and pool.part[0] < rival.part[1] and rival.part[0] < pool.part[1]:
                raise ValueError(f"pools '{other}' and '{name}' both take a part of dataset '{shared[0]}': their parts must not overlap")
