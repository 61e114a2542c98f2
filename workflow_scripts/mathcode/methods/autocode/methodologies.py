"""What a methodology is, the paper's two, and those that a run adds. Light: rules and every program import this.

Whatever depends on them (prompts, cues, Q-values, the reference strategy, tables, figures) goes through the mapping of `all_of`: the first
of its names, CoT, is the one that ties go to.
"""

import itertools
import re
from collections.abc import Mapping
from typing import Any

from pydantic import Field, create_model

from mathcode import settings
from mathcode.responses.form import Form


class Methodology(settings.Section):
    """A way to reach an answer: how it is asked for, how a response announces it, and how one is recognised that does not."""

    label: str = Field(description="its name in tables and figures")
    cue: str = Field(description="sentence that opens a response and announces the methodology")
    hint: str = Field(description="sentence behind a failed attempt of another methodology that leads to this one")
    dictation: str | None = Field(default=None, description="line added to a question to dictate it; null: the cue")
    dictations: dict[str, str] = Field(default_factory=dict, description="another such line, by prompt profile")
    chinese: dict[str, str] = Field(default_factory=dict, description="the line below Chinese questions, by prompt profile")
    opening: str | None = Field(
        default=None, description="regular expression for how an attempt or SFT solution without a cue begins; null: the cue alone tells"
    )
    programs: bool = Field(default=True, description="it writes programs; what `opening` matches holds one, or none")

    def dictated(self, profile: str, question: str) -> str:
        """The line that dictates it below a question."""
        if profile in self.chinese and _CHINESE.search(question):
            return self.chinese[profile]
        return self.dictations.get(profile, self.dictation or self.cue)


_CHINESE = re.compile(r"[\u4e00-\u9fff]")
_REASON, _PROGRAM = "Let's reason step by step.", "Let's write a program."

COT = Methodology(
    label="CoT",
    cue=_REASON,
    hint="Sorry, the above solution may be incorrect. It's better to simply reason step by step.",
    dictation="Please reason step by step, and put your final answer within \\boxed{}.",
    dictations={"alpaca": f"{_REASON}\n", "plain": "Answer in words."},
    chinese={"deepseek": "请通过逐步推理来解答问题，并把最终答案放置于\\boxed{}中。"},
    programs=False,
)
CODE = Methodology(
    label="code",
    cue=_PROGRAM,
    hint="Sorry, the above solution may be incorrect. It's better to write a program.",
    dictation="Please integrate natural language reasoning with programs to solve the problem above, "
    "and put your final answer within \\boxed{}.",
    dictations={"alpaca": f"{_PROGRAM}\n", "plain": "Answer with a program."},
    chinese={"deepseek": "请结合自然语言和Python程序语言来解答问题，并把最终答案放置于\\boxed{}中。"},
)
"""The strings are exact: cues, hints and Alpaca's from the released program, DeepSeekMath's from its README and evaluation code, the
others from the Qwen2.5-Math evaluation code. Those of `plain` are ours. They are not the cue: a model from scratch, which has read a cue
below most of its prompts, takes its own for one of them and writes it once more (docs/log.md, 2026-11-29)."""

PAPER = {"cot": COT, "code": CODE}
"""What is recognised without a cue or an opening: code iff a program was written."""

DECIDING = ("native", *PAPER)
"""Modes of exploration that decide a label between the two."""


def all_of(added: Mapping[str, Methodology]) -> dict[str, Methodology]:
    """The paper's two, and those that a run adds, by name."""
    return PAPER | {name: added[name] for name in sorted(added)}


def names_with(names) -> list[str]:
    """The paper's two, and others of which there may be any, in the order of `all_of`."""
    return [*PAPER, *sorted(set(names) - set(PAPER))]


def form_of(methodologies: Mapping[str, Methodology]) -> Form:
    """What responses say: a cue that announces the methodology, and a hint between a failed attempt and the next."""
    return Form(
        {name: one.cue for name, one in methodologies.items()},
        {name: methodologies[name].hint for name in reversed(methodologies)},  # tokenizers from scratch know them in this order
        {name: (one.opening, one.programs) for name, one in methodologies.items() if one.opening},
    )


class _Added(settings.Section):
    methodologies: dict[settings.Name, Methodology]


def with_added(added: Mapping[str, Any], where: str) -> dict[str, Methodology]:
    """All methodologies, for what a run adds to its method (`artifacts.added`); `where` is named in errors.

    Raises:
        SettingsError: it is something else.
    """
    return all_of(settings.validated(_Added, added, where).methodologies)


def parse(section: type[settings.Section], text: str) -> tuple[Any, dict[str, Methodology]]:
    """A section from a command line, and the methodologies of its run: those that it adds stand in the section's JSON as one key more.

    Raises:
        SettingsError: the text is no such section.
    """
    added = (dict[settings.Name, Methodology], Field(default_factory=dict))
    told = settings.parse(create_model(section.__name__, __base__=section, methodologies=added), text)
    return told, all_of(told.methodologies)


def check(added: Mapping[str, Methodology]) -> None:
    """What a methodology may not be called or say.

    Raises:
        SettingsError: it cannot be told from another, or its opening is no regular expression.
    """
    for name, one in added.items():
        where = f"methodology '{name}'"
        if name in PAPER or name in _TAKEN or name.endswith("_sampled"):
            raise settings.SettingsError(f"{where}: that name stands for something else in paths and tables")
        try:
            re.compile(one.opening or "")
        except re.error as error:
            raise settings.SettingsError(f"{where}: its opening is not a regular expression: {error}") from None
    for key in ("cue", "hint"):
        said = {name: getattr(one, key) for name, one in all_of(added).items()}
        for (name, text), (other, theirs) in itertools.combinations(said.items(), 2):
            if text.startswith(theirs) or theirs.startswith(text):
                raise settings.SettingsError(
                    f"the {key} of methodology '{other}' cannot be told from that of '{name}': one begins the other"
                )


_TAKEN = {"native", "native_extra", "auto"}
