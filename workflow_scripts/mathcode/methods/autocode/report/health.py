"""Is a training healthy? The worst step of every kind of response, and which of the run's bounds it leaves.

Importance ratios are those of the policy in training to the policy that wrote the responses. The effective sample size of n tokens
with ratios w is (sum w)^2 / sum w^2; it is given as a share of n.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from mathcode import tables
from mathcode.methods.autocode.form import KINDS
from mathcode.methods.autocode.report.plan import EM, Plan
from mathcode.methods.autocode.settings import Health
from mathcode.report.results import Arm, Results
from mathcode.report.summary import Remark

NONE = "none"
"""Stands for the breaches of a training that has none."""

LEAST = 1e-9
"""Smaller numbers are this one: nothing is divided by zero."""

_NOT_JUDGED = "Training health was not judged: the training logs of this run have no numbers by kind of response."
_HEALTHY = "Training stayed within its bounds: ratio, KL, clipping and effective sample size of every kind of response, in every step."


@dataclass(frozen=True)
class Bound:
    """What a column of the table may hold, in its unit: from `low` to `high`; `part` of the loss is the column itself, if one is."""

    column: str
    part: str
    words: str
    unit: str
    low: float
    high: float

    def excess(self, value: float) -> float:
        """How many times a value is beyond its bound; at most 1 within."""
        return max(value / self.high, self.low / max(value, LEAST))

    def told(self, value: float) -> str:
        """A value and the bound that it crosses, in words."""
        crossed = self.high if value > self.high else self.low
        return f"{self.words} {value:.3g}{self.unit} (bound {crossed:g}{self.unit})"


def bounds(health: Health) -> list[Bound]:
    """The bounds of a run."""
    return [
        Bound("ratio", "ratio", "mean importance ratio", "", health.ratio_low, health.ratio_high),
        Bound("kl", "kl_behaviour", "KL", " nats per token", 0.0, health.kl),
        Bound("clip_share", "clip_share", "share of clipped tokens", " %", 0.0, 100 * health.clip_share),
        Bound("effective_share", "", "effective sample size", " %", 100 * health.effective_share, math.inf),
    ]


def judged(results: Results) -> list[dict]:
    """A row for each trained policy and kind of response: the worst steps of all seeds, and what bounds they leave."""
    rows = []
    for family in results.plan.families:
        for experiment in results.experiments:
            for iteration in range(1, results.plan.iterations + 1):
                arm = Arm(experiment, family, iteration)
                opening = {"experiment": experiment, "family": family, "iteration": iteration, "seeds": len(results.plan.seeds)}
                rows += [opening | row for row in _worst(results, arm)]
    return rows


def remark(found: Mapping[str, pl.DataFrame], plan: Plan) -> Remark:
    """What the summary says of it: the worst breach in one sentence, or that there is none.

    Args:
        found: tables by name, as made by `rows.tabulate`.
    """
    rows = found["health"].rows(named=True)
    if not rows:
        return Remark(_NOT_JUDGED)
    left = [row for row in rows if row["breaches"] != NONE]
    if not left:
        return Remark(_HEALTHY, "health")
    row, bound = max(((row, bound) for row in left for bound in bounds(plan.health)), key=lambda one: one[1].excess(one[0][one[1].column]))
    family = f" of {plan.families[row['family']].label}" if len(plan.families) > 1 else ""
    return Remark(
        f"Training was unstable: {len(left)} of {len(rows)} rows of Training health leave a bound"
        f"{_of_em(rows, plan)}. The worst step has {bound.told(row[bound.column])}: {row['kind']} of "
        f"{plan.label(row['experiment'])}{family}, iteration {row['iteration']}.",
        "health",
        grave=True,
    )


def _of_em(rows: list[dict], plan: Plan) -> str:
    own = [row["breaches"] != NONE for row in rows if row["experiment"] == EM]
    return f" ({sum(own)} of {len(own)} of {plan.label(EM)})" if own else ""


def _worst(results: Results, arm: Arm) -> list[dict]:
    """By kind of response, in the order of KINDS; nothing where the logs do not tell kinds apart."""
    steps = pl.concat([_steps(results.table(arm, seed, tables.TRAINING_LOG)) for seed in results.plan.seeds], how="diagonal")
    rows = []
    for kind, words in KINDS.items():
        own = steps.filter(kind=kind)
        if own.is_empty():
            continue
        worst = {
            "ratio": max(own["ratio"], key=lambda ratio: abs(math.log(max(ratio, LEAST)))),
            "kl": own["kl_behaviour"].max(),
            "clip_share": 100 * own["clip_share"].max(),
            "effective_share": 100 * (own["ratio"] ** 2 / own["ratio_squared"]).min(),
        }
        worst = {name: float(f"{value:.4g}") for name, value in worst.items()}
        crossed = [bound.words for bound in bounds(results.plan.health) if bound.excess(worst[bound.column]) > 1]
        rows.append({"kind": words, "steps": own.height, **worst, "breaches": ", ".join(crossed) or NONE})
    return rows


def _steps(log: pl.DataFrame) -> pl.DataFrame:
    """Of a training log a row for each step and kind of response in it: kind, and a column for each part that is told by kind."""
    told = log.select("step", "parts").explode("parts").unnest("parts").filter(pl.col("name").str.contains("/"))
    named = told.with_columns(pl.col("name").str.split_exact("/", 1).struct.rename_fields(["part", "kind"])).unnest("name")
    return named.pivot("part", index=["step", "kind"], values="value")
