r"""Prompts: how each family is asked a question natively, or with a dictated methodology.

The strings are exact: DeepSeekMath's frame and instructions from the DeepSeek-Math README and evaluation code, the Qwen ones
from the Qwen2.5-Math evaluation code, the Alpaca frame and its dictations from the released program. In native mode nothing
is added to the question: the policy chooses.
"""

import re
from dataclasses import dataclass

from autocode.transcript import CUES

MODES = ("native", "cot", "code")


class PromptError(Exception):
    """An unknown prompt profile or mode was asked for."""


@dataclass(frozen=True)
class Profile:
    """A frame around the question, and what each dictated mode appends to the question.

    `lead` is the white space between the frame and the first character of a response.
    """

    frame: str
    cot: str
    code: str
    cot_chinese: str | None = None
    code_chinese: str | None = None
    lead: str = ""

    def dictation(self, mode: str, question: str) -> str:
        if mode == "native":
            return ""
        chinese = getattr(self, f"{mode}_chinese")
        return chinese if chinese and _CHINESE.search(question) else getattr(self, mode)


_CHINESE = re.compile(r"[\u4e00-\u9fff]")
_STEP_BY_STEP = "\nPlease reason step by step, and put your final answer within \\boxed{}."
_WITH_PROGRAMS = (
    "\nPlease integrate natural language reasoning with programs to solve the problem above, and put your final answer within \\boxed{}."
)

PROFILES = {
    "deepseek": Profile(
        frame="User: {question}\n\nAssistant:",
        cot=_STEP_BY_STEP,
        code=_WITH_PROGRAMS,
        cot_chinese="\n请通过逐步推理来解答问题，并把最终答案放置于\\boxed{}中。",
        code_chinese="\n请结合自然语言和Python程序语言来解答问题，并把最终答案放置于\\boxed{}中。",
        lead=" ",
    ),
    "alpaca": Profile(
        frame="Below is an instruction that describes a task. Write a response that appropriately completes the request.\n\n"
        "### Instruction:\n{question}\n\n### Response:",
        cot=f"\n{CUES['cot']}\n",
        code=f"\n{CUES['code']}\n",
        lead="\n",
    ),
    "chatml": Profile(
        frame="<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n<|im_start|>user\n{question}<|im_end|>\n<|im_start|>assistant\n",
        cot=_STEP_BY_STEP,
        code=_WITH_PROGRAMS,
    ),
    "plain": Profile(frame="{question}\n", cot=f"\n{CUES['cot']}", code=f"\n{CUES['code']}"),
}
"""`plain` is ours, for the tiny model of the demo; the others are the field's."""


def profile(name: str) -> Profile:
    """The profile called `name`.

    Raises:
        PromptError: there is none.
    """
    if name not in PROFILES:
        raise PromptError(f"unknown prompt profile '{name}'; there are: {', '.join(PROFILES)}")
    return PROFILES[name]


def render(name: str, mode: str, question: str) -> str:
    """The prompt text for a question in a mode (`native`, `cot`, `code`).

    Raises:
        PromptError: unknown profile or mode.
    """
    if mode not in MODES:
        raise PromptError(f"unknown mode '{mode}'; there are: {', '.join(MODES)}")
    chosen = profile(name)
    return chosen.frame.replace("{question}", question + chosen.dictation(mode, question))


def with_cue(methodology: str, solution: str) -> str:
    """A complete response y = [y_c, y_a]: the cue that announces the methodology, then the solution."""
    return f"{CUES[methodology]}\n{solution}"
