r"""How AutoCode asks: natively, where nothing is added and the policy chooses, or with a methodology dictated after the question.

The strings are exact: DeepSeekMath's from its README and evaluation code, the Qwen ones from the Qwen2.5-Math evaluation code, the
Alpaca ones from the released program.
"""

import re
from dataclasses import dataclass

from mathcode.methods.autocode.form import CUES
from mathcode.methods.method import Mode
from mathcode.responses import prompts


@dataclass(frozen=True)
class Dictation:
    """What each dictated methodology appends to the question; another text for Chinese questions, where there is one."""

    cot: str
    code: str
    cot_chinese: str | None = None
    code_chinese: str | None = None

    def text(self, methodology: str, question: str) -> str:
        chinese = getattr(self, f"{methodology}_chinese")
        return chinese if chinese and _CHINESE.search(question) else getattr(self, methodology)


_CHINESE = re.compile(r"[\u4e00-\u9fff]")
_STEP_BY_STEP = "\nPlease reason step by step, and put your final answer within \\boxed{}."
_WITH_PROGRAMS = (
    "\nPlease integrate natural language reasoning with programs to solve the problem above, and put your final answer within \\boxed{}."
)

DICTATIONS = {
    "deepseek": Dictation(
        cot=_STEP_BY_STEP,
        code=_WITH_PROGRAMS,
        cot_chinese="\n请通过逐步推理来解答问题，并把最终答案放置于\\boxed{}中。",
        code_chinese="\n请结合自然语言和Python程序语言来解答问题，并把最终答案放置于\\boxed{}中。",
    ),
    "alpaca": Dictation(cot=f"\n{CUES['cot']}\n", code=f"\n{CUES['code']}\n"),
    "chatml": Dictation(cot=_STEP_BY_STEP, code=_WITH_PROGRAMS),
    "plain": Dictation(cot=f"\n{CUES['cot']}", code=f"\n{CUES['code']}"),
}
"""By prompt profile (`mathcode.responses.prompts`)."""
_CHAT = "chatml"
"""Whose dictations a frame of one's own has: it is a chat's, as a rule."""

EXPLORED = {
    "native": Mode(),
    "native_extra": Mode(stored="native"),
    "cot": Mode("cot"),
    "code": Mode("code"),
}
"""Modes of exploration; native_extra are further native rollouts, for standard RL at equal rollouts."""

EVALUATED = {"auto": Mode(), "cot": Mode("cot"), "code": Mode("code")}
"""Modes of greedy evaluation; auto is native."""

SAMPLED = {"cot_sampled": Mode("cot"), "code_sampled": Mode("code")}
"""Modes whose rollouts are sampled on benchmarks, for the labels of selection."""

MODES = EXPLORED | EVALUATED | SAMPLED


def render(profile: str, mode: str, question: str) -> str:
    """The prompt of a question in a mode.

    Raises:
        PromptError: unknown profile or mode.
    """
    if mode not in MODES:
        raise prompts.PromptError(f"unknown mode '{mode}'; there are: {', '.join(MODES)}")
    methodology = MODES[mode].dictates
    dictation = DICTATIONS.get(profile, DICTATIONS[_CHAT])
    return prompts.render(profile, question + (dictation.text(methodology, question) if methodology else ""))
