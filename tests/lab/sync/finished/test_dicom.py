"""A DICOM file that is not written to its end is found by its attributes and its pixels."""

import io
import random
import struct
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labsight.errors import SlideError
from labsight.objects.memory import MemoryStore
from labsight.slides.formats.dicom.elements import series_of as series_read_by_range
from labsight.slides.ranges import ObjectBytes
from labsight_lab.sync.finished import dicom_elements
from labsight_lab.sync.finished.bounded import Bounded
from labsight_lab.sync.finished.dicom import series_of, unfinished
from tests.support.dicom_samples import coloured, grey, native, stack
from tests.support.dicom_slides import IMPLICIT, DicomFile, Place, text

VIDEO = "1.2.840.10008.1.2.4.102"
DEFLATED = "1.2.840.10008.1.2.1.99"
BIG_ENDIAN = "1.2.840.10008.1.2.2"
PIXEL_DATA = struct.pack("<HH", 0x7FE0, 0x0010)
END = struct.pack("<HHI", 0xFFFE, 0xE0DD, 0)

VARIANTS: dict[str, DicomFile] = {
    "JPEG, basic table": coloured(),
    "JPEG, extended table": coloured(table="extended"),
    "JPEG, no table": coloured(table="none"),
    "sequences of undefined length": coloured(undefined=True),
    "native": native(grey(1)),
    "native, 16 bits": native(grey(1).astype(np.uint16) * 200),
    "native, several frames": stack([grey(1), grey(2)]),
    "implicit": native(grey(1), syntax=IMPLICIT),
    "implicit, undefined length": native(grey(1), syntax=IMPLICIT, undefined=True),
    "sparse": coloured(places=[Place(column=1, row=1)] * 6, undefined=True),
}
FILES = {name: one.content() for name, one in VARIANTS.items()}


def reason(data: bytes) -> str | None:
    return unfinished(io.BytesIO(data), len(data))


def explicit(group: int, number: int, kind: str, value: bytes) -> bytes:
    if kind in {"OB", "OW", "SQ", "UN", "UT"}:
        return struct.pack("<HH2sHI", group, number, kind.encode(), 0, len(value)) + value
    return struct.pack("<HH2sH", group, number, kind.encode(), len(value)) + value


def part10(*elements: bytes, syntax: str = "1.2.840.10008.1.2.1") -> bytes:
    meta = explicit(2, 0x10, "UI", text(syntax, b"\0"))
    return bytes(128) + b"DICM" + meta + b"".join(elements)


SERIES = explicit(0x20, 0xE, "UI", b"1.2.3\0")


@pytest.mark.parametrize("data", FILES.values(), ids=FILES)
def test_a_whole_file_is_finished(data: bytes) -> None:
    assert reason(data) is None


@pytest.mark.parametrize("data", FILES.values(), ids=FILES)
def test_a_file_cut_at_any_point_of_its_header_is_unfinished(data: bytes) -> None:
    pixels = data.index(PIXEL_DATA)
    assert all(reason(data[:cut]) for cut in range(pixels + 20))


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(list(FILES.values())), st.data())
def test_a_file_cut_at_any_point_is_unfinished(data: bytes, draw: st.DataObject) -> None:
    cut = draw.draw(st.integers(0, len(data) - 1))
    assert reason(data[:cut])


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(list(FILES.values())), st.integers(0, 64))
def test_padding_behind_the_pixels_does_not_count(data: bytes, count: int) -> None:
    assert reason(data + bytes(count)) is None


def test_attributes_behind_the_pixels_count() -> None:
    whole = FILES["native"] + explicit(0xFFFC, 0xFFFC, "OB", bytes(50))
    assert reason(whole) is None
    assert "cut off: it has " in str(reason(whole[:-1]))


@settings(max_examples=500, deadline=None)
@given(st.sampled_from(list(FILES.values())), st.integers(0, 2**32))
def test_hostile_bytes_are_answered_and_never_raise(data: bytes, seed: int) -> None:
    chance = random.Random(seed)
    hostile = bytearray(data)
    for _ in range(chance.randint(1, 12)):
        hostile[chance.randrange(len(hostile))] = chance.randrange(256)
    answer = reason(bytes(hostile))
    assert answer is None or answer.startswith(("it ", "its ", "attribute ", "what ", "a "))
    series_of(io.BytesIO(hostile), len(hostile))


@given(st.binary(max_size=300))
def test_any_bytes_are_answered(data: bytes) -> None:
    assert reason(data) is None or len(data) < 132 or not any(data[:132])
    assert isinstance(reason(bytes(128) + b"DICM" + data), str | None)


def test_space_that_is_reserved_but_not_written_is_unfinished() -> None:
    assert reason(b"") == "it is empty"
    assert reason(bytes(5000)) == "its header is not written yet"
    header = FILES["native"].partition(PIXEL_DATA)[0]
    assert "is not written yet" in str(reason(header + bytes(20_000)))
    frames = FILES["JPEG, no table"]
    assert "is not written yet" in str(reason(frames[: -len(END)] + bytes(20_000)))


def test_what_is_no_dicom_is_left_to_the_import() -> None:
    assert reason(b"a text that somebody called .dcm " * 20) is None


def test_a_deflated_file_is_left_to_the_import() -> None:
    assert reason(part10(b"anything" * 50, syntax=DEFLATED)) is None


def test_a_big_endian_file_is_read_as_such() -> None:
    data = bytes(1000)
    rows = struct.pack(">HH2sHH", 0x28, 0x10, b"US", 2, 20)
    columns = struct.pack(">HH2sHH", 0x28, 0x11, b"US", 2, 25)
    bits = struct.pack(">HH2sHH", 0x28, 0x100, b"US", 2, 16)
    mr = b"1.2.840.10008.5.1.4.1.1.4\0"
    kind = struct.pack(">HH2sH", 8, 0x16, b"UI", len(mr)) + mr
    uid = struct.pack(">HH2sH", 0x20, 0xE, b"UI", 6) + b"1.2.3\0"
    pixels = struct.pack(">HH2sHI", 0x7FE0, 0x10, b"OW", 0, len(data)) + data
    whole = part10(kind, uid, rows, columns, bits, pixels, syntax=BIG_ENDIAN)
    assert reason(whole) is None
    assert all(reason(whole[:cut]) for cut in range(132, len(whole)))
    assert series_of(io.BytesIO(whole), len(whole)) == "1.2.3"


def test_a_length_that_is_less_than_the_frames_take_is_unfinished() -> None:
    file = native(grey(1))
    short = replace(file, frames=file.frames[:3], more={0x00280008: ("IS", b"6 ")})
    assert reason(short.content()) == "its pixel data has 12,288 of 24,576 bytes"


@pytest.mark.parametrize(
    ("photometric", "share"), [("YBR_FULL_422", 2), ("YBR_PARTIAL_420", 1.5), ("RGB", 3)]
)
def test_colours_that_are_stored_more_coarsely_take_less(photometric: str, share: float) -> None:
    size = int(64 * 64 * share)
    file = DicomFile(frames=[bytes(size)], size=(64, 64), tile=(64, 64), photometric=photometric)
    explicit_file = replace(file, syntax="1.2.840.10008.1.2.1")
    assert reason(explicit_file.content()) is None
    assert reason(replace(explicit_file, frames=[bytes(size - 2)]).content())


def test_single_bits_are_counted_as_such() -> None:
    file = native(grey(1), bits=1, size=(64, 64), frames=[bytes(64 * 64 // 8)])
    assert reason(file.content()) is None


def test_frames_that_are_still_to_come_are_missed() -> None:
    file = coloured(table="none")
    few = replace(file, frames=file.frames[:4], more={0x00280008: ("IS", b"6 ")})
    assert reason(few.content()) == "its pixel data holds 4 of 6 frames"


def test_a_video_holds_all_its_frames_in_one_fragment() -> None:
    film = coloured(
        table="none", syntax=VIDEO, frames=[b"a film"], more={0x00280008: ("IS", b"90")}
    )
    assert reason(film.content()) is None


def test_a_table_of_offsets_that_is_wrong_is_not_relied_on() -> None:
    data = bytearray(FILES["JPEG, basic table"])
    table = data.index(PIXEL_DATA) + 12 + 8
    struct.pack_into("<I", data, table + 4 * 5, 12)  # as one of 32 bits is beyond 4 GiB
    assert reason(bytes(data)) is None
    assert reason(bytes(data[:-1]))


def test_a_report_has_no_pixels_to_wait_for() -> None:
    report = part10(SERIES, explicit(0x40, 0xA040, "CS", b"TEXT"))
    assert reason(report) is None
    assert reason(report[:-1])
    assert reason(part10(explicit(8, 8, "CS", b"ORIGINAL"), SERIES)) == (
        "it ends before its pixel data"
    )


def test_spectra_and_pixels_elsewhere_count_as_pixels() -> None:
    rows = explicit(0x28, 0x10, "US", b"\x08\0")
    assert reason(part10(SERIES, rows)) == "it ends before its pixel data"
    assert reason(part10(SERIES, rows, explicit(0x28, 0x7FE0, "UT", b"http"))) is None
    assert reason(part10(SERIES, rows, explicit(0x5600, 0x20, "OW", bytes(8)))) is None


def test_the_number_of_attributes_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dicom_elements, "MAX_ELEMENTS", 10)
    assert reason(FILES["native"][:-1]) is None


def test_sequences_within_one_another_are_limited() -> None:
    nested = struct.pack("<HH2sHI", 0x40, 0x555, b"SQ", 0, 0xFFFFFFFF)
    nested += struct.pack("<HHI", 0xFFFE, 0xE000, 0xFFFFFFFF)
    assert reason(part10(SERIES, nested * 1000)) is None


@pytest.mark.parametrize("data", FILES.values(), ids=FILES)
def test_the_series_is_the_one_that_the_archive_reads(data: bytes) -> None:
    assert series_of(io.BytesIO(data), len(data)) == read_by_range(data) == "1.2.3"


def test_what_has_no_series_has_none() -> None:
    for data in (b"", b"text" * 100, part10(explicit(8, 8, "CS", b"ORIGINAL")), bytes(400)):
        assert series_of(io.BytesIO(data), len(data)) == ""


def test_a_series_is_found_in_few_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    read = Bounded.read

    def counted(self: Any, offset: int, length: int) -> bytes:
        asked.append(offset + length)
        return read(self, offset, length)

    monkeypatch.setattr(Bounded, "read", counted)
    data = FILES["native, several frames"]
    assert series_of(io.BytesIO(data), len(data))
    assert max(asked) < 1000


def test_real_files_are_finished_and_their_parts_are_not(real_data: Path) -> None:
    files = [file for file in real_data.rglob("*.dcm") if file.is_file()]
    assert files, f"no DICOM in {real_data}"
    for file in files:
        data = file.read_bytes()
        if file.name == "MR_truncated.dcm":
            assert "cut off: it has " in str(reason(data))
            continue
        assert reason(data) is None, file.name
        for part in (0.01, 0.5, 0.9, 0.999):
            assert reason(data[: int(len(data) * part)]), (file.name, part)
        try:
            assert series_of(io.BytesIO(data), len(data)) == read_by_range(data)
        except SlideError:
            assert "expb" in file.name, "only big endian is refused there"


def read_by_range(data: bytes) -> str:
    store = MemoryStore()
    return series_read_by_range(ObjectBytes(store, store.write("slides/lab/1.dcm", data)))[0]
