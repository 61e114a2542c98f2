"""What the shared machinery of tables, figures and pages asks of a method, beside its items."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

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
    """

    lead: str
    plan: type[Plan]
    columns: Columns
    check: Callable[[Plan], None]

    def results(self, root: str | Path, plan: str) -> Results:
        """The results below a run's folder, for the JSON of what it built.

        Raises:
            ResultsError: the text is no plan.
            UserError: the plan asks for what there is not.
        """
        parsed = parse_plan(plan, self.plan)
        self.check(parsed)
        return Results(root, parsed, self.lead)
