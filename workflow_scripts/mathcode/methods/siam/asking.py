"""How SIaM asks: the question in its family's frame, and nothing else; the answer is one program, which runs once it is written."""

from mathcode.methods.method import Mode
from mathcode.methods.siam import artifacts
from mathcode.responses import prompts

EXPLORED = EVALUATED = {artifacts.MODE: Mode("code")}
"""The one mode of exploration and of greedy evaluation."""

SAMPLED = {artifacts.SAMPLED: Mode("code")}
"""Sampled responses to benchmarks, on which lengths are measured."""


def render(profile: str, mode: str, question: str) -> str:
    """The prompt of a question.

    Raises:
        PromptError: unknown profile.
    """
    return prompts.render(profile, question)


def response(program: str) -> str:
    """A complete response: a program in its fence."""
    return f"```python\n{program.strip()}\n```"
