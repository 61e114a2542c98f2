"""How much a run of AutoCode will train on, before it is there."""

from mathcode import settings
from mathcode.estimates.sizes import Examples, Sizes
from mathcode.methods.autocode import artifacts, dictations
from mathcode.methods.autocode.methodologies import all_of
from mathcode.methods.autocode.settings import AutoCodeRun
from mathcode.methods.method import Trained
from mathcode.paths import POOL, START, Critic


def examples(sizes: Sizes, trained: Trained) -> Examples:
    """What a policy or a critic is trained on.

    An iteration has, of each query, the rollouts that follow its label (of standard RL all of them), and reflective responses.
    """
    if isinstance(trained, Critic):
        return sizes.of_critic(trained.name)
    tokens = sizes.example(trained.family)
    if trained.experiment == START:
        return Examples(sizes.pairs("sft"), tokens)
    chosen = sizes.run.of(trained.experiment)
    rollouts = sum(len(artifacts.samples(sizes.run, mode)) for mode in chosen.explore.modes)  # sampled once for all experiments
    kept = 1.0 if chosen.synthesize.keep == "all" else sizes.costs.kept_share.value
    reflects = trained.iteration >= chosen.synthesize.reflective_from_iteration
    reflective = chosen.synthesize.reflective_per_query if reflects else 0
    return Examples(sizes.explored(POOL) * (rollouts * kept + reflective) * (1 + chosen.synthesize.rehearsal), tokens)


def evaluation(run: AutoCodeRun, mode: str) -> tuple[int, settings.Sampling]:
    """Responses to an item in a mode of evaluation, and how they are sampled."""
    evaluate, sampled = run.evaluate, dictations.sampled(all_of(run.methodologies))
    return (evaluate.selection_samples, evaluate.selection_sampling) if mode in sampled else (1, evaluate.sampling)
