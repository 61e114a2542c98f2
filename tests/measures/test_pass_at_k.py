"""pass@k and maj@k against every choice of k samples, counted one by one."""

from collections import Counter
from itertools import combinations, permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import results_tree as tree

from mathcode.grading import votes
from mathcode.measures import pass_at_k

ANSWERS = st.lists(st.sampled_from(["right", "a", "b", "c", None]), min_size=1, max_size=8)


def majority(chosen) -> float:
    """1 if the right answer has the most votes, a part of it among equals, else 0."""
    votes = Counter(answer for answer in chosen if answer is not None)
    best = max(votes.values(), default=0)
    winners = [answer for answer, count in votes.items() if count == best]
    return winners.count("right") / len(winners) if winners else 0.0


def every(answers, k, value) -> float:
    choices = list(combinations(answers, k))
    return sum(value(choice) for choice in choices) / len(choices)


@given(ANSWERS.flatmap(lambda answers: st.tuples(st.just(answers), st.integers(1, len(answers)))))
def test_both_are_the_mean_over_every_choice(drawn):
    answers, k = drawn
    counts = Counter(answers)
    right, wrong = counts.pop("right", 0), tuple(sorted(counts[name] for name in counts if name is not None))
    assert pass_at_k.pass_at_k(len(answers), right, k) == pytest.approx(every(answers, k, lambda chosen: "right" in chosen))
    assert pass_at_k.majority_at_k(len(answers), right, wrong, k) == pytest.approx(every(answers, k, majority))


@pytest.mark.parametrize("k", [0, 4])
def test_what_cannot_be_chosen_is_refused(k):
    with pytest.raises(ValueError, match="cannot be chosen"):
        pass_at_k.pass_at_k(3, 1, k)
    with pytest.raises(ValueError, match="cannot be chosen"):
        pass_at_k.majority_at_k(3, 1, (1,), k)


def samples(query: str, answers) -> list[dict]:
    """Grades of one query; "1" is right, None no answer."""
    return [
        tree.grade(query, "cot_sampled", "cot", answer == "1", sample=number, answer=answer)
        | ({"outcome": "no_answer"} if answer is None else {})
        for number, answer in enumerate(answers)
    ]


def test_of_a_table_of_grades():
    rows = samples("q0", ["1", "2", "2"]) + samples("q1", ["1", "2", "3"]) + samples("q2", ["1", None, None]) + samples("few", ["1"])
    rows.append(tree.grade("q1", "cot_sampled", "cot", True, sample=3, outcome="infrastructure_error"))
    tallied = pass_at_k.tallies(tree.grades(rows), votes.equal)
    found = pass_at_k.by_query(tallied, 3)
    assert found["query_id"].to_list() == ["q0", "q1", "q2"]
    assert found["pass_at_k"].to_list() == [1.0, 1.0, 1.0]
    assert found["maj_at_k"].to_list() == pytest.approx([0.0, 1 / 3, 1.0])
    assert tallied.select("query_id", "n").rows() == [("few", 1), ("q0", 3), ("q1", 3), ("q2", 3)]


def shares(answers, k: int | None = None) -> float:
    """maj@k of one query whose samples answer so; all samples unless `k` says how many."""
    tallied = pass_at_k.tallies(tree.grades(samples("q", answers)), votes.equal)
    return pass_at_k.by_query(tallied, k or len(answers))["maj_at_k"].item()


def test_samples_without_an_answer_do_not_vote():
    assert shares(["1", None, None, None]) == shares(["1", "", " "]) == 1.0
    assert shares([None, None]) == 0.0
    assert shares(["2", None, "1", "1", None, None]) == 1.0


@pytest.mark.parametrize("same", [("0.5", "1/2"), ("\\frac{1}{2}", "0.5"), ("3.0", "3"), ("1,000", "1000")])
def test_equal_answers_in_different_writing_are_one_also_wrong_ones(same):
    assert shares([*same, "1"]) == 0.0  # two votes for the wrong answer
    assert shares([*same, "1", "1"]) == 0.5
    assert shares([*same, "1", "1", "1"]) == 1.0
    assert pass_at_k.tallies(tree.grades(samples("q", [*same, *same, "7"])), votes.equal)["wrong"].to_list() == [[1, 4]]


def test_different_answers_are_not_joined():
    wrong = ["x", "y", "2", "-2", "20%", "2/3"]
    assert pass_at_k.tallies(tree.grades(samples("q", wrong)), votes.equal)["wrong"].to_list() == [[1] * len(wrong)]


def test_an_answer_between_two_joins_them_in_any_order():
    near = {("a", "b"), ("b", "c")}
    for answers in permutations("abc"):
        tallied = pass_at_k.tallies(tree.grades(samples("q", answers)), lambda one, other: (one, other) in near or (other, one) in near)
        assert tallied["wrong"].to_list() == [[3]]


@given(st.lists(st.sampled_from(["1", "0.5", "1/2", "7", None]), min_size=1, max_size=7), st.randoms(use_true_random=False))
def test_the_order_of_samples_decides_nothing(answers, random):
    shuffled = random.sample(answers, len(answers))
    assert shares(shuffled) == shares(answers)
    assert shares(shuffled, 1) == pytest.approx(answers.count("1") / len(answers))


def test_a_tie_is_shared():
    assert shares(["1", "2"]) == shares(["2", "1"]) == 0.5
    assert shares(["3", "2", "1"]) == pytest.approx(1 / 3)


def test_queries_with_fewer_samples_than_k_are_left_out_and_not_filled_up():
    tallied = pass_at_k.tallies(tree.grades(samples("one", ["1"]) + samples("four", ["2", "2", "2", "1"])), votes.equal)
    assert tallied.height == 2
    assert pass_at_k.by_query(tallied, 4)["query_id"].to_list() == ["four"]
    assert pass_at_k.by_query(tallied, 2).rows() == [("four", 0.5, pytest.approx(0.25))]
    assert pass_at_k.by_query(tallied, 5).is_empty()
