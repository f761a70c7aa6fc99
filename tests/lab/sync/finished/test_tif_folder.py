"""A folder of planes is finished when its metadata.txt is closed and all that it names is there."""

import json
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labsight_lab.sync.finished import tif_folder
from labsight_lab.sync.finished.tif_folder import unfinished
from labsight_lab.sync.look.scan import Seen
from tests.support.laid import lay
from tests.support.micro_manager import NAMES, make_folder, metadata_14, metadata_20

NOT_WRITTEN = "its metadata.txt is not written to its end"
RELEASES = {"1.4": metadata_14(), "2.0": metadata_20()}


def reason(folder: Path, text: str) -> str | None:
    return unfinished(folder, lay(folder, make_folder(text)))


@pytest.mark.parametrize("text", RELEASES.values(), ids=RELEASES)
def test_a_whole_folder_is_finished(tmp_path: Path, text: str) -> None:
    assert reason(tmp_path, text) is None


@pytest.mark.parametrize("text", RELEASES.values(), ids=RELEASES)
def test_a_list_cut_at_any_point_is_unfinished(tmp_path: Path, text: str) -> None:
    whole = text.rstrip()
    assert all(reason(tmp_path, whole[:cut]) == NOT_WRITTEN for cut in range(1, len(whole)))


@pytest.mark.parametrize("text", RELEASES.values(), ids=RELEASES)
def test_a_plane_that_is_named_is_missed(tmp_path: Path, text: str) -> None:
    seen = lay(tmp_path, make_folder(text))
    without = [one for one in seen if not one.path.endswith(NAMES[1])]
    assert unfinished(tmp_path, without) == f"it lacks {NAMES[1]}, which its metadata.txt names"


def test_an_empty_list_is_unfinished(tmp_path: Path) -> None:
    files = make_folder() | {"metadata.txt": b""}
    assert unfinished(tmp_path, lay(tmp_path, files)) == NOT_WRITTEN


def in_one_line(text: str) -> str:
    return json.dumps(json.loads(text), separators=(",", ":"))


@pytest.mark.parametrize("text", RELEASES.values(), ids=RELEASES)
@pytest.mark.parametrize("block", [1, 7, 64, 1000])
def test_the_size_of_the_pieces_does_not_matter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, block: int
) -> None:
    monkeypatch.setattr(tif_folder, "_BLOCK", block)
    for whole in (text, in_one_line(text)):
        assert reason(tmp_path, whole) is None
        assert reason(tmp_path, whole.rstrip()[:-1]) == NOT_WRITTEN
        absent = whole.replace(NAMES[1], "absent.tif")
        assert reason(tmp_path, absent) == "it lacks absent.tif, which its metadata.txt names"


def test_a_list_of_many_megabytes_in_one_line_is_read_in_little_memory(tmp_path: Path) -> None:
    frame = {f"Property {number}": '{ \\ " }' * 40 for number in range(40)}
    names = [f"img_{number:09}_Default_000.tif" for number in range(600)]
    frames = {f"FrameKey-{at}-0-0": frame | {"FileName": name} for at, name in enumerate(names)}
    text = json.dumps({"Summary": {"Comment": '{"FileName": "no.tif"' * 100_000}} | frames)
    assert len(text) > 8 << 20
    assert "\n" not in text
    seen = [*lay(tmp_path, {"metadata.txt": text.encode()}), *(Seen(one, 1, 1) for one in names)]
    tracemalloc.start()
    try:
        assert unfinished(tmp_path, seen) is None
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 8 << 20
    assert unfinished(tmp_path, seen[:-1]) == f"it lacks {names[-1]}, which its metadata.txt names"
    (tmp_path / "metadata.txt").write_text(text[:-1])
    assert unfinished(tmp_path, seen) == NOT_WRITTEN


@pytest.mark.parametrize("cut", range(5))
def test_a_text_of_any_length_is_no_structure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cut: int
) -> None:
    monkeypatch.setattr(tif_folder, "_BLOCK", 8)
    text = "{" * cut + '\\"{\\\\{' * 100 + "\\\\"
    assert reason(tmp_path, f'{{"Comment": "{text}"}}') is None
    assert reason(tmp_path, f'{{"Comment": "{text}"') == NOT_WRITTEN


def test_beyond_its_limit_a_list_is_believed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tif_folder, "MAX_READ", 20)
    assert reason(tmp_path, RELEASES["1.4"].rstrip()[:-1]) is None
    monkeypatch.setattr(tif_folder, "MAX_NAMES", 1)
    assert reason(tmp_path, metadata_14(["absent.tif", *NAMES])) is None


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes_are_answered(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    folder = tmp_path_factory.mktemp("planes")
    answer = unfinished(folder, lay(folder, {"metadata.txt": data}))
    assert answer is None or answer == NOT_WRITTEN or answer.startswith("it lacks ")
