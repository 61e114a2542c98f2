"""What a method brings to the shared parts: its settings, the form of its responses, how it asks, what its runs end with.

Light: rules and programs read it at every start, so nothing here or in a method's `__init__` imports polars, numpy or torch.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from mathcode.paths import BASE, Critic, Policy
from mathcode.report.index import Item, load
from mathcode.responses.form import Form

if TYPE_CHECKING:
    import polars as pl

    from mathcode.estimates.sizes import Examples, Sizes
    from mathcode.report.parts import Parts
    from mathcode.report.results import Plan
    from mathcode.settings import Family, Optimizer, Run, Sampling, Training

Trained = Policy | Critic
"""What is trained."""


def critic_origin(run: "Run", critic: Critic) -> Trained:
    """What the training of a critic starts from: the base of its family, or another critic."""
    row = run.critics[critic.name]
    return Critic(row.origin, critic.seed) if row.origin else Policy(BASE, row.family, critic.seed)


def trained_policies(run: "Run") -> list[Policy]:
    """What every experiment of a run ends every iteration with."""
    return [
        Policy(experiment, family, seed, iteration)
        for experiment in run.build.experiments
        for family in run.build.families
        for seed in run.build.seeds
        for iteration in range(1, run.build.iterations + 1)
    ]


@dataclass(frozen=True)
class Mode:
    """How queries are asked: the methodology that is dictated (None: the policy chooses), and the name rollouts are kept under.

    A mode that only adds samples to another keeps its rollouts under that one's name, and goes on counting where it ends.
    """

    dictates: str | None = None
    stored: str | None = None


@dataclass(frozen=True)
class Stage:
    """A part of a method's runs, as the table of costs adds it up.

    Attributes:
        jobs: regular expression that matches the paths of its jobs below the run's logs, without ending.
        asks: the stage of `resources` that says how many GPUs such a job has; None: it has none.
    """

    jobs: str
    asks: str | None = None


@dataclass(frozen=True)
class Method:
    """A method of training.

    Attributes:
        name: as `method:` of a run says it.
        paper: arXiv id of what it is from.
        run: settings of its runs, the shared ones and its own.
        per_experiment: sections that an experiment may set for itself.
        kinds: its policies without iterations, of `mathcode.paths.KINDS`.
        form: fixed sentences of its responses.
        explored, evaluated, sampled: modes of exploration, of greedy evaluation, and of sampled evaluation, by name.
        prompt: the text for (prompt profile, mode, question).
        texts: what a tokenizer built from scratch learns from, of (table `sft`, prompt profile).
        training: what a policy or a critic of a run is trained with.
        origin: what its training starts from.
        optimizers: every optimisation of a run, its experiments' included, but not its critics'.
        judges: every judge that its runs name, by what names it, such as "key 'explore.judge'".
        check: raises SettingsError for what a run may not say.
        samples: indices of the rollouts of a query, of (run, mode of exploration, pool, policy that explores it).
        examples: how much a policy or a critic of a run is expected to be trained on.
        evaluation: responses to an item in a mode of evaluation, and how they are sampled.
        tabulated: the files that tables and figures of a run are made of, below its folder.
        browsed: the texts behind them.
        exemplified: those of them that worked examples on the page to read first are taken from.
        planned: what its reports are told of a run beside what all are told.
        stages: parts of its runs, by name, in order.
        items: every table, figure and page that a run ends with.
        reporting: "module:attribute" of what the report asks of it besides: a `mathcode.report.parts.Parts`.
        judge_tables: further tables, of runs that have case sets.
        added: what a run adds to it, as keys and plain values; nothing, for most.
        extended: it with that, and with all that follows from it.
        deciding: modes that are sampled side by side where a query is sampled no further once its label is decided; none: it never is.
        adaptive: the module that says when that is (`mathcode.methods.autocode.adaptive`).
    """

    name: str
    paper: str
    run: type["Run"]
    per_experiment: frozenset[str]
    kinds: tuple[str, ...]
    form: Form
    explored: Mapping[str, Mode]
    evaluated: Mapping[str, Mode]
    sampled: Mapping[str, Mode]
    prompt: Callable[[str, str, str], str]
    texts: Callable[["pl.DataFrame", str], list[str]]
    training: Callable[["Run", Trained], "Training"]
    origin: Callable[["Run", Trained], Trained]
    optimizers: Callable[["Run"], list["Optimizer"]]
    judges: Callable[["Run"], dict[str, str]]
    check: Callable[["Run"], None]
    samples: Callable[["Run", str, str, Policy], range]
    examples: Callable[["Sizes", Trained], "Examples"]
    evaluation: Callable[["Run", str], tuple[int, "Sampling"]]
    tabulated: Callable[["Run", Mapping[str, "Family"]], list[str]]
    browsed: Callable[["Run"], list[str]]
    exemplified: Callable[["Run"], list[str]]
    planned: Callable[["Run"], Mapping[str, Any]]
    stages: Mapping[str, Stage]
    items: tuple[Item, ...]
    reporting: str
    judge_tables: tuple[Item, ...] = ()
    added: Callable[["Run"], Mapping[str, Any]] = lambda run: {}
    extended: Callable[[Mapping[str, Any]], "Method"] | None = None
    deciding: tuple[str, ...] = ()
    adaptive: str = ""

    def __post_init__(self) -> None:
        """Rules of the report need all of these.

        Raises:
            ValueError: there are items, but one of these is missing.
        """
        there = {("figure", "") if item.kind == "figure" else (item.kind, item.name) for item in self.items}
        wanted = {("figure", ""), ("page", "summary"), ("page", "responses"), ("table", "claims")}
        if there and (missing := sorted(wanted - there)):
            raise ValueError(f"method {self.name}: its items lack a {' '.join(missing[0]).strip()}")

    def told(self, run: "Run") -> str:
        """How programs are told the method of a run: by its name; where the run adds to it, by JSON of that and the name."""
        added = self.added(run)
        return json.dumps({"name": self.name, **added}, sort_keys=True) if added else self.name

    @property
    def modes(self) -> dict[str, Mode]:
        """Every way in which it asks, by name."""
        return {**self.explored, **self.evaluated, **self.sampled}

    def stored_mode(self, mode: str) -> str:
        """The name under which rollouts of a mode are kept."""
        return self.modes[mode].stored or mode

    @property
    def tables(self) -> list[Item]:
        """The tables of all its runs, in order."""
        return [item for item in self.items if item.kind == "table"]

    def tables_of(self, made: "Run | Plan") -> list[Item]:
        """The tables of a run, in order; a method without items has none."""
        return [*self.tables, *(self.judge_tables if self.items and made.case_sets else ())]

    @property
    def figures(self) -> list[Item]:
        """Its figures, in order; the first stands on the page to read first."""
        return [item for item in self.items if item.kind == "figure"]

    @property
    def pages(self) -> list[Item]:
        """Its pages, in order."""
        return [item for item in self.items if item.kind == "page"]

    def item(self, kind: str, name: str) -> Item:
        """Its table, figure or page of that name."""
        return next(item for item in self.items if (item.kind, item.name) == (kind, name))

    @cached_property
    def report(self) -> "Parts":
        """What the report asks of it; imports polars."""
        return load(self.reporting)
