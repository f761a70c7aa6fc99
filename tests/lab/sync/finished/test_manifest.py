"""A manifest is read as it grows, and believed only where it is clear."""

import base64
import io
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labsight_lab.sync.finished import manifest
from labsight_lab.sync.finished.manifest import Manifest, Told, relative

SQUID = b"""{"event":"start","schema":1,"experiment_id":"exp","format":"OME_TIFF","nt":3,"ts":1.0}
{"event":"complete","path":"0/A1.ome.tiff","kind":"file","bytes":8192,"t":0,"region":"A1","ts":2.0}
{"event":"complete","path":"plate.ome.zarr/A/1/0/0/c/0","kind":"dir","bytes":null,"ts":3.0}
{"event":"complete","path":"0/mosaic","kind":"dir","bytes":null,"ts":3.0}
{"event":"complete","path":"0/B1.ome.tiff","kind":"file","bytes":null,"ts":3.5}
{"event":"timepoint_done","t":0,"ts":4.0}
{"event":"end","reason":"completed","ts":9.0}
"""
CRC = 0x0123456789ABCDEF
IN_BASE64 = base64.b64encode(CRC.to_bytes(8, "big")).decode()


def line(path: str, state: str = "complete", **more: object) -> bytes:
    return json.dumps({"path": path, "state": state, **more}).encode() + b"\n"


def read(*contents: bytes) -> Manifest:
    """Read a manifest at several times of its life."""
    found = Manifest()
    for content in contents:
        found.read(io.BytesIO(content), len(content))
    return found


def test_a_line_tells_size_and_checksum() -> None:
    found = read(line("a/b.svs", size=123, crc64nvme=IN_BASE64))
    assert found.files == {"a/b.svs": Told(123, CRC)}
    assert read(line("x", size=0, crc64nvme=f"{CRC:016X}")).files == {"x": Told(0, CRC)}


@pytest.mark.parametrize("checksum", ["", "AAAA", "not base64!", IN_BASE64[:-2], 5, None, "g" * 16])
def test_a_checksum_of_another_form_is_none(checksum: object) -> None:
    assert read(line("x", size=1, crc64nvme=checksum)).files == {"x": Told(1, None)}


def test_the_manifests_of_squid_are_read() -> None:
    found = read(SQUID)
    assert found.files == {"0/A1.ome.tiff": Told(8192), "0/B1.ome.tiff": Told()}
    assert found.folders == {"0/mosaic"}


def test_a_newer_schema_is_not_believed() -> None:
    assert read(SQUID.replace(b'"schema":1', b'"schema":2')).files == {}
    assert read(SQUID.replace(b'"schema":1', b'"schema":"x"')).files == {}


def test_later_lines_win() -> None:
    assert read(line("x", size=1) + line("x", size=2)).files == {"x": Told(2)}
    assert read(line("x", size=1) + line("x", "writing")).files == {}
    assert read(line("x", "writing") + line("x", size=1)).files == {"x": Told(1)}


def test_what_is_not_complete_is_kept_with_its_state() -> None:
    found = read(line("x", size=1) + line("x", "writing") + line("sub", "failed", kind="dir"))
    assert (found.files, found.taken_back) == ({}, {"x": "writing", "sub": "failed"})
    assert read(line("x", "writing") + line("x", size=1)).taken_back == {}
    assert read(line("x", "writing", kind="dir") + line("x", kind="dir")).taken_back == {}
    assert read(line("x", "w" * 999)).taken_back == {"x": "w" * 80}


def test_a_line_without_a_state_says_neither() -> None:
    said = b'{"path": "x"}\n{"path": "y", "state": 1}\n{"path": "z", "state": ""}\n'
    assert read(said).taken_back == {}
    assert read(SQUID.replace(b'"schema":1', b'"schema":2') + line("x", "writing")).taken_back == {}


def test_a_line_half_written_is_waited_for() -> None:
    whole = line("x", size=1) + line("y", size=2)
    for cut in range(len(whole)):
        found = read(whole[:cut], whole)
        assert found.files == {"x": Told(1), "y": Told(2)}
    assert read(whole[:-5]).files == {"x": Told(1)}
    assert read(whole[:-1]).files == {"x": Told(1), "y": Told(2)}


def test_what_was_read_is_not_read_again() -> None:
    class Counted(io.BytesIO):
        taken = 0

        def read(self, size: int | None = -1, /) -> bytes:
            data = super().read(size)
            Counted.taken += len(data)
            return data

    first = b"".join(line(f"{number}.svs", size=number) for number in range(5000))
    found = Manifest()
    found.read(Counted(first), len(first))
    Counted.taken = 0
    whole = first + line("last.svs", size=1)
    found.read(Counted(whole), len(whole))
    assert len(found.files) == 5001
    assert Counted.taken < 200


def test_a_manifest_that_was_written_anew_is_read_anew() -> None:
    assert read(line("x", size=1) * 3, line("y", size=1)).files == {"y": Told(1)}
    longer = b"".join(line(f"z{number}", size=1) for number in range(9))
    assert set(read(line("x", size=1), longer).files) == {f"z{number}" for number in range(9)}


@pytest.mark.parametrize(
    ("path", "meant"),
    [
        ("a/b.svs", "a/b.svs"),
        ("./a//b.svs", "a/b.svs"),
        ("..a/b..", "..a/b.."),
        ("/a", None),
        ("../a", None),
        ("a/../../b", None),
        ("a\\b", None),
        ("C:a", None),
        ("a\0", None),
        ("", None),
        (".", None),
        (5, None),
        (None, None),
    ],
)
def test_only_paths_below_the_manifest_are_taken(path: object, meant: str | None) -> None:
    assert relative(path) == meant


NO_LINES = [
    *(b"[]", b"5", b"null", b"{", b"[" * 100_000, b"\xff\xfe", b'{"path": "x"}'),
    *(b'{"state": "complete"}', b'{"path": "x", "state": 1}', b'"' + b"x" * 70_000),
    b'{"path": "x", "state": "complete", "size": -1}',
    b'{"path": "x", "state": "complete", "size": true}',
    b'{"path": "x", "state": "complete", "size": 1' + b"0" * 5000 + b"}",
]


@pytest.mark.parametrize("text", NO_LINES, ids=range(len(NO_LINES)))
def test_what_is_no_such_line_is_passed_over(text: bytes) -> None:
    assert read(text + b"\n" + line("y", size=1)).files == {"y": Told(1)}


def test_how_much_is_remembered_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(manifest, "MAX_ENTRIES", 3)
    assert len(read(b"".join(line(str(number), size=1) for number in range(9))).files) == 3
    assert len(read(b"".join(line(str(number), "w") for number in range(9))).taken_back) == 3


def test_a_file_without_lines_ends_the_reading() -> None:
    assert read(b"x" * (5 << 20)).files == {}


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=300), st.integers(0, 300))
def test_any_bytes_are_read(data: bytes, cut: int) -> None:
    assert isinstance(read(data[:cut], data).files, dict)
