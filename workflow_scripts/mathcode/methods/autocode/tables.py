"""The tables that AutoCode alone reads and writes. Those of a run that adds methodologies have more columns; a file may lack these."""

from collections.abc import Iterable

import polars as pl

from mathcode.core.table_files import Column, Table
from mathcode.methods.autocode.methodologies import names_with
from mathcode.tables import KEY


def q_values_with(added: Iterable[str]) -> Table:
    """Table `q_values` of the paper's methodologies and others."""
    paper = [
        ("n_native", pl.Int32, "graded native rollouts", False),
        ("n_cot", pl.Int32, "graded rollouts dictated to CoT that complied", False),
        ("n_code", pl.Int32, "graded rollouts dictated to code that complied", False),
        ("mean_native", pl.Float64, "mean reward of native rollouts", True),
        ("prior_code", pl.Float64, "share of native rollouts that chose code, p(code|x) (Eq. 7)", True),
        ("q_cot", pl.Float64, "mean reward of CoT, Q(x, cot) (Eq. 8)", True),
        ("q_cot_low", pl.Float64, "lower end of the 95 % Jeffreys interval of q_cot", True),
        ("q_cot_high", pl.Float64, "upper end of the 95 % Jeffreys interval of q_cot", True),
        ("q_code", pl.Float64, "mean reward of code, Q(x, code) (Eq. 8)", True),
        ("q_code_low", pl.Float64, "lower end of the 95 % Jeffreys interval of q_code", True),
        ("q_code_high", pl.Float64, "upper end of the 95 % Jeffreys interval of q_code", True),
        ("p_code_better", pl.Float64, "posterior probability that Q(x, code) > Q(x, cot), Jeffreys priors", True),
    ]
    columns = {name: Column(dtype, meaning, nullable) for name, dtype, meaning, nullable in paper}
    for name in names_with(added):
        told = f"mean number of programs that the rollouts of n_{name} ran"
        columns[f"executions_{name}"] = Column(pl.Float64, told, nullable=True, default=None)
    for name in names_with(added)[2:]:
        columns[f"n_{name}"] = Column(pl.Int32, f"as n_code, for {name}", default=0)
        for column in (f"prior_{name}", f"q_{name}", f"q_{name}_low", f"q_{name}_high", f"p_{name}_better"):
            columns[column] = Column(pl.Float64, f"as {column.replace(name, 'code')}, for {name}", nullable=True, default=None)
    return Table("q_values", {"query_id": KEY["query_id"], **columns})


def reference_strategy_with(added: Iterable[str]) -> Table:
    """Table `reference_strategy` of the paper's methodologies and others."""
    more = {f"s_{name}": Column(pl.Float64, f"s*({name}|x)", nullable=True, default=None) for name in names_with(added)[2:]}
    return Table(
        "reference_strategy",
        {
            "query_id": KEY["query_id"],
            "s_cot": Column(pl.Float64, "s*(cot|x)", nullable=True),
            "s_code": Column(pl.Float64, "s*(code|x)", nullable=True),
            **more,
            "label": Column(pl.String, "decision drawn from s*: cot or code; null: no preference, the query is dropped", nullable=True),
            "tie": Column(pl.Boolean, "both methodologies score the same (where alpha is inf the higher Q-value decides, then CoT)"),
            "rule": Column(pl.String, "prior_times_q or q"),
            "alpha": Column(pl.Float64, "temperature of s*; inf = hard max"),
        },
    )


Q_VALUES = q_values_with([])
REFERENCE_STRATEGY = reference_strategy_with([])
