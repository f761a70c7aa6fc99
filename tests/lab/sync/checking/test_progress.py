import threading
from collections.abc import Sequence

import pytest

from labsight_lab.sync.checking.progress import Counter
from labsight_lab.sync.source import Stopped


class Heard:
    """A display that remembers what it is told."""

    every = 0.0

    def __init__(self) -> None:
        self.told: list[object] = []

    def begin(self, files: int, total: int) -> None:
        self.told.append(("begin", files, total))

    def moved(self, done: int, files: int | None = None, names: Sequence[str] = ()) -> None:
        assert not names
        self.told.append((done, files))

    def say(self, text: str) -> None:
        self.told.append(text)

    def end(self) -> None:
        self.told.append("end")


def test_bytes_and_files_are_added_up() -> None:
    heard = Heard()
    counter = Counter(heard)
    with counter.shown(2, 30):
        counter.moved(10)
        counter.add(20, files=1)
    assert heard.told == [("begin", 2, 30), (10, 0), (30, 1), "end"]
    with counter.shown(1, 5):
        counter.add(5, files=1)
    assert heard.told[4:] == [("begin", 1, 5), (5, 1), "end"]


def test_what_moves_hears_that_it_is_to_end() -> None:
    counter = Counter(Heard())
    with counter.shown(1, 1) as stop:
        assert isinstance(stop, threading.Event)
        counter.moved(1)
        stop.set()
        with pytest.raises(Stopped):
            counter.moved(0)


def test_the_display_ends_whatever_happens() -> None:
    heard = Heard()
    with pytest.raises(KeyError), Counter(heard).shown(1, 1):
        raise KeyError
    assert heard.told[-1] == "end"
