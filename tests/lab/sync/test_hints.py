"""Events of the file system shorten a wait; without them, the wait ends by itself."""

import threading
import time
from pathlib import Path

import pytest
import watchfiles

from labsight_lab.sync import hints
from labsight_lab.sync.hints import Hints, Pause


def test_a_file_that_is_written_ends_the_wait(tmp_path: Path) -> None:
    said: list[str] = []
    listening = Hints(tmp_path, said.append)
    for number in range(100):  # listening begins some time after the thread
        listening.forget()
        (tmp_path / "folder").mkdir(exist_ok=True)
        (tmp_path / "folder" / f"{number}.svs").write_bytes(b"x")
        listening.wait(0.3)
        if listening.is_given():
            break
    else:
        pytest.fail("no hint was given")
    listening.wait(0.1, heed=False)
    assert listening.is_given(), "a hint is kept until it is used"
    listening.wait(30)
    assert said == []


def test_a_wait_without_events_ends_in_time(tmp_path: Path) -> None:
    listening = Hints(tmp_path, lambda _: None)
    began = time.monotonic()
    listening.wait(0.3)
    assert time.monotonic() - began >= 0.2
    assert not listening.is_given()


def test_a_system_that_tells_of_nothing_is_named_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = threading.Semaphore(0)

    def watch(*_: object, **__: object) -> object:
        tried.release()
        raise OSError(28, "inotify watch limit reached")

    monkeypatch.setattr(watchfiles, "watch", watch)
    monkeypatch.setattr(hints, "_AGAIN_S", 0.01)
    said: list[str] = []
    listening = Hints(tmp_path, said.append)
    for _ in range(3):
        assert tried.acquire(timeout=10)
    assert len(said) == 1
    assert "inotify watch limit reached" in said[0]
    listening.wait(0.05)


def test_a_pause_knows_no_hints() -> None:
    pause = Pause()
    began = time.monotonic()
    pause.wait(0.3)
    assert time.monotonic() - began >= 0.3
    assert not pause.is_given()
