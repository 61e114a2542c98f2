"""How AutoCode asks: natively, where nothing is added and the policy chooses, or with a methodology dictated after the question."""

from collections.abc import Iterable, Mapping

from mathcode.methods.autocode.methodologies import PAPER, Methodology
from mathcode.methods.method import Mode
from mathcode.responses import prompts


def explored(names: Iterable[str]) -> dict[str, Mode]:
    """Modes of exploration; native_extra are further native rollouts, for standard RL at equal rollouts."""
    return {"native": Mode(), "native_extra": Mode(stored="native")} | {name: Mode(name) for name in names}


def evaluated(names: Iterable[str]) -> dict[str, Mode]:
    """Modes of greedy evaluation; auto is native."""
    return {"auto": Mode()} | {name: Mode(name) for name in names}


def sampled(names: Iterable[str]) -> dict[str, Mode]:
    """Modes whose rollouts are sampled on benchmarks, for the labels of selection."""
    return {f"{name}_sampled": Mode(name) for name in names}


def render(profile: str, mode: str, question: str, methodologies: Mapping[str, Methodology] = PAPER) -> str:
    """The prompt of a question in a mode.

    Raises:
        PromptError: unknown profile or mode.
    """
    modes = explored(methodologies) | evaluated(methodologies) | sampled(methodologies)
    if mode not in modes:
        raise prompts.PromptError(f"unknown mode '{mode}'; there are: {', '.join(modes)}")
    methodology = modes[mode].dictates
    dictation = f"\n{methodologies[methodology].dictated(profile, question)}" if methodology else ""
    return prompts.render(profile, question + dictation)
