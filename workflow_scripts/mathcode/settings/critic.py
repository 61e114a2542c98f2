"""A critic: what it is shown of a case, how it is scored, and what it learns from."""

from typing import Literal, Self

from pydantic import Field, model_validator

from mathcode.settings.kernels import Kernels
from mathcode.settings.optimization import Optimizer, Training
from mathcode.settings.pools import PoolName
from mathcode.settings.section import Name, PositiveInt, Section


class CriticPrompt(Section):
    """What a critic reads of a case. Fields are text, cut to a limit; reference and result come last, one line each."""

    language: Literal["en", "zh"] = Field(default="en", description="of the field names and the instruction")
    frame: str = Field(
        default="none", description="prompt profile around the text, or a frame with {question} in it; none: the text as it is"
    )
    instruction: bool = Field(default=True, description="say what is asked; a model trained from scratch needs no words for it")
    question: bool = Field(default=True, description="show the question")
    program: bool = Field(default=True, description="show the program")
    question_chars: PositiveInt = Field(default=2000, description="a longer question is cut at its end")
    program_chars: PositiveInt = Field(default=1500, description="a longer program is cut at its end")
    gold_chars: PositiveInt = Field(default=1000, description="a longer reference answer is cut: its two ends")
    result_chars: PositiveInt = Field(default=400, description="a longer result is cut: its end, where the last line is")


class Critic(Section):
    """How a critic judges."""

    prompt: CriticPrompt = Field(default=CriticPrompt())
    threshold: float = Field(default=0.5, gt=0, le=1, description="score from which its verdict is YES")
    dtype: Literal["float32", "bfloat16"] = Field(default="float32")
    threads: PositiveInt = Field(default=1, description="CPU threads of torch; fixed, since another number may round otherwise")
    kernels: Kernels = "native"
    micro_batch_tokens: PositiveInt = Field(default=8192, description="padded tokens of a forward pass")
    max_tokens: PositiveInt = Field(default=2048, description="a longer text is refused unasked")


class Cases(Section):
    """Cases made for a critic to learn from, or to be tested on. All numbers are our choice; the papers give none."""

    balanced: bool = Field(default=True, description="as many YES as NO in each split and language; false: all that can be made")
    rewritten: int = Field(default=4, ge=0, description="references in other forms, of each query whose reference is numbers")
    near_misses: int = Field(default=4, ge=0, description="results that miss them, of each such query")
    attacks: int = Field(default=2, ge=0, description="attacks on each query; every kind is tried where this is their number")
    attack_share: float = Field(default=0.08, ge=0, lt=0.5, description="largest share of attacks among balanced cases")
    moved: float = Field(
        default=0.0, ge=0, le=1, description="share of rewritten and near-miss cases moved to a drawn value, question unchanged"
    )
    moved_up_to: PositiveInt = Field(default=99, description="largest whole number that is drawn; those of one digit, two.. alike")
    moved_kinds: bool = Field(default=False, description="moved ones are of any kind: a whole number, a broken one, two of them")
    ordered: bool = Field(default=False, description="several values have an order in every form: exchanged, they miss")
    test_share: float = Field(default=0.2, ge=0, le=1, description="share of questions, and of references, that no training case has")
    own_language: bool = Field(default=False, description="references are written in forms of their question's language, or of none")
    held_out_forms: list[str] = Field(default_factory=list, description="forms that no training case has")


class CriticRow(Section):
    """How a critic is made."""

    label: str
    family: Name = Field(description="family whose model it is trained from")
    origin: Name | None = Field(default=None, description="critic that it goes on from; null: the base of its family")
    pools: list[PoolName] = Field(min_length=1, description="pools whose queries its cases are made of")
    rollouts: bool = Field(description="cases also of the seeded policy's programs for these queries")
    cases: Cases = Field(default=Cases())
    shown: list[CriticPrompt] = Field(min_length=1, description="how a case is shown; several: each case once in each way")
    judge: Critic = Field(default=Critic(), description="how it judges")
    result_weight: float = Field(default=0.0, ge=0, description="side task: likelihood of right results beside the label (ours)")
    optimizer: Optimizer

    @property
    def training(self) -> Training:
        """What it is trained with."""
        return Training(loss="label", numbers={"result_weight": self.result_weight}, optimizer=self.optimizer)


class CaseSet(Section):
    """Cases that judges are compared on."""

    label: str
    queries: list[Name] = Field(default_factory=list, description="benchmarks whose items they are made of")
    rollouts: bool = Field(default=False, description="cases of the start policy's programs for these items")
    cases: Cases = Field(default=Cases(), description="which are made of them")
    labelled: list[Name] = Field(default_factory=list, description="sets of cases whose labels came with public data")
    rows: PositiveInt | None = Field(default=None, description="cases kept, drawn by hash; null: all")

    @model_validator(mode="after")
    def _holds_cases(self) -> Self:
        if not self.queries and not self.labelled:
            raise ValueError("a case set needs the key 'queries' or the key 'labelled'")
        return self
