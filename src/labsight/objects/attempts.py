"""How often and how soon a request that failed is tried again."""

import random
from collections.abc import Iterator
from math import inf
from time import monotonic
from time import sleep as wait

MAX_ATTEMPTS = 4


def attempts(patience: float = inf) -> Iterator[int]:
    """Yield up to four times; before each further one, wait between nothing and 1, 2, 4 s.

    None begins when ``patience`` seconds are over: somebody who waits for an answer is told sooner.
    Waits of random length keep clients that failed together from coming back together
    (https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html).
    """
    last = monotonic() + patience
    yield 0
    for number in range(1, MAX_ATTEMPTS):
        if monotonic() >= last:
            return
        wait(random.random() * 2.0 ** (number - 1))  # noqa: S311
        yield number
