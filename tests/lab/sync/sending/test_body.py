"""The bytes of a request: all of them, in order, as often as needed, with a say before the last."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labsight_lab.sync.sending import body as module
from labsight_lab.sync.sending.body import BLOCK, Body
from labsight_lab.sync.source import SourceChanged, Stopped


def nothing(*_: object) -> None:
    """Hear and do nothing."""


def in_threes(block: memoryview) -> Iterator[memoryview]:
    for start in range(0, len(block), 3):
        yield block[start : start + 3]


def take_all(pieces: Iterator[memoryview], into: bytearray) -> None:
    for piece in pieces:
        into += piece


@given(data=st.binary(max_size=40), block=st.integers(1, 9), paced=st.booleans())
def test_all_bytes_come_in_order_each_time(data: bytes, block: int, paced: bool) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "BLOCK", block)
        body = Body(bytearray(data), nothing, nothing)
        pace = in_threes if paced else None
        for _ in range(2):
            pieces = list(body.blocks(pace))
            assert b"".join(pieces) == data
            assert all(len(piece) <= (min(3, block) if paced else block) for piece in pieces)
        assert len(body) == len(data)


@given(data=st.binary(max_size=40), block=st.integers(1, 9), paced=st.booleans())
def test_the_end_is_announced_once_and_before_the_last_bytes(
    data: bytes, block: int, paced: bool
) -> None:
    got: list[int] = []
    at_end: list[int] = []
    moved: list[int] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "BLOCK", block)
        body = Body(data, moved.append, lambda: at_end.append(sum(got)))
        for piece in body.blocks(in_threes if paced else None):
            assert body.handed_out == bool(at_end)
            got.append(len(piece))
    assert body.handed_out
    [before] = at_end
    assert before == sum(got[:-1])
    assert moved == sorted(moved)
    assert moved[-1] == len(data)


def test_blocks_are_of_256_kib_and_copy_nothing() -> None:
    data = bytes(BLOCK * 2 + 1)
    pieces = list(Body(data, nothing, nothing).blocks())
    assert [len(piece) for piece in pieces] == [BLOCK, BLOCK, 1]
    assert all(piece.obj is data for piece in pieces)


def test_who_listens_can_end_the_request_before_any_block() -> None:
    def stop(position: int) -> None:
        if position > BLOCK:
            raise Stopped

    body = Body(bytes(BLOCK * 3), stop, nothing)
    blocks = body.blocks()
    next(blocks)
    with pytest.raises(Stopped):
        next(blocks)
    assert not body.handed_out


def test_who_listens_can_end_it_while_nothing_moves() -> None:
    heard: list[int] = []
    body = Body(b"data", heard.append, nothing)
    body.tick()
    assert heard == [0]
    assert not body.handed_out


def test_what_is_wrong_at_the_end_keeps_the_last_bytes_back() -> None:
    def changed() -> None:
        raise SourceChanged

    body = Body(b"0123456789", nothing, changed)
    got = bytearray()
    with pytest.raises(SourceChanged):
        take_all(body.blocks(in_threes), got)
    assert got == b"012345678"
    assert not body.handed_out


def test_that_the_last_bytes_were_handed_out_is_not_forgotten_at_a_second_attempt() -> None:
    body = Body(b"0123456789", nothing, nothing)
    list(body.blocks())
    next(body.blocks(in_threes))
    assert body.handed_out


def test_an_empty_body_ends_as_well() -> None:
    ended: list[bool] = []
    body = Body(b"", nothing, lambda: ended.append(True))
    assert b"".join(body.blocks(in_threes)) == b""
    assert ended == [True]
    assert body.handed_out


def test_the_end_is_announced_when_the_last_bytes_may_go() -> None:
    """Who waits for bandwidth has sent nothing yet."""
    order: list[str] = []

    def pace(block: memoryview) -> Iterator[memoryview]:
        order.append("waited")
        yield block

    body = Body(b"data", nothing, lambda: order.append("end"))
    list(body.blocks(pace))
    assert order == ["waited", "end"]
