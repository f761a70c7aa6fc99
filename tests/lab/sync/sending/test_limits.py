"""One bandwidth limit for all that send: never exceeded, never unfair, never deaf."""

import itertools
import threading
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labsight_lab.sync.sending.limits import BURST_S, LISTEN_S, Limiter, local_time
from labsight_lab.sync.sending.timetable import Timetable, parse
from tests.lab.sync.sending.virtual_time import VirtualTime

BLOCK = 256 * 1024
NEW_YORK = ZoneInfo("America/New_York")
BERLIN = ZoneInfo("Europe/Berlin")


def nothing() -> None:
    pass


def limiter(text: str, clock: VirtualTime) -> Limiter:
    return Limiter(parse(text), nothing, steady=clock.steady, wall=clock.wall, sleep=clock.sleep)


def seconds_for(text: str, count: int, clock: VirtualTime) -> float:
    """How long one thread takes to be allowed so many bytes."""
    limit, before = limiter(text, clock), clock.now
    limit.take(count)
    return clock.now - before


def test_after_the_burst_bytes_come_at_the_rate() -> None:
    assert seconds_for("1MB", 10_250_000, VirtualTime()) == pytest.approx(10, abs=0.001)


def test_the_burst_is_a_quarter_of_a_second() -> None:
    assert seconds_for("1MB", 250_000, VirtualTime()) == 0
    assert seconds_for("1MB", 260_000, VirtualTime()) == pytest.approx(0.01, abs=0.001)


def test_idle_time_is_not_saved_up() -> None:
    clock = VirtualTime()
    limit = limiter("1MB", clock)
    limit.take(1_000_000)
    clock.now += 3600
    before = clock.now
    limit.take(1_250_000)
    assert clock.now - before == pytest.approx(1, abs=0.001)


@pytest.mark.parametrize("text", ["off", "07:00-19:00 off", "22:00-23:00 20Mbit"])
def test_without_a_limit_nothing_waits(text: str) -> None:
    clock = VirtualTime()
    assert seconds_for(text, 10**12, clock) == 0
    assert clock.sleeps == []


def test_no_limit_at_any_time_looks_at_no_clock() -> None:
    looks = iter(range(1))  # one for the first rate, none after it

    def wall() -> datetime:
        next(looks)
        return datetime.now(UTC)

    limit = Limiter(Timetable(), nothing, wall=wall)
    limit.take(10**12)
    assert [bytes(piece) for piece in limit.paced(memoryview(b"whole"))] == [b"whole"]


def test_a_block_comes_in_pieces_that_add_up() -> None:
    clock = VirtualTime()
    block = bytes(range(256)) * 1024
    pieces = list(limiter("5Mbit", clock).paced(memoryview(block)))
    assert b"".join(pieces) == block
    assert max(map(len, pieces)) <= 625_000 / 64
    assert clock.now - 1000 == pytest.approx((BLOCK - 625_000 * BURST_S) / 625_000, abs=0.001)


def test_an_empty_block_has_no_pieces() -> None:
    assert list(limiter("5Mbit", VirtualTime()).paced(memoryview(b""))) == []


def test_the_local_time_knows_its_offset() -> None:
    assert local_time().utcoffset() is not None


class TestStopping:
    def test_a_wait_hears_a_stop_within_a_fifth_of_a_second(self) -> None:
        class Stop(BaseException):
            pass

        clock = VirtualTime()

        def tick() -> None:
            if clock.now >= 1005:
                raise Stop

        limit = Limiter(
            parse("pause"), tick, steady=clock.steady, wall=clock.wall, sleep=clock.sleep
        )
        with pytest.raises(Stop):
            limit.take(1)
        assert 1005 <= clock.now <= 1005 + LISTEN_S

    @pytest.mark.parametrize("text", ["pause", "256kbit", "20Mbit"])
    def test_no_sleep_is_longer_than_that(self, text: str) -> None:
        clock = VirtualTime()
        end = clock.now + 10

        def tick() -> None:
            if clock.now >= end:
                raise TimeoutError

        limit = Limiter(parse(text), tick, steady=clock.steady, wall=clock.wall, sleep=clock.sleep)
        with pytest.raises(TimeoutError):
            clock.run(*[lambda: limit.take(BLOCK * 1000)] * 64)
        assert max(clock.sleeps) <= LISTEN_S

    def test_after_a_call_that_was_ended_others_go_on(self) -> None:
        clock = VirtualTime()
        refused = iter([True])

        def tick() -> None:
            if next(refused, False):
                raise TimeoutError

        limit = Limiter(parse("1MB"), tick, steady=clock.steady, wall=clock.wall, sleep=clock.sleep)
        with pytest.raises(TimeoutError):
            limit.take(10**6)
        before = clock.now
        limit.take(10**6)
        assert clock.now - before == pytest.approx(1, abs=0.05)


class TestTheTimetable:
    def test_a_window_that_begins_slows_a_wait_that_is_under_way(self) -> None:
        clock = VirtualTime(start=datetime(2025, 3, 3, 18, 59, 58, tzinfo=UTC))
        seconds = seconds_for("19:00-20:00 1MB, else 10MB", 24_500_000, clock)
        assert seconds == pytest.approx(2 + 2, abs=0.3)

    def test_a_window_that_ends_frees_a_wait_that_is_under_way(self) -> None:
        clock = VirtualTime(start=datetime(2025, 3, 3, 18, 59, 58, tzinfo=UTC))
        assert seconds_for("07:00-19:00 256kbit, else off", 10**12, clock) <= 2 + LISTEN_S

    def test_a_pause_ends_on_time(self) -> None:
        clock = VirtualTime(start=datetime(2025, 3, 3, 5, 59, tzinfo=UTC))
        seconds = seconds_for("22:00-06:00 pause, else 1MB", 1_000_000, clock)
        assert 61 <= seconds <= 61 + 2 * LISTEN_S

    def test_a_pause_that_begins_stops_a_wait(self) -> None:
        clock = VirtualTime(start=datetime(2025, 3, 3, 21, 59, 59, tzinfo=UTC))
        seconds = seconds_for("22:00-06:00 pause, else 1MB", 3_000_000, clock)
        assert 8 * 3600 < seconds < 8 * 3600 + 4

    def test_a_pause_gives_no_burst_when_it_ends(self) -> None:
        clock = VirtualTime(start=datetime(2025, 3, 3, 5, 0, tzinfo=UTC))
        limit = limiter("22:00-06:00 pause, else 1MB", clock)
        clock.now += 3600
        limit.take(1_000_000)
        assert clock.now - 1000 - 3600 >= 1

    def test_the_end_of_a_pause_is_the_clock_on_the_wall_when_it_springs_forward(self) -> None:
        clock = VirtualTime(start=datetime(2025, 3, 30, 1, 30, tzinfo=BERLIN), zone=BERLIN)
        assert seconds_for("22:00-03:00 pause", 1, clock) == pytest.approx(1800, abs=LISTEN_S)

    def test_and_when_it_falls_back(self) -> None:
        clock = VirtualTime(start=datetime(2025, 11, 2, 0, 30, tzinfo=NEW_YORK), zone=NEW_YORK)
        seconds = seconds_for("22:00-02:00 pause", 1, clock)
        assert seconds == pytest.approx(2.5 * 3600, abs=LISTEN_S)

    def test_a_machine_whose_clock_is_set_follows_the_new_time(self) -> None:
        clock = VirtualTime(start=datetime(2025, 3, 3, 12, 0, tzinfo=UTC))
        limit = limiter("07:00-19:00 pause, else off", clock)

        def set_clock() -> None:
            clock.sleep(60)
            clock.jump = timedelta(hours=8)

        clock.run(lambda: limit.take(10**9), set_clock)
        assert clock.now - 1000 == pytest.approx(60, abs=LISTEN_S)

    def test_and_when_it_is_set_back_into_a_limit(self) -> None:
        clock = VirtualTime(start=datetime(2025, 3, 3, 20, 0, tzinfo=UTC))
        limit = limiter("07:00-19:00 1MB, else off", clock)
        limit.take(10**12)
        clock.jump = -timedelta(hours=2)
        before = clock.now
        limit.take(1_250_000)
        assert clock.now - before == pytest.approx(1.25, abs=0.001)

    def test_those_who_waited_for_a_limit_that_ended_are_no_debt_of_the_next(self) -> None:
        clock = VirtualTime(start=datetime(2025, 3, 3, 12, 0, tzinfo=UTC))
        limit = limiter("07:00-19:00 256kbit, else off", clock)

        def set_clock_and_back() -> None:
            clock.sleep(1)
            clock.jump = timedelta(hours=8)
            clock.sleep(1)
            clock.jump = timedelta()
            limit.take(1024)

        clock.run(set_clock_and_back, *[lambda: limit.take(10_000)] * 64)
        assert clock.now - 1000 == pytest.approx(2, abs=0.2)


Taken = list[tuple[float, int, int]]  # when, who, how many bytes


def share(text: str, clock: VirtualTime, jobs: list[list[int]], pauses: Sequence[float]) -> Taken:
    """Let a thread for each job send its blocks through one limit; return each piece."""
    limit, taken = limiter(text, clock), Taken()

    def send(who: int, blocks: list[int], pause: float) -> None:
        if pause:
            clock.sleep(pause)
        for size in blocks:
            for piece in limit.paced(memoryview(bytes(size))):
                taken.append((clock.now, who, len(piece)))

    clock.run(
        *(
            lambda who=who, job=job, pause=pause: send(who, job, pause)
            for who, (job, pause) in enumerate(zip(jobs, itertools.cycle(pauses), strict=False))
        )
    )
    return taken


def most_over(taken: Taken, rate: float) -> float:
    """By how many bytes the worst window of time exceeds the rate: at most a burst is right."""
    ahead = worst = 0.0
    last = taken[0][0]
    for moment, _, count in taken:
        ahead = max(0.0, ahead - rate * (moment - last)) + count
        worst, last = max(worst, ahead), moment
    return worst


@settings(max_examples=30, deadline=None)
@given(
    rate=st.sampled_from([32_000, 625_000, 2_500_000, 125_000_000]),
    jobs=st.lists(
        st.lists(st.sampled_from([1, 4000, 64_000, BLOCK]), min_size=1, max_size=3),
        min_size=1,
        max_size=64,
    ),
    pauses=st.lists(st.floats(0, 5), min_size=1, max_size=5),
)
def test_no_window_of_time_has_more_than_the_rate_and_one_burst(
    rate: int, jobs: list[list[int]], pauses: list[float]
) -> None:
    clock = VirtualTime()
    taken = share(f"{rate / 1000:g}KB", clock, jobs, pauses)
    assert sum(count for *_, count in taken) == sum(map(sum, jobs))
    if taken:
        assert most_over(taken, rate) <= rate * BURST_S + 2


@settings(max_examples=10, deadline=None)
@given(
    rate=st.sampled_from([125_000, 625_000, 2_500_000]),
    threads=st.integers(2, 64),
    blocks=st.just(1),
)
def test_no_thread_starves_and_no_rate_is_wasted(rate: int, threads: int, blocks: int) -> None:
    clock = VirtualTime()
    taken = share(f"{rate / 1000:g}KB", clock, [[BLOCK] * blocks] * threads, [0])
    total = threads * blocks * BLOCK
    expected = max(0.0, total / rate - BURST_S)
    assert clock.now - 1000 == pytest.approx(expected, rel=0.01, abs=0.01)
    moved = Counter[int]()
    largest = max(1024, rate // 64)
    for moment, who, count in taken:
        moved[who] += count
        if moment > 1000:  # all have begun
            assert max(moved.values()) - min(moved[n] for n in range(threads)) <= (
                rate * BURST_S + 2 * largest
            )


def test_small_files_are_not_held_up_by_large_ones() -> None:
    clock = VirtualTime()
    taken = share("5Mbit", clock, [[BLOCK] * 20] * 20 + [[4000]], [0] * 20 + [5])
    small = next(moment for moment, who, _ in taken if who == 20)
    assert small - 1005 < 1


def test_256_connections_at_the_least_rate_are_never_silent_for_20_seconds() -> None:
    taken = share("256kbit", VirtualTime(), [[4000]] * 256, [0])
    for who in range(256):
        moments = [moment for moment, by, _ in taken if by == who]
        gaps = [later - earlier for earlier, later in itertools.pairwise([1000, *moments])]
        assert max(gaps) < 10


@pytest.mark.parametrize("first", ["1MB", "pause", "10MB", "off"])
@pytest.mark.parametrize(("then", "rate"), [("1MB", 1e6), ("pause", 0.0), ("10MB", 1e7)])
def test_what_follows_a_change_is_held_to_the_new_rate(first: str, then: str, rate: float) -> None:
    clock = VirtualTime(start=datetime(2025, 3, 3, 18, 59, 59, tzinfo=UTC))
    taken = Taken()

    def tick() -> None:
        if clock.now > 1003:
            raise TimeoutError

    limit = Limiter(
        parse(f"07:00-19:00 {first}, else {then}"),
        tick,
        steady=clock.steady,
        wall=clock.wall,
        sleep=clock.sleep,
    )

    def send() -> None:
        try:
            while True:
                for piece in limit.paced(memoryview(bytes(BLOCK))):
                    taken.append((clock.now, 0, len(piece)))
                if first == "off" and clock.now < 1001:
                    clock.sleep(0.1)
        except TimeoutError:
            pass

    clock.run(send, send, send)
    after = [one for one in taken if one[0] > 1001]
    assert sum(count for *_, count in after) == pytest.approx(2 * rate, rel=0.2)
    if after:
        assert most_over(after, rate) <= rate * (BURST_S + LISTEN_S) + 2


def test_real_threads_on_the_real_clock_all_get_through() -> None:
    limit = Limiter(parse("1GB"), nothing)
    done = Counter[int]()

    def send(who: int) -> None:
        for _ in range(20):
            limit.take(BLOCK)
            done[who] += BLOCK

    crew = [threading.Thread(target=send, args=(who,)) for who in range(8)]
    for thread in crew:
        thread.start()
    for thread in crew:
        thread.join()
    assert set(done.values()) == {20 * BLOCK}
