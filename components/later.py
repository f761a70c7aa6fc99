"""A value that is known only after what needs it has been declared.

The login's client names CloudFront's address; CloudFront names the API; the API's authorizer names
the client. As resources they form no circle, since the API and its authorizer are two; as
components they do, and this is where it is cut.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pulumi
from pulumi import Output


@contextmanager
def later() -> Iterator[tuple[Output[str], Callable[[Output[str]], None]]]:
    """Yield an output, and the function to be told its value before the block ends.

    If the block fails instead, what waits for the value fails as well: it would wait for ever, and
    the deployment with it.
    """
    pair: tuple[Output[str], Callable[[Output[str]], None]] = pulumi.deferred_output()
    value, resolve = pair
    told = False

    def tell(known: Output[str]) -> None:
        nonlocal told
        told = True
        resolve(known)

    problem: BaseException = ValueError("a value that others wait for was never told")
    try:
        yield value, tell
    except BaseException as error:
        problem = error
        raise
    finally:
        if not told:
            resolve(Output.from_input(_fail(problem)))


async def _fail(error: BaseException) -> str:
    raise error
