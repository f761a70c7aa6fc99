"""What a socket is ready for, with poll and, as on Windows, without."""

import select
import socket
from collections.abc import Iterator

import pytest

from labsight.objects.readiness import is_readable, is_writable, wait_for_room

Pair = tuple[socket.socket, socket.socket]


@pytest.fixture(params=["poll", "select"])
def pair(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Pair]:
    if request.param == "select":
        monkeypatch.delattr(select, "poll", raising=False)
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


def fill(connection: socket.socket) -> None:
    while True:
        connection.send(bytes(1 << 16))


def test_bytes_and_the_end_can_be_read(pair: Pair) -> None:
    ours, theirs = pair
    assert not is_readable(ours)
    theirs.sendall(b"x")
    assert is_readable(ours, 5)
    ours.recv(1)
    assert not is_readable(ours)
    theirs.close()
    assert is_readable(ours, 5)


def test_room_is_told_from_something_to_read(pair: Pair) -> None:
    ours, theirs = pair
    assert wait_for_room(ours, 0) == (False, True)
    ours.setblocking(False)
    with pytest.raises(BlockingIOError):
        fill(ours)
    assert wait_for_room(ours, 0.01) == (False, False)
    theirs.sendall(b"x")
    assert wait_for_room(ours, 5) == (True, False)
    theirs.recv(1 << 22)
    assert wait_for_room(ours, 5) == (True, True)


def test_room_alone_is_waited_for_whatever_there_is_to_read(pair: Pair) -> None:
    ours, theirs = pair
    theirs.sendall(b"x")
    assert is_writable(ours)
    ours.setblocking(False)
    with pytest.raises(BlockingIOError):
        fill(ours)
    assert not is_writable(ours, 0.01)
    theirs.recv(1 << 22)
    assert is_writable(ours, 5)
