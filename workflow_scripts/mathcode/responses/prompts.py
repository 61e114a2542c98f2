"""Prompts: the frame that each family expects around a question.

The strings are exact: DeepSeekMath's frame from the DeepSeek-Math README and evaluation code, the Qwen one from the Qwen2.5-Math
evaluation code, the Alpaca frame from the released program. What a method adds to a question is the method's.
"""

from dataclasses import dataclass

from mathcode.core.errors import UserError


class PromptError(UserError):
    """An unknown prompt profile or mode was asked for."""


@dataclass(frozen=True)
class Profile:
    """A frame around the question; `lead` is the white space between it and the first character of a response."""

    frame: str
    lead: str = ""


PROFILES = {
    "deepseek": Profile(frame="User: {question}\n\nAssistant:", lead=" "),
    "alpaca": Profile(
        frame="Below is an instruction that describes a task. Write a response that appropriately completes the request.\n\n"
        "### Instruction:\n{question}\n\n### Response:",
        lead="\n",
    ),
    "chatml": Profile(
        frame="<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n<|im_start|>user\n{question}<|im_end|>\n<|im_start|>assistant\n"
    ),
    "plain": Profile(frame="{question}\n"),
}
"""`plain` is ours, for the tiny model of the demo; the others are the field's."""


QUESTION = "{question}"
"""What stands for the question in a frame."""


def profile(name: str) -> Profile:
    """The profile called `name`; a text with `{question}` in it is a frame itself, such as a chat template of yours.

    Raises:
        PromptError: there is no such profile, or the frame holds the question twice, or a line break as it is spelt.
    """
    if name.count(QUESTION) > 1:
        raise PromptError(f"the frame {name[:60]!r} has {QUESTION} {name.count(QUESTION)} times; it must be there once")
    if QUESTION in name:
        if "\\n" in name:
            raise PromptError(
                f"the frame {name[:60]!r} holds a backslash and an n for a line break: in YAML, quote it with \" and not with '"
            )
        return Profile(frame=name)
    if name not in PROFILES:
        raise PromptError(f"unknown prompt profile {name!r}; there are: {', '.join(PROFILES)}, or a frame with {QUESTION} in it")
    return PROFILES[name]


def opening(name: str) -> str:
    """The part of the frame up to and including the question; the rest of it belongs to the response. "none": no frame.

    Raises:
        PromptError: there is no such profile.
    """
    return ("" if name == "none" else profile(name).frame.partition(QUESTION)[0]) + QUESTION


def render(name: str, question: str) -> str:
    """The prompt text for a question.

    Raises:
        PromptError: unknown profile.
    """
    return profile(name).frame.replace(QUESTION, question)
