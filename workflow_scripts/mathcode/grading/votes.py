"""Whether two answers of a policy are one vote: `0.5` and `1/2` are, as they would be to the exact judge."""

import functools

from mathcode.grading import exact


@functools.lru_cache(maxsize=200_000)
def equal(one: str, other: str) -> bool:
    """Whether either answer would be right if the other were the reference answer.

    Only what is decided here counts, so that no process is started: answers whose comparison needs one are two.
    """
    return one == other or "equal" in (exact.quick_verdict(one, other), exact.quick_verdict(other, one))
