"""The bytes of what is sent: as many as were asked for, or a sign that the file changed."""

import io
from pathlib import Path
from typing import Any

import pytest

from labsight_lab.sync.look.candidate import Candidate
from labsight_lab.sync.sending import content
from labsight_lab.sync.sending.content import opened_content
from labsight_lab.sync.source import Fingerprint, SourceChanged
from tests.lab.support import candidate, noise, write

DATA = noise(1000)


class Trickle(io.FileIO):
    """A file on a share that gives seven bytes at a time."""

    def read(self, size: int | None = -1) -> bytes:
        return super().read(min(size or 0, 7)) or b""

    def readinto(self, buffer: Any) -> int:
        return super().readinto(memoryview(buffer)[:7]) or 0


@pytest.fixture(params=[False, True], ids=["at-once", "trickling"])
def folder(tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Path:
    write(tmp_path / "1/a.svs", DATA)
    if request.param:
        monkeypatch.setattr(content, "opened_below", lambda folder, path: Trickle(folder / path))
    return tmp_path


@pytest.mark.parametrize(("start", "length"), [(0, 1000), (0, 10), (990, 10), (300, 400), (5, 0)])
def test_a_stretch_is_read_whole(folder: Path, start: int, length: int) -> None:
    opened = opened_content(candidate(folder, "1/a.svs"))
    room = memoryview(bytearray(length))
    for _ in range(2):
        assert opened.read(start, length) == DATA[start : start + length]
        assert opened.read(start, length, room) == DATA[start : start + length]
    assert room == DATA[start : start + length]
    opened.close()


def test_a_file_that_became_shorter_is_noticed(folder: Path) -> None:
    opened = opened_content(candidate(folder, "1/a.svs"))
    for room in (None, memoryview(bytearray(11))):
        with pytest.raises(SourceChanged):
            opened.read(990, 11, room)
    opened.close()


def test_a_file_is_closed(folder: Path) -> None:
    opened = opened_content(candidate(folder, "1/a.svs"))
    opened.close()
    with pytest.raises(ValueError, match="closed"):
        opened.read(0, 1)


def test_bytes_that_were_made_here_need_no_file() -> None:
    made = Candidate(
        source="scanner-1",
        path="s1/",
        fingerprint=Fingerprint(1000, 0),
        content_type="application/json",
        data=DATA,
    )
    opened = opened_content(made)
    opened.check()
    assert opened.read(300, 400) == DATA[300:700]
    opened.close()
    assert made.key() == "slides/scanner-1/s1/unit.json"
