"""pass@k and maj@k against every choice of k samples, counted one by one."""

from collections import Counter
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import results_tree as tree

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
    found = pass_at_k.by_query(tree.grades(rows), 3)
    assert found["query_id"].to_list() == ["q0", "q1", "q2"]
    assert found["pass_at_k"].to_list() == [1.0, 1.0, 1.0]
    assert found["maj_at_k"].to_list() == pytest.approx([0.0, 1 / 3, 1.0])
