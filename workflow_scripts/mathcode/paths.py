"""The path grammar: where every artifact of a run is, and whose it is. Paths are below `results/{run}` unless they say otherwise.

Rules show their own paths, so that each can be read alone; a test holds them against this module. Everything else (targets, inputs
that are computed, programs, reports) asks here.

    {policy}     base|seeded|start/{family}/seed{seed}, {experiment}/{family}/seed{seed}/iter{n}, that and /{preference}
    {trained}    a policy, scratch/{family}/seed{seed} but for its training, or critics/{critic}/seed{seed}
    {pool}       queries: what policies explore; or a pool of settings.POOLS
    {judge}      a name of configuration.JUDGES, critic_{critic}, cascade_{critic}
"""

import re
from dataclasses import dataclass

SCRATCH = "scratch"
"""Random weights, of a family whose base is trained here."""
BASE = "base"
"""The policy before anything of a method."""
SEEDED = "seeded"
"""A policy that has seen a seed set alone."""
START = "start"
"""The policy iteration 1 starts from."""
KINDS = (SCRATCH, BASE, SEEDED, START)
"""Policies without iterations."""
TAKEN = {*KINDS, "critics", "cases", "data", "tables", "figures"}
"""What stands where an experiment does."""
PARTS = {"model", "explore", "eval"}
"""What stands where a preference does."""
POOL = "queries"
"""The queries a run explores."""


@dataclass(frozen=True)
class Policy:
    """A policy of a run: one of KINDS (iteration 0), what an experiment ends an iteration with, or that aligned by a preference."""

    experiment: str
    family: str
    seed: int
    iteration: int = 0
    preference: str = ""

    def __str__(self) -> str:
        path = f"{self.experiment}/{self.family}/seed{self.seed}"
        return "/".join([path, *([f"iter{self.iteration}"] if self.iteration else []), *([self.preference] if self.preference else [])])

    @classmethod
    def parse(cls, text: str) -> "Policy":
        """The policy of a path, such as `start/tiny/seed1` or `main/tiny/seed1/iter2`.

        Raises:
            ValueError: the text names no policy.
        """
        match = re.fullmatch(r"(\w+)/(\w+)/seed([1-9]\d*)(?:/iter([1-9]\d?)(?:/(\w+))?)?", text)
        if match is None or (match[4] is None) != (match[1] in KINDS):
            raise ValueError(f"'{text}' names no policy")
        return cls(match[1], match[2], int(match[3]), int(match[4] or 0), match[5] or "")

    @property
    def before(self) -> "Policy":
        """The policy that is explored for it: base, start, iter1, iter2 ...; for an aligned one that of its iteration."""
        if self.preference:
            return Policy(self.experiment, self.family, self.seed, self.iteration)
        if self.iteration == 0:
            return Policy(BASE, self.family, self.seed)
        if self.iteration == 1:
            return Policy(START, self.family, self.seed)
        return Policy(self.experiment, self.family, self.seed, self.iteration - 1)


@dataclass(frozen=True)
class Critic:
    """A critic of a run, with the seed of the policies that it judges."""

    name: str
    seed: int

    def __str__(self) -> str:
        return f"critics/{self.name}/seed{self.seed}"


def trained(text: str) -> Policy | Critic:
    """What a path names that is trained.

    Raises:
        ValueError: it names neither a policy nor a critic.
    """
    match = re.fullmatch(r"critics/(\w+)/seed([1-9]\d*)", text)
    return Critic(match[1], int(match[2])) if match else Policy.parse(text)


def one_of(names) -> str:
    """Regular expression that matches exactly the given names: a typo in a target is refused."""
    return "|".join(sorted(names)) or "(?!)"


def policy_pattern(families, experiments, preferences=()) -> str:
    """Regular expression of the policies that can be explored and evaluated."""
    of_family = rf"(?:{one_of(families)})/seed[1-9]\d*"
    iterations = rf"(?:{one_of(experiments)})/{of_family}/iter[1-9]\d?"
    return rf"(?:{BASE}|{SEEDED}|{START})/{of_family}|{iterations}|{iterations}/(?:{one_of(preferences)})"


def in_run(run: str, path: str) -> str:
    """A path below a run's folder, from the root."""
    return f"results/{run}/{path}"


def model(policy: Policy | Critic | str) -> str:
    """Folder of a policy's weights and tokenizer."""
    return f"{policy}/model"


def of_policy(policy: Policy | Critic | str, name: str) -> str:
    """A table of the own folder of what is trained: training, logprobs, training_log, and what its method estimates or selects."""
    return f"{policy}/{name}.parquet"


def rollouts(policy: Policy | str, mode: str, pool: str = POOL) -> str:
    """Rollouts of a policy on a pool."""
    return f"{policy}/explore/{mode}/{pool}/rollouts.parquet"


def rollout_grades(policy: Policy | str, mode: str, judge: str, pool: str = POOL) -> str:
    """Grades of rollouts by a judge."""
    return f"{policy}/explore/{mode}/{pool}/{judge}/grades.parquet"


def responses(policy: Policy | str, mode: str, benchmark: str) -> str:
    """Responses of a policy to a benchmark."""
    return f"{policy}/eval/{mode}/{benchmark}/responses.parquet"


def response_grades(policy: Policy | str, mode: str, benchmark: str, judge: str) -> str:
    """Grades of responses by a judge."""
    return f"{policy}/eval/{mode}/{benchmark}/{judge}/grades.parquet"


def scores(policy: Policy | str, mode: str, benchmark: str, judge: str) -> str:
    """What is measured on these grades."""
    return f"{policy}/eval/{mode}/{benchmark}/{judge}/scores.json"


def data(use: str) -> str:
    """Cleaned training data of a run: `queries`, `sft`, or a pool that it divides."""
    return f"data/{use}.parquet"


def overlap_items(use: str, benchmark: str) -> str:
    """Items of a benchmark that overlap with the training sets of a use."""
    return f"data/overlap/{use}/{benchmark}/items.parquet"


def overlap_counts(use: str, benchmark: str) -> str:
    """How many they are, training set by training set."""
    return f"data/overlap/{use}/{benchmark}/counts.parquet"


def cases(case_set: str) -> str:
    """Cases that judges are tested on."""
    return f"cases/{case_set}.parquet"


def verdicts(case_set: str, seed: int, judge: str) -> str:
    """What a judge says of them; a critic is that of the seed."""
    return f"cases/{case_set}/seed{seed}/{judge}/verdicts.parquet"


def table(name: str, kind: str = "csv") -> str:
    """A table that a run ends with: `csv` or `tex`."""
    return f"tables/{name}.{kind}"


def figure(name: str, kind: str = "svg") -> str:
    """A figure that a run ends with: `svg` or `pdf`."""
    return f"figures/{name}.{kind}"


def page(run: str, name: str) -> str:
    """A page to read, from the root."""
    return f"reports/{run}/{name}.html"


def costs(run: str) -> str:
    """What a run took, from the root: it differs between runs, so it stands with the logs."""
    return f"logs/results/{run}/costs.csv"
