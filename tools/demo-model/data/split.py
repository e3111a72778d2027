"""Which combinations are kept for the test.

Every question has a key: the parts that it is composed of, such as ("sum", 7, 5) or ("animal", "cow", "sound", form 3).
A hash of the key decides once and for all whether that combination belongs to training or to the test, so a test
question never occurs in training whatever the seed, while each of its parts does, in other combinations.
"""
import hashlib
from functools import lru_cache

ONE_IN = 8


@lru_cache(maxsize=1 << 20)
def held_out(key, one_in=ONE_IN):
    """Whether this combination is kept for the test."""
    text = "|".join(map(str, key))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") % one_in == 0


def draw(make, rng, test):
    """Questions from `make(rng)` until one is on the wanted side of the split."""
    for _ in range(2000):
        question = make(rng)
        if held_out(question.key) == test if question.key else not test:
            return question
    raise RuntimeError(f"{make.__name__}: nothing on the {'test' if test else 'training'} side in 2000 tries")
