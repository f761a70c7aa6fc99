"""The rate is that of the last half minute."""

from labsight_lab.sync.telling.pace import Pace, told


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def paced(*steps: tuple[float, int]) -> Pace:
    """Return a pace after so many bytes were done at these seconds."""
    clock = Clock()
    pace = Pace(clock)
    for at, done in steps:
        clock.now = 100.0 + at
        pace.note(done)
    return pace


def test_nothing_is_known_at_first() -> None:
    pace = paced()
    assert (pace.rate, pace.left(5)) == (0.0, None)
    assert told(0, 5_000_000, pace) == "0 B of 5.0 MB, 0 B/s"


def test_what_was_long_ago_does_not_count() -> None:
    pace = paced((30, 3_000_000), (60, 3_000_000), (90, 9_000_000))
    assert pace.rate == 200_000
    assert pace.left(2_000_000) == 10


def test_many_calls_are_few_points_and_the_same_rate() -> None:
    pace = paced(*((n / 100, n * 1000) for n in range(6001)))
    assert len(pace._points) < 70
    assert round(pace.rate) == 100_000


def test_what_is_done_may_be_less_after_a_failure() -> None:
    assert paced((10, 500), (20, 100), (40, 50)).rate == 0.0


def test_the_time_left_is_told_in_words() -> None:
    assert told(3_000_000, 9_000_000, paced((30, 3_000_000))) == (
        "3.0 MB of 9.0 MB, 100.0 kB/s, about 1 min 00 s left"
    )
    assert told(8_900_000, 9_000_000, paced((30, 8_900_000))).endswith(", soon done")
