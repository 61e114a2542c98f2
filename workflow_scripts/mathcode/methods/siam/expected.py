"""How much a run of SIaM will train on, before it is there."""

from mathcode import settings
from mathcode.estimates.sizes import Examples, Sizes
from mathcode.methods.method import Trained
from mathcode.methods.siam import artifacts
from mathcode.methods.siam.settings import SiamRun
from mathcode.paths import BASE, Critic, Policy


def examples(sizes: Sizes, trained: Trained) -> Examples:
    """What a policy or a critic is trained on.

    A policy learns from the seed set and the programs selected up to it; an aligned one from pairs, or from their chosen sides.
    """
    if isinstance(trained, Critic):
        return sizes.of_critic(trained.name)
    tokens = sizes.example(trained.family)
    if trained.preference:
        chosen = sizes.run.preferring(trained.preference)
        sides = 1 if chosen.align.loss == "likelihood" else 2
        pairs = sizes.explored(chosen.pair.pool) * sizes.costs.paired_share.value * chosen.pair.per_question
        return Examples(pairs, sides * tokens, sides)
    pairs = sizes.pairs("pretraining" if trained.experiment == BASE else "sft")
    return Examples(pairs + sum(_selected(sizes, policy) for policy in artifacts.learned_from(sizes.run, trained)), tokens)


def _selected(sizes: Sizes, policy: Policy) -> float:
    """Programs that a policy adds to the seed set."""
    run = sizes.run
    chosen = artifacts.selection(run, policy)
    pool = artifacts.pool(run, policy)
    accepted = len(artifacts.samples(run, artifacts.MODE, pool, artifacts.explorer(policy))) * sizes.costs.accepted_share.value
    rows = sizes.explored(pool) * min(accepted, chosen.per_question)
    return min(rows, chosen.rows or rows)


def evaluation(run: SiamRun, mode: str) -> tuple[int, settings.Sampling]:
    """Responses to an item in a mode of evaluation, and how they are sampled."""
    return (run.evaluate.samples, run.evaluate.sampled) if mode == artifacts.SAMPLED else (1, run.evaluate.sampling)
