"""SFT examples: what is shown, what is learned, and how often natively."""

import polars as pl
import pytest
from support.strategies import block

from mathcode import tables
from mathcode.methods.autocode import demonstrations, dictations
from mathcode.methods.autocode.form import FORM, REHEARSED
from mathcode.methods.autocode.methodologies import PAPER
from mathcode.methods.autocode.settings import Start
from mathcode.policies import scratch
from mathcode.responses import prompts

STEPS, PROGRAM = "2 + 3 = 5.\nThe answer is \\boxed{5}.", block("print(2 + 3)", "5") + "The answer is \\boxed{5}."
PAIRS = pl.DataFrame(
    [
        ["b", "sums", "What is 2 + 3?", "5", "code", PROGRAM, None, "landlock", "en"],
        ["a", "sums", "What is 2 + 3?", "5", "cot", STEPS, None, None, "en"],
    ],
    schema=tables.SFT.schema,
    orient="row",
)


@pytest.fixture(scope="module")
def tokenizer():
    return scratch.build_tokenizer(demonstrations.texts(PAIRS, "plain"), 180, FORM.phrases)


@pytest.fixture
def start(tiny_run) -> Start:
    return tiny_run.start


def shares(start, native: float, code: float = 1.0) -> Start:
    return start.model_copy(update={"native_share": native, "native_code_share": code})


def text(tokenizer, example: dict, mask: list[bool]) -> str:
    return tokenizer.decode([token for token, flag in zip(example["token_ids"], mask, strict=True) if flag])


def test_what_is_rehearsed(tokenizer, start, tmp_path):
    """Dictated demonstrations alone, whole, as an off-policy loss reads them; others in each iteration, all where more are asked for."""
    many = pl.concat([PAIRS.with_columns(query_id=pl.col("query_id") + str(number)) for number in range(40)])
    shown = demonstrations.demonstrations(many, tokenizer, "plain", shares(start, 0.5), 1)
    dictated = shown.filter(kind=REHEARSED)
    assert 0 < len(dictated) < len(shown)
    first, second = (demonstrations.rehearsed(shown, 10, 7, iteration) for iteration in (1, 2))
    tables.TRAINING.write(pl.concat([shown, first]), tmp_path / "training.parquet")
    assert len(first) == 10
    assert first.equals(demonstrations.rehearsed(shown.reverse(), 10, 7, 1))
    assert not first.equals(second)
    everything = demonstrations.rehearsed(shown, 1000, 7, 1)
    learned = ["query_id", "prompt", "response", "kind", "methodology", "token_ids", "loss_mask", "parents", "isolation"]
    assert everything.select(learned).equals(dictated.sort("example_id").select(learned))
    assert everything["example_id"].to_list() == ["rehearsal/" + name for name in dictated["example_id"].sort()]
    assert not any(map(any, everything["selection_mask"]))
    assert set(everything.select("loss", "reward", "advantage").iter_rows()) == {("off_policy", 1.0, 1.0)}
    assert demonstrations.rehearsed(shown.filter(kind="demonstration_native"), 3, 7, 1).is_empty()


@pytest.mark.parametrize("profile", prompts.PROFILES)
def test_masks(tokenizer, start, profile, tmp_path):
    lead, end = prompts.profile(profile).lead, tokenizer.eos_token
    table = demonstrations.demonstrations(PAIRS, tokenizer, profile, shares(start, 1.0), 1)
    tables.TRAINING.write(table, tmp_path / "training.parquet")
    cot, code = table.iter_rows(named=True)  # in the order of query ids
    assert tokenizer.decode(cot["token_ids"]) == f"{lead}{FORM.cues['cot']}\n{STEPS}{end}"
    assert cot["loss_mask"] == [True] * len(cot["token_ids"])
    assert text(tokenizer, cot, cot["selection_mask"]) == lead + FORM.cues["cot"]
    assert tokenizer.decode(code["token_ids"]) == f"{lead}{FORM.cues['code']}\n{PROGRAM}{end}"
    assert text(tokenizer, code, [not flag for flag in code["loss_mask"]]) == "\n5\n```\n"
    assert text(tokenizer, code, code["selection_mask"]) == lead + FORM.cues["code"]
    assert code["selection_mask"][0]
    assert code["token_ids"][-1] == tokenizer.eos_token_id
    assert code["loss_mask"][-1]


def test_a_pair_is_shown_natively_or_dictated(tokenizer, start):
    for share, modes in {1.0: ["native", "native"], 0.0: ["cot", "code"]}.items():
        examples = demonstrations.demonstrations(PAIRS, tokenizer, "plain", shares(start, share), 1)
        assert examples["prompt"].to_list() == [dictations.render("plain", mode, "What is 2 + 3?") for mode in modes]
        assert examples["example_id"].to_list() == ["a:0", "b:0"]
        assert set(examples["loss"]) == {"likelihood"}


def modes(start: Start, methodology: str, seed: int = 1) -> list[str]:
    return [demonstrations.prompt_mode(f"q{number}", methodology, start, seed) for number in range(400)]


def test_shares(start):
    for methodology in PAPER:
        assert modes(shares(start, 0.0), methodology) == [methodology] * 400
        assert modes(shares(start, 1.0), methodology) == ["native"] * 400
        assert 80 < modes(shares(start, 0.25), methodology).count("native") < 120
        assert set(modes(shares(start, 0.25), methodology)) == {"native", methodology}
    assert modes(shares(start, 1.0, 0.0), "code") == ["code"] * 400
    assert modes(shares(start, 1.0, 0.0), "cot") == ["native"] * 400
    assert 30 < modes(shares(start, 0.5, 0.25), "code").count("native") < 70


def test_draws_depend_on_query_methodology_and_seed(start):
    half = shares(start, 0.5)
    assert modes(half, "cot") == modes(half, "cot")
    assert modes(half, "cot") != modes(half, "cot", seed=2)
    assert [mode == "native" for mode in modes(half, "cot")] != [mode == "native" for mode in modes(half, "code")]
    more = modes(shares(start, 0.75), "cot")
    assert all(larger == "native" for smaller, larger in zip(modes(half, "cot"), more, strict=True) if smaller == "native")


def test_examples_do_not_depend_on_the_order_of_rows(tokenizer, start):
    half = shares(start, 0.5)
    assert demonstrations.demonstrations(PAIRS.reverse(), tokenizer, "plain", half, 1).equals(
        demonstrations.demonstrations(PAIRS, tokenizer, "plain", half, 1)
    )


def test_the_texts_a_tokenizer_learns_from():
    prompts = ["What is 2 + 3?\n", "What is 2 + 3?\nAnswer in words.\n", "What is 2 + 3?\nAnswer with a program.\n"]
    assert demonstrations.texts(PAIRS, "plain") == [*prompts, f"{FORM.cues['cot']}\n{STEPS}", f"{FORM.cues['code']}\n{PROGRAM}"]


def test_what_a_model_from_scratch_reads_below_a_question_is_no_cue_of_a_response(tokenizer, start):
    """Where it was the cue, policies wrote theirs twice: they could not tell which of the two they had read."""
    for pair in demonstrations.demonstrations(PAIRS, tokenizer, "plain", shares(start, 0.0), 1).iter_rows(named=True):
        text = pair["prompt"] + pair["response"]
        assert sum(text.count(cue) for cue in FORM.cues.values()) == 1


def test_a_marker_in_a_solution_is_text_and_the_end_is_learned_once(tokenizer, start):
    marked = PAIRS.with_columns(
        question=pl.lit("What is <|end|>?"), solution=pl.lit("It is <|end|><|pad|>.\nThe answer is \\boxed{5}.<|end|>")
    )
    for row in demonstrations.demonstrations(marked, tokenizer, "plain", shares(start, 0.5), 1).iter_rows(named=True):
        special = [token for token in row["token_ids"] if token in tokenizer.all_special_ids]
        assert special == [tokenizer.eos_token_id]
        assert row["token_ids"][-1] == tokenizer.eos_token_id
        assert tokenizer.decode(row["token_ids"], skip_special_tokens=True) == row["response"]
