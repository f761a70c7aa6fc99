"""Cleaning never removes bytes that the archive did not have when it was asked last."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock

import pytest
from awscrt.checksums import crc64nvme
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from labsight.errors import LabsightError
from labsight_lab.sync.checking import clean
from labsight_lab.sync.checking.clean import CleanOptions
from labsight_lab.sync.journal.entries import State
from labsight_lab.sync.sending.archive import Stored
from tests.lab.support import LONG_AGO, noise, write
from tests.lab.sync.checking.lab import Lab, Shelf

FILES = ["b.svs", "c.svs"]
UNITS = {
    "a/s1/": ["a/s1.mrxs", "a/s1/Data0000.dat", "a/s1/Slidedat.ini"],
    "d/series-1a2b3c4d/": ["d/1.dcm", "d/2.dcm"],
}
PATHS = [*FILES, *(path for parts in UNITS.values() for path in parts), *UNITS]
Event = Callable[[Lab, str], None]


def data_of(path: str) -> bytes:
    return noise(500, seed=sum(path.encode()))


def goes_from_archive(lab: Lab, path: str) -> None:
    lab.shelf.objects.pop(lab.key(path), None)


def changes_in_archive(lab: Lab, path: str) -> None:
    lab.shelf.objects[lab.key(path)] = noise(500, seed=99)


def loses_its_checksum(lab: Lab, path: str) -> None:
    lab.shelf.untold.add(lab.key(path))


def changes_here(lab: Lab, path: str) -> None:
    if not path.endswith("/"):
        write(lab.folder / path, noise(500, seed=7), LONG_AGO)


def grows_here(lab: Lab, path: str) -> None:
    if not path.endswith("/"):
        write(lab.folder / path, noise(501, seed=7), LONG_AGO)


def is_replaced_here(lab: Lab, path: str) -> None:
    if not path.endswith("/"):
        new = write(lab.place / "new", noise(500, seed=8), LONG_AGO)
        (lab.folder / path).parent.mkdir(parents=True, exist_ok=True)  # it may be gone by now
        new.rename(lab.folder / path)


def goes_here(lab: Lab, path: str) -> None:
    if not path.endswith("/"):
        (lab.folder / path).unlink(missing_ok=True)


def journal_is_wrong(lab: Lab, path: str) -> None:
    lab.noted(replace(lab.entry(path), crc64=crc64nvme(noise(500, seed=7))))


def is_sent_again(lab: Lab, path: str) -> None:
    lab.noted(replace(lab.entry(path), state=State.UPLOADING, attempted=frozenset({1})))


def is_a_revision(lab: Lab, path: str) -> None:
    lab.noted(replace(lab.entry(path), revision=2))


def is_doubtful(lab: Lab, path: str) -> None:
    lab.noted(replace(lab.entry(path), state=State.EXISTS))


def is_a_conflict(lab: Lab, path: str) -> None:
    lab.noted(replace(lab.entry(path), state=State.CONFLICT, revision=0))


EVENTS: list[Event] = [
    goes_from_archive, changes_in_archive, loses_its_checksum, changes_here, grows_here,
    is_replaced_here, goes_here, journal_is_wrong, is_sent_again, is_a_revision, is_doubtful,
    is_a_conflict,
]  # fmt: skip


class AskedShelf(Shelf):
    """Remembers what it had when it was asked last."""

    def __init__(self) -> None:
        super().__init__()
        self.told: dict[str, bytes | None] = {}
        self._turn = Lock()

    def head(self, key: str) -> Stored | None:
        with self._turn:  # else two requests had one number, and its mishap came twice at a time
            stored = super().head(key)
            self.told[key] = None if stored is None else self.objects[key]
            return stored


@contextmanager
def watching(folder: Path, went: dict[str, bytes]) -> Iterator[None]:
    """See each file that is removed, and what was in it at that moment."""
    unlink = os.unlink

    def seen(path: str | Path, *, dir_fd: int | None = None) -> None:
        if dir_fd is not None:  # as cleaning does, and the test's own mishaps do not
            with open(os.open(path, os.O_RDONLY, dir_fd=dir_fd), "rb") as file:  # noqa: PTH123
                content = file.read()
            place = Path(f"/proc/self/fd/{dir_fd}").readlink() / path
            went[place.relative_to(folder).as_posix()] = content
        unlink(path, dir_fd=dir_fd)

    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(os, "unlink", seen)
        yield


def check(before: list[tuple[Event, str]], during: list[tuple[int, Event, str]]) -> int:
    """Clean a folder to which these things happened, or happen at so many requests."""
    with TemporaryDirectory() as place:
        shelf = AskedShelf()
        lab = Lab(Path(place).resolve(), shelf)
        for path in FILES:
            lab.sent(path, data_of(path))
        for unit, parts in UNITS.items():
            lab.sent_unit(unit, "mrxs", [(path, data_of(path)) for path in parts])
        for event, path in before:
            event(lab, path)

        def hear(_: str) -> None:
            for moment, event, path in during:
                if moment == len(shelf.requests):
                    event(lab, path)

        shelf.before = hear
        went: dict[str, bytes] = {}
        with watching(lab.folder, went), suppress(LabsightError):
            options = CleanOptions(target=lab.target, older_than=86_400.0, yes=True, as_json=True)
            clean.run(options, lab.connect)
        for path, content in went.items():
            keys = {lab.key(path, revision) for revision in (1, 2)}
            assert content in {shelf.told.get(key) for key in keys}, path
        lab.journal.close()
        return len(went)


@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    before=st.lists(st.tuples(st.sampled_from(EVENTS), st.sampled_from(PATHS)), max_size=4),
    during=st.lists(
        st.tuples(st.integers(1, 24), st.sampled_from(EVENTS), st.sampled_from(PATHS)), max_size=4
    ),
)
@example([], [(14, is_replaced_here, "a/s1/Data0000.dat")])  # its folder is gone by then
def test_never(before: list[tuple[Event, str]], during: list[tuple[int, Event, str]]) -> None:
    check(before, during)


def test_without_any_mishap_all_goes() -> None:
    assert check([], []) == 7
