"""How much is sent at a time: one bandwidth limit, shared by all that send."""

import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime

from labsight_lab.sync.sending.timetable import Timetable

BURST_S = 0.25
LISTEN_S = 0.2  # how long a wait may be deaf to a stop, and to the clock on the wall
# S3 closes a connection that is silent for about 20 s: turns are so small that 128 connections have
# theirs every 2 s, and 256 every 8 s at the lowest rate.
TURNS = 64
LEAST_TURN = 1024  # bytes


def local_time() -> datetime:
    """Return what the clock on the wall says here, with its offset from UTC."""
    return datetime.now().astimezone()


class Limiter:
    """Lets through as many bytes per second as a timetable allows; several threads may use it.

    A token bucket of 0.25 s. Bytes get places in one line, in turns of 1/64 s, so that large and
    small files move on alike. What has flowed since the beginning is counted in bytes as well: a
    turn may begin when the flow has reached its place. The rate is read anew on each look, so a
    wait follows the timetable and every change of the machine's clock within 0.2 s.

    ``tick`` is called at least every 0.2 s while a call waits, and ends the wait by raising; the
    turn of that call is then lost.
    """

    def __init__(
        self,
        timetable: Timetable,
        tick: Callable[[], None],
        *,
        steady: Callable[[], float] = time.monotonic,
        wall: Callable[[], datetime] = local_time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._timetable, self._tick = timetable, tick
        self._steady, self._wall, self._sleep = steady, wall, sleep
        self._unlimited = timetable.unlimited
        self._mutex = threading.Lock()
        self._line = 0.0  # bytes that were given a place
        self._flow = 0.0  # bytes that may have been sent; beyond the line by a burst at most
        self._looked = steady()
        self._rate = timetable.rate(wall())
        if self._rate is not None:
            self._flow = self._rate * BURST_S

    def take(self, count: int) -> None:
        """Return when so many bytes may be sent; more than a burst may then be sent at once."""
        if self._unlimited:
            return
        while count > 0:
            count -= self._turn(count)

    def paced(self, block: memoryview) -> Iterator[memoryview]:
        """Yield a block in pieces, each when it may be sent: many connections then all move."""
        if self._unlimited:
            yield block
            return
        while block:
            count = self._turn(len(block))
            yield block[:count]
            block = block[count:]

    def _turn(self, most: int) -> int:
        """Wait for one turn and return its size in bytes."""
        with self._mutex:
            rate = self._look()
            if rate is None:
                return most
            count = min(most, max(LEAST_TURN, int(rate / TURNS)))
            self._line += count
            place, flow = self._line, self._flow
        while place - flow >= 1:  # less than a byte is the rounding of floats
            self._tick()
            self._sleep(min(LISTEN_S, (place - flow) / rate) if rate else LISTEN_S)
            with self._mutex:
                rate = self._look()
                flow = self._flow
        return count

    def _look(self) -> float | None:
        """Count what has flowed since the last look, and return the present rate."""
        now, before = self._steady(), self._rate
        rate = self._rate = self._timetable.rate(self._wall())
        if rate is None:
            self._flow = self._line  # all who wait may go
        else:
            # When the rate changed since the last look, nobody saw when: the lower one is right.
            slower = rate if before is None else min(rate, before)
            flowed = self._flow + slower * (now - self._looked)
            self._flow = min(flowed, self._line + rate * BURST_S)
        self._looked = now
        return rate
