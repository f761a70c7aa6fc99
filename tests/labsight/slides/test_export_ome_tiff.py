"""Slides as OME-TIFF: the stored tiles byte for byte, in a file that other programs read."""

import io
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import openslide
import pytest
import tifffile
from PIL import Image

from labsight.errors import InvalidInput
from labsight.slides.export.tiff_writer import Encoder
from labsight.slides.indexing import index_of
from labsight.slides.pixels import jpeg
from labsight.slides.pixels.of_slide import SlidePixels
from labsight.slides.sources import find
from tests.support.exports import run_export
from tests.support.made_slides import make_svs, picture
from tests.support.made_tiffs import (
    DEFLATE,
    LZW,
    make_ome,
    make_pyramid,
    pyramid_of,
    raw,
    stripped,
    tiled,
)
from tests.support.tiff_writer import write


def planes(path: Path, level: int = 0) -> list[Any]:
    """Return the planes of a level as labsight reads them from a file."""
    source = find(str(path))
    index = source.indexed(None).index  # type: ignore[arg-type]
    pixels = SlidePixels(source.store, index, lambda: None)  # type: ignore[arg-type,return-value]
    own = index.levels[level]
    box = 0, 0, own.width, own.height
    return [
        np.asarray(pixels.samples(level, box, box[2:], plane)) for plane in range(index.axes.planes)
    ]


def opened(path: Path) -> Any:
    """Open a file with tifffile, whose types leave much open."""
    return tifffile.TiffFile(path)


def document(file: Any) -> dict[str, Any]:
    return tifffile.xml2dict(file.ome_metadata)


def chunks_of(page: Any) -> list[bytes]:
    handle = page.parent.filehandle
    found = []
    for offset, length in zip(page.dataoffsets, page.databytecounts, strict=True):
        handle.seek(offset)
        found.append(handle.read(length))
    return found


@pytest.mark.parametrize(
    ("options", "photometric"),
    [({}, 2), ({"photometric": "ycbcr", "subsampling": (2, 2)}, 6), ({"abbreviated": False}, 2)],
)
def test_tiles_of_an_aperio_slide_are_copied_byte_for_byte(
    tmp_path: Path, options: dict[str, Any], photometric: int
) -> None:
    slide = make_svs(tmp_path / "a.svs", size=(1000, 740), **options)
    place = run_export(slide, "ome-tiff", tmp_path / "out").path
    assert place.name == "out.ome.tif"
    with opened(slide) as before, opened(place) as after:
        assert after.is_bigtiff
        assert after.is_ome
        series = after.series[0]
        assert (series.axes, series.shape) == ("YXS", (740, 1000, 3))
        assert [one.shape for one in series.levels] == [(740, 1000, 3), (185, 250, 3)]
        old = [page for page in before.pages if page.is_tiled]
        new = [level.pages[0] for level in series.levels]
        for was, now in zip(old, new, strict=True):
            assert chunks_of(was) == chunks_of(now)
            assert now.photometric == photometric
            assert now.jpegtables == was.jpegtables
        assert new[1].subfiletype == 1
        if photometric == 6:
            assert new[0].tags["YCbCrSubSampling"].value == (2, 2)


@pytest.mark.parametrize("photometric", ["rgb", "ycbcr"])
def test_openslide_shows_the_same_pixels(tmp_path: Path, photometric: str) -> None:
    slide = make_svs(tmp_path / "a.svs", size=(1000, 740), photometric=photometric)  # type: ignore[arg-type]
    place = run_export(slide, "ome-tiff", tmp_path / "out").path
    with openslide.OpenSlide(slide) as before, openslide.OpenSlide(place) as after:
        assert after.dimensions == (1000, 740)
        assert float(after.properties["openslide.mpp-x"]) == pytest.approx(0.5, rel=1e-6)
        old, new = (np.asarray(one.read_region((0, 0), 0, (1000, 740))) for one in (before, after))
    assert np.array_equal(old, new)


def test_the_document_tells_of_the_scan(tmp_path: Path) -> None:
    slide = make_svs(tmp_path / "case <7>.svs", size=(1000, 740))
    place = run_export(slide, "ome-tiff", tmp_path / "out").path
    with opened(place) as file:
        told = document(file)["OME"]
    image = told["Image"]
    assert image["Name"] == "case _7_"
    assert image["Pixels"]["PhysicalSizeX"] == 0.5
    assert image["Pixels"]["SizeC"] == 3
    assert image["Pixels"]["Channel"]["SamplesPerPixel"] == 3
    assert told["Instrument"]["Objective"]["NominalMagnification"] == 20
    index = index_of(*_stored(place)).index
    assert index.mpp == pytest.approx((0.5, 0.5))
    assert index.magnification == 20
    assert not index.identifying


def _stored(place: Path) -> tuple[Any, str]:
    source = find(str(place))
    return source.store, next(one.key for one in source.store.walk() if place.name in one.key)


def test_channels_z_and_t_are_planes(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    shape = 2, 3, 2, 320, 400  # TZCYX
    data = (rng.random(shape) * 4000).astype(np.uint16)
    metadata = {
        "axes": "TZCYX",
        "PhysicalSizeX": 0.25,
        "PhysicalSizeY": 0.25,
        "PhysicalSizeZ": 2.0,
        "Channel": {"Name": ["DAPI", "Cy3 & more"], "Color": [65535, 16711935]},
    }
    content = make_ome(data, subifds=1, metadata=metadata, tile=(128, 128), compression="zlib")
    (tmp_path / "a.ome.tif").write_bytes(content)
    place = run_export(tmp_path / "a.ome.tif", "ome-tiff", tmp_path / "out").path
    with opened(place) as file:
        series = file.series[0]
        assert series.axes == "TZCYX"
        assert np.array_equal(series.asarray(), data)
        assert np.array_equal(series.levels[1].asarray(), data[..., ::2, ::2])
        pixels = document(file)["OME"]["Image"]["Pixels"]
    assert [one["Name"] for one in pixels["Channel"]] == ["DAPI", "Cy3 & more"]
    assert [one["Color"] for one in pixels["Channel"]] == [65535, 16711935]
    assert (pixels["PhysicalSizeZ"], pixels["Type"]) == (2.0, "uint16")


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(("compression", "predictor"), [(1, 1), (DEFLATE, 1)])
def test_samples_of_16_bits_keep_their_order(
    tmp_path: Path, order: Any, compression: int, predictor: int
) -> None:
    data = (np.arange(300 * 280, dtype=np.uint32) * 7 % 60_000).astype(np.uint16).reshape(280, 300)

    def encode(part: Any) -> bytes:
        stored = part.astype(f"{order}u2").tobytes()
        return zlib.compress(stored) if compression == DEFLATE else stored

    page = tiled(data, 128, compression=compression, encode=encode)
    (tmp_path / "a.tif").write_bytes(write([page], order=order))
    place = run_export(tmp_path / "a.tif", "ome-tiff", tmp_path / "out").path
    with opened(place) as file:
        assert file.byteorder == order
        assert np.array_equal(file.pages[0].asarray(), data)
        assert file.pages[0].compression == compression
        assert predictor == 1


@pytest.mark.parametrize("rows", [16, 50, 700])
def test_strips_stay_strips(tmp_path: Path, rows: int) -> None:
    data = picture((500, 333))
    (tmp_path / "a.tif").write_bytes(write([stripped(data, rows)]))
    place = run_export(tmp_path / "a.tif", "ome-tiff", tmp_path / "out").path
    with opened(place) as file:
        assert np.array_equal(file.pages[0].asarray(), data)
        assert not file.pages[0].is_tiled


def test_tiles_of_odd_sides_are_encoded_again_without_loss(tmp_path: Path) -> None:
    data = picture((500, 333))
    (tmp_path / "a.tif").write_bytes(write([tiled(data, 100, compression=1, encode=raw)]))
    place = run_export(tmp_path / "a.tif", "ome-tiff", tmp_path / "out").path
    with opened(place) as file:
        assert file.pages[0].is_tiled
        assert file.pages[0].tilewidth % 16 == 0
        assert np.array_equal(file.pages[0].asarray(), data)


def test_lzw_is_copied_with_its_predictor(tmp_path: Path) -> None:
    # A table of codes that need no compressor: 9 bits each, cleared before every 250th.
    def lzw(part: Any) -> bytes:
        flat = part.astype(np.int16)
        flat[:, 1:] = flat[:, 1:] - part.astype(np.int16)[:, :-1]
        bits = ""
        for number, value in enumerate((flat & 255).astype(np.uint8).tobytes()):
            bits += (f"{256:09b}" if number % 250 == 0 else "") + f"{value:09b}"
        bits += f"{257:09b}"
        bits += "0" * (-len(bits) % 8)
        return int(bits, 2).to_bytes(len(bits) // 8, "big")

    data = picture((200, 150))
    page = tiled(data, 64, compression=LZW, encode=lzw, tags={317: 2})
    (tmp_path / "a.tif").write_bytes(write([page]))
    place = run_export(tmp_path / "a.tif", "ome-tiff", tmp_path / "out").path
    with opened(place) as file:
        assert (int(file.pages[0].compression), file.pages[0].predictor) == (5, 2)
    assert np.array_equal(planes(place)[0], data)
    with Image.open(place) as shown:  # libtiff
        assert np.array_equal(np.asarray(shown), data)


@pytest.mark.parametrize(
    "options", [{}, {"photometric": "ycbcr", "subsampling": (2, 2)}, {"photometric": "ycbcr"}]
)
def test_tiles_that_the_scanner_left_out_share_one_of_background(
    tmp_path: Path, options: dict[str, Any]
) -> None:
    empty = [(0, 1, 1), (0, 2, 1), (1, 0, 0)]
    slide = make_svs(tmp_path / "a.svs", size=(1000, 740), empty_tiles=empty, **options)
    place = run_export(slide, "ome-tiff", tmp_path / "out").path
    with opened(place) as file:
        offsets = file.pages[0].dataoffsets
        assert offsets[5 + 1] == offsets[5 + 2]
        assert all(file.pages[0].databytecounts)
    with openslide.OpenSlide(place) as shown:
        blank = np.asarray(shown.read_region((240, 240), 0, (480, 240)))
        beside = np.asarray(shown.read_region((0, 0), 0, (240, 240)))
    assert blank.min() == 255
    assert beside.min() < 50


def test_jpeg_2000_is_copied(real_data: Path, tmp_path: Path) -> None:
    slide = real_data / "slides" / "TCGA-CR-7395-01A-01-TS1.svs"
    place = run_export(slide, "ome-tiff", tmp_path / "out").path
    with opened(slide) as before, opened(place) as after:
        assert after.pages[0].compression == 33005
        assert chunks_of(before.pages[0]) == chunks_of(after.pages[0])
        assert after.pages[0].iccprofile == before.pages[0].iccprofile
    assert np.array_equal(planes(place, 1)[0], planes(slide, 1)[0])


def test_a_fluorescence_dicom_comes_out_with_its_channels(real_data: Path, tmp_path: Path) -> None:
    slide = real_data / "slides" / "dicom-wg26-FluorCell"
    place = run_export(slide, "ome-tiff", tmp_path / "out").path
    with opened(place) as file:
        assert file.series[0].axes == "CYX"
        assert file.series[0].shape == (3, 2816, 2816)
        names = [one["Name"] for one in document(file)["OME"]["Image"]["Pixels"]["Channel"]]
    assert len(set(names)) == 3
    before, after = planes(slide, 3), planes(place, 3)
    assert all(np.array_equal(a, b) for a, b in zip(before, after, strict=True))


def test_a_slide_of_restart_intervals_is_encoded_in_tiles(real_data: Path, tmp_path: Path) -> None:
    slide = real_data / "slides" / "hamamatsu-test3-DAPI.ndpi"
    place = run_export(slide, "ome-tiff", tmp_path / "out", quality=95).path
    with openslide.OpenSlide(place) as shown:
        got = np.asarray(shown.read_region((1000, 1000), 0, (800, 800)).convert("RGB"))
    with openslide.OpenSlide(slide) as shown:
        expected = np.asarray(shown.read_region((1000, 1000), 0, (800, 800)).convert("RGB"))
    assert np.abs(got.astype(int) - expected).mean() < 2


def test_a_tile_is_a_jpeg_with_the_tables_of_its_directory(tmp_path: Path) -> None:
    slide = make_svs(tmp_path / "a.svs", size=(1000, 740))
    place = run_export(slide, "ome-tiff", tmp_path / "out").path
    with opened(place) as file:
        page = file.pages[0]
        stream = jpeg.complete(jpeg.head(page.jpegtables, rgb=True), chunks_of(page)[6])
    with Image.open(io.BytesIO(stream)) as image:
        expected = picture((1000, 740))[240:480, 240:480]
        assert np.abs(np.asarray(image).astype(int) - expected).mean() < 4


def test_pyramids_of_every_power_of_two_are_copied(tmp_path: Path) -> None:
    made = make_pyramid()
    (tmp_path / "a.tif").write_bytes(made.content)
    place = run_export(tmp_path / "a.tif", "ome-tiff", tmp_path / "out").path
    with opened(place) as file:
        shapes = [one.shape for one in file.series[0].levels]
    assert shapes == [one.shape for one in made.levels]


def test_labels_are_refused(tmp_path: Path) -> None:
    slide = make_svs(tmp_path / "a.svs")
    with pytest.raises(InvalidInput, match="--ome-tiff holds no label and macro images"):
        run_export(slide, "ome-tiff", tmp_path / "out", labels=True)


@pytest.mark.parametrize("value", [1e-6, 0.4, 20040.0801603, 1e7, 1e12])
def test_resolutions_are_as_exact_as_two_numbers_can_tell(value: float) -> None:
    data: Sequence[int] = np.frombuffer(Encoder("<").rational(value).data, "<u4").tolist()
    told = data[0] / data[1]
    assert told == pytest.approx(min(value, 2**32 - 1), rel=1e-3 if value < 0.01 else 1e-8)


def test_a_pyramid_of_lossless_tiles_keeps_every_pixel(tmp_path: Path) -> None:
    levels = pyramid_of(picture((700, 500)), (1, 2))
    pages = [
        tiled(one, tags={254: 1} if number else None, compression=1, encode=raw)
        for number, one in enumerate(levels)
    ]
    (tmp_path / "a.tif").write_bytes(write(pages))
    place = run_export(tmp_path / "a.tif", "ome-tiff", tmp_path / "out").path
    with opened(place) as file:
        for level, expected in zip(file.series[0].levels, levels, strict=True):
            assert np.array_equal(level.asarray(), expected)
