"""Damage to the bytes of a file, by a seed."""

import random


def mutated(content: bytes, seed: int) -> bytes:
    """The content with some bytes changed, and sometimes cut off, or with some bytes missing."""
    rng = random.Random(seed)
    damaged = bytearray(content)
    for _ in range(rng.choice((1, 1, 2, 8))):
        damaged[rng.randrange(len(damaged))] = rng.randrange(256)
    kind = rng.randrange(4)
    if kind == 0:
        del damaged[rng.randrange(1, len(damaged)) :]
    elif kind == 1:
        first = rng.randrange(len(damaged))
        del damaged[first : first + rng.randrange(1, 9)]
    return bytes(damaged)
