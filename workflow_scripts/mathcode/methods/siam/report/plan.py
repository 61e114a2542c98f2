"""What a run of SIaM built, as its tables, figures and pages see it, and the names that they know."""

from pydantic import Field

from mathcode.methods.siam.artifacts import MODE, SAMPLED
from mathcode.methods.siam.settings import MAIN
from mathcode.paths import BASE, SEEDED, START
from mathcode.report import results
from mathcode.report.results import Arm

__all__ = ["IN_DOMAIN", "MAIN", "MODE", "ORACLE", "PREFERENCE_LOSSES", "SAMPLED", "SEED_ONLY", "Plan"]

IN_DOMAIN, SEED_ONLY = "in_domain", "seed_only"
"""Experiments that web data are held against: more programs for the seed set's own questions, and the start's data alone."""
PREFERENCE_LOSSES = ("dpo", "orpo")
"""Losses that read pairs; what else a preference may use is a control."""
ORACLE = "oracle"
"""The judge that compares with true values; what another judge audits is how far it agrees."""


class Plan(results.Plan):
    """What a run of SIaM built; made by `plan_json` of rules/targets.smk from `artifacts.planned`."""

    preferences: dict[str, str] = Field(default_factory=dict, description="name: label of what main's policy is aligned by")
    aligned: int = Field(default=1, description="the iteration of main that is aligned")
    judges: list[str] = Field(min_length=1, description="judges of responses; the first one counts")
    in_domain: list[str] = Field(default_factory=list, description="benchmarks of the seed set's domain")
    filters: dict[str, str] = Field(default_factory=dict, description="experiment: who accepts its programs")
    thresholds: dict[str, float] = Field(default_factory=dict, description="experiment: score from which its critic accepts")
    likelihood_terms: dict[str, dict] = Field(default_factory=dict, description="preference: what its loss is set to")
    losses: dict[str, str] = Field(default_factory=dict, description="preference: its loss")
    pairings: dict[str, str] = Field(default_factory=dict, description="preference: what its pairs are made by, as text")
    sure: list[str] = Field(default_factory=list, description="preferences whose rejected programs the numbers refuse (pair.sure)")
    pools: dict[str, list[str]] = Field(default_factory=dict, description="policy: who wrote the programs it adds, pool, judge")
    pair_pools: dict[str, list[str]] = Field(default_factory=dict, description="aligned policy: pool and judge of its pairs")
    web: list[str] = Field(default_factory=list, description="datasets that stand for the paper's web corpus")

    def label(self, experiment: str) -> str:
        """An experiment's name in tables and figures."""
        own = {BASE: "base model", SEEDED: "seed set alone", START: "seed set and own right programs"}
        return own.get(experiment) or self.experiments[experiment]

    def called(self, arm: Arm) -> str:
        """The paper's name of a policy: base, M_seed, M_0, M_1 ...; what an alignment made of it stands behind a plus sign."""
        if arm.iteration == 0:
            return {BASE: "base", SEEDED: "M_seed", START: "M_0"}[arm.experiment]
        return f"M_{arm.iteration}" + (f" + {arm.preference}" if arm.preference else "")

    @property
    def rivals(self) -> list[str]:
        """Experiments that select from the same pools by different judges, main first; in-domain data are another question."""
        return sorted((name for name in self.filters if name not in (IN_DOMAIN, SEED_ONLY)), key=lambda name: name != MAIN)

    @property
    def course(self) -> list[tuple[str, int]]:
        """Kinds and iterations of the paper's line of policies, without alignment."""
        rounds = [(MAIN, number) for number in range(1, self.iterations + 1)] if MAIN in self.experiments else []
        return [(BASE, 0), (SEEDED, 0), (START, 0), *rounds]
