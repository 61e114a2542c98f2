import hashlib

from hypothesis import given
from hypothesis import strategies as st

from mathcode.core import random_streams


def test_a_stream_is_named_by_its_ids_for_ever():
    digest = hashlib.sha256(b"1/q7/code/3").hexdigest()
    assert random_streams.stream(1, "q7", "code", 3) == int(digest[:16], 16) // 2


@given(st.lists(st.tuples(st.integers(0, 9), st.sampled_from(["native", "cot", "code"]), st.integers(0, 9)), unique=True, min_size=2))
def test_streams_of_different_ids_differ(ids):
    assert len({random_streams.stream(*each) for each in ids}) == len(ids)


def test_shares_are_spread_evenly():
    shares = [random_streams.share(1, f"q{number}", "reference", 0) for number in range(2000)]
    assert 0 <= min(shares) < max(shares) < 1
    assert all(160 < sum(low <= 10 * share < low + 1 for share in shares) < 240 for low in range(10))
