"""What the shared machinery of tables, figures and pages asks of a method, beside its items."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from mathcode.core.errors import InputError
from mathcode.report.columns import Columns
from mathcode.report.results import Plan, Results, parse_plan


@dataclass(frozen=True)
class Parts:
    """A method's conventions.

    Attributes:
        lead: experiment that stands first and that others are compared with, where a run has it.
        plan: what its runs say that they built.
        columns: meaning, intervals and digits of its tables' columns.
        check: raises a UserError for a plan whose tables cannot be made, before anything is read.
        judge: who grades what is reported, where nothing else is said.
    """

    lead: str
    plan: type[Plan]
    columns: Columns
    check: Callable[[Plan], None]
    judge: Callable[[Plan], str] = lambda plan: "exact"

    def results(self, root: str | Path, plan: str, benchmarks: Sequence[Path] = ()) -> Results:
        """The results below a run's folder, for the JSON of what it built.

        Args:
            benchmarks: tables `queries` of the benchmarks in the plan's order; none where nobody asks for them.

        Raises:
            ResultsError: the text is no plan.
            InputError: there are more tables of benchmarks than benchmarks, or fewer.
            UserError: the plan asks for what there is not.
        """
        parsed = parse_plan(plan, self.plan)
        self.check(parsed)
        if benchmarks and len(benchmarks) != len(parsed.benchmarks):
            raise InputError(f"--benchmarks names {len(benchmarks)} tables, the plan {len(parsed.benchmarks)} benchmarks")
        return Results(root, parsed, self.lead, self.judge(parsed), dict(zip(parsed.benchmarks, benchmarks, strict=False)))
