"""The judge that asks for the least: the last program ran to its end and printed something. No answer is compared."""

from mathcode.grading.judge import Case, RuleJudge, Verdict


class ExecutesJudge(RuleJudge):
    """Accepts what a program printed, right or wrong: what filtering by execution alone keeps."""

    name = "executes-1"

    def verdict(self, case: Case) -> Verdict:
        """no_answer where no program ran, correct where the last one printed something and ended well."""
        ran = case.ended == "ok" and bool((case.result or "").strip())
        return Verdict("no_answer" if case.ended is None else "correct" if ran else "wrong", ran, ran)
