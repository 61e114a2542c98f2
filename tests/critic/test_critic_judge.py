"""A tiny critic, really trained: it tells equal from different, in any company; cascade, attacks, a kill, and the three programs."""

import random

import numpy as np
import polars as pl
import pytest
import torch
from transformers import AutoModelForCausalLM

import build_cases
import demonstrate_cases
import judge_cases
import train_policy
from mathcode import configuration, settings, tables
from mathcode.critic import cases, prompt, teaching
from mathcode.critic.judge import CriticJudge
from mathcode.grading.judge import Case
from mathcode.measures import agreement
from mathcode.policies import folders, scoring, scratch
from mathcode.responses import prompts
from mathcode.training import examples, loop, losses

pytestmark = pytest.mark.stage

LIMITS = settings.Grading(timeout=20, workers=1, max_infrastructure_errors=0.0)
SHOWN = settings.CriticPrompt(instruction=False, question=False, program=False, result_chars=30, gold_chars=60)
CRITIC = settings.Critic(prompt=SHOWN, micro_batch_tokens=1024)
SIZE = settings.Scratch(
    vocabulary=400, hidden=64, intermediate=128, layers=2, heads=4, positions=512, rope_theta=1000.0, initializer_range=0.05
)
HOW = settings.Optimizer(
    learning_rate=[5e-3], optimizer="muon", weight_decay=0.0, schedule="flat_linear", warmup=0.05, epochs=1, batch=32,
    micro_batch_tokens=4096, max_tokens=256, max_gradient_norm=1.0, checkpoint_minutes=1000, threads=1,
)  # fmt: skip
GRADING = '{"timeout": 20, "max_infrastructure_errors": 0.0}'


def queries() -> pl.DataFrame:
    rows = [(f"q{n}", "sums", f"What is {n} + 1?", str(n + 1), None, None, "en", None) for n in range(60)]
    return pl.DataFrame(rows, schema=tables.QUERIES.schema, orient="row")


def made(seed: int, rewritten: int, near_misses: int, attacks: int, **changes) -> pl.DataFrame:
    numbers = {"rewritten": rewritten, "near_misses": near_misses, "attacks": attacks}
    chosen = settings.Cases(**{**numbers, "moved": 1.0, "moved_up_to": 12, "test_share": 0.0, **changes})
    return cases.build(queries(), [], chosen, seed, lambda some: [False] * len(some))


@pytest.fixture(scope="module")
def critic(tmp_path_factory):
    """Folder of a critic after seconds of the one trainer, with the side task."""
    torch.set_num_threads(1)
    learned = made(1, 70, 70, 8)
    asked = [prompt.render(row["question"], row["gold"], None, row["result"], SHOWN) for row in learned.iter_rows(named=True)]
    model, tokenizer = scratch.build(SIZE, ["".join(one) for one in asked], [" YES", " NO"], 1)
    loss = losses.LabelLikelihood(losses.LabelNumbers(result_weight=1.0))
    shown = examples.from_table(teaching.training_rows(learned, tokenizer, SHOWN), None, tokenizer, loss)
    folder = tmp_path_factory.mktemp("critic")
    how = {"chosen": HOW, "iteration": 1, "checkpoints": folder / "kept", "seed": 1}
    trained = loop.train(model, tokenizer.pad_token_id, shown, loss, **how)
    folders.save_policy(trained.model, tokenizer, folder / "model")
    return folder / "model"


@pytest.fixture(scope="module")
def fresh() -> pl.DataFrame:
    """Other cases than those it learned from, in forms that it knows."""
    return made(2, 8, 8, 0)


@pytest.fixture(scope="module")
def said(critic, fresh):
    with CriticJudge(LIMITS, "critic_tiny", critic, CRITIC) as judge:
        return judge.judge([cases.as_case(row) for row in fresh.iter_rows(named=True)])


def test_it_tells_equal_from_different(fresh, said):
    true = (fresh["label"] == "YES").to_numpy()
    scores = np.array([verdict.score for verdict in said])
    found = agreement.classification(scores >= 0.5, true, scores)
    assert found["kappa"].value > 0.75
    assert found["auroc"].value > 0.93
    assert [verdict.accepted for verdict in said] == list(scores >= 0.5)
    assert {verdict.outcome for verdict in said} == {"correct", "wrong"}


def test_attacks_are_counted_in_a_table(critic):
    table = made(3, 0, 0, 100, balanced=False)
    with CriticJudge(LIMITS, "critic_tiny", critic, CRITIC) as judge:
        verdicts = judge.judge([cases.as_case(row) for row in table.iter_rows(named=True)])
    rows = [(case_id, judge.name, one.outcome, one.accepted, one.score) for case_id, one in zip(table["case_id"], verdicts, strict=True)]
    said = pl.DataFrame(rows, schema=tables.VERDICTS.schema, orient="row")
    counted = agreement.accepted_by(table.filter(pl.col("origin") == "attack"), said, ["judge", "variant"])
    assert counted.height > 30
    assert counted["n"].sum() == table.height
    known = counted.filter(pl.col("variant") != "cut")  # "3" for "35": a near miss
    assert known["accepted"].sum() < 0.05 * known["n"].sum()
    nothing = counted.filter(pl.col("variant").is_in(["empty", "blank"]))
    assert nothing["accepted"].sum() == 0


def test_scores_do_not_depend_on_company(critic, fresh, said):
    some = [cases.as_case(row) for row in fresh.iter_rows(named=True)]
    order = list(range(len(some)))
    random.Random(1).shuffle(order)
    with CriticJudge(LIMITS, "critic_tiny", critic, CRITIC) as judge:
        shuffled = judge.judge([some[place] for place in order])
    assert [shuffled[order.index(place)] for place in range(len(some))] == said
    for place in range(0, len(some), 97):
        with CriticJudge(LIMITS, "critic_tiny", critic, CRITIC) as judge:
            assert judge.judge([some[place]]) == [said[place]]


def test_the_score_is_that_of_a_plain_forward_pass(critic, fresh, said):
    tokenizer, model = folders.load_tokenizer(critic), folders.load_policy(critic, "float32").eval()
    words = prompt.spellings(tokenizer)
    for place in range(0, fresh.height, 50):
        row = fresh.row(place, named=True)
        asked = prompt.render(row["question"], row["gold"], None, row["result"], SHOWN, prompt.special_tokens(tokenizer))
        ids = [token for piece in prompt.tokens(asked, tokenizer) for token in piece]
        with torch.inference_mode():
            chances = model(torch.tensor([ids])).logits[0, -1].softmax(-1)
        yes, no = (chances[words[word]].sum().item() for word in ("YES", "NO"))
        assert said[place].score == pytest.approx(yes / (yes + no), abs=1e-4)


def test_what_fails_or_answers_nothing_is_refused_unasked(critic, monkeypatch):
    monkeypatch.setattr(scoring, "score_labels", lambda *_, **__: pytest.fail("the critic was asked"))
    some = [
        Case("q", "5", "5", ("5",), "print(5)", "5", "error"),
        Case("q", "5", "5", ("5",), "print(5)", "5", "timed_out"),
        Case("q", "5", None, (), "print()", "\n", "ok"),
        Case("q", "5", None),
        Case("q", "5", None, (), "print(5)", None, "infrastructure_error"),
    ]
    with CriticJudge(LIMITS, "critic_tiny", critic, CRITIC) as judge:
        verdicts = judge.judge(some)
    assert [one.outcome for one in verdicts] == ["wrong", "wrong", "no_answer", "no_answer", "infrastructure_error"]
    assert [one.score for one in verdicts] == [0.0, 0.0, 0.0, 0.0, None]
    with CriticJudge(LIMITS, "critic_tiny", critic, CRITIC.model_copy(update={"max_tokens": 3})) as judge:
        assert judge.judge([Case("q", "5", "5", ("5",), "print(5)", "5", "ok")])[0].score == 0.0


def test_a_judge_never_sees_a_swapped_pair(critic, monkeypatch):
    seen = []
    monkeypatch.setattr(prompt, "render", lambda *fields, whole=prompt.render: seen.append(fields[:4]) or whole(*fields))
    with CriticJudge(LIMITS, "critic_tiny", critic, CRITIC) as judge:
        judge.judge([Case("the question", "the gold", "the answer", ("the answer",), "the program", "the answer\n", "ok")])
    assert seen == [("the question", "the gold", "the program", "the answer")]


def test_the_cascade_asks_about_what_the_rule_refuses(critic, fresh, said):
    some = [cases.as_case(row) for row in fresh.head(80).iter_rows(named=True)]
    with configuration.make_judge("exact", LIMITS) as judge:
        exact = judge.judge(some)
    with configuration.make_judge("cascade_tiny", LIMITS, critic, CRITIC) as judge:
        cascade = judge.judge(some)
    assert judge.name.startswith("cascade_tiny/")
    assert judge.name.partition("/exact-")[1]
    for rule, alone, both in zip(exact, said[:80], cascade, strict=True):
        assert both.accepted == (rule.accepted or alone.accepted)
        assert both.score == (1.0 if rule.accepted else alone.score)
    assert sum(one.accepted for one in cascade) > sum(one.accepted for one in exact) > 0


def test_judges_by_name(critic):
    assert [configuration.critic_of(name) for name in ("exact", "lenient", "critic_main", "cascade_a_b")] == [None, None, "main", "a_b"]
    known = "there are: exact, executes, lenient, math_verify, numeric, oracle, string, critic_NAME"
    near = {"critic": "critic_NAME", "critic_": "critic_NAME", "nonsense": None, "cascade_A": "cascade_NAME", "exact_main": "exact"}
    for name, meant in near.items():
        said = f"did you mean '{meant}'" if meant else known
        with pytest.raises(settings.SettingsError, match=f"unknown judge '{name}'; {said}"):
            configuration.critic_of(name)
    with pytest.raises(settings.SettingsError, match="judge 'critic_main' needs the model of its critic"):
        configuration.make_judge("critic_main", LIMITS)
    assert configuration.make_judge("critic_main", LIMITS, critic).name.startswith("critic_main/")


def test_the_programs_make_teach_and_judge(critic, tmp_path):
    tables.QUERIES.write(queries(), tmp_path / "queries.parquet")
    making = ["--queries", tmp_path / "queries.parquet", "--seed", 4, "--grading", GRADING, "--out", tmp_path / "cases.parquet"]
    run(build_cases, *making, "--settings", '{"moved": 1.0, "moved_up_to": 12, "near_misses": 3}')
    table = tables.CASES.read(tmp_path / "cases.parquet")
    shown = CRITIC.model_dump_json()
    teaching_ = ["--cases", tmp_path / "cases.parquet", "--model", critic, "--out", tmp_path / "training.parquet"]
    run(demonstrate_cases, *teaching_, "--settings", shown, "--settings", '{"prompt": {"question": true}}')
    training = tables.TRAINING.read(tmp_path / "training.parquet")
    assert training.height == 2 * table.filter(pl.col("split") == "train").height
    assert {*training["loss"]} == {"label"}
    further = ["--training", tmp_path / "training.parquet", "--model", critic, "--out-model", tmp_path / "next", "--opening", "none"]
    further += ["--out-log", tmp_path / "log.parquet", "--out-settings", tmp_path / "s.json", "--out-provenance", tmp_path / "p.json"]
    family = settings.Family(label="tiny", scratch=SIZE, precondition="none", prompt="plain", train_dtype="float32")  # another frame
    step = settings.Training(loss="label", numbers={"result_weight": 0.9}, optimizer=HOW.model_copy(update={"epochs": 0.01}))
    further += ["--family", settings.dumps(family), "--settings", settings.dumps(step), "--seed", 1, "--checkpoints", tmp_path / "steps"]
    run(train_policy, *further)
    assert tables.TRAINING_LOG.read(tmp_path / "log.parquet").height >= 1
    kept = tmp_path / "kept"
    kept.mkdir()
    with CriticJudge(LIMITS, "critic_tiny", critic, CRITIC, kept) as judge:  # a job that was killed half way through, amid a line
        judge.judge([cases.as_case(row) for row in table.head(table.height // 2).iter_rows(named=True)])
    (file,) = kept.iterdir()
    file.write_bytes(file.read_bytes()[:-20])
    judging = ["--cases", tmp_path / "cases.parquet", "--judge", "critic_tiny", "--model", critic, "--critic", shown, "--settings", GRADING]
    run(judge_cases, *judging, "--out", tmp_path / "whole.parquet")
    run(judge_cases, *judging, "--out", tmp_path / "resumed.parquet", "--checkpoints", kept)
    assert (tmp_path / "whole.parquet").read_bytes() == (tmp_path / "resumed.parquet").read_bytes()
    assert tables.VERDICTS.read(tmp_path / "whole.parquet")["case_id"].to_list() == table["case_id"].to_list()
    assert not kept.exists()


def test_a_critic_in_the_frame_of_chats_is_taught_the_tokens_it_is_asked_with(critic, tmp_path):
    """Its prompts end within the frame, whose rest stands in the response; nothing of it may be spelt like a word."""
    tables.CASES.write(
        cases.build(queries(), [], settings.Cases(), 4, lambda some: [False] * len(some)),
        tmp_path / "cases.parquet",
    )
    shown = settings.Critic(prompt=settings.CriticPrompt(frame="chatml", instruction=False))
    model, tokenizer = AutoModelForCausalLM.from_pretrained(critic), folders.load_tokenizer(critic)
    tokenizer.add_special_tokens({"additional_special_tokens": ["<|im_start|>", "<|im_end|>"]})
    model.resize_token_embeddings(len(tokenizer))
    for part in (model, tokenizer):
        part.save_pretrained(tmp_path / "chatty")
    making = ["--cases", tmp_path / "cases.parquet", "--model", tmp_path / "chatty", "--out", tmp_path / "training.parquet"]
    run(demonstrate_cases, *making, "--settings", shown.model_dump_json())
    training = tables.TRAINING.read(tmp_path / "training.parquet")
    taught = examples.from_table(
        training, None, tokenizer, losses.LabelLikelihood(losses.LabelNumbers(result_weight=0)), prompts.opening("chatml")
    )
    for row, example in zip(training.iter_rows(named=True), taught, strict=True):
        before, *rest = prompt.tokens(prompt.Asked(row["prompt"], "", ""), tokenizer)
        assert (example.prompt_ids, rest) == (before, [[], []])
        assert example.prompt_ids.count(tokenizer.convert_tokens_to_ids("<|im_start|>")) == 2
    trained = [
        "--training",
        tmp_path / "training.parquet",
        "--model",
        tmp_path / "chatty",
        "--out-model",
        tmp_path / "next",
        "--opening",
        "chatml",
    ]
    trained += ["--out-log", tmp_path / "log.parquet", "--out-settings", tmp_path / "s.json", "--out-provenance", tmp_path / "p.json"]
    family = settings.Family(label="tiny", scratch=SIZE, precondition="none", prompt="chatml", train_dtype="float32")
    step = settings.Training(loss="label", numbers={"result_weight": 0.0}, optimizer=HOW.model_copy(update={"epochs": 0.01}))
    run(
        train_policy,
        *trained,
        "--family",
        settings.dumps(family),
        "--settings",
        settings.dumps(step),
        "--seed",
        1,
        "--checkpoints",
        tmp_path / "c",
    )


def run(module, *words: object) -> None:
    assert module.main([str(word) for word in words]) == 0
