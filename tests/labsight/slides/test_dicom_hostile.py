"""DICOM files made to cost more than they weigh: an error in bounded time and memory."""

import random
import struct
import time
import tracemalloc
from contextlib import suppress
from dataclasses import replace

import pytest

from labsight.errors import DamagedSlide, SlideError
from labsight.slides.formats.dicom.elements import MAX_ITEMS, Part10
from labsight.slides.formats.dicom.series import read_dicom
from labsight.slides.formats.dicom.tags import Tag
from tests.support.dicom_slides import (
    EXPLICIT,
    IMPLICIT,
    DicomFile,
    Element,
    Light,
    Place,
    encapsulated,
    encoded,
    item,
    opened,
    picture,
    structure_of,
    text,
    tiles_of,
)

SIZE, TILE = (150, 100), (64, 64)
STREAMS = [encoded(tile) for tile in tiles_of(picture(*SIZE), TILE)]
GREY = [tile.tobytes() for tile in tiles_of(picture(*SIZE, grey=True), TILE)]
PLACES = [Place(column=n % 3 * 64 + 1, row=n // 3 * 64 + 1) for n in range(6)]
COLOURED = DicomFile(frames=STREAMS, size=SIZE, tile=TILE)
PLAIN = DicomFile(
    frames=GREY, size=SIZE, tile=TILE, syntax=EXPLICIT, samples=1, photometric="MONOCHROME2"
)
NESTED = b"\x08\x00\x11\x11SQ\0\0\xff\xff\xff\xff" + b"\xfe\xff\x00\xe0\xff\xff\xff\xff"


def said(content: bytes) -> str:
    """Return what is said of a file, which costs less than a second and 100 MB."""
    tracemalloc.start()
    started = time.process_time()
    try:
        message = read_dicom(opened(content)).reason
    except SlideError as error:
        message = error.message
    spent = time.process_time() - started
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert spent < 5  # a fifth of it without the measuring
    assert peak < 100 << 20
    return message


def in_front(file: DicomFile, data: bytes) -> bytes:
    """Return a file with bytes in front of its first attribute."""
    content = file.content()
    at = content.index(b"\x08\x00\x08\x00")
    return content[:at] + data + content[at:]


def test_sequences_within_sequences_are_not_followed_without_end() -> None:
    assert "sequences more than 32 deep" in said(in_front(COLOURED, NESTED * 1000))
    lights: list[list[Element]] = [[]]
    for _ in range(40):
        lights = [[(0x00480105, "SQ", lights)]]
    deep = replace(COLOURED, more={0x00480105: ("SQ", lights)})
    assert "sequences more than 32 deep" in said(deep.content())


def test_a_few_nested_private_sequences_are_passed_over() -> None:
    ends = b"\xfe\xff\x0d\xe0\0\0\0\0" + b"\xfe\xff\xdd\xe0\0\0\0\0"
    data = NESTED * 3 + b"\x08\x00\x12\x11UN\0\0\x04\0\0\0abcd" + ends * 3
    assert len(read_dicom(opened(in_front(COLOURED, data))).levels) == 1


def test_unknown_sequences_of_undefined_length_are_written_without_kinds() -> None:
    within = b"\xfe\xff\x00\xe0\xff\xff\xff\xff" + b"\x09\x00\x01\x00\x04\0\0\0abcd"
    ends = b"\xfe\xff\x0d\xe0\0\0\0\0" + b"\xfe\xff\xdd\xe0\0\0\0\0"
    data = b"\x08\x00\x07\x00UN\0\0\xff\xff\xff\xff" + within + ends
    assert len(read_dicom(opened(in_front(COLOURED, data))).levels) == 1


def test_attributes_without_end_are_not_all_looked_at() -> None:
    empty = b"\x08\x00\x07\x00LO\0\0" * 200_000
    assert "far more attributes" in said(in_front(COLOURED, empty))


def test_items_without_end_are_not_all_kept() -> None:
    crowded = COLOURED.content().replace(
        b"\x48\x00\x05\x01SQ", b"\x48\x00\x05\x01SQ\0\0" + struct.pack("<I", 8 * 20_000)
        + item(b"") * 20_000 + b"\x48\x00\x06\x01SQ", 1
    )  # fmt: skip
    assert f"more than {MAX_ITEMS:,} sequence items" in said(crowded)


def test_long_values_are_not_kept() -> None:
    long = replace(COLOURED, more={0x00281201: ("OW", bytes(300_000))})
    assert "(0028,1201) of the DICOM file has 300,000 bytes" in said(long.content())
    many: list[Element] = [(0x00281201, "OW", bytes(200_000))]
    crowd: list[list[Element]] = [[(0x00480120, "SQ", [many])] for _ in range(100)]
    assert "far more than such" in said(
        replace(COLOURED, more={0x00480105: ("SQ", crowd)}).content()
    )


@pytest.mark.parametrize("claimed", ["2147483648", "99999999", "1000000000000", "0"])
def test_counts_of_frames_that_cannot_be_are_refused(claimed: str) -> None:
    for file in (COLOURED, PLAIN, replace(COLOURED, places=PLACES)):
        assert "frames" in said(replace(file, more={0x00280008: ("IS", text(claimed))}).content())


@pytest.mark.parametrize("side", [0, 1 << 24, (1 << 32) - 1])
def test_sizes_that_cannot_be_are_refused(side: int) -> None:
    huge = {
        0x00480006: ("UL", struct.pack("<I", side)),
        0x00480007: ("UL", struct.pack("<I", side)),
    }
    sparse = replace(COLOURED, places=PLACES)
    for file in (COLOURED, PLAIN, sparse):
        assert "claims" in said(replace(file, more=huge).content())


def test_a_nearly_empty_sparse_picture_costs_no_memory() -> None:
    wide = {0x00480006: ("UL", struct.pack("<I", 1 << 19)), 0x00480007: ("UL", b"\0\x80\0\0")}
    message = said(replace(COLOURED, places=PLACES, more=wide).content())
    assert "claims 4,194,304 places or more for 6 frames" in message


def test_numbers_of_lights_and_focal_planes_that_cannot_be_are_refused() -> None:
    most = struct.pack("<I", (1 << 32) - 1)
    more = {0x00480302: ("UL", most), 0x00480303: ("UL", most)}
    assert "4,294,967,295 focal planes" in said(replace(PLAIN, more=more).content())


def test_places_of_frames_are_read_from_their_file_only() -> None:
    out = b"".join(item(frame + bytes(len(frame) % 2)) for frame in STREAMS)
    for table in (
        struct.pack("<6I", 0, *[(1 << 32) - 9] * 5),
        struct.pack("<6I", *[1 << 31] * 6),
        struct.pack("<6I", 0, 5, 10, 15, 20, 25),
        bytes(24),
        bytes(7),
    ):
        start = COLOURED.content()
        start = start[: start.index(b"\xe0\x7f\x10\x00")]
        found = read_dicom(opened(start + encapsulated(item(table) + out)))
        assert list(found.levels[0].planes[0].lengths) == [
            len(frame) + len(frame) % 2 for frame in STREAMS
        ]


@pytest.mark.parametrize(
    ("starts", "lengths"),
    [
        ([1 << 62] * 6, [100] * 6),
        ([0] * 6, [1 << 60] * 6),
        ([0] * 6, [200] * 6),
        ([100] * 6, [100] * 6),
        ([(1 << 64) - 1] * 6, [(1 << 64) - 1] * 6),
    ],
)
def test_an_extended_table_that_lies_is_damage(starts: list[int], lengths: list[int]) -> None:
    file = replace(COLOURED, frames=[b"\xff\xd8" + bytes(100)] * 6)
    more = {
        0x7FE00001: ("OV", struct.pack("<6Q", *starts)),
        0x7FE00002: ("OV", struct.pack("<6Q", *lengths)),
    }
    with pytest.raises(DamagedSlide, match=r"extended offset table|same place|lies outside"):
        structure_of(replace(file, more=more))


def test_frames_that_all_lie_at_one_place_are_damage() -> None:
    more = {
        0x7FE00001: ("OV", bytes(8 * 40)),
        0x7FE00002: ("OV", struct.pack("<40Q", *[len(STREAMS[0])] * 40)),
        0x00280008: ("IS", text("40")),
    }
    file = replace(COLOURED, frames=STREAMS[:1], more=more, table="none")
    assert "at the same place" in said(file.content())


def test_files_that_are_cut_off_say_so() -> None:
    for file in (COLOURED, replace(COLOURED, table="none"), PLAIN, replace(PLAIN, places=PLACES)):
        content = file.content()
        for at in range(140, len(content) - 200, 97):
            message = said(content[:at])
            assert message, at


def test_frames_of_another_size_than_promised_are_damage() -> None:
    frames = [encoded(picture(32, 32))] * 6
    with pytest.raises(DamagedSlide, match="a frame of the DICOM file is 32 x 32 px, it says 64"):
        structure_of(replace(COLOURED, frames=frames))


def test_a_frame_without_picture_is_damage() -> None:
    with pytest.raises(DamagedSlide):
        structure_of(replace(COLOURED, frames=[bytes(100)] * 6))


def test_fifty_thousand_sparse_frames_are_sorted_quickly() -> None:
    places = [
        Place(column=n % 400 * 8 + 1, row=n // 400 * 8 + 1, z=n % 977 / 10, path="0")
        for n in range(50_000)
    ]
    frames = [bytes(64)] * len(places)
    file = replace(PLAIN, frames=frames, size=(3200, 1000), tile=(8, 8), places=places)
    content = replace(file, undefined=True).content()
    started = time.process_time()
    (level,) = read_dicom(opened(content)).levels
    assert time.process_time() - started < 2  # 0.2 s when nothing else runs
    assert list(level.planes[0].offsets) == sorted(level.planes[0].offsets)


def test_groups_that_are_all_written_differently_are_read_as_well() -> None:
    lights = [Light(identifier="x" * length) for length in range(1, 16)]
    places = [
        Place(
            column=n % 50 * 8 + 1, row=n // 50 * 8 + 1, z=n / 3 ** (n % 9), path="x" * (n % 15 + 1)
        )
        for n in range(500)
    ]
    frames = [bytes([n % 256]) * 64 for n in range(500)]
    file = replace(PLAIN, frames=frames, size=(400, 80), tile=(8, 8), places=places, lights=lights)
    part = Part10(opened(file.content())[0])
    part.read_until(Tag.PER_FRAME_GROUPS)
    found = structure_of(file)
    assert len(found.axes.channels) == 15
    for number, plane in enumerate(found.levels[0].planes):
        assert [n for n in range(500) if plane.lengths[n]] == list(range(number, 500, 15))


@pytest.mark.parametrize(
    "file",
    [
        COLOURED,
        replace(COLOURED, table="extended", undefined=True),
        replace(COLOURED, table="none", places=PLACES),
        replace(PLAIN, lights=(Light(identifier="0", palette=(1, 2, 3), emission=500),)),
        replace(PLAIN, syntax=IMPLICIT, places=PLACES, undefined=True),
    ],
)
def test_changed_bytes_are_an_error_or_another_slide(file: DicomFile) -> None:
    chance = random.Random(7)
    content = file.content()
    end = content.index(b"\xe0\x7f\x10\x00") + 60
    for _ in range(400):
        changed = bytearray(content)
        for _ in range(chance.randint(1, 3)):
            at = chance.randrange(132, end)
            changed[at : at + 4] = chance.choice(
                [b"\xff\xff\xff\xff", bytes(4), chance.randbytes(4), chance.randbytes(2)]
            )
        with suppress(SlideError):
            found = read_dicom(opened(bytes(changed)))
            assert bool(found.levels) != bool(found.reason)
