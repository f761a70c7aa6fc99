import json
import logging
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from labsight.catalog import Catalog
from labsight.errors import NotPermitted, ObjectChanged, StorageUnavailable
from labsight.keys import unit_key
from labsight.objects import ObjectInfo
from labsight.objects.memory import MemoryStore
from labsight.slides import units
from labsight.slides.units import Member, Unit
from tests.labsight.slides.test_tiff import HOSTILE
from tests.support.archive import Archive
from tests.support.made_slides import make_svs


@pytest.fixture
def archive(catalog: Catalog, tmp_path: Path) -> Archive:
    return Archive(catalog, tmp_path / "scratch")


@pytest.fixture(scope="module")
def slide_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("slides") / "a.svs"
    return make_svs(path, label="S26-01234;A1;2")


def test_a_slide_becomes_a_row_an_index_and_pictures(archive: Archive, slide_file: Path) -> None:
    outcome = archive.imported("2026/case/A1.svs", slide_file)
    row = archive.catalog.slide(outcome.slide_id)
    assert (row.import_state, row.width, row.height, row.level_count) == ("imported", 1000, 700, 2)
    assert (row.mpp_x, row.mpp_y, row.magnification) == (0.5, 0.5, 20)
    assert (row.barcode, row.case_id, row.slide_id) == (
        "S26-01234;A1;2",
        "S26-01234",
        "S26-01234-A1-2",
    )
    assert (row.vendor, row.image_id) == ("aperio", "1004486")
    assert row.scanned_at == "2026-03-14T09:59:15+01:00"
    kept = {info.key.rpartition("/")[2] for info in archive.store.walk("derived/")}
    assert kept == {"index.bin", "thumbnail.jpg", "label.jpg", "macro.jpg"}


def everything(archive: Archive, slide_id: str) -> tuple[object, ...]:
    row = archive.catalog.slide(slide_id)
    values = tuple(getattr(row, column.name) for column in row.__table__.columns)
    objects = tuple((info.key, info.etag, info.modified) for info in archive.store.walk())
    history = tuple(
        (event.id, event.field, event.new) for event in archive.catalog.history(slide_id)
    )
    return values, objects, history


def test_a_second_import_changes_nothing(archive: Archive, slide_file: Path) -> None:
    first = archive.imported("a.svs", slide_file)
    before = everything(archive, first.slide_id)
    second = archive.importer.run("slides/lab/a.svs")
    assert not second.changed
    assert everything(archive, first.slide_id) == before


def test_a_rescan_under_the_same_key_brings_its_own_ids(archive: Archive, tmp_path: Path) -> None:
    archive.imported("a.svs", make_svs(tmp_path / "a.svs", label="S26-1;A1;1"))
    outcome = archive.imported("a.svs", make_svs(tmp_path / "b.svs", label="T99-7;B1;1"))
    row = archive.catalog.slide(outcome.slide_id)
    assert (row.barcode, row.case_id, row.slide_id) == ("T99-7;B1;1", "T99-7", "T99-7-B1-1")
    archive.imported("a.svs", make_svs(tmp_path / "c.svs", label=None))
    row = archive.catalog.slide(outcome.slide_id)
    assert (row.barcode, row.case_id, row.slide_id) == (None, None, None)


def test_two_imports_at_a_time_leave_an_index_of_what_is_there(
    archive: Archive, slide_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bucket with a key of its own gives the same bytes another ETag each time."""
    key, write, once = archive.put("a.svs", slide_file), archive.store.write, [1]

    def encrypted(name: str, data: bytes, **named: Any) -> ObjectInfo:
        info = write(name, data, **named)
        if name.endswith("index.bin") and once:
            once.pop()  # another import, as of a message delivered twice, writes between the two
            thumbnail = name.replace("index.bin", "thumbnail.jpg")
            write(thumbnail, archive.store.read(thumbnail) + b"\0")
        return info

    monkeypatch.setattr(archive.store, "write", encrypted)
    outcome = archive.importer.run(key)
    assert outcome.state == "imported"
    assert not once
    assert archive.get(f"/slides/{outcome.slide_id}/thumbnail.jpg").status == 200


def test_what_a_person_entered_is_kept_by_a_later_import(archive: Archive, tmp_path: Path) -> None:
    outcome = archive.imported("a.svs", make_svs(tmp_path / "a.svs", label="S26-1;A1;1"))
    archive.catalog.record("slides/lab/a.svs", "ada@example.org", case_id="S26-7")
    archive.imported("a.svs", make_svs(tmp_path / "b.svs", label="T99-7;B1;1"))
    row = archive.catalog.slide(outcome.slide_id)
    assert (row.case_id, row.slide_id) == ("S26-7", "T99-7-B1-1")


def test_the_newer_file_wins_whichever_import_ends_last(
    archive: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = archive.put("a.svs", make_svs(tmp_path / "a.svs", size=(500, 400)))
    newer = make_svs(tmp_path / "b.svs", size=(800, 600))
    write = MemoryStore.write

    def replaced_meanwhile(self: MemoryStore, name: str, *args: object, **rest: object) -> object:
        written = write(self, name, *args, **rest)  # type: ignore[arg-type]
        if name.endswith("index.bin") and self.head(key).size != newer.stat().st_size:
            archive.put("a.svs", newer)
        return written

    monkeypatch.setattr(MemoryStore, "write", replaced_meanwhile)
    outcome = archive.importer.run(key)
    assert archive.catalog.slide(outcome.slide_id).width == 800
    assert archive.get(f"/slides/{outcome.slide_id}/tiles/0/2_1.jpg").status == 200


def test_a_lack_of_memory_is_no_damage(
    archive: Archive, slide_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def exhausted(*_args: object, **_rest: object) -> Image.Image:
        raise MemoryError

    with monkeypatch.context() as patch:
        patch.setattr("labsight.slides.pixels.render.thumbnail", exhausted)
        with pytest.raises(MemoryError):
            archive.imported("a.svs", slide_file)
    assert archive.importer.run("slides/lab/a.svs").state == "imported"


def test_an_import_that_was_killed_is_finished_by_the_next(
    archive: Archive, slide_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = archive.put("a.svs", slide_file)
    write = MemoryStore.write

    def killed_at_the_label(self: MemoryStore, key: str, *args: object, **rest: object) -> object:
        if key.endswith("label.jpg"):
            raise KeyboardInterrupt
        return write(self, key, *args, **rest)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(MemoryStore, "write", killed_at_the_label)
        with pytest.raises(KeyboardInterrupt):
            archive.importer.run(key)
    outcome = archive.importer.run(key)
    assert outcome.state == "imported"
    assert archive.get(f"/slides/{outcome.slide_id}/label.jpg").status == 200


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_bad_file_becomes_a_failed_row_with_its_reason(content: bytes, archive: Archive) -> None:
    outcome = archive.imported("bad.svs", content)
    row = archive.catalog.slide(outcome.slide_id)
    assert row.import_state == "failed"
    assert row.failure_kind in {"not-a-slide", "damaged", "unsupported"}
    assert row.failure_reason
    assert "Traceback" not in row.failure_reason
    assert str(archive.scratch_folder) not in row.failure_reason


def test_a_truncated_slide_says_that_it_was_cut(archive: Archive, slide_file: Path) -> None:
    content = slide_file.read_bytes()
    outcome = archive.imported("cut.svs", content[: len(content) * 2 // 3])
    assert outcome.state == "failed"
    assert "cut off" in str(outcome.reason)


def test_an_unknown_compression_is_named(archive: Archive) -> None:
    sample = Path(__file__).parents[3] / "sample-data" / "slides" / "undecodable.svs"
    outcome = archive.imported("undecodable.svs", sample)
    assert outcome.state == "failed"
    assert "compression" in str(outcome.reason)
    assert archive.catalog.slide(outcome.slide_id).failure_kind == "unsupported"


def test_tiles_that_are_no_jpeg_fail_the_import_and_not_the_viewer(
    archive: Archive, slide_file: Path
) -> None:
    content = slide_file.read_bytes().replace(b"\xff\xd8\xff\xc0", b"\0\0\0\0")
    outcome = archive.imported("bad.svs", content)
    assert outcome.state == "failed"
    assert "JPEG" in str(outcome.reason)


def test_a_deleted_object_becomes_a_failed_row_until_it_is_back(
    archive: Archive, slide_file: Path
) -> None:
    key = archive.put("a.svs", slide_file)
    archive.store.delete(key)
    outcome = archive.importer.run(key)
    assert archive.catalog.slide(outcome.slide_id).failure_kind == "missing"
    archive.put("a.svs", slide_file)
    assert archive.importer.run(key).state == "imported"
    assert archive.catalog.slide(outcome.slide_id).failure_reason is None


def test_a_fault_that_may_pass_is_raised_and_leaves_no_failed_row(
    archive: Archive, slide_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = archive.put("a.svs", slide_file)

    def away(*_args: object, **_rest: object) -> bytes:
        raise StorageUnavailable("the store is away")

    with monkeypatch.context() as patch:
        patch.setattr(MemoryStore, "read", away)
        with pytest.raises(StorageUnavailable):
            archive.importer.run(key)
    assert archive.importer.run(key).state == "imported"


def test_a_file_that_keeps_changing_is_left_for_later(
    archive: Archive, slide_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = archive.put("a.svs", slide_file)

    def changed(*_args: object, **_rest: object) -> bytes:
        raise ObjectChanged("other version")

    monkeypatch.setattr(MemoryStore, "read", changed)
    with pytest.raises(StorageUnavailable, match="keeps changing"):
        archive.importer.run(key)


def test_what_breaks_a_reader_fails_that_file_only(
    archive: Archive,
    slide_file: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def broken(*_args: object, **_rest: object) -> Image.Image:
        raise OverflowError("nobody thought of this")

    monkeypatch.setattr("labsight.slides.pixels.render.thumbnail", broken)
    with caplog.at_level(logging.ERROR):
        outcome = archive.imported("a.svs", slide_file)
    assert outcome.state == "failed"
    assert "OverflowError" in str(outcome.reason)
    assert "nobody thought of this" in caplog.text


@pytest.mark.parametrize(
    "name", ["with space.svs", "日本/スライド.svs", "x" * 296 + ".svs", "a%2e.svs", "..a.svs"]
)
def test_odd_names_are_imported_and_shown_as_they_are(
    name: str, archive: Archive, slide_file: Path
) -> None:
    outcome = archive.imported(name, slide_file)
    assert outcome.state == "imported"
    assert archive.catalog.slide(outcome.slide_id).path == name


@pytest.mark.parametrize("key", ["slides/lab/a~b.svs", "slides/lab/nul%00.svs", "slides/loose.svs"])
def test_a_key_that_another_tool_wrote_is_imported_too(
    key: str, archive: Archive, slide_file: Path
) -> None:
    archive.store.write(key, slide_file.read_bytes())
    assert archive.importer.run(key).state == "imported"


def test_a_slide_too_large_for_the_scratch_space_says_so(
    catalog: Catalog, tmp_path: Path, slide_file: Path
) -> None:
    archive = Archive(catalog, tmp_path, scratch_bytes=1000)
    assert archive.imported("a.svs", slide_file).state == "imported"  # needs no copy
    outcome = archive.imported("a.ndpi", b"no TIFF, so OpenSlide must look" * 100)
    assert outcome.state == "failed"
    assert "LABSIGHT_SCRATCH_BYTES allows 1,000" in str(outcome.reason)


def test_a_damaged_label_does_not_keep_a_slide_from_being_seen(
    archive: Archive, slide_file: Path
) -> None:
    content = bytearray(slide_file.read_bytes())
    place = content.find(b"label ")
    assert place > 0
    content[place - 2000 : place - 1000] = bytes(1000)
    assert archive.imported("a.svs", bytes(content)).state == "imported"


def test_the_real_files_are_imported_each_by_itself(archive: Archive, real_data: Path) -> None:
    names = (
        "CMU-1-Small-Region.svs", "TCGA-CR-7395-01A-01-TS1.svs", "hamamatsu-test3-DAPI.ndpi",
        "ome-4D-series.ome.tiff", "highdicom-sm_image.dcm", "dicom-wg26-FluorCell/5_0.dcm",
    )  # fmt: skip
    for name in names:
        outcome = archive.imported(name, real_data / "slides" / name)
        assert outcome.state == "imported", outcome.reason


def test_a_dicom_series_is_one_slide(archive: Archive, real_data: Path) -> None:
    folder = real_data / "slides" / "dicom-wg26-FluorCell"
    files = sorted(folder.iterdir())
    for file in files:
        archive.put(f"series/{file.name}", file)
    members = tuple(Member(f"series/{file.name}", file.stat().st_size) for file in files)
    key = unit_key("lab", "series")
    archive.store.write(key, units.write(Unit("dicom", members)))
    outcome = archive.importer.run(key)
    assert outcome.state == "imported", outcome.reason
    row = archive.catalog.slide(outcome.slide_id)
    assert (row.path, row.size_bytes) == ("series", sum(member.size for member in members))
    assert (row.width, row.height, row.level_count) == (2816, 2816, 8)
    assert not archive.importer.run(key).changed
    descriptor = json.loads(archive.get(f"/slides/{outcome.slide_id}/slide.json").body)
    names = [channel["name"] for channel in descriptor["channels"]]
    assert names == ["DAPI (Blue)", "FITC (green)", "Rhodamine (orange)"]
    assert {image["name"] for image in descriptor["associated"]} >= {"thumbnail"}


def test_a_unit_that_lacks_a_file_fails_with_its_name(archive: Archive, real_data: Path) -> None:
    folder = real_data / "slides" / "dicom-wg26-FluorCell"
    archive.put("series/2.dcm", folder / "2.dcm")
    size = (folder / "2.dcm").stat().st_size
    key = unit_key("lab", "series")
    for members, said in (
        ((Member("series/2.dcm", size), Member("series/3.dcm", 9)), "series/3.dcm is missing"),
        ((Member("series/2.dcm", size + 1),), r"unit.json says"),
    ):
        archive.store.write(key, units.write(Unit("dicom", members)))
        outcome = archive.importer.run(key)
        assert outcome.state == "failed"
        assert said in str(outcome.reason)


def test_a_file_that_may_not_be_read_is_told_and_tried_again(
    archive: Archive, slide_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = archive.put("a.svs", slide_file)

    def refused(*_: object, **__: object) -> bytes:
        raise NotPermitted("no")

    with monkeypatch.context() as patch:
        patch.setattr(archive.store, "read", refused)
        outcome = archive.importer.run(key)
    assert outcome.state == "failed"
    assert "may not be read" in str(outcome.reason)
    assert archive.importer.run(key).state == "imported"
