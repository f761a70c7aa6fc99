"""Slides of several files, and what the lab declares of a slide, from the archive to a tile."""

import io
import re
import unicodedata
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import boto3
import numpy as np
import pytest
from moto import mock_aws
from PIL import Image

from labsight import keys
from labsight.catalog import Catalog
from labsight.errors import NotFound
from labsight.keys import SlideKey, unit_key
from labsight.objects import ObjectInfo, ObjectStore, metadata
from labsight.objects.credentials import Credentials, Fixed
from labsight.objects.memory import MemoryStore
from labsight.objects.s3 import S3Store
from labsight.objects.s3_http import HttpS3Store
from labsight.slides import units
from labsight.slides.importing import Importer, Outcome
from labsight.slides.staging.scratch import Scratch
from labsight.slides.units import Member, Unit
from local.moto_server import embedded_aws
from tests.labsight.slides.test_ome import grey, set_of
from tests.support.archive import Archive
from tests.support.dicom_slides import DicomFile, encoded, picture, tiles_of
from tests.support.made_slides import make_svs
from tests.support.made_tiffs import tiled
from tests.support.tiff_writer import write
from tests.support.vms import make_vms

SIZES = (160, 96), (80, 48)
SIDE = 64


@pytest.fixture
def archive(catalog: Catalog, tmp_path: Path) -> Archive:
    return Archive(catalog, tmp_path / "scratch")


@pytest.fixture(scope="module")
def slide_file(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("slides") / "a.svs"
    return make_svs(path, label="S26-01234;A1;2").read_bytes()


def instance(size: tuple[int, int]) -> bytes:
    """One level of a DICOM slide."""
    frames = [encoded(tile) for tile in tiles_of(picture(*size), (SIDE, SIDE))]
    return DicomFile(
        frames=frames, size=size, tile=(SIDE, SIDE), instance=f"1.2.3.{size[0]}"
    ).content()


def put(archive: Archive, path: str, content: bytes, revision: int = 1) -> Member:
    """Send a file as a part of a unit; an older revision holds something else."""
    for older in range(1, revision):
        archive.store.write(str(SlideKey("lab", path, older)), b"older content")
    key = str(SlideKey("lab", path, revision))
    archive.store.write(key, content, metadata=metadata.of_part(unit_key("lab", "any")))
    return Member(path, len(content), revision=revision)


def sent(archive: Archive, folder: str, unit: Unit, revision: int = 1) -> Outcome:
    """Close a unit and import it."""
    key = unit_key("lab", folder, revision)
    archive.store.write(key, units.write(unit))
    return archive.importer.run(key)


def series(archive: Archive, revisions: tuple[int, int] = (1, 1), **told: Any) -> Unit:
    members = tuple(
        put(archive, f"case/{n}.dcm", instance(size), revision)
        for n, (size, revision) in enumerate(zip(SIZES, revisions, strict=True))
    )
    return Unit("dicom", members, **told)


def pixels(archive: Archive, slide: str, tile: str, query: str = "") -> Any:
    answer = archive.get(f"/slides/{slide}/tiles/{tile}.jpg{query}")
    assert answer.status == 200
    return np.asarray(Image.open(io.BytesIO(answer.body)))


def test_a_series_with_files_that_were_sent_again_is_served(archive: Archive) -> None:
    folder = units.series_folder("case", "1.2.3")
    outcome = sent(archive, folder, series(archive, (2, 3)))
    assert outcome.state == "imported", outcome.reason
    row = archive.catalog.slide(outcome.slide_id)
    assert (row.path, row.revision, row.width, row.level_count) == (folder, 1, 160, 2)
    for level, size in enumerate(SIZES):
        wrong = pixels(archive, outcome.slide_id, f"{level}/0_0").astype(int)
        wrong -= picture(*size)[: wrong.shape[0], : wrong.shape[1]]
        assert np.abs(wrong).mean() < 6


def test_a_unit_whose_files_changed_becomes_a_slide_of_its_own(archive: Archive) -> None:
    folder = units.series_folder("case", "1.2.3")
    first = sent(archive, folder, series(archive))
    second = sent(archive, folder, series(archive, (1, 2)), revision=2)
    assert second.state == "imported", second.reason
    assert first.slide_id != second.slide_id
    rows = [archive.catalog.slide(one.slide_id) for one in (first, second)]
    assert [(row.path, row.revision) for row in rows] == [(folder, 1), (folder, 2)]
    assert pixels(archive, second.slide_id, "1/0_0").shape == (48, 64, 3)


def test_an_ome_set_finds_its_files_by_the_names_the_lab_gave_them(archive: Archive) -> None:
    """Not by those of their keys: one was sent again, one has signs that keys escape."""
    names = ["a.ome.tif", "b#1.ome.tif", "ç.ome.tif"]
    told = [*names[:2], unicodedata.normalize("NFD", names[2])]
    members = tuple(
        put(
            archive,
            f"case/{name}",
            write([tiled(grey(z), 64, tags={270: set_of(told, ["a0", "b0", "c0"], z)})]),
            revision=1 + z,
        )
        for z, name in enumerate(names)
    )
    outcome = sent(archive, "case/a", Unit("ome-tiff", members))
    assert outcome.state == "imported", outcome.reason
    for z in range(3):
        found = pixels(archive, outcome.slide_id, "0/1_0", f"?z={z}").astype(int)
        expected = grey(z)[: found.shape[0], 64:128]
        assert np.abs(found.reshape(*expected.shape, -1)[..., 0] - expected).mean() < 6


def test_openslide_finds_files_that_were_sent_again_by_their_names(archive: Archive) -> None:
    """The copies lie under the names of the lab, without the mark of a revision."""
    files = make_vms("scan #7", (30, 200, 30))
    members = tuple(
        put(archive, f"case/{name}", content, revision)
        for revision, (name, content) in enumerate(files.items(), 1)
    )
    outcome = sent(archive, "case/scan #7", Unit("vms", members))
    assert outcome.state == "imported", outcome.reason
    found = pixels(archive, outcome.slide_id, "0/0_0")
    assert np.abs(found.astype(int) - (30, 200, 30)).max() < 6


class Counted(MemoryStore):
    """Counts what is asked."""

    def __init__(self) -> None:
        super().__init__()
        self.heads = 0

    def head(self, key: str) -> ObjectInfo:
        self.heads += 1
        return super().head(key)


@pytest.fixture(params=["memory", "s3", "s3 by http"])
def store(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[ObjectStore]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    if request.param == "memory":
        yield MemoryStore()
    elif request.param == "s3":
        with mock_aws():
            client = boto3.client("s3", region_name="us-east-1")
            client.create_bucket(Bucket="archive")
            yield S3Store("archive", client)
            client.close()
    else:
        with embedded_aws() as endpoint:
            client = boto3.client("s3", region_name="us-east-1", endpoint_url=endpoint)
            client.create_bucket(Bucket="archive")
            client.close()
            own = HttpS3Store("archive", "us-east-1", Fixed(Credentials("id", "secret")), endpoint)
            yield own
            own.close()


def test_a_part_is_passed_over_and_a_slide_beside_it_is_not(
    store: ObjectStore, catalog: Catalog, tmp_path: Path, slide_file: bytes
) -> None:
    importer = Importer(store, catalog, Scratch(store, tmp_path, 1 << 30))
    unit = unit_key("lab", "Fälle/s 1")
    store.write("slides/lab/Fälle/part.svs", slide_file, metadata=metadata.of_part(unit))
    declared = {metadata.CASE_ID: metadata.encoded("Fäll 7"), metadata.SLIDE_ID: "7-A"}
    store.write("slides/lab/Fälle/whole.svs", slide_file, metadata=declared)
    for again in (False, True):
        outcome = importer.run("slides/lab/Fälle/part.svs", again=again)
        assert (outcome.state, outcome.reason) == (None, f"part of {unit}")
        assert not outcome.changed
    assert importer.run("slides/lab/Fälle/whole.svs").state == "imported"
    (row,) = catalog.slides().slides
    assert (row.path, row.case_id, row.slide_id) == ("Fälle/whole.svs", "Fäll 7", "7-A")
    assert row.barcode == "S26-01234;A1;2"


def test_a_part_costs_one_look(catalog: Catalog, tmp_path: Path) -> None:
    store = Counted()
    store.write("slides/lab/a.dat", b"x", metadata=metadata.of_part("slides/lab/a/unit.json"))
    Importer(store, catalog, Scratch(store, tmp_path, 0)).run("slides/lab/a.dat")
    assert (store.heads, store.reads) == (1, 0)


def test_the_unit_itself_is_never_a_part(archive: Archive) -> None:
    unit = series(archive)
    key = unit_key("lab", "case/s")
    archive.store.write(key, units.write(unit), metadata=metadata.of_part(key))
    assert archive.importer.run(key).state == "imported"


def ids_of(archive: Archive, slide: str) -> tuple[str | None, str | None]:
    row = archive.catalog.slide(slide)
    return row.case_id, row.slide_id


def declared(archive: Archive, content: bytes, told: Mapping[str, str]) -> Outcome:
    key = "slides/lab/a.svs"
    archive.store.write(key, content, metadata=told)
    return archive.importer.run(key, again=True)


def test_what_the_lab_declares_wins_over_the_barcode_field_by_field(
    archive: Archive, slide_file: bytes
) -> None:
    slide = declared(archive, slide_file, {}).slide_id
    assert ids_of(archive, slide) == ("S26-01234", "S26-01234-A1-2")
    declared(archive, slide_file, {metadata.CASE_ID: "T7"})
    assert ids_of(archive, slide) == ("T7", "S26-01234-A1-2")
    declared(archive, slide_file, {metadata.CASE_ID: "T7", metadata.SLIDE_ID: "T7-1"})
    assert ids_of(archive, slide) == ("T7", "T7-1")


def test_what_a_person_entered_wins_over_what_the_lab_declares(
    archive: Archive, slide_file: bytes
) -> None:
    slide = declared(archive, slide_file, {}).slide_id
    archive.catalog.record("slides/lab/a.svs", "ada@example.org", case_id="S26-7")
    declared(archive, slide_file, {metadata.CASE_ID: "T7", metadata.SLIDE_ID: "T7-1"})
    assert ids_of(archive, slide) == ("S26-7", "T7-1")


def test_a_unit_declares_in_its_list(archive: Archive) -> None:
    unit = series(archive, case_id=" T7\u0000", slide_id="T7-1", incomplete="lacks 3.dcm")
    outcome = sent(archive, "case/s", unit)
    row = archive.catalog.slide(outcome.slide_id)
    assert (row.case_id, row.slide_id, row.incomplete) == ("T7\ufffd", "T7-1", "lacks 3.dcm")


def test_a_failed_slide_is_found_by_what_the_lab_declares(archive: Archive) -> None:
    told = {metadata.CASE_ID: "T7", metadata.INCOMPLETE: metadata.encoded("it ends in its header")}
    outcome = declared(archive, b"no slide at all", told)
    row = archive.catalog.slide(outcome.slide_id)
    assert (row.import_state, row.case_id) == ("failed", "T7")
    assert row.incomplete == "it ends in its header"
    assert len(archive.catalog.slides(search="T7").slides) == 1


def test_a_slide_that_is_whole_at_last_is_no_longer_called_incomplete(
    archive: Archive, slide_file: bytes
) -> None:
    slide = declared(archive, slide_file, {metadata.INCOMPLETE: "cut"}).slide_id
    assert archive.catalog.slide(slide).incomplete == "cut"
    declared(archive, slide_file, {})
    assert archive.catalog.slide(slide).incomplete is None


@pytest.mark.parametrize(
    ("kind", "said"),
    [("vsi", "VSI slide.*export it"), ("tif-folder", "folder of single TIFF.*save it")],
)
def test_a_unit_that_nothing_here_reads_says_what_to_do(
    kind: str, said: str, archive: Archive
) -> None:
    member = put(archive, "case/a.tif", write([tiled(grey(1), 64)]))
    outcome = sent(archive, "case", Unit(kind, (member,), case_id="T7"))
    row = archive.catalog.slide(outcome.slide_id)
    assert (row.import_state, row.failure_kind, row.case_id) == ("failed", "unsupported", "T7")
    assert re.match(f"It is an? .*{said}", row.failure_reason or "")


def test_a_failed_import_is_tried_again_when_asked(archive: Archive, slide_file: bytes) -> None:
    """As after a release that reads what the one before did not."""
    key = archive.put("a.svs", slide_file)
    etag = archive.store.head(key).etag
    archive.catalog.record(
        key, "importer", import_state="failed", failure_kind="unsupported", etag=etag
    )
    assert archive.importer.run(key).state == "failed"
    assert archive.importer.run(key, again=True).state == "imported"


def test_a_part_has_no_row(archive: Archive) -> None:
    series(archive)
    archive.importer.run("slides/lab/case/0.dcm")
    with pytest.raises(NotFound):
        archive.catalog.slide(keys.slide_id("slides/lab/case/0.dcm"))


def test_a_real_series_with_a_revision_is_one_slide(archive: Archive, real_data: Path) -> None:
    files = sorted((real_data / "slides" / "dicom-wg26-FluorCell").iterdir())
    members = tuple(
        put(archive, f"series/{file.name}", file.read_bytes(), 1 + n % 2)
        for n, file in enumerate(files)
    )
    outcome = sent(archive, "series/series-0123abcd", Unit("dicom", members))
    assert outcome.state == "imported", outcome.reason
    assert pixels(archive, outcome.slide_id, "0/0_0").shape[2] == 3
