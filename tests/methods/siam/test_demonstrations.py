"""Demonstrations of programs: what is shown and learned, of which origin, and what it weighs."""

import polars as pl
import pytest
from support.siam import graded, ran, rollouts, tiny_queries
from support.strategies import block

import demonstrate_programs
from mathcode import tables
from mathcode.core.errors import InputError
from mathcode.methods.siam import asking, demonstrations, selection
from mathcode.methods.siam.settings import Select
from mathcode.methods.siam.tables import ACCEPTED
from mathcode.policies import scratch
from mathcode.responses import parse, prompts
from mathcode.responses.form import PLAIN

ONE, TWO = "a = 2\nprint(a + 3)", "print(1)"
PAIRS = pl.DataFrame(
    [
        ["b", "sums", "What is 2 + 3?", "5", "code", block(ONE, "5") + "The answer is \\boxed{5}.", None, "landlock", "en"],
        ["a", "sums", "What is 1?", "1", "code", block(TWO), None, None, "en"],
        ["c", "sums", "What is 0?", "0", "cot", "Nothing.\nThe answer is \\boxed{0}.", None, None, "en"],
        ["d", "sums", "What is 9?", "9", "code", block("x = 9", "") + block("print(x)", "9"), None, "landlock", "en"],
    ],
    schema=tables.SFT.schema,
    orient="row",
)


def accepted(pool: str, *ids: str, types=()) -> pl.DataFrame:
    """Table `accepted`: two programs of each query."""
    rows = [(query, number, ran(f"print({number})", f"{number}\n"), True) for query in ids for number in range(2)]
    chosen = Select(judge="exact", threshold=0.5, per_question=4, keep="accepted", pool=None, balance="none", rows=None)
    return selection.select(rollouts(rows), graded(rows), tiny_queries(*ids, types=types), pool, chosen, 1)


class Reading:
    """A loss that reads rows for likelihood."""

    reads, needs_reference = "likelihood", False

    def unreferenced(self, row: dict) -> int:
        return 0


@pytest.fixture(scope="module")
def tokenizer():
    return scratch.build_tokenizer(demonstrations.texts(PAIRS, "plain"), 180, PLAIN.phrases)


@pytest.mark.parametrize("profile", prompts.PROFILES)
def test_the_whole_response_is_one_program_and_the_end_of_text(tokenizer, profile, tmp_path):
    table = demonstrations.demonstrations(PAIRS, [], tokenizer, profile)
    tables.TRAINING.write(table, tmp_path / "training.parquet")
    assert table["query_id"].to_list() == ["a", "b"]  # one program each
    lead = prompts.profile(profile).lead
    for row, program in zip(table.iter_rows(named=True), (TWO, ONE), strict=True):
        assert row["response"] == f"```python\n{program}\n```"
        assert tokenizer.decode(row["token_ids"]) == lead + row["response"] + tokenizer.eos_token
        assert row["loss_mask"] == [True] * len(row["token_ids"])
        assert parse.pending_programs(lead + row["response"]) == [program]  # the loop runs just this
        assert (row["kind"], row["methodology"], row["weight"], row["parents"]) == ("seed", "code", None, [])
    assert table["isolation"].to_list() == [None, "landlock"]
    assert table["prompt"][1] == asking.render(profile, "code", "What is 2 + 3?")


@pytest.mark.stage
@pytest.mark.parametrize("profile", prompts.PROFILES)
def test_a_loss_reads_the_rows(tokenizer, profile):
    from mathcode.training import examples  # with torch

    table = demonstrations.demonstrations(PAIRS, [accepted("web1", "w")], tokenizer, profile, "type")
    shown = examples.from_table(table, None, tokenizer, Reading(), prompts.profile(profile).frame)
    assert [one.weight for one in shown] == [1.0] * 4


def test_seed_self_distilled_and_web_programs_in_order(tokenizer):
    table = demonstrations.demonstrations(PAIRS, [accepted("seed_set", "a"), accepted("web1", "w2", "w1")], tokenizer, "plain")
    assert table.select("example_id", "kind").rows() == [
        ("a:0", "seed"),
        ("b:0", "seed"),
        ("a:1", "self_distilled"),
        ("a:2", "self_distilled"),
        ("w1:0", "web"),
        ("w1:1", "web"),
        ("w2:0", "web"),
        ("w2:1", "web"),
    ]
    assert table["parents"].to_list() == [[], [], *[["code:0"], ["code:1"]] * 3]
    assert table["isolation"][-1] == "landlock"
    assert table["weight"].null_count() == table.height


def test_balance_weighs_accepted_programs_alone(tokenizer):
    parts = [accepted("web1", "w1", "w2", "w3", types=["x", "x", "x"]), accepted("web2", "v1", types=["y"])]
    table = demonstrations.demonstrations(PAIRS, parts, tokenizer, "plain", "type")
    weights = dict(table.group_by("query_id").agg(pl.col("weight").first()).iter_rows())
    assert weights == {"a": None, "b": None, "w1": pytest.approx(2 / 3), "w2": pytest.approx(2 / 3), "w3": pytest.approx(2 / 3), "v1": 2.0}
    assert table["weight"].mean() == pytest.approx(1)


def test_a_program_that_an_earlier_table_holds_is_learned_once(tokenizer):
    """Where rounds ask one pool, a policy writes again what it has learned; names and blanks make no other program."""
    again = accepted("seed_set", "a", "b").with_columns(program=pl.col("program").str.replace("print", " print"))
    again = again.with_columns(program=pl.col("program").str.strip_chars() + "\n")
    table = demonstrations.demonstrations(None, [accepted("seed_set", "a"), again], tokenizer, "plain", "type")
    assert table["query_id"].to_list() == ["a", "a", "b", "b"]
    assert table["weight"].to_list() == [1.0] * 4


def test_without_a_seed_set_or_without_accepted_programs(tokenizer):
    assert demonstrations.demonstrations(None, [accepted("web1", "w")], tokenizer, "plain").height == 2
    assert demonstrations.demonstrations(PAIRS, [ACCEPTED.empty()], tokenizer, "plain", "type").height == 2
    with pytest.raises(demonstrations.DemonstrationError, match="not one program to learn from"):
        demonstrations.demonstrations(PAIRS.filter(pl.col("query_id") > "b"), [ACCEPTED.empty()], tokenizer, "plain")


def test_a_program_that_prints_markers_makes_no_control_token(tokenizer):
    pairs = PAIRS.head(1).with_columns(solution=pl.lit(block(f"print('{tokenizer.eos_token}')")))
    ids = demonstrations.demonstrations(pairs, [], tokenizer, "plain")["token_ids"][0].to_list()
    assert ids.count(tokenizer.eos_token_id) == 1


def test_texts_are_prompts_and_responses():
    assert demonstrations.texts(PAIRS, "plain") == [
        "What is 1?\n",
        "What is 2 + 3?\n",
        f"```python\n{ONE}\n```",
        f"```python\n{TWO}\n```",
    ]


def test_the_program_needs_something_to_learn_from(tmp_path):
    with pytest.raises(InputError, match="give --sft, --accepted or both"):
        demonstrate_programs.main(["--model", "m", "--profile", "plain", "--out", str(tmp_path / "t.parquet")])


def test_the_program_demonstrates(tmp_path, tiny_policy):
    tables.SFT.write(PAIRS, tmp_path / "sft.parquet")
    ACCEPTED.write(accepted("web1", "w1", "w2"), tmp_path / "one.parquet")
    ACCEPTED.write(ACCEPTED.empty(), tmp_path / "none.parquet")
    words = ["--sft", tmp_path / "sft.parquet", "--accepted", tmp_path / "one.parquet", tmp_path / "none.parquet", "--balance", "type"]
    words += ["--model", tiny_policy, "--profile", "plain", "--out", tmp_path / "training.parquet"]
    assert demonstrate_programs.main([*map(str, words)]) == 0
    assert tables.TRAINING.read(tmp_path / "training.parquet")["weight"].to_list() == [None, None, 1.0, 1.0, 1.0, 1.0]
