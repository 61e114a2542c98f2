"""What SIaM alone reads of a run's settings. What the paper does not say is our choice (docs/configuration.md)."""

from typing import Any, Literal, Self

from pydantic import Field, model_validator

from mathcode import settings
from mathcode.methods.method import Trained, critic_origin
from mathcode.paths import BASE, KINDS, SCRATCH, SEEDED, START, Critic, Policy

MAIN = "main"
"""The experiment that is the paper's method: rounds filtered by the critic."""
SEED_SET = "seed_set"
"""The pool whose questions a seeded policy answers for M_0."""
CRITICS = "critic"
"""The pool whose questions it answers for critics; no policy learns them."""


class Build(settings.Build):
    """What the run's target builds."""

    preferences: list[settings.Name] = Field(description="rows of preferences: how the policy of one iteration is aligned")
    aligned: settings.PositiveInt = Field(description="the iteration of experiment main whose policy is aligned")
    critics: list[settings.Name] = Field(description="rows of critics that are compared; a judge's critic is trained in any case")
    case_sets: list[settings.Name] = Field(description="rows of case_sets, on which judges are compared")


class Evaluate(settings.Evaluate):
    """Greedy evaluation, and the samples that lengths are measured on."""

    judges: list[str] = Field(min_length=1, description="judges side by side; the first one counts")
    in_domain: list[settings.Name] = Field(description="benchmarks of the seed set's domain: none says that a policy generalises")
    together: list[settings.Name] = Field(description="of build.benchmarks, those that one job samples, and one judges; ours")
    sampled: settings.Sampling = Field(description="how responses are sampled whose length is measured")
    samples: settings.PositiveInt = Field(description="of these, for each item")


class Seeded(settings.Section):
    """M_seed: SFT of the base on the seed set."""

    optimizer: settings.Optimizer


class Start(settings.Section):
    """M_0: SFT of the base on the seed set and on the seeded policy's own programs that print the reference."""

    samples: settings.PositiveInt = Field(description="programs sampled for each seed question")
    optimizer: settings.Optimizer


class Select(settings.Section):
    """Which programs of a policy the next one learns from: D_n."""

    judge: str = Field(description="who accepts a program in a round; those of the seed set are accepted by `exact`")
    threshold: float = Field(gt=0, le=1, description="score from which a critic accepts; rules have none")
    per_question: settings.PositiveInt = Field(description="distinct accepted programs kept of a question")
    keep: Literal["accepted", "nothing"] = Field(description="nothing: training goes on with the data of the start")
    pool: settings.PoolName | None = Field(description="pool that is explored; null: web1 in the first round, web2 in the second ...")
    balance: Literal["none", "type"] = Field(description="type: as many programs of each family of questions, by weight")
    rows: settings.PositiveInt | None = Field(description="programs kept of a round, drawn by hash; null: all")


class Train(settings.Section):
    """SFT of a round, on D_0 to D_n."""

    origin: Literal["base", "previous"] = Field(description="what it starts from")
    optimizer: settings.Optimizer


class Pair(settings.Section):
    """Pairs of an accepted and a refused program of one question."""

    judge: str
    pool: settings.PoolName
    samples: settings.PositiveInt = Field(description="programs sampled for each question")
    chosen_from: float = Field(gt=0, le=1, description="least score of a chosen program; rules score 1 and 0")
    rejected_to: float = Field(ge=0, lt=1, description="largest score of a rejected program, which must have run")
    sure: bool = Field(description="rejected only where result and reference are single numbers that differ; else the score suffices")
    chosen: Literal["shortest", "longest", "random"] = Field(description="which of several programs")
    per_question: settings.PositiveInt = Field(description="pairs of a question at most")

    @model_validator(mode="after")
    def _sides_are_apart(self) -> Self:
        if self.chosen_from <= self.rejected_to:
            raise ValueError(f"chosen_from {self.chosen_from:g} must be above rejected_to {self.rejected_to:g}")
        return self


class Numbers(settings.Section):
    """What preference losses are set to. Each takes its own of them, so that a row of preferences may name another loss and no more."""

    beta: settings.PositiveNumber = Field(description="DPO: strength of the pull to the reference model")
    length_normalised: bool = Field(description="DPO: log-ratios are means over tokens instead of sums")
    odds_weight: float = Field(ge=0, description="ORPO: lambda of its paper")
    likelihood_weight: float = Field(ge=0, description="DPO and ORPO: weight of the chosen program's -log p")
    likelihood_normalisation: Literal["mean", "sum"] = Field(description="of that term: per token, or per program")


_TERM = ("likelihood_weight", "likelihood_normalisation")
TAKEN = {"dpo": {"beta", "length_normalised", *_TERM}, "orpo": {"odds_weight", *_TERM}, "likelihood": set()}
"""Which of these numbers each loss takes."""


class Align(settings.Section):
    """Preference alignment, or its control: SFT on the chosen programs of the same pairs."""

    loss: Literal["dpo", "orpo", "likelihood"]
    numbers: Numbers
    optimizer: settings.Optimizer

    @property
    def taken(self) -> dict[str, Any]:
        """The numbers of its loss."""
        return self.numbers.model_dump(include=TAKEN[self.loss])


class Preference(settings.Section):
    """A row of settings: its label in tables, and what of `pair` and `align` it overrides."""

    label: str
    settings: dict[str, Any] = Field(default_factory=dict)


class SiamRun(settings.Run):
    """A run of SIaM."""

    build: Build
    evaluate: Evaluate
    pretrain: Seeded = Field(description="a base from scratch, on `data.pretraining`")
    seeded: Seeded
    start: Start
    select: Select
    train: Train
    pair: Pair
    align: Align
    preferences: dict[settings.Name, Preference]

    def preferring(self, preference: str) -> Self:
        """This run with a preference's settings put over it.

        Raises:
            SettingsError: there is no such preference.
        """
        if preference not in self.preferences:
            raise settings.SettingsError(f"no preference '{preference}'; there are: {', '.join(self.preferences)}")
        merged = settings.merge(self.model_dump(), self.preferences[preference].settings)
        return settings.validated(type(self), merged, f"preference '{preference}'")


def optimizers(run: SiamRun) -> list[settings.Optimizer]:
    """Every optimisation of a run but its critics'."""
    rounds = [run.of(experiment).train.optimizer for experiment in run.build.experiments]
    aligned = [run.preferring(preference).align.optimizer for preference in run.build.preferences]
    return [run.pretrain.optimizer, run.seeded.optimizer, run.start.optimizer, *rounds, *aligned]


def training(run: SiamRun, trained: Trained) -> settings.Training:
    """What a policy or a critic of a run is trained with."""
    if isinstance(trained, Critic):
        return run.critics[trained.name].training
    if trained.preference:
        chosen = run.preferring(trained.preference).align
        return settings.Training(loss=chosen.loss, numbers=chosen.taken, referenced=chosen.loss == "dpo", optimizer=chosen.optimizer)
    stages = {BASE: run.pretrain, SEEDED: run.seeded, START: run.start}
    chosen = stages[trained.experiment] if trained.experiment in KINDS else run.of(trained.experiment).train
    return settings.Training(loss="likelihood", optimizer=chosen.optimizer)


def origin(run: SiamRun, trained: Trained) -> Trained:
    """What training starts from: the base, but for a base from scratch, an aligned policy, and a critic that goes on from another."""
    if isinstance(trained, Critic):
        return critic_origin(run, trained)
    if trained.experiment == BASE:
        return Policy(SCRATCH, trained.family, trained.seed)
    previous = trained.iteration and run.of(trained.experiment).train.origin == "previous"
    return trained.before if trained.preference or previous else Policy(BASE, trained.family, trained.seed)


def check(run: SiamRun) -> None:
    """What the sections of a run may say of each other.

    Raises:
        SettingsError: naming what may not be.
    """
    for kind, used, known in (("preference", run.build.preferences, run.preferences), ("case set", run.build.case_sets, run.case_sets)):
        if unknown := set(used) - set(known):
            raise settings.SettingsError(f"unknown {kind} '{min(unknown)}'; there are: {', '.join(sorted(known))}")
    if run.build.preferences and (MAIN not in run.build.experiments or run.build.aligned > run.build.iterations):
        raise settings.SettingsError(f"build.aligned: there is no iteration {run.build.aligned} of experiment '{MAIN}' to align")
    for preference, row in run.preferences.items():
        if strange := set(row.settings) - {"pair", "align"}:
            raise settings.SettingsError(f"preference '{preference}' may not override '{min(strange)}'; it may override align, pair")
        if run.preferring(preference).pair.samples != run.pair.samples:
            raise settings.SettingsError(f"preference '{preference}' may not override 'pair.samples': rollouts are shared")
    for key, pool in explored(run).items():
        if pool not in run.data.pools:
            raise settings.SettingsError(f"{key}: data.pools lacks the pool '{pool}', which is explored")
    rounds = {pool: key for key, pool in in_rounds(run).items()}
    if CRITICS in rounds:
        raise settings.SettingsError(f"{rounds[CRITICS]} names '{CRITICS}': no policy learns the questions that critics learn from")
    taken = {SEED_SET: "which M_0 learns from", CRITICS: "which critics learn from"}
    taken |= {pool: f"which a round explores too ({key})" for pool, key in rounds.items()}
    for preference in run.build.preferences:
        if (pool := run.preferring(preference).pair.pool) in taken:
            raise settings.SettingsError(
                f"preference '{preference}': key 'pair.pool' names '{pool}', {taken[pool]}: pairs need questions of their own"
            )


def explored(run: SiamRun) -> dict[str, str]:
    """Every pool that a run explores, by what names it."""
    pairing = {f"preference '{name}': key 'pair.pool'": run.preferring(name).pair.pool for name in run.build.preferences}
    return {"start": SEED_SET} | in_rounds(run) | pairing


def in_rounds(run: SiamRun) -> dict[str, str]:
    """Every pool that its rounds explore, by what names it."""
    rounds = {f"build.iterations {number}": f"web{number}" for number in range(1, run.build.iterations + 1)}
    selecting = {f"experiment '{name}': key 'select.pool'": run.of(name).select.pool for name in run.build.experiments}
    named = {key: pool for key, pool in selecting.items() if pool}
    return (rounds if len(named) < len(selecting) else {}) | named


def paired(run: SiamRun) -> set[str]:
    """Every pool that pairs are made of."""
    return {run.preferring(name).pair.pool for name in run.build.preferences}
