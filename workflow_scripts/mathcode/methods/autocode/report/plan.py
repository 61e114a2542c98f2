"""What a run of AutoCode built, as its tables, figures and pages see it, and the names that they know."""

from pydantic import Field

from mathcode import settings
from mathcode.core.table_files import Table
from mathcode.methods.autocode.artifacts import EM
from mathcode.methods.autocode.methodologies import Methodology, all_of
from mathcode.methods.autocode.settings import Adaptive, Health
from mathcode.methods.autocode.tables import q_values_with, reference_strategy_with
from mathcode.report import results

__all__ = ["EM", "Plan"]


class Plan(results.Plan):
    """What a run of AutoCode built; made by `plan_json` of rules/targets.smk."""

    selection_benchmarks: list[str] = Field(description="where the choice of methodology is measured")
    health: Health = Field(description="within which bounds a training is called healthy")
    adaptive: Adaptive | None = Field(default=None, description="when a query was explored no further; null: K rollouts everywhere")
    reward: str = Field(default="exact", description="the judge that EM's rollouts were rewarded by, beside the one that pages show")
    published: str = Field(default="v1", description="version of the paper whose numbers stand beside ours")
    methodologies: dict[settings.Name, Methodology] = Field(default_factory=dict, description="those beside CoT and code")

    def everywhere(self, most: int) -> int:
        """So many rollouts has every explored query in each mode, where `most` is the most that one has: others than those whose label
        took longest may be left with the first ones."""
        return min(most, self.adaptive.first) if self.adaptive else most

    @property
    def labels(self) -> dict[str, str]:
        """All methodologies, CoT first, and what they are called. Each is a mode too, in which it is dictated."""
        return {name: one.label for name, one in all_of(self.methodologies).items()}

    @property
    def q_values(self) -> Table:
        """Table `q_values` of such a run."""
        return q_values_with(self.methodologies)

    @property
    def reference_strategy(self) -> Table:
        """Table `reference_strategy` of such a run."""
        return reference_strategy_with(self.methodologies)
