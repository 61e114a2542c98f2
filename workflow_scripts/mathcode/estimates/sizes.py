"""How large a run's tables will be, from its settings: queries, benchmarks, training pairs, cases, and the length of texts in them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from mathcode import settings
from mathcode.paths import POOL


@dataclass(frozen=True)
class Examples:
    """A training set.

    Attributes:
        rows: examples, as a batch counts them: responses, or pairs of them.
        tokens: mean tokens of one, its prompts and responses.
        responses: of one.
    """

    rows: float
    tokens: float
    responses: int = 1


@dataclass(frozen=True)
class Sizes:
    """Expected sizes of a run. What cleaning removes is not taken off: it is a few rows in a hundred.

    Every method raises SettingsError where neither `config/sources.yaml` nor `config/costs.yaml` says a number that it needs, nor a
    file that is here.

    Attributes:
        attacks: kinds of attacks that there are; a query gets each once at most.
        rows_here: rows of a source whose files are on this machine, by its name; None where they are not.
        weights_here: weights of a family whose model is on this machine, by its name; None where it is not.
    """

    run: settings.Run
    sources: settings.Sources
    families: Mapping[str, settings.Family]
    costs: settings.Costs
    attacks: int
    rows_here: Callable[[str], int | None] = lambda source: None
    weights_here: Callable[[str], int | None] = lambda family: None

    def dataset(self, group: str, name: str) -> int:
        """Rows of a dataset of a group (`queries`, `sft`, `benchmarks`, `cases`): those declared, else those of its source's files."""
        dataset = getattr(self.sources, group)[name]
        source = self.sources.sources[dataset.source]
        declared = [file.rows for file in source.files]
        known = dataset.rows or source.rows or (sum(declared) if all(declared) else 0) or self.rows_here(dataset.source)
        found = min(filter(None, (known, dataset.take)), default=None)
        if found is None:
            where = f"config/sources.yaml: {group} '{name}'"
            raise settings.SettingsError(
                f"{where}: key 'rows' is needed for an estimate: set it, since source '{dataset.source}' is not here to be counted"
            )
        return found

    def pool(self, name: str) -> float:
        """Queries of a pool: its part of each dataset."""
        if name == POOL:
            return sum(self.dataset("queries", dataset) for dataset in self.run.data.queries)
        chosen = self.run.data.pools[name]
        start, end = chosen.part
        return min((end - start) * sum(self.dataset("queries", dataset) for dataset in chosen.datasets), chosen.rows or float("inf"))

    def explored(self, pool: str) -> float:
        """Queries of a pool that one policy explores."""
        return min(self.pool(pool), self.run.explore.queries_per_iteration or float("inf"))

    def items(self, benchmark: str) -> float:
        """Items of a benchmark that are evaluated."""
        return min(self.dataset("benchmarks", benchmark), self.run.evaluate.benchmark_rows or float("inf"))

    def pairs(self, use: str) -> float:
        """Rows of the run's own table `sft` or `pretraining`."""
        rows = sum(self.dataset("sft", name) for name in getattr(self.run.data, use))
        return min(rows, self.run.data.sft_rows or rows) if use == "sft" else rows

    def made(self, cases: settings.Cases, queries: float, programs: float) -> float:
        """Cases made of so many queries, and of so many programs that were sampled for them."""
        asked = queries * (cases.rewritten + cases.near_misses + min(cases.attacks, self.attacks))
        return asked * self.costs.made_share.value + programs * self.costs.rolled_share.value

    def cases(self, name: str) -> float:
        """Cases of a case set."""
        row = self.run.case_sets[name]
        items = sum(self.dataset("benchmarks", query) for query in row.queries)
        rows = self.made(row.cases, items, items * row.rollouts) + sum(self.dataset("cases", labelled) for labelled in row.labelled)
        return min(rows, row.rows or rows)

    def of_critic(self, name: str) -> Examples:
        """What a critic learns from; a question or reference that its test cases share is left out."""
        row, run = self.run.critics[name], self.run
        queries = sum(self.explored(pool) for pool in row.pools)
        programs = queries * run.explore.samples * len(run.build.families) * row.rollouts
        rows = self.made(row.cases, queries, programs) * (1 - row.cases.test_share) ** 2
        mean = sum(self.shown(row.family, shown) for shown in row.shown) / len(row.shown)
        return Examples(rows * len(row.shown), mean)

    def shown(self, family: str, prompt: settings.CriticPrompt) -> float:
        """Tokens of a case as a critic reads it."""
        question = self.prompt(family) if prompt.question else 0
        program = self.response(self.run.explore.sampling) if prompt.program else 0
        return self._length(self.costs.case_tokens, family) + question + program

    def prompt(self, family: str) -> float:
        """Tokens of a question in the frame of a family."""
        return self._length(self.costs.prompt_tokens, family)

    def response(self, sampling: settings.Sampling) -> float:
        """Tokens of a response that is sampled so."""
        return sampling.max_new_tokens * self.costs.response_share.value

    def example(self, family: str) -> float:
        """Tokens of a question and a response to learn from."""
        return self.prompt(family) + self.response(self.run.explore.sampling)

    def weights(self, family: str) -> float:
        """Parameters of a family's model."""
        if scratch := self.families[family].scratch:
            return scratch_weights(scratch)
        found = self.costs.parameters.get(family) or self.weights_here(family)
        if found is None:
            where = f"config/costs.yaml: key 'parameters': family '{family}'"
            raise settings.SettingsError(
                f"{where} is needed for an estimate: set its number of weights, since no safetensors of it are here to be counted"
            )
        return found

    def _length(self, lengths: settings.Lengths, family: str) -> float:
        return (lengths.scratch if self.families[family].scratch else lengths.pretrained).value


def scratch_weights(scratch: settings.Scratch) -> float:
    """Parameters of a Llama with tied embeddings: V H + L (4 H^2 + 3 H I + 2 H) + H, of V tokens, L layers, H wide, I in the MLP."""
    hidden = scratch.hidden
    layer = 4 * hidden**2 + 3 * hidden * scratch.intermediate + 2 * hidden
    return scratch.vocabulary * hidden + scratch.layers * layer + hidden


def trained_rows(examples: Examples, chosen: settings.Optimizer) -> float:
    """Examples that a training shows: so many passes, or so many steps of a batch."""
    return chosen.steps * chosen.batch if chosen.steps else examples.rows * chosen.epochs


def busy(items: float, share: float, workers: int) -> float:
    """Share of the workers' time in which they work, if items are dealt out in shares, one to each worker in a round.

    A round takes as long as its largest share, so for n items in shares of s to w workers
    busy = n / (w (r s + min(s, n - r s w))), with r = floor(n / (s w)) full rounds.
    """
    rounds = items // (share * workers)
    spent = workers * (rounds * share + min(share, items - rounds * share * workers))
    return items / spent if spent else 1.0
