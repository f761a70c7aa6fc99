"""Channels, focal planes and times through the service; and reading files without a server."""

import base64
import io
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from labsight.catalog import Catalog
from labsight.keys import unit_key
from labsight.slides import sidecar, units
from labsight.slides.units import Member, Unit
from labsight.tiles import Request, TileService
from labsight.tiles.made import TileMaker
from labsight.tiles.options import Options
from tests.support.archive import Archive
from tests.support.dicom_slides import DicomFile, Light, encoded, picture, tiles_of
from tests.support.made_tiffs import make_ome

SIDE = 64


@pytest.fixture
def archive(catalog: Catalog, tmp_path: Path) -> Archive:
    return Archive(catalog, tmp_path / "scratch")


def grey(seed: int) -> NDArray[np.uint8]:
    return np.asarray(picture(2 * SIDE, SIDE, seed, grey=True), np.uint8)


@pytest.fixture
def fluorescence(archive: Archive) -> str:
    """Two channels, two focal planes, JPEG frames."""
    lights = (Light(identifier="1", fluorescent=True), Light(identifier="2", fluorescent=True))
    frames = [
        encoded(tile)
        for seed in range(1, 5)  # of each channel all focal planes
        for tile in tiles_of(grey(seed), (SIDE, SIDE))
    ]
    file = DicomFile(
        frames=frames,
        size=(2 * SIDE, SIDE),
        tile=(SIDE, SIDE),
        photometric="MONOCHROME2",
        samples=1,
        lights=lights,
        focal=2,
        z_step=1.5,
    )
    outcome = archive.imported("f.dcm", file.content())
    assert outcome.state == "imported", outcome.reason
    return outcome.slide_id


def shown(archive: Archive, path: str) -> NDArray[np.int16]:
    answer = archive.get(path)
    assert answer.status == 200, answer.body
    return np.asarray(Image.open(io.BytesIO(answer.body)), np.int16)


def test_the_descriptor_tells_of_channels_and_planes(archive: Archive, fluorescence: str) -> None:
    descriptor = json.loads(archive.get(f"/slides/{fluorescence}/slide.json").body)
    assert [one["number"] for one in descriptor["channels"]] == [0, 1]
    assert all(len(one["window"]) == 2 for one in descriptor["channels"])
    assert descriptor["z"] == {"count": 2, "shown": 0, "step_um": 1.5}
    assert descriptor["t"]["count"] == 1


def test_a_grey_channel_over_its_whole_range_is_sent_as_it_is_stored(
    archive: Archive, fluorescence: str
) -> None:
    for channel in (0, 1):
        for z in (0, 1):
            query = f"?channels={channel}:FFFFFF:0-255&z={z}"
            answer = archive.get(f"/slides/{fluorescence}/tiles/0/1_0.jpg{query}")
            assert answer.headers["x-labsight-path"] == "stored"
            found = np.asarray(Image.open(io.BytesIO(answer.body)), np.int16)
            truth = grey(1 + 2 * channel + z)[:, SIDE:].astype(np.int16)
            others = [grey(seed)[:, SIDE:] for seed in range(1, 5) if seed != 1 + 2 * channel + z]
            own = np.abs(found - truth).mean()
            assert all(own < np.abs(found - other.astype(np.int16)).mean() for other in others)


def test_colours_and_windows_change_the_picture(archive: Archive, fluorescence: str) -> None:
    tile = f"/slides/{fluorescence}/tiles/0/0_0.jpg"
    red = shown(archive, f"{tile}?channels=0:FF0000:0-255")
    assert red[..., 0].mean() > 10 * max(1.0, red[..., 1].mean())
    bright = shown(archive, f"{tile}?channels=0:FF0000:0-64")
    assert bright[..., 0].mean() > red[..., 0].mean()
    both = shown(archive, f"{tile}?channels=0:FF0000:0-255,1:00FF00:0-255")
    assert both[..., 1].mean() > 10


def test_each_look_has_an_etag_of_its_own(archive: Archive, fluorescence: str) -> None:
    tile = f"/slides/{fluorescence}/tiles/0/0_0.jpg"
    queries = ("", "?z=1", "?channels=0", "?channels=0:00FFFF", "?channels=0:FF0000:0-9", "?t=0")
    etags = [archive.get(tile + query).headers["etag"] for query in queries]
    assert len(set(etags)) == 5  # the first time is what is shown without being asked for
    assert etags[0] == etags[5]
    for query, etag in zip(queries, etags, strict=True):
        assert archive.get(tile + query, if_none_match=etag).status == 304


@pytest.mark.parametrize(
    "query", ["?channels=7", "?z=2", "?t=1", "?channels=0:red", "?icc=cmyk", "?z=x"]
)
def test_a_look_that_cannot_be_is_refused(archive: Archive, fluorescence: str, query: str) -> None:
    for path in ("tiles/0/0_0.jpg", "slide.json"):
        answer = archive.get(f"/slides/{fluorescence}/{path}{query}")
        assert answer.status == (400 if path.endswith("jpg") else 200)
    for path in (f"/iiif/3/{fluorescence}/full/max/0/default.jpg",):
        assert archive.get(path + query).status == 400


def test_iiif_shows_channels_as_well(archive: Archive, fluorescence: str) -> None:
    path = f"/iiif/3/{fluorescence}/full/max/0/default.png?channels=1:0000FF:0-255"
    whole = shown(archive, path)
    assert whole.shape == (SIDE, 2 * SIDE, 3)
    assert whole[..., 2].mean() > 10 > whole[..., 0].mean()


def test_a_page_of_another_site_reads_images_only_where_that_was_allowed(
    archive: Archive, fluorescence: str
) -> None:
    path = f"/iiif/3/{fluorescence}/info.json"
    assert "access-control-allow-origin" not in archive.get(path).headers
    service = TileService(archive.store, no_maker, Options(allowed_origin="https://a.example"))
    answer = service.answer(Request("GET", path, origin="http://x"))
    assert answer.headers["access-control-allow-origin"] == "https://a.example"
    assert json.loads(answer.body)["id"] == f"http://x/iiif/3/{fluorescence}"
    for method, path, status in (
        ("OPTIONS", f"/iiif/3/{fluorescence}/info.json", 204),
        ("GET", f"/iiif/3/{fluorescence}/odd/max/0/default.jpg", 400),
    ):
        answer = service.answer(Request(method, path))
        assert answer.status == status
        assert answer.headers["access-control-allow-origin"] == "https://a.example"
    tile = service.answer(Request("GET", f"/slides/{fluorescence}/slide.json"))
    assert "access-control-allow-origin" not in tile.headers


def test_the_image_itself_leads_to_its_description(archive: Archive, fluorescence: str) -> None:
    answer = archive.get(f"/iiif/3/{fluorescence}")
    assert answer.status == 303
    assert answer.headers["location"].endswith(f"/iiif/3/{fluorescence}/info.json")


def no_maker() -> TileMaker:
    raise AssertionError("nothing has to be made")


def direct(archive: Archive, slide: str, *, on: bool = True) -> tuple[int, dict[str, object]]:
    presign = (lambda key, seconds: f"https://bucket/{key}?for={seconds}") if on else None
    service = TileService(archive.store, no_maker, Options(presign=presign))
    answer = service.answer(Request("GET", f"/slides/{slide}/direct.json"))
    return answer.status, json.loads(answer.body)


def test_files_are_handed_out_only_where_that_is_switched_on(
    archive: Archive, fluorescence: str
) -> None:
    status, problem = direct(archive, fluorescence, on=False)
    assert status == 404
    assert "switched off" in str(problem["detail"])


def test_a_file_that_may_name_a_patient_is_not_handed_out(
    archive: Archive, fluorescence: str
) -> None:
    status, problem = direct(archive, fluorescence)
    assert status == 403
    assert "identify a patient" in str(problem["detail"])


def test_an_index_and_an_address_are_all_a_reader_needs(
    archive: Archive, fluorescence: str
) -> None:
    key = f"derived/{fluorescence}/index.bin"
    index = replace(sidecar.from_bytes(archive.store.read(key)), identifying=False)
    archive.store.write(key, sidecar.to_bytes(index))
    status, document = direct(archive, fluorescence)
    assert status == 200
    assert document["files"] == [f"https://bucket/{index.key}?for=3600"]
    assert sidecar.from_bytes(base64.b64decode(str(document["index"]))) == index


def test_a_unit_with_a_file_that_no_level_lies_in_is_not_handed_out(archive: Archive) -> None:
    pixels = np.random.default_rng(1).integers(0, 250, (2, 90, 130), np.uint8)
    shown = make_ome(pixels, metadata={"axes": "CYX"}, tile=(64, 64), compression="zlib")
    for files, status in (
        ({"s/a.ome.tif": shown}, 200),
        ({"s/a.ome.tif": shown, "s/label.tif": b"a picture of a label"}, 403),
    ):
        for name, content in files.items():
            archive.put(name, content)
        members = tuple(Member(name, len(content)) for name, content in files.items())
        key = unit_key("lab", "s")
        archive.store.write(key, units.write(Unit("ome-tiff", members)))
        outcome = archive.importer.run(key)
        assert outcome.state == "imported", outcome.reason
        assert direct(archive, outcome.slide_id)[0] == status


def test_a_unit_names_all_its_files(archive: Archive) -> None:
    sizes = ((160, 96), (80, 48))
    for number, size in enumerate(sizes):
        frames = [encoded(tile) for tile in tiles_of(picture(*size), (SIDE, SIDE))]
        file = DicomFile(frames=frames, size=size, tile=(SIDE, SIDE), instance=f"1.2.{number}")
        archive.put(f"s/{number}.dcm", file.content())
    members = tuple(
        Member(f"s/{n}.dcm", archive.store.head(f"slides/lab/s/{n}.dcm").size) for n in (0, 1)
    )
    key = unit_key("lab", "s")
    archive.store.write(key, units.write(Unit("dicom", members)))
    slide = archive.importer.run(key).slide_id
    assert archive.get(f"/slides/{slide}/tiles/1/0_0.jpg").status == 200
    archive.store.write("slides/lab/s/1.dcm", b"other")
    assert archive.get(f"/slides/{slide}/tiles/0/0_0.jpg").status == 200
    assert archive.get(f"/slides/{slide}/tiles/1/1_0.jpg").status == 503
