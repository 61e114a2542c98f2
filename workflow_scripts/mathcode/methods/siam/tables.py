"""Tables that SIaM alone writes."""

import polars as pl

from mathcode import tables
from mathcode.core.table_files import Column, Table

ACCEPTED = Table(
    "accepted",
    {
        "query_id": tables.KEY["query_id"],
        "question": tables.QUERIES.columns["question"],
        "type": tables.QUERIES.columns["type"],
        "language": tables.LANGUAGE,
        "pool": Column(pl.String, "pool of the question"),
        "sample": tables.KEY["sample"],
        "program": Column(pl.String, "distinct accepted program, as it was written"),
        "result": Column(pl.String, "what it printed"),
        "judge": Column(pl.String, "name and version of the judge"),
        "score": Column(pl.Float64, "P(YES) of a critic; null for rules", nullable=True),
        "isolation": tables.ROLLOUTS.columns["isolation"],
    },
)
"""What D_n adds: programs of a policy that a judge accepted."""
