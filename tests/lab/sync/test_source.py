"""A local file as it is sent: only a regular one, summed as S3 sums it, and watched."""

import errno
import os
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labsight.errors import InvalidInput, SettingsError
from labsight_lab.sync import source
from labsight_lab.sync.source import (
    Fingerprint,
    SourceChanged,
    Stopped,
    check_unchanged,
    checksum,
    fingerprint,
    opened,
    opened_below,
    parsed,
    written,
)
from tests.lab.support import noise, write

# https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html says
# CRC-64/NVME; its check value for b"123456789" is in https://reveng.sourceforge.io/crc-catalogue/.
CHECK = 0xAE8B14860A799888
POLYNOMIAL = 0x9A6C9329AC4BC9B5  # of NVMe, bits reversed


def by_the_book(data: bytes) -> int:
    crc = 0xFFFFFFFFFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (POLYNOMIAL if crc & 1 else 0)
    return crc ^ 0xFFFFFFFFFFFFFFFF


def nothing() -> None:
    """Hear and do nothing."""


def test_the_checksum_is_the_one_that_s3_means(tmp_path: Path) -> None:
    assert by_the_book(b"123456789") == CHECK
    with opened(write(tmp_path / "a.svs", b"123456789")) as file:
        assert checksum(file, 0, 9, 0, nothing) == (CHECK, CHECK)
    assert written(CHECK) == "rosUhgp5mIg="


def test_stretches_add_up_to_the_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "BLOCK", 7)
    data, so_far = noise(100), 0
    with opened(write(tmp_path / "a.svs", data)) as file:
        for start, length in ((0, 40), (40, 0), (40, 1), (41, 59)):
            own, so_far = checksum(file, start, length, so_far, nothing)
            assert own == by_the_book(data[start : start + length])
    assert so_far == by_the_book(data)


def test_summing_can_be_ended(tmp_path: Path) -> None:
    def stop() -> None:
        raise Stopped

    with opened(write(tmp_path / "a.svs", b"data")) as file, pytest.raises(Stopped):
        checksum(file, 0, 4, 0, stop)


def test_a_file_that_became_shorter_is_noticed_while_summing(tmp_path: Path) -> None:
    with opened(write(tmp_path / "a.svs", b"data")) as file, pytest.raises(SourceChanged):
        checksum(file, 0, 5, 0, nothing)


@given(st.integers(0, (1 << 64) - 1))
def test_a_checksum_is_written_as_s3_writes_it_and_read_back(crc64: int) -> None:
    text = written(crc64)
    assert len(text) == 12
    assert parsed(text) == crc64


@pytest.mark.parametrize(
    "text", ["", "AAAAAA==", "rosUhgp5mIg", "rosUhgp5mIg=\n", "r\u00f6sUhgp5mIg="]
)
def test_what_is_no_checksum_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parsed(text)


def test_the_highest_byte_comes_first() -> None:
    assert parsed("AAAAAAAAAAE=") == 1
    assert struct.pack(">Q", 1) == bytes(7) + b"\1"


def test_no_link_and_nothing_but_a_file_is_opened(tmp_path: Path) -> None:
    write(tmp_path / "secret", b"data")
    (tmp_path / "link.svs").symlink_to(tmp_path / "secret")
    os.mkfifo(tmp_path / "pipe.svs")
    (tmp_path / "folder.svs").mkdir()
    next_number = os.open(tmp_path, os.O_RDONLY)
    os.close(next_number)
    for name in ("link.svs", "pipe.svs", "folder.svs", "missing.svs"):
        with pytest.raises(OSError, match=r"."), opened(tmp_path / name):
            pass
        with pytest.raises(OSError, match=r"."):
            opened_below(tmp_path, name)
        with pytest.raises(OSError, match=r"."):
            opened_below(tmp_path.parent, f"{tmp_path.name}/{name}")
    number = os.open(tmp_path, os.O_RDONLY)
    os.close(number)
    assert number == next_number, "nothing stays open"


@pytest.mark.parametrize("path", ["a.svs", "1/a.svs", "1/2/3/a.svs"])
def test_a_file_below_a_folder_is_opened_at_any_depth(tmp_path: Path, path: str) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "slides")  # the folder itself may be reached by one
    write(tmp_path / "slides" / path, b"data")
    with opened_below(tmp_path / "link", path) as file:
        assert file.read() == b"data"


@pytest.mark.parametrize("linked", ["1", "1/2", "1/2/3", "1/2/3/a.svs"])
def test_no_link_on_the_way_to_a_file_is_followed(tmp_path: Path, linked: str) -> None:
    folder = tmp_path / "slides"
    write(folder / "1/2/3/a.svs", b"data")
    (folder / linked).rename(tmp_path / "elsewhere")
    (folder / linked).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="there is a link in its place, or on the way to it"):
        opened_below(folder, "1/2/3/a.svs")


@pytest.mark.parametrize("swapped", ["1", "1/2", "1/2/3"])
def test_a_link_that_comes_while_a_file_is_opened_is_not_followed(
    tmp_path: Path, swapped: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "slides"
    write(folder / "1/2/3/a.svs", b"data")
    write(tmp_path / "other/1/2/3/a.svs", b"secret")
    opening, last = os.open, swapped[-1]

    def swapping(path: str, *given: int, **named: int) -> int:
        number = opening(path, *given, **named)
        if str(path).endswith(last):
            (folder / swapped).rename(tmp_path / "elsewhere")
            (folder / swapped).symlink_to(tmp_path / "other" / swapped)
        return number

    monkeypatch.setattr(os, "open", swapping)
    with opened_below(folder, "1/2/3/a.svs") as file:
        assert file.read() == b"data"
    assert (folder / swapped).is_symlink()


def test_a_file_is_the_same_until_its_size_or_time_changes(tmp_path: Path) -> None:
    path = write(tmp_path / "a.svs", b"data")
    with opened(path) as file:
        before = fingerprint(file)
        assert before == Fingerprint(4, path.stat().st_mtime_ns)
        check_unchanged(file, tmp_path, path.name, before)
        os.utime(path, ns=(0, before.mtime_ns + 1))
        with pytest.raises(SourceChanged):
            check_unchanged(file, tmp_path, path.name, before)


def test_another_file_under_the_same_name_is_noticed(tmp_path: Path) -> None:
    path = write(tmp_path / "a.svs", b"data")
    with opened(path) as file:
        before = fingerprint(file)
        path.rename(tmp_path / "b.svs")
        with pytest.raises(SourceChanged):
            check_unchanged(file, tmp_path, path.name, before)
        write(path, b"other")
        with pytest.raises(SourceChanged):
            check_unchanged(file, tmp_path, path.name, before)


def test_another_file_of_the_same_size_and_time_is_noticed(tmp_path: Path) -> None:
    path = write(tmp_path / "a.svs", b"data")
    with opened(path) as file:
        before = fingerprint(file)
        another = write(tmp_path / "b.svs", b"new!")
        os.utime(another, ns=(0, before.mtime_ns))
        another.replace(path)
        with pytest.raises(SourceChanged):
            check_unchanged(file, tmp_path, path.name, before)


def test_a_share_that_numbers_no_files_is_taken_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unnumbered(ask: Callable[[Any], os.stat_result]) -> Callable[[Any], os.stat_result]:
        def status(which: Any) -> os.stat_result:
            found = ask(which)
            extra = {"st_mtime_ns": found.st_mtime_ns}
            return os.stat_result((found.st_mode, 0, 0, *tuple(found)[3:]), extra)

        return status

    path = write(tmp_path / "a.svs", b"data")
    with opened(path) as file:
        before = fingerprint(file)
        monkeypatch.setattr(os, "stat", unnumbered(os.stat))
        monkeypatch.setattr(os, "fstat", unnumbered(os.fstat))
        check_unchanged(file, tmp_path, path.name, before)


def test_too_many_open_files_is_told_as_no_fault_of_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> int:
        raise OSError(errno.EMFILE, "Too many open files")

    write(tmp_path / "1/a.svs", b"data")
    monkeypatch.setattr(os, "open", full)
    with pytest.raises(SettingsError, match="as many files open"), opened(tmp_path / "1/a.svs"):
        pass
    for path in ("1/a.svs", "a.svs"):
        with pytest.raises(SettingsError, match="as many files open"):
            opened_below(tmp_path, path)


def test_a_name_that_means_something_else_to_windows_cannot_be_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> int:
        raise InvalidInput("'a.svs:zone' means a stream")

    for name in ("_descriptor", "_descriptor_below"):
        monkeypatch.setattr(source, name, refused)
    with pytest.raises(OSError, match="means a stream"), opened(tmp_path / "a.svs:zone"):
        pass
    with pytest.raises(OSError, match="means a stream"):
        opened_below(tmp_path, "a.svs:zone")


def test_a_file_that_somebody_writes_to_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path / "a.svs", b"data")
    monkeypatch.setattr(source, "held_by_a_writer", lambda _: True)
    with opened(path) as file, pytest.raises(SourceChanged):
        check_unchanged(file, tmp_path, path.name, fingerprint(file))
