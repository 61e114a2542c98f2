import contextlib
import json

import polars as pl
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

import divide_pools
from mathcode import settings, tables
from mathcode.configuration import METHODS
from mathcode.core.errors import InputError
from mathcode.data import pools, queries
from mathcode.data.pools import PoolError, place, wording
from mathcode.data.readers.english import Query
from mathcode.settings import POOLS, Pool, SettingsError

THREE = {"seed_set": (0.0, 0.3), "web1": (0.3, 0.7), "web2": (0.7, 1.0)}


def table(name: str, questions, language: str = "en") -> pl.DataFrame:
    return queries.training_table(name, [("", Query(question, "1", language=language)) for question in questions])


def divided(datasets: dict[str, pl.DataFrame], parts=THREE, **more) -> dict[str, pl.DataFrame]:
    described = {name: Pool(datasets=list(datasets), part=part, **more) for name, part in parts.items()}
    return {name: pools.divide(described, datasets, name) for name in described}


def numbered(name: str, rows: int) -> pl.DataFrame:
    return table(name, [f"What is {row} and {row * row}?" for row in range(rows)])


# ------------------------------------------------------------------------------------------- properties


@hypothesis_settings(deadline=None, max_examples=30)
@given(st.integers(60, 150), st.integers(60, 150), st.lists(st.floats(0.05, 0.95), min_size=1, max_size=4, unique=True))
def test_pools_are_disjoint_and_hold_every_question(first, second, cuts):
    ends = [0.0, *sorted(cuts), 1.0]
    parts = {name: (start, end) for name, start, end in zip(POOLS, ends, ends[1:], strict=False)}
    datasets = {"a": numbered("a", first), "b": numbered("b", second)}
    described = {name: Pool(datasets=["a", "b"], part=part) for name, part in parts.items()}
    held: list[str] = []
    for name in described:
        with contextlib.suppress(PoolError):  # a narrow part may hold nothing
            held += pools.divide(described, datasets, name)["question"].to_list()
    assert len(held) == len(set(held)) == max(first, second)


@hypothesis_settings(deadline=None, max_examples=20)
@given(st.integers(40, 80), st.integers(1, 80), st.randoms(use_true_random=False))
def test_rows_that_are_added_move_none_that_were_there(rows, more, order):
    shuffled = list(range(rows + more))
    order.shuffle(shuffled)
    before, after = divided({"a": numbered("a", rows)}), divided({"a": numbered("a", rows + more)[shuffled]})
    for name in THREE:
        assert set(before[name]["query_id"]) == set(after[name]["query_id"]) & set(numbered("a", rows)["query_id"])


@given(st.text(), st.sampled_from([" ", "\n", "．", "?", "~"]))
def test_a_place_depends_on_letters_and_digits_alone(question, mark):
    assert 0 <= place(question) < 1
    if any(map(str.isalnum, question)) and not any(map(str.isalnum, mark)):
        assert wording(question + mark) == wording(question)
        assert place(question + mark) == place(question)


def test_places_never_change():
    """A place that moved would put questions of a finished run into other pools."""
    assert [round(place(question), 6) for question in ("What is 2 + 3?", "甲数是360，乙数是480", "≠")] == PLACES


PLACES = [0.389314, 0.716326, 0.486267]


# ------------------------------------------------------------------------------------------- overlaps


def test_pools_that_take_the_same_part_of_a_dataset_are_refused():
    described = {"seed_set": Pool(datasets=["a"], part=(0, 0.5)), "web1": Pool(datasets=["b", "a"], part=(0.4, 1))}
    with pytest.raises(PoolError, match="pools 'seed_set' and 'web1' both take a part of dataset 'a': their parts must not overlap"):
        pools.divide(described, {"a": numbered("a", 9), "b": numbered("b", 9)}, "web1")
    described = {"seed_set": Pool(datasets=["a"]), "web1": Pool(datasets=["b"])}
    assert pools.divide(described, {"a": numbered("a", 9), "b": table("b", ["new"])}, "web1").height == 1


def test_a_question_of_two_datasets_stays_in_the_first_pool_whatever_its_marks():
    datasets = {"a": table("a", ["how many", "who"]), "b": table("b", ["How many?", "when"], language="zh")}
    described = {"seed_set": Pool(datasets=["a"]), "critic": Pool(datasets=["b"])}
    assert pools.divide(described, datasets, "critic")["question"].to_list() == ["when"]
    assert pools.divide(described, datasets, "seed_set").height == 2
    assert pools.divide(described, datasets, "critic")["language"].to_list() == ["zh"]


def test_the_rows_a_pool_keeps_do_not_change_what_later_pools_hold():
    datasets = {"a": numbered("a", 40), "b": numbered("b", 60)}
    described = {"seed_set": Pool(datasets=["a"]), "web1": Pool(datasets=["b"])}
    cut = {**described, "seed_set": Pool(datasets=["a"], rows=3)}
    assert pools.divide(cut, datasets, "web1").equals(pools.divide(described, datasets, "web1"))


@pytest.mark.parametrize("part", [(0.5, 0.5), (0.6, 0.2), (-0.1, 1), (0, 1.1)])
def test_a_part_lies_on_the_line(part):
    with pytest.raises(SettingsError, match="part must go from 0 to 1 and upwards"):
        settings.validated(Pool, {"datasets": ["a"], "part": part}, "pool")


def test_a_run_refuses_overlaps_and_unknown_pools():
    data = {"queries": ["a"], "sft": [], "sft_rows": None, "guard": [], "ngram": 13, "remove": "exact"}
    both = {"web1": {"datasets": ["a"]}, "web2": {"datasets": ["a"], "part": [0.5, 1]}}
    with pytest.raises(SettingsError, match=r"pools.*'web1' and 'web2' both take a part of dataset 'a'"):
        settings.validated(settings.Data, data | {"pools": both}, "run")
    with pytest.raises(SettingsError, match="web9"):
        settings.validated(settings.Data, data | {"pools": {"web9": {"datasets": ["a"]}}}, "run")
    assert settings.validated(settings.Data, data, "run").pools == {}
    assert "autocode" in METHODS


# ------------------------------------------------------------------------------------------- program


def program(folder, pool: str, described: dict, **more) -> list[str]:
    paths = []
    for name, rows in (("a", 40), ("b", 60)):
        paths.append(str(folder / f"{name}.parquet"))
        tables.QUERIES.write(numbered(name, rows), paths[-1])
    tables.QUERIES.write(table("bench", ["what is 3 and 9"]), folder / "bench.parquet")
    flags = ["--pool", pool, "--pools", json.dumps(described), "--queries", *paths, "--benchmarks", str(folder / "bench.parquet")]
    return [*flags, "--ngram", "13", "--remove", "exact", "--out", str(folder / "out.parquet")]


def test_program_writes_a_pool_without_what_the_guard_holds(tmp_path):
    described = {"web1": {"datasets": ["b", "a"]}}
    assert divide_pools.main(program(tmp_path, "web1", described)) == 0
    kept = tables.QUERIES.read(tmp_path / "out.parquet")
    assert set(kept["question"]) == set(numbered("b", 60)["question"]) - {"What is 3 and 9?"}
    assert set(kept["dataset"]) == {"b"}
    first = (tmp_path / "out.parquet").read_bytes()
    assert divide_pools.main(program(tmp_path, "web1", described)) == 0
    assert (tmp_path / "out.parquet").read_bytes() == first
    assert divide_pools.main(program(tmp_path, "web1", {"web1": {"datasets": ["b", "a"], "rows": 7}})) == 0
    assert tables.QUERIES.read(tmp_path / "out.parquet").height == 7


@pytest.mark.parametrize(
    ("pool", "described", "message"),
    [
        ("web1", {"critic": {"datasets": ["a"]}}, "does not describe pool 'web1'"),
        ("web1", {"web1": {"datasets": ["c"]}}, "--queries has no dataset 'c', which pool 'web1' takes"),
        ("web2", {"web1": {"datasets": ["b"]}, "web2": {"datasets": ["a"]}}, "pool 'web2' holds no query"),
    ],
)
def test_program_refuses(tmp_path, pool, described, message):
    with pytest.raises((InputError, PoolError), match=message):
        divide_pools.main(program(tmp_path, pool, described))
    assert not (tmp_path / "out.parquet").exists()
