"""The judge that asks for the least: the last program ran to its end and printed something. No answer is compared."""

from collections.abc import Callable, Sequence
from typing import Self

from mathcode import settings
from mathcode.grading.judge import Case, Verdict


class ExecutesJudge:
    """Accepts what a program printed, right or wrong: what filtering by execution alone keeps."""

    name = "executes-1"

    def __init__(self, limits: settings.Grading):
        pass

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error) -> None:
        pass

    def judge(self, cases: Sequence[Case], progress: Callable[[int], object] | None = None) -> list[Verdict]:
        """A verdict for each case: no_answer where no program ran, correct where its last one printed something and ended well."""
        if progress:
            progress(len(cases))
        return [_verdict(case) for case in cases]


def _verdict(case: Case) -> Verdict:
    ran = case.ended == "ok" and bool((case.result or "").strip())
    return Verdict("no_answer" if case.ended is None else "correct" if ran else "wrong", ran, ran)
