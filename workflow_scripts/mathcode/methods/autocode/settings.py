"""What AutoCode alone reads of a run's settings."""

import math
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from mathcode import settings
from mathcode.methods.autocode import methodologies
from mathcode.methods.autocode.dictations import explored
from mathcode.methods.autocode.methodologies import Methodology
from mathcode.methods.method import Trained, critic_origin
from mathcode.paths import START, Critic

Alpha = Annotated[float, BeforeValidator(lambda value: math.inf if value == "inf" else value), Field(gt=0)]


class Build(settings.Build):
    """What the run's target builds."""

    published: Literal["v1", "v3"] = Field(default="v1", description="version of the paper whose main table stands beside ours")


class Adaptive(settings.Section):
    """When a query is sampled no further. Ours; the paper samples K rollouts everywhere."""

    certainty: float = Field(gt=0.5, le=1, description="probability that all K rollouts would give the label that there is")
    first: settings.PositiveInt = Field(default=2, description="rollouts of each mode before the first look")
    step: settings.PositiveInt = Field(default=1, description="further ones between two looks")


class Explore(settings.Explore):
    """Self-exploration of one policy."""

    extra_native_samples: settings.PositiveInt | None = Field(
        description="further native rollouts, for standard RL at equal rollouts; null: as many as make them equal"
    )
    judge: str = Field(default="exact", description="who grades rollouts for training: the reward")
    modes: list[settings.Name] = Field(min_length=1, description="rollouts an experiment uses")
    adaptive: Adaptive | None = Field(
        default=None,
        exclude_if=settings.untold(None),
        description="sample no further where the label is decided; null: K rollouts everywhere",
    )

    @property
    def rollouts(self) -> int:
        """Of a query, over all modes."""
        return self.samples * len(self.modes)

    @property
    def extra(self) -> int:
        """Native rollouts beside the first K, in mode `native_extra`."""
        return self.extra_native_samples or max(1, self.rollouts - self.samples)


class Evaluate(settings.Evaluate):
    """Greedy evaluation, and the sampled rollouts behind selection labels."""

    selection_benchmarks: list[settings.Name] = Field(description="benchmarks whose queries get Monte-Carlo labels")
    selection_samples: settings.PositiveInt = Field(description="dictated rollouts per query and methodology for the labels")
    selection_sampling: settings.Sampling


class Start(settings.Section):
    """Code4Math SFT: the policy iteration 1 starts from."""

    optimizer: settings.Optimizer
    native_share: float = Field(ge=0, le=1, description="share of pairs shown without a methodology instruction")
    native_code_share: float = Field(ge=0, le=1, description="share of code pairs that may be shown so; below 1 it prefers CoT")


class Estimate(settings.Section):
    """E-step: prior, Q-values, reference strategy."""

    rule: Literal["prior_times_q", "q"]
    alpha: Alpha = Field(description="temperature of s*; inf = hard max, ties to CoT")
    price: float = Field(
        default=0.0,
        ge=0,
        exclude_if=settings.untold(0.0),
        description="reward that a program costs: what it takes from the Q-value of who runs it; ours",
    )


class Synthesize(settings.Section):
    """Complete responses and their advantages."""

    keep: Literal["reference", "all"] = Field(description="rollouts that follow the reference label, or all of them (standard RL)")
    reflective_per_query: int = Field(ge=0, description="self-reflective responses per query at most")
    reflective_from_iteration: settings.PositiveInt = Field(description="first iteration that has self-reflective responses")
    learn_hint: bool | Literal["selection"] = Field(
        description="the reflective hint enters the policy objective, with importance ratio 1; or, with the cue, the selection log-loss"
    )
    whitening: Literal["paper", "released"] = Field(description="sample std with epsilon, or the released program's rules")
    all_correct_advantage: float = Field(description="advantage where every response of a query is right (whitening gives 0)")
    min_advantage: float | None = Field(description="floor of advantages; null: none")
    rehearsal: float = Field(
        default=0.0,
        ge=0,
        exclude_if=settings.untold(0.0),
        description="SFT demonstrations with a dictated methodology that are learned again, per synthesized response; ours",
    )


class OffPolicy(settings.Section):
    """Numbers of the M-step's losses."""

    clip_form: Literal["min", "pure", "detached"] = Field(
        description="paper objective: PPO min, clipped product, or clipped weight x log-likelihood"
    )
    clip_low: float = Field(gt=0, le=1)
    clip_high: float = Field(ge=1)
    ratio_level: Literal["token", "sequence"]
    selection_weight: float = Field(ge=0, description="weight of the selection log-loss")
    reflective_ratio: Literal["own", "one"] = Field(
        default="own",
        exclude_if=settings.untold("own"),
        description="importance ratio of self-reflective responses behind their hint; ours",
    )


class Train(OffPolicy):
    """M-step: off-policy RL."""

    objective: Literal["paper", "released"]
    optimizer: settings.Optimizer


class Health(settings.Section):
    """Bounds within which an M-step is called healthy: no step, and no kind of response, may leave them. They do not affect training."""

    ratio_low: float = Field(gt=0, le=1, description="least mean importance ratio")
    ratio_high: float = Field(ge=1, description="largest mean importance ratio")
    clip_share: float = Field(gt=0, le=1, description="largest share of tokens whose ratio is outside the clip range")
    kl: settings.PositiveNumber = Field(description="largest KL to the behaviour policy, nats per token")
    effective_share: float = Field(gt=0, le=1, description="least effective sample size, as a share of the tokens")


class AutoCodeRun(settings.Run):
    """A run of AutoCode."""

    build: Build
    explore: Explore
    evaluate: Evaluate
    start: Start
    estimate: Estimate
    synthesize: Synthesize
    train: Train
    health: Health
    methodologies: dict[settings.Name, Methodology] = Field(default_factory=dict, description="those beside CoT and code")

    def decides_for(self, experiment: "AutoCodeRun") -> bool:
        """Whether the labels of an experiment are those that this run's adaptive sampling decides."""
        return (experiment.estimate, experiment.explore) == (self.estimate, self.explore)


def optimizers(run: AutoCodeRun) -> list[settings.Optimizer]:
    """Every optimisation of a run but its critics': SFT, and RL of each experiment that it builds."""
    return [run.start.optimizer, *(run.of(experiment).train.optimizer for experiment in run.build.experiments)]


def training(run: AutoCodeRun, trained: Trained) -> settings.Training:
    """What a policy or a critic of a run is trained with: SFT where policies start, off-policy RL in the iterations."""
    if isinstance(trained, Critic):
        return run.critics[trained.name].training
    if trained.experiment == START:
        return settings.Training(loss="likelihood", optimizer=run.start.optimizer)
    chosen = run.of(trained.experiment).train
    if chosen.objective == "released":  # its clip and its penalty are constants
        loss = "released_first" if trained.iteration == 1 else "released"
        return settings.Training(loss=loss, referenced=True, optimizer=chosen.optimizer)
    numbers = chosen.model_dump(include=set(OffPolicy.model_fields))
    return settings.Training(loss=chosen.objective, numbers=numbers, referenced=True, optimizer=chosen.optimizer)


def origin(run: AutoCodeRun, trained: Trained) -> Trained:
    """What training starts from: the policy before."""
    return critic_origin(run, trained) if isinstance(trained, Critic) else trained.before


def check(run: AutoCodeRun) -> None:
    """What the sections of a run may say of each other.

    Raises:
        SettingsError: naming what may not be.
    """
    if left_out := set(run.evaluate.selection_benchmarks) - set(run.build.benchmarks):
        key = "evaluate.selection_benchmarks"
        raise settings.SettingsError(f"key '{key}' names '{min(left_out)}', which build.benchmarks leaves out: set both", key)
    methodologies.check(run.methodologies)
    if run.explore.adaptive:
        _check_adaptive(run)
    modes = explored(methodologies.all_of(run.methodologies))
    for experiment in run.experiments:
        for mode in run.of(experiment).explore.modes:
            if mode not in modes:
                near = settings.meant(mode, modes) or f"; there are: {', '.join(modes)}"
                raise settings.SettingsError(f"experiment '{experiment}': key 'explore.modes': unknown mode '{mode}'{near}")
        own = {"modes": run.explore.modes, "judge": run.explore.judge}
        if run.of(experiment).explore.model_copy(update=own) != run.explore:
            allowed = "'explore.modes' and 'explore.judge' only: rollouts are shared"
            raise settings.SettingsError(f"experiment '{experiment}' may override {allowed}")
        _check_methodologies(run, experiment)
    if any("native_extra" in run.of(name).explore.modes for name in run.build.experiments):
        _check_equal(run.explore)


def _check_equal(explore: Explore) -> None:
    """Standard RL at equal rollouts has as many as EM."""
    if (native := explore.samples + explore.extra) != explore.rollouts:
        raise settings.SettingsError(
            f"key 'explore.extra_native_samples' is {explore.extra}: native rollouts are then {native} a query, and those in "
            f"{', '.join(explore.modes)} are {explore.rollouts}; null makes them equal"
        )


def _check_methodologies(run: AutoCodeRun, experiment: str) -> None:
    """Labels are drawn between methodologies that are all explored: the prior of one that is not would be counted as CoT's."""
    chosen = run.of(experiment)
    if chosen.synthesize.keep == "reference" and (lacking := set(run.methodologies) - set(chosen.explore.modes)):
        raise settings.SettingsError(
            f"experiment '{experiment}': key 'explore.modes' lacks '{min(lacking)}': labels need rollouts that are dictated to every "
            "methodology"
        )


def _check_adaptive(run: AutoCodeRun) -> None:
    """A label is decided by rules, between CoT and code, once and for all experiments that are built.

    Raises:
        SettingsError: it is not.
    """
    where = "key 'explore.adaptive': a label is decided"
    if run.methodologies:
        raise settings.SettingsError(f"{where} between CoT and code only, and the run adds '{min(run.methodologies)}'")
    if run.explore.judge.partition("_")[2] in run.critics:
        raise settings.SettingsError(
            f"{where} by a rule while a model samples, and '{run.explore.judge}' is a critic: choose another 'explore.judge'"
        )
    if run.explore.judge == "math_verify":
        raise settings.SettingsError(f"{where} while a model samples, where Math-Verify is not installed: choose another 'explore.judge'")
    if not math.isinf(run.estimate.alpha):
        raise settings.SettingsError(f"{where} for the hard max only: 'estimate.alpha' must be inf")
    if run.estimate.price:
        raise settings.SettingsError(f"{where} by the share of right answers alone: 'estimate.price' must be 0")
    if set(run.explore.modes) != set(methodologies.DECIDING):
        raise settings.SettingsError(f"{where} by rollouts in {', '.join(methodologies.DECIDING)}: 'explore.modes' must be these")
    for experiment in run.build.experiments:
        if not run.decides_for(run.of(experiment)):
            raise settings.SettingsError(
                f"{where} for the run's own 'estimate', 'explore.modes' and 'explore.judge', and experiment '{experiment}' has others"
            )
