"""Random streams from stable ids: neither order, nor neighbours, nor the number of jobs matter."""

import hashlib


def stream(*ids: object) -> int:
    """Seed of the stream that the ids name (63 bits)."""
    return int.from_bytes(hashlib.sha256("/".join(map(str, ids)).encode()).digest()[:8]) >> 1


def share(*ids: object) -> float:
    """A number of [0, 1) drawn from the stream that the ids name."""
    return stream(*ids) / 2**63
