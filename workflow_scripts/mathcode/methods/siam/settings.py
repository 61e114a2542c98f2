"""What SIaM alone reads of a run's settings. What the paper does not say is our choice (docs/configuration.md)."""

from typing import Any, Literal, Self

from pydantic import Field

from mathcode import settings
from mathcode.paths import BASE, KINDS, SCRATCH, SEEDED, START, Critic, Policy


class Build(settings.Build):
    """What the run's target builds."""

    preferences: list[settings.Name] = Field(description="rows of preferences: how the policy of one iteration is aligned")
    aligned: settings.PositiveInt = Field(description="the iteration of experiment main whose policy is aligned")
    case_sets: list[settings.Name] = Field(description="rows of case_sets, on which judges are compared")


class Evaluate(settings.Evaluate):
    """Greedy evaluation, and the samples that lengths are measured on."""

    judges: list[str] = Field(min_length=1, description="judges side by side; the first one counts")
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


class Align(settings.Section):
    """Preference alignment, or its control: SFT on the chosen programs of the same pairs."""

    loss: Literal["dpo", "orpo", "likelihood"]
    numbers: dict[str, Any] = Field(default_factory=dict, description="what this loss is set to")
    optimizer: settings.Optimizer


class Preference(settings.Section):
    """A row of settings: its label in tables, and what of `pair` and `align` it overrides."""

    label: str
    settings: dict[str, Any] = Field(default_factory=dict)


class CriticRow(settings.Section):
    """How a critic is made."""

    label: str
    family: settings.Name = Field(description="family whose model it is trained from")
    origin: settings.Name | None = Field(default=None, description="critic that it goes on from; null: the base of its family")
    pools: list[settings.PoolName] = Field(min_length=1, description="pools whose queries its cases are made of")
    rollouts: bool = Field(description="cases also of the seeded policy's programs for these queries")
    cases: settings.Cases = Field(default=settings.Cases())
    shown: list[settings.CriticPrompt] = Field(min_length=1, description="how a case is shown; several: each case once in each way")
    judge: settings.Critic = Field(default=settings.Critic(), description="how it judges")
    result_weight: float = Field(default=0.0, ge=0, description="side task: likelihood of right results beside the label (ours)")
    optimizer: settings.Optimizer


class CaseSet(settings.Section):
    """Cases that judges are compared on."""

    label: str
    queries: list[settings.Name] = Field(min_length=1, description="benchmarks whose items they are made of")
    rollouts: bool = Field(description="cases of the start policy's programs for these items")
    cases: settings.Cases = Field(default=settings.Cases())


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
    critics: dict[settings.Name, CriticRow]
    case_sets: dict[settings.Name, CaseSet]

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
    """Every optimisation of a run."""
    rounds = [run.of(experiment).train.optimizer for experiment in run.build.experiments]
    aligned = [run.preferring(preference).align.optimizer for preference in run.build.preferences]
    return [run.seeded.optimizer, run.start.optimizer, *rounds, *aligned, *(critic.optimizer for critic in run.critics.values())]


def training(run: SiamRun, trained: Policy | Critic) -> settings.Training:
    """What a policy or a critic of a run is trained with."""
    if isinstance(trained, Critic):
        row = run.critics[trained.name]
        return settings.Training(loss="label", numbers={"result_weight": row.result_weight}, optimizer=row.optimizer)
    if trained.preference:
        chosen = run.preferring(trained.preference).align
        return settings.Training(loss=chosen.loss, numbers=chosen.numbers, referenced=chosen.loss == "dpo", optimizer=chosen.optimizer)
    stages = {BASE: run.pretrain, SEEDED: run.seeded, START: run.start}
    chosen = stages[trained.experiment] if trained.experiment in KINDS else run.of(trained.experiment).train
    return settings.Training(loss="likelihood", optimizer=chosen.optimizer)


def origin(run: SiamRun, trained: Policy | Critic) -> Policy | Critic:
    """What training starts from: the base, but for a base from scratch, an aligned policy, and a critic that goes on from another."""
    if isinstance(trained, Critic):
        row = run.critics[trained.name]
        return Critic(row.origin, trained.seed) if row.origin else Policy(BASE, row.family, trained.seed)
    if trained.experiment == BASE:
        return Policy(SCRATCH, trained.family, trained.seed)
    previous = trained.iteration and run.of(trained.experiment).train.origin == "previous"
    return trained.before if trained.preference or previous else Policy(BASE, trained.family, trained.seed)
