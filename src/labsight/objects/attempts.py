"""How often and how soon a request that failed is tried again."""

import random
from collections.abc import Callable, Iterator
from math import inf
from time import monotonic
from time import sleep as wait

MAX_ATTEMPTS = 4
_LISTEN_S = 0.2


def attempts(
    patience: float = inf, most: int = MAX_ATTEMPTS, tick: Callable[[], None] | None = None
) -> Iterator[int]:
    """Yield up to ``most`` times; before each further one, wait between nothing and 1, 2, 4, ... s.

    None begins when ``patience`` seconds are over: somebody who waits for an answer is told sooner.
    ``tick`` is called several times a second while waiting, and may end that by raising.
    Waits of random length keep clients that failed together from coming back together
    (https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html).
    """
    last = monotonic() + patience
    yield 0
    for number in range(1, most):
        if monotonic() >= last:
            return
        seconds = random.random() * 2.0 ** (number - 1)  # noqa: S311
        naps = 1 if tick is None else int(seconds / _LISTEN_S) + 1
        for _ in range(naps):
            if tick is not None:
                tick()
            wait(seconds / naps)
        yield number
