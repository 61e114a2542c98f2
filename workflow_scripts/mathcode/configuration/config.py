"""All of `config/`, as it is read."""

from pydantic import Field, SerializeAsAny

from mathcode import methods, settings
from mathcode.configuration.named import METHODS
from mathcode.methods.method import Method


class Config(settings.Section):
    """All of `config/`."""

    runs: dict[settings.Name, SerializeAsAny[settings.Run]]
    families: dict[settings.Name, settings.Family]
    sources: settings.Sources
    left_out: dict[str, str] = Field(default_factory=dict, description="runs that are wrong, and what is wrong with them")

    def method(self, run: str) -> Method:
        """The method of a run."""
        return methods.method_of(METHODS[self.runs[run].method].told(self.runs[run]))

    def gpus(self, run: str) -> dict[str, int]:
        """GPUs of a job of each stage that may have any, under the stage's name in tables of costs."""
        asked = {name: self.runs[run].resources.of(stage.asks) for name, stage in self.method(run).stages.items() if stage.asks}
        return {name: ask.gpus * ask.nodes for name, ask in asked.items()}
