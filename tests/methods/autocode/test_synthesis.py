"""Complete responses, their masks, and whitened advantages."""

import math

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.strategies import REWARDS, block, grades

from mathcode import tables
from mathcode.methods.autocode import synthesis
from mathcode.methods.autocode.form import FORM
from mathcode.methods.autocode.settings import Synthesize
from mathcode.methods.autocode.synthesis import SynthesisError
from mathcode.methods.autocode.tables import REFERENCE_STRATEGY
from mathcode.policies import scratch
from mathcode.responses import parse, prompts

CHOSEN = Synthesize(
    keep="reference",
    reflective_per_query=4,
    reflective_from_iteration=1,
    learn_hint=True,
    whitening="paper",
    all_correct_advantage=0.0,
    min_advantage=None,
)
QUESTIONS = {"q": "What is 2 + 3?", "r": "What is 4 + 4?"}
STEPS, SLIP = "2 + 3 = 5.\nThe answer is \\boxed{5}.", "2 + 3 = 6.\nThe answer is \\boxed{6}."
PROGRAM, BUG = block("print(2 + 3)", "5") + "The answer is \\boxed{5}.", block("print(2 * 3)", "6") + "The answer is \\boxed{6}."


@pytest.fixture(scope="module")
def tokenizer():
    return scratch.build_tokenizer([*QUESTIONS.values(), STEPS, SLIP, PROGRAM, BUG], 180, FORM.phrases)


def chosen(**changes) -> Synthesize:
    return CHOSEN.model_copy(update=changes)


# Rollouts: (query, mode, response, right). Half of the complete responses are native, with a cue; the others have none.
TRIES = [
    ("q", "native", f"{FORM.cues['cot']}\n{SLIP}", False),
    ("q", "native", f"{FORM.cues['code']}\n{PROGRAM}", True),
    ("q", "native", f"{FORM.cues['code']}\n{BUG}", False),
    ("q", "cot", SLIP, False),
    ("q", "cot", STEPS, True),
    ("q", "code", PROGRAM, True),
    ("q", "code", BUG, False),
]


def explored(tokenizer, tries=TRIES, ended: bool = True) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Tables `rollouts` and `grades`."""
    graded = grades(*((query, mode, FORM.first_methodology(text), right) for query, mode, text, right in tries))
    rows = []
    for (_, mode, text, _), (query, _, sample, methodology) in zip(tries, graded.select(graded.columns[:4]).iter_rows(), strict=True):
        ids, generated = [], []
        for segment in parse.segments(text):
            tokens = tokenizer(segment.text, add_special_tokens=False)["input_ids"]
            ids, generated = ids + tokens, generated + [segment.generated] * len(tokens)
        if ended:
            ids, generated = [*ids, tokenizer.eos_token_id], [*generated, True]
        logprobs = [-0.125 * (number + 1) for number in range(sum(generated))]
        rows.append([query, mode, sample, 0, "", text, methodology, [], ids, generated, logprobs, "stop" if ended else "length", None])
    return pl.DataFrame(rows, schema=tables.ROLLOUTS.schema, orient="row"), graded


def strategy(**labels: str | None) -> pl.DataFrame:
    rows = [[query, None, None, label, False, "q", math.inf] for query, label in labels.items()]
    return pl.DataFrame(rows, schema=REFERENCE_STRATEGY.schema, orient="row")


def synthesized(tokenizer, label="code", tries=TRIES, profile="plain", iteration=1, seed=1, ended=True, **changes) -> pl.DataFrame:
    rollouts, graded = explored(tokenizer, tries, ended)
    labels = strategy(q=label, r=label)
    frame = synthesis.synthesize(rollouts, graded, labels, QUESTIONS, tokenizer, profile, chosen(**changes), iteration, seed)
    assert frame.schema == tables.TRAINING.schema
    return frame


def test_a_response_names_the_weakest_level_its_programs_ran_at(tokenizer):
    rollouts, graded = explored(tokenizer)
    levels = pl.Series("isolation", ["sandbox" if number % 2 else "landlock" for number in range(len(rollouts))])
    frame = synthesis.synthesize(
        rollouts.with_columns(levels), graded, strategy(q="code", r="code"), QUESTIONS, tokenizer, "plain", CHOSEN, 1, 1
    )
    parents = {
        (row["query_id"], f"{row['mode']}:{row['sample']}"): level
        for row, level in zip(rollouts.iter_rows(named=True), levels, strict=True)
    }
    for row in frame.iter_rows(named=True):
        assert row["isolation"] == min(parents[row["query_id"], name] for name in row["parents"])  # landlock comes first by name too
    assert {"landlock", "sandbox"} == set(frame["isolation"])


def text_where(tokenizer, row: dict, mask: str, value: bool = True) -> str:
    """What the tokens of a response spell where its mask has a value."""
    return tokenizer.decode([token for token, flag in zip(row["token_ids"], row[mask], strict=True) if flag is value])


# Whitening


def test_whitening_by_hand():
    # mean 1/2, unbiased deviation sqrt(4 x (1/2)^2 / 3) = .577350
    assert synthesis.whiten([1, 0, 0, 1], CHOSEN) == pytest.approx([0.866024, -0.866024, -0.866024, 0.866024], abs=1e-6)
    # mean 1/3, unbiased deviation sqrt((4/9 + 1/9 + 1/9) / 2) = .577350
    assert synthesis.whiten([1, 0, 0], CHOSEN) == pytest.approx([1.154699, -0.577349, -0.577349], abs=1e-6)
    # mean 1/3, population deviation sqrt((4/9 + 1/9 + 1/9) / 3) = .471405
    assert synthesis.whiten([1, 0, 0], chosen(whitening="released")) == pytest.approx([1.414214, -0.707107, -0.707107], abs=1e-6)


def test_groups_of_equal_rewards():
    assert synthesis.whiten([1, 1], CHOSEN) == [0, 0]
    assert synthesis.whiten([0, 0], CHOSEN) == [0, 0]
    assert synthesis.whiten([1, 1], chosen(all_correct_advantage=0.5)) == [0.5, 0.5]
    assert synthesis.whiten([0, 0], chosen(all_correct_advantage=0.5)) == [0, 0]
    assert synthesis.whiten([1, 1], chosen(whitening="released")) == [1, 1]
    assert synthesis.whiten([0, 0], chosen(whitening="released")) == [None, None]
    assert synthesis.whiten([], CHOSEN) == []


def test_a_group_of_one_keeps_its_reward():
    assert synthesis.whiten([1], CHOSEN) == [1]
    assert synthesis.whiten([0], CHOSEN) == [0]
    assert synthesis.whiten([1], chosen(whitening="released")) == [1]
    assert synthesis.whiten([0], chosen(whitening="released")) == [None]


def test_the_floor_of_advantages():
    assert synthesis.whiten([1, 0, 0], chosen(min_advantage=-0.5)) == pytest.approx([1.154699, -0.5, -0.5], abs=1e-6)
    assert synthesis.whiten([1, 0, 0], chosen(min_advantage=-1.0)) == pytest.approx([1.154699, -0.577349, -0.577349], abs=1e-6)


@given(REWARDS, st.sampled_from(["paper", "released"]))
def test_whitened_rewards_have_mean_0_and_keep_their_order(rewards, whitening):
    whitened = synthesis.whiten(rewards, chosen(whitening=whitening))
    assert len(whitened) == len(rewards)
    if len(set(rewards)) == 2:
        assert sum(whitened) == pytest.approx(0, abs=1e-9)
        assert {(value > 0) for value, reward in zip(whitened, rewards, strict=True) if reward} == {True}
        assert {(value < 0) for value, reward in zip(whitened, rewards, strict=True) if not reward} == {True}
        squares = sum(value**2 for value in whitened)
        assert squares == pytest.approx(len(rewards) - (whitening == "paper"), rel=1e-4)


# Self-exploratory responses


def test_exploratory_responses_follow_the_label_right_and_wrong(tokenizer):
    for label, parents in {"code": ["code:0", "code:1", "native:1", "native:2"], "cot": ["cot:0", "cot:1", "native:0"]}.items():
        frame = synthesized(tokenizer, label, reflective_per_query=0)
        assert [row[0] for row in frame["parents"]] == parents
        assert set(frame["methodology"]) == {label}
        assert set(frame["reward"]) == {0.0, 1.0}
        assert frame["kind"].to_list() == [f"exploratory_{'native' if parent[0] == 'n' else 'dictated'}" for parent in parents]
        assert frame["prompt"].unique().to_list() == ["What is 2 + 3?\n"]
        assert frame["example_id"].to_list() == [f"q:{number}" for number in range(len(frame))]
        assert frame["advantage"].to_list() == synthesis.whiten(frame["reward"].to_list(), CHOSEN)


def test_a_native_rollout_is_taken_token_by_token(tokenizer):
    rollouts, _ = explored(tokenizer)
    rollout = rollouts.row(1, named=True)
    row = synthesized(tokenizer, reflective_per_query=0).row(2, named=True)
    assert row["parents"] == ["native:1"]
    assert row["token_ids"] == rollout["token_ids"]
    assert row["loss_mask"] == rollout["generated"]
    assert row["sampled_logprobs"] == rollout["logprobs"]
    assert row["response"] == rollout["response"]
    assert row["selection_mask"] == [True] + [False] * (len(row["token_ids"]) - 1)
    assert text_where(tokenizer, row, "selection_mask") == FORM.cues["code"]
    assert text_where(tokenizer, row, "loss_mask", False) == "\n5\n```\n"


def test_a_dictated_rollout_gets_the_cue_it_did_not_write(tokenizer):
    rollout = explored(tokenizer)[0].row(5, named=True)
    row = synthesized(tokenizer, reflective_per_query=0).row(0, named=True)
    assert row["parents"] == ["code:0"]
    assert row["response"] == f"{FORM.cues['code']}\n{PROGRAM}"
    added = len(row["token_ids"]) - len(rollout["token_ids"])
    assert row["token_ids"][added:] == rollout["token_ids"]
    assert tokenizer.decode(row["token_ids"][:added]) == f"{FORM.cues['code']}\n"
    assert row["loss_mask"] == [True] * added + rollout["generated"]
    assert row["selection_mask"] == [True] * added + [False] * len(rollout["token_ids"])
    assert row["sampled_logprobs"] is None


@pytest.mark.parametrize("profile", prompts.PROFILES)
def test_the_added_cue_stands_where_a_native_one_would(tokenizer, profile):
    frame = synthesized(tokenizer, profile=profile, reflective_per_query=0)
    lead = prompts.profile(profile).lead
    assert frame["response"][0] == f"{lead}{FORM.cues['code']}\n{PROGRAM}"
    assert frame["prompt"][0] == prompts.render(profile, QUESTIONS["q"])


def test_a_dictated_rollout_that_wrote_the_cue_itself_gets_no_second_one(tokenizer):
    row = synthesized(tokenizer, tries=[("q", "code", f"\n{FORM.cues['code']}\n{PROGRAM}", True)]).row(0, named=True)
    assert row["response"] == f"\n{FORM.cues['code']}\n{PROGRAM}"
    assert text_where(tokenizer, row, "selection_mask") == f"\n{FORM.cues['code']}"
    assert row["sampled_logprobs"] is None  # it was sampled under another prompt


def test_a_rollout_that_was_cut_off_has_no_end_of_text(tokenizer):
    frame = synthesized(tokenizer, ended=False)
    assert all(tokenizer.eos_token_id not in ids for ids in frame["token_ids"])


def test_standard_rl_keeps_every_rollout_and_reflects_on_none(tokenizer):
    native = [row for row in TRIES if row[1] == "native"]
    frame = synthesized(tokenizer, label=None, tries=native, keep="all", reflective_per_query=0)
    assert [row[0] for row in frame["parents"]] == ["native:0", "native:1", "native:2"]
    assert frame["methodology"].to_list() == ["cot", "code", "code"]


def test_standard_rl_takes_native_rollouts_as_they_are(tokenizer):
    rollouts, graded = explored(tokenizer, [("q", "native", STEPS, True), ("q", "native", SLIP, False)])
    frame = synthesis.synthesize(rollouts, graded, strategy(), QUESTIONS, tokenizer, "deepseek", chosen(keep="all"), 1, 1)
    for column, sampled in (("token_ids", "token_ids"), ("loss_mask", "generated"), ("sampled_logprobs", "logprobs")):
        assert frame[column].to_list() == rollouts[sampled].to_list()
    assert not any(frame["selection_mask"].explode())


def test_queries_without_a_label_are_dropped(tokenizer):
    other = [("r", mode, text, right) for _, mode, text, right in TRIES]
    rollouts, graded = explored(tokenizer, TRIES + other)
    frame = synthesis.synthesize(rollouts, graded, strategy(q=None, r="cot"), QUESTIONS, tokenizer, "plain", CHOSEN, 1, 1)
    assert set(frame["query_id"]) == {"r"}


def test_released_whitening_drops_queries_without_a_right_response(tokenizer):
    wrong = [("r", mode, text, False) for _, mode, text, _ in TRIES]
    frame = synthesized(tokenizer, tries=TRIES + wrong, whitening="released")
    assert set(frame["query_id"]) == {"q"}


# Self-reflective responses


def reflective(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.filter(pl.col("kind") == "reflective")


def test_a_reflective_response_is_a_failed_try_a_hint_and_a_right_one(tokenizer):
    frame = reflective(synthesized(tokenizer))
    # 2 failed CoT tries x 2 right programs, and as many as are allowed
    assert sorted(map(tuple, frame["parents"])) == [
        ("cot:0", "code:0"), ("cot:0", "native:1"), ("native:0", "code:0"), ("native:0", "native:1"),
    ]  # fmt: skip
    for row in frame.iter_rows(named=True):
        assert row["response"] == f"{FORM.cues['cot']}\n{SLIP}\n{FORM.hints['code']}\n{FORM.cues['code']}\n{PROGRAM}"
        assert FORM.attempts(row["response"])[0].startswith(FORM.cues["cot"])
        assert (row["methodology"], row["reward"], row["sampled_logprobs"]) == ("code", 1.0, None)
        assert text_where(tokenizer, row, "loss_mask") == (
            f"\n{FORM.hints['code']}\n{FORM.cues['code']}\n```python\nprint(2 + 3)\n```\n"
            f"```outputThe answer is \\boxed{{5}}.{tokenizer.eos_token}"
        )
        assert text_where(tokenizer, row, "loss_mask", False) == f"{FORM.cues['cot']}\n{SLIP}\n5\n```\n"
        assert text_where(tokenizer, row, "selection_mask").strip() == FORM.cues["code"]
        assert row["token_ids"].count(tokenizer.eos_token_id) == 1


def test_reflection_from_a_failed_program_to_steps(tokenizer):
    frame = reflective(synthesized(tokenizer, "cot"))
    assert sorted(map(tuple, frame["parents"])) == [("code:1", "cot:1"), ("native:2", "cot:1")]
    for row in frame.iter_rows(named=True):
        assert row["response"] == f"{FORM.cues['code']}\n{BUG}\n{FORM.hints['cot']}\n{FORM.cues['cot']}\n{STEPS}"
        assert text_where(tokenizer, row, "loss_mask") == f"\n{FORM.hints['cot']}\n{FORM.cues['cot']}\n{STEPS}{tokenizer.eos_token}"
        assert text_where(tokenizer, row, "selection_mask").strip() == FORM.cues["cot"]


def test_a_failed_attempt_ends_at_whatever_token_its_model_ends_with(tokenizer):
    rollouts, graded = explored(tokenizer)
    ended = rollouts.with_columns(
        token_ids=pl.col("token_ids").list.eval(
            pl.when(pl.element() == tokenizer.eos_token_id).then(tokenizer.pad_token_id).otherwise(pl.element())
        )
    )
    frame = synthesis.synthesize(ended, graded, strategy(q="code", r="code"), QUESTIONS, tokenizer, "plain", CHOSEN, 1, 1)
    assert {row["token_ids"].count(tokenizer.pad_token_id) for row in reflective(frame).iter_rows(named=True)} == {1}


def test_a_hint_that_is_not_learned_is_context(tokenizer):
    learned, shown = (reflective(synthesized(tokenizer, learn_hint=value)) for value in (True, False))
    assert shown["response"].to_list() == learned["response"].to_list()
    for row in shown.iter_rows(named=True):
        assert text_where(tokenizer, row, "loss_mask").startswith(FORM.cues["code"])
        assert text_where(tokenizer, row, "selection_mask").strip() == FORM.cues["code"]
        assert text_where(tokenizer, row, "loss_mask", False) == f"{FORM.cues['cot']}\n{SLIP}\n{FORM.hints['code']}\n\n5\n```\n"


def test_a_hint_may_stand_in_the_selection_loss(tokenizer):
    for row in reflective(synthesized(tokenizer, learn_hint="selection")).iter_rows(named=True):
        assert text_where(tokenizer, row, "selection_mask").rstrip() == f"\n{FORM.hints['code']}\n{FORM.cues['code']}"


def test_reflective_responses_count_in_the_whitening_of_their_query(tokenizer):
    frame = synthesized(tokenizer)
    assert len(frame) == 8
    assert frame["advantage"].to_list() == synthesis.whiten(frame["reward"].to_list(), CHOSEN)


def test_how_many_reflective_responses_and_from_when(tokenizer):
    assert len(reflective(synthesized(tokenizer, reflective_per_query=3))) == 3
    assert len(reflective(synthesized(tokenizer, reflective_from_iteration=2))) == 0
    assert len(reflective(synthesized(tokenizer, reflective_from_iteration=2, iteration=2))) == 4


def test_reflections_are_not_nested(tokenizer):
    twice = f"{FORM.cues['cot']}\n{SLIP}\n{FORM.hints['code']}\n{FORM.cues['code']}\n{PROGRAM}"
    tries = [("q", "native", twice, False), ("q", "code", PROGRAM, True)]
    assert reflective(synthesized(tokenizer, tries=tries)).is_empty()


# Order, and what is refused


def test_the_same_rollouts_and_seed_give_the_same_responses(tokenizer):
    rollouts, graded = explored(tokenizer)
    picked = {"reflective_per_query": 1}

    def build(order, seed):
        arguments = (strategy(q="code"), QUESTIONS, tokenizer, "plain", chosen(**picked), 1, seed)
        return synthesis.synthesize(rollouts[order], graded[order[::-1]], *arguments)

    first = build([0, 1, 2, 3, 4, 5, 6], 1)
    assert build([6, 2, 4, 0, 1, 5, 3], 1).equals(first)
    assert len({tuple(reflective(build([0, 1, 2, 3, 4, 5, 6], seed))["parents"][0]) for seed in range(12)}) > 1


def test_an_infrastructure_error_is_not_trained_on(tokenizer):
    rollouts, graded = explored(tokenizer)
    broken = graded.with_columns(
        outcome=pl.when(pl.col("mode") == "code").then(pl.lit("infrastructure_error")).otherwise("outcome"),
    )
    frame = synthesis.synthesize(rollouts, broken, strategy(q="code"), QUESTIONS, tokenizer, "plain", CHOSEN, 1, 1)
    assert not any("code:" in parent for parents in frame["parents"] for parent in parents)


def test_what_is_refused(tokenizer):
    rollouts, graded = explored(tokenizer)

    def build(rollouts=rollouts, graded=graded, label="code", questions=QUESTIONS):
        return synthesis.synthesize(rollouts, graded, strategy(q=label), questions, tokenizer, "plain", CHOSEN, 1, 1)

    with pytest.raises(SynthesisError, match="no query has a reference label and a response"):
        build(label=None)
    with pytest.raises(SynthesisError, match="2 rollouts have no grade; the first is sample 0 of mode native for query 'q'"):
        build(graded=graded[2:])
    with pytest.raises(SynthesisError, match="rollouts: query 'q' has sample 0 of mode native twice"):
        build(rollouts=pl.concat([rollouts, rollouts[:1]]))
    with pytest.raises(SynthesisError, match="grades: query 'q' has sample 0 of mode native twice"):
        build(graded=pl.concat([graded, graded[:1]]))
    with pytest.raises(SynthesisError, match="query 'q' of the rollouts is not among the queries"):
        build(questions={"r": "What?"})
