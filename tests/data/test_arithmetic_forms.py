import json
from collections import Counter
from pathlib import Path

import polars as pl
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from support.running import ROOT

import divide_pools
from mathcode import settings, tables
from mathcode.core.errors import InputError
from mathcode.data import arithmetic_forms, queries, sft, sources
from mathcode.data.arithmetic_forms import SPLITS, split_of
from mathcode.data.form_families import FAMILIES
from mathcode.data.form_wordings import WORDINGS
from mathcode.data.readers import QUERY_READERS
from mathcode.data.written_terms import Term, number

GOLDEN = Path(__file__).parent / "golden/arithmetic_forms.jsonl"
ALL = {"ordinary": 0.4, "reworded": 0.3, "harder": 0.3}
SEED_FAMILIES = {"left", "bill", "share", "together"}


def records(split: str = "web1", rows: int = 56, **more):
    return arithmetic_forms.generate({"split": split, "rows": rows, "seed": 1, **more})


def run(program: str) -> str:
    """What one of our own programs prints (these are not model-written)."""
    printed = []
    exec(program, {"print": lambda *values: printed.append(" ".join(map(str, values)))})
    return "\n".join(printed)


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("programs", ["right", "believed"])
@pytest.mark.parametrize("split", SPLITS)
def test_programs_print_what_the_record_says(split, programs, language):
    for record in records(split, programs=programs, language=language, variants=ALL):
        assert run(record["program"]) == record["printed"], record
        values = [text.removesuffix(".0") for text in record["printed"].split()]
        assert (values == record["values"]) == record["right"], record
        assert record["right"] or programs == "believed"


def test_bytes_of_golden_rows():
    """Rows of a seed never change: a run's data would change with them."""
    made = [json.dumps(record, ensure_ascii=False, sort_keys=True) for record in golden_rows()]
    assert made == GOLDEN.read_text(encoding="utf-8").splitlines()


def golden_rows() -> list[dict]:
    return [
        *records("web1", 14, site="words"),
        *records("test", 14, site="unseen", variants={"reworded": 1}),
        *records("test", 14, site="digits", language="zh", variants={"harder": 1}),
        *records("base", 14, programs="believed", language="zh", variants=ALL),
    ]


def test_splits_share_no_problem_in_any_wording_or_language():
    held = {}
    for split in SPLITS:
        for language in ("en", "zh"):
            for variants in ({"ordinary": 1}, {"reworded": 1}, {"harder": 1}):
                for record in records(split, 56, language=language, variants=variants):
                    key = (record["family"], variants.keys() == {"harder"}, record["question"])
                    assert held.setdefault(key, split) == split


@given(st.sampled_from(sorted(FAMILIES)), st.booleans(), st.randoms(use_true_random=False))
def test_a_problem_has_one_split_whatever_its_words(family, harder, generator):
    structure = FAMILIES[family].harder if harder else FAMILIES[family].ordinary
    operands = structure.draw(generator)
    assert split_of(family, harder, operands) == split_of(family, harder, dict(operands)) in SPLITS


@given(st.sampled_from(sorted(FAMILIES)), st.booleans(), st.randoms(use_true_random=False))
def test_wordings_tell_every_operand_and_units_fit(family, harder, generator):
    structure = FAMILIES[family].harder if harder else FAMILIES[family].ordinary
    operands = structure.draw(generator)
    words = {"name": "N", "other": "O", "item": "I", "other_item": "J"}
    for texts in WORDINGS[family].values():
        for text in [texts.harder] if harder else [texts.ordinary, texts.reworded]:
            said = text.format(**words, **operands)
            assert all(str(value) in said for value in operands.values())
        values = structure.right(**{key: Term.of(value) for key, value in operands.items()})
        assert len(values) == len(texts.units) == (2 if FAMILIES[family].kind == "two" else 1)
        assert bool(texts.labelled) == (len(values) == 2)
        assert all(value.value >= 0 for value in values)
        assert FAMILIES[family].kind == "part" or all(value.value.denominator == 1 and not value.floating for value in values)


@pytest.mark.parametrize(("fewer", "more"), [(1, 14), (20, 70), (139, 140)])
def test_families_have_equal_parts_and_fewer_rows_are_the_first_of_more(fewer, more):
    small, large = records(rows=fewer), records(rows=more)
    assert {record["question"] for record in small} <= {record["question"] for record in large}
    counts = Counter(record["family"] for record in large)
    assert max(counts.values()) - min(counts.values()) <= 1


def test_the_form_of_references_changes_no_question():
    plain, words = records(site="plain"), records(site="words")
    assert [record["question"] for record in plain] == [record["question"] for record in words]
    assert [record["program"] for record in plain] == [record["program"] for record in words]
    assert [record["values"] for record in plain] == [record["values"] for record in words]
    assert sum(one["answer"] != other["answer"] for one, other in zip(plain, words, strict=True)) > 20


def test_another_seed_makes_other_questions():
    other = arithmetic_forms.generate({"split": "web1", "rows": 56, "seed": 2})
    assert len({record["question"] for record in other} & {record["question"] for record in records()}) < 6


def test_domains():
    assert {record["family"] for record in records(families="seed")} == SEED_FAMILIES
    assert {record["family"] for record in records(families="outside")} == set(FAMILIES) - SEED_FAMILIES
    assert {record["domain"] for record in records(families="outside")} == {"outside"}


def test_what_the_base_believes_is_right_as_often_as_it_should_be():
    made = records("base", 2800, programs="believed")
    right = {domain: [record["right"] for record in made if record["domain"] == domain] for domain in ("seed", "outside")}
    assert abs(sum(right["seed"]) / len(right["seed"]) - 0.45) < 0.05
    assert abs(sum(right["outside"]) / len(right["outside"]) - 0.30) < 0.05


def test_three_styles_of_programs():
    programs = [record["program"] for record in records(rows=280)]
    styles = Counter("named" if "a = " in text else "variable" if "x = " in text else "line" for text in programs)
    assert styles["line"] > styles["variable"] > styles["named"] > 0


def test_an_exhausted_family_is_named_with_its_split(monkeypatch):
    monkeypatch.setattr(arithmetic_forms, "_PATIENCE", 5)
    with pytest.raises(InputError, match=r"family 'left' \(ordinary\) has only \d+ distinct questions in split 'seed_set', 100 are wanted"):
        arithmetic_forms.generate({"split": "seed_set", "rows": 400, "seed": 1, "families": "seed"})


@pytest.mark.parametrize(
    ("arguments", "key"),
    [
        ({"split": "web9", "rows": 1, "seed": 1}, "split"),
        ({"split": "web1", "seed": 1}, "rows"),
        ({"split": "web1", "rows": 1, "seed": 1, "site": "free"}, "site"),
        ({"split": "web1", "rows": 1, "seed": 1, "variants": {}}, "variants"),
        ({"split": "web1", "rows": 1, "seed": 1, "colour": "red"}, "colour"),
    ],
)
def test_bad_arguments_are_named(arguments, key):
    with pytest.raises(settings.SettingsError, match=f"generator arithmetic_forms: key '{key}'"):
        arithmetic_forms.generate(arguments)


def test_an_unknown_generator_is_named():
    with pytest.raises(sources.SourceError, match="source 'x': no generator 'algebra'; there are: arithmetic, arithmetic_forms"):
        sources._generated({"generator": "algebra"}, "x")


def test_terms_are_written_with_the_brackets_that_python_needs():
    a, b, c = (Term.of(value, name) for name, value in (("a", 7), ("b", 3), ("c", 2)))
    terms = [a - (b - c), (a + b) * c, a / (b * c), a // b % c, number(2) * (a + b), a - b - c, a * b + c, (a + b) / 4, (a - b) // c]
    assert [term.text for term in terms][:3] == ["a - (b - c)", "(a + b) * c", "a / (b * c)"]
    for term in terms:
        assert run(f"a = 7\nb = 3\nc = 2\nprint({term.text})") == term.printed


# ------------------------------------------------------------------------------------- as queries and pairs


def test_readers_give_the_gold_as_written_and_as_values():
    record = next(record for record in records(site="words") if record["kind"] == "two" and record["form"] == "words")
    free, plain = QUERY_READERS["forms"](record), QUERY_READERS["forms_plain"](record)
    assert (free.gold, plain.gold) == (record["answer"], ", ".join(record["values"]))
    assert (free.level, free.type, free.language) == ("words", record["family"], "en")
    assert free.question == plain.question


def test_readers_give_the_values_beside_the_gold():
    record = next(record for record in records(site="words") if record["kind"] == "two")
    for reader in ("forms", "forms_plain", "forms_parts"):
        assert QUERY_READERS[reader](record).values == ", ".join(record["values"])


@pytest.mark.parametrize("name", ["forms_tests", "forms_tests_zh"])
def test_the_tests_of_the_toy_are_one_benchmark_of_four_parts(name):
    config = settings.validated(settings.Sources, yaml.safe_load((ROOT / "config/sources.yaml").read_text(encoding="utf-8")), "sources")
    source, benchmark = config.sources[config.benchmarks[name].source], config.benchmarks[name]
    rows = [QUERY_READERS[benchmark.reader](record) for record in sources._generated(dict(source.generate), name)]
    made = queries.benchmark_table(name, (("", row) for row in rows), benchmark.rows)
    inside = pl.col("type").is_in(SEED_FAMILIES)
    assert dict(made.group_by("level").len().iter_rows()) == {"seed": 209, "outside": 523, "reworded": 434, "harder": 434}
    assert made.group_by("level", "type").len()["len"].min() >= 30
    assert made.filter(inside != (pl.col("level") == "seed"), pl.col("level").is_in(["seed", "outside"])).is_empty()
    assert made["query_id"].n_unique() == made.height
    assert not made["values"].null_count()


def test_values_stay_with_a_query_in_pools_and_slices(tmp_path):
    rows = [("", QUERY_READERS["forms"](record)) for record in records(rows=140, site="words")]
    made = queries.training_table("forms_web1", rows)
    known = dict(made.select("question", "values").iter_rows())
    tables.QUERIES.write(made, tmp_path / "forms_web1.parquet")
    described = {"web1": {"datasets": ["forms_web1"], "part": [0, 0.8], "rows": 60}}
    tables.QUERIES.write(made.head(1).with_columns(pl.lit(None, dtype=pl.String).alias("values")), tmp_path / "bench.parquet")
    flags = ["--pool", "web1", "--pools", json.dumps(described), "--queries", str(tmp_path / "forms_web1.parquet")]
    flags += [
        "--benchmarks",
        str(tmp_path / "bench.parquet"),
        "--ngram",
        "13",
        "--remove",
        "exact",
        "--out",
        str(tmp_path / "web1.parquet"),
    ]
    assert divide_pools.main(flags) == 0
    pool = tables.QUERIES.read(tmp_path / "web1.parquet")
    assert pool.height == 60
    for frame in (pool, queries.slice_for_iteration(pool, 20, 2, 1)):
        assert all(known[question] == values for question, values in frame.select("question", "values").iter_rows())


def test_seed_pairs_hold_the_program_and_need_no_interpreter():
    rows = [("", record) for record in records("seed_set", 20, families="seed", language="zh", site="words")]
    pairs = sft.table("forms_seed_zh", rows, "forms", 20, interpreter=None)
    assert set(pairs["language"]) == {"zh"}
    for row, (_, record) in zip(pairs.iter_rows(named=True), rows, strict=True):
        assert record["program"] in row["solution"]
        assert row["gold"] == record["answer"]


def test_what_the_base_believes_has_no_gold_and_ends_in_what_it_printed():
    rows = [("", record) for record in records("base", 50, programs="believed")]
    pairs = sft.table("forms_base", rows, "forms_mixed", 50, interpreter=None)
    assert pairs["gold"].is_null().all()
    for row, (_, record) in zip(pairs.iter_rows(named=True), rows, strict=True):
        assert row["solution"].endswith(f"\\boxed{{{record['printed']}}}.")
