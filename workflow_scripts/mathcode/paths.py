"""The path grammar: where every artifact of a run is, and whose it is. Paths are below `results/{run}` unless they say otherwise.

Rules show their own paths, so that each can be read alone; a test holds them against this module. Everything else (targets, inputs
that are computed, programs, reports) asks here.

    {policy}     base|start/{family}/seed{seed}, {experiment}/{family}/seed{seed}/iter{n}
    {pool}       queries: what policies explore; or a pool of settings.POOLS
    {judge}      a name of configuration.JUDGES
"""

import re
from dataclasses import dataclass

BASE = "base"
"""The untrained policy."""
START = "start"
"""The policy iteration 1 starts from."""
POOL = "queries"
"""The queries a run explores."""


@dataclass(frozen=True)
class Policy:
    """A policy of a run: base or start (iteration 0), or what an experiment ends an iteration with."""

    experiment: str
    family: str
    seed: int
    iteration: int = 0

    def __str__(self) -> str:
        path = f"{self.experiment}/{self.family}/seed{self.seed}"
        return f"{path}/iter{self.iteration}" if self.iteration else path

    @classmethod
    def parse(cls, text: str) -> "Policy":
        """The policy of a path, such as `start/tiny/seed1` or `main/tiny/seed1/iter2`.

        Raises:
            ValueError: the text names no policy.
        """
        match = re.fullmatch(r"(\w+)/(\w+)/seed([1-9]\d*)(?:/iter([1-9]\d?))?", text)
        if match is None or (match[4] is None) != (match[1] in (BASE, START)):
            raise ValueError(f"'{text}' names no policy")
        return cls(match[1], match[2], int(match[3]), int(match[4] or 0))

    @property
    def origin(self) -> "Policy":
        """The policy that training starts from, and that is explored for it: base, start, iter1, iter2 ..."""
        if self.iteration == 0:
            return Policy(BASE, self.family, self.seed)
        if self.iteration == 1:
            return Policy(START, self.family, self.seed)
        return Policy(self.experiment, self.family, self.seed, self.iteration - 1)


def one_of(names) -> str:
    """Regular expression that matches exactly the given names: a typo in a target is refused."""
    return "|".join(sorted(names)) or "(?!)"


def policy_pattern(families, experiments) -> str:
    """Regular expression of the policies that can be explored and evaluated."""
    return rf"{START}/(?:{one_of(families)})/seed[1-9]\d*|(?:{one_of(experiments)})/(?:{one_of(families)})/seed[1-9]\d*/iter[1-9]\d?"


def in_run(run: str, path: str) -> str:
    """A path below a run's folder, from the root."""
    return f"results/{run}/{path}"


def model(policy: Policy | str) -> str:
    """Folder of a policy's weights and tokenizer."""
    return f"{policy}/model"


def of_policy(policy: Policy | str, name: str) -> str:
    """A table of a policy's own folder: training, logprobs, training_log, and what its method estimates."""
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
