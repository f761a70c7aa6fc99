import unicodedata
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest
import tifffile
import zxingcpp
from openslide import OpenSlide, OpenSlideError

from tests.sample_data.command import SLIDES, make

BREAST = SLIDES / "breast-he.svs"
LYMPH_NODE = SLIDES / "batch-2" / "Lymphknoten Färbung HE.svs"
KIDNEY = SLIDES / "kidney-fluo.ome.tif"
UNDECODABLE = SLIDES / "undecodable.svs"
ALL = (BREAST, LYMPH_NODE, KIDNEY, UNDECODABLE)


def test_the_committed_slides_are_what_the_generator_writes(tmp_path: Path) -> None:
    assert make.main(["--out", str(tmp_path)]) == 0
    made = {path.relative_to(tmp_path): path for path in tmp_path.rglob("*") if path.is_file()}
    assert set(made) == {path.relative_to(SLIDES) for path in ALL}
    differing = [str(name) for name in made if made[name].read_bytes() != _committed(name)]
    assert not differing, "run `python sample-data/make.py --force` with the pinned requirements"


def test_the_repository_stays_small() -> None:
    sizes = [path.stat().st_size for path in ALL]
    assert max(sizes) < 3_000_000
    assert sum(sizes) < 4_000_000


@pytest.mark.parametrize(
    ("path", "sizes", "tile"),
    [
        (BREAST, ((5303, 3967), (1325, 991), (331, 247)), "240"),
        (LYMPH_NODE, ((2501, 2003), (625, 500)), "256"),
    ],
)
def test_the_scans_open_as_aperio(path: Path, sizes: tuple[tuple[int, int]], tile: str) -> None:
    with OpenSlide(path) as slide:
        assert slide.properties["openslide.vendor"] == "aperio"
        assert slide.level_dimensions == sizes
        assert slide.properties["openslide.level[0].tile-width"] == tile
        assert slide.properties["openslide.mpp-x"] == "0.499"
        assert slide.properties["openslide.mpp-y"] == "0.499"
        assert slide.properties["openslide.objective-power"] == "20"
        assert set(slide.associated_images) == {"thumbnail", "label", "macro"}


def test_level_sizes_are_floored_where_a_remainder_is_left() -> None:
    with OpenSlide(BREAST) as slide:
        (width, height), *reduced = slide.level_dimensions
    assert reduced == [(width // 4, height // 4), (width // 16, height // 16)]
    assert width % 4
    assert height % 16


def test_the_description_says_when_and_where_it_was_scanned() -> None:
    with OpenSlide(BREAST) as slide:
        properties = dict(slide.properties)
    assert properties["aperio.Date"] == "03/14/26"
    assert properties["aperio.Time"] == "09:59:15"
    assert properties["aperio.Time Zone"] == "GMT+01:00"
    assert properties["aperio.ScanScope ID"] == "SS0000"
    assert properties["aperio.ImageID"] == "1004486"


@pytest.mark.parametrize(
    ("path", "barcode"), [(BREAST, "S26-01234;A1;2"), (LYMPH_NODE, "S26-00987;C3;1")]
)
def test_the_label_carries_the_barcode(path: Path, barcode: str) -> None:
    with OpenSlide(path) as slide:
        seen = np.asarray(slide.associated_images["label"].convert("RGB"))
    (code,) = zxingcpp.read_barcodes(seen)
    assert code.text == barcode
    assert code.format == zxingcpp.BarcodeFormat.DataMatrix


def test_pages_lie_in_aperio_order_with_its_compressions() -> None:
    with tifffile.TiffFile(BREAST) as tiff:
        all_pages = [page.aspage() for page in tiff.pages]
        pages = [
            (page.tags["NewSubfileType"].value, page.tags["Compression"].value, page.is_tiled)
            for page in all_pages
        ]
        descriptions = [page.description for page in all_pages]
    jpeg, lzw = 7, 5
    assert pages == [
        (0, jpeg, True),
        (0, jpeg, False),
        (0, jpeg, True),
        (0, jpeg, True),
        (1, lzw, False),
        (9, jpeg, False),
    ]
    assert all(text.startswith("Aperio Image Library v11.2.1 \r\n") for text in descriptions)
    assert descriptions[1].startswith("Aperio Image Library v11.2.1 \r\n5303x3967 -> 662x495 - |")
    assert descriptions[4].endswith("label 387x463")
    assert descriptions[5].endswith("macro 1280x431")


def test_breast_tiles_leave_tables_and_colour_space_to_the_tags() -> None:
    with tifffile.TiffFile(BREAST) as tiff:
        page = tiff.pages.first
        tables = page.tags["JPEGTables"].value
        assert page.tags["PhotometricInterpretation"].value == 2
        assert len(tables) == 289
        assert (tables[:4], tables[-2:]) == (b"\xff\xd8\xff\xdb", b"\xff\xd9")
        for tile in _tiles(tiff, page):
            assert _markers_before_the_scan(tile) == [0xC0]
            assert [tile[i] for i in (12, 15, 18)] == [0, 1, 2], "component ids"


def test_lymph_node_tiles_have_halved_chroma() -> None:
    with tifffile.TiffFile(LYMPH_NODE) as tiff:
        page = tiff.pages.first
        assert page.tags["PhotometricInterpretation"].value == 6
        assert page.tags["YCbCrSubSampling"].value == (2, 2)
        assert {tile[13] for tile in _tiles(tiff, page)} == {0x22}


def test_reduced_levels_lie_exactly_over_the_full_one() -> None:
    with OpenSlide(BREAST) as slide:
        # Sizes are floored, so pixel 400 of level 1 starts at 400 x 4.002.
        reduced = np.asarray(slide.read_region((1601, 1601), 1, (200, 200)).convert("RGB"))
        full = np.asarray(slide.read_region((1596, 1596), 0, (808, 808)).convert("RGB"))
    apart = {}
    for shift in range(9):
        part = full[shift : shift + 800, shift : shift + 800].astype(float)
        averaged = part.reshape(200, 4, 200, 4, 3).mean((1, 3))
        apart[shift - 4] = np.abs(averaged - reduced).mean()
    assert min(apart, key=apart.__getitem__) == 0
    assert apart[0] < 15


def test_breast_is_pink_and_purple_on_white() -> None:
    with OpenSlide(BREAST) as slide:
        seen = np.asarray(slide.read_region((0, 0), 1, slide.level_dimensions[1]).convert("RGB"))
    red, green, blue = np.moveaxis(seen.astype(int), -1, 0)
    white = (green > 225).mean()
    pink = ((red > 170) & (green < 190) & (red > blue)).mean()
    purple = ((blue > red + 15) & (green < 110)).mean()
    assert white > 0.3
    assert pink > 0.3
    assert purple > 0.01


def test_kidney_is_an_ome_pyramid() -> None:
    with tifffile.TiffFile(KIDNEY) as tiff:
        assert tiff.is_ome
        assert [level.shape[:2] for level in tiff.series[0].levels] == [
            (1538, 2050),
            (769, 1025),
            (384, 512),
        ]
        text = tiff.ome_metadata
    assert text is not None
    names = {"ome": "http://www.openmicroscopy.org/Schemas/OME/2016-06"}
    ome = ET.fromstring(text.encode())
    pixels, objective = ome.find(".//ome:Pixels", names), ome.find(".//ome:Objective", names)
    assert pixels is not None
    assert objective is not None
    assert (pixels.get("SizeX"), pixels.get("SizeY"), pixels.get("SizeC")) == ("2050", "1538", "3")
    assert (pixels.get("PhysicalSizeX"), pixels.get("PhysicalSizeXUnit")) == ("0.325", "µm")
    assert objective.get("NominalMagnification") == "20"
    assert ome.findtext(".//ome:UUID", namespaces=names) == ome.get("UUID")


def test_openslide_reads_the_full_level_of_kidney() -> None:
    with OpenSlide(KIDNEY) as slide:
        assert slide.properties["openslide.vendor"] == "generic-tiff"
        assert slide.level_dimensions == ((2050, 1538),)
        corner = slide.read_region((0, 0), 0, (8, 8)).convert("RGB")
    assert np.asarray(corner).max() < 30


def test_undecodable_is_whole_but_of_a_compression_nobody_reads() -> None:
    size = UNDECODABLE.stat().st_size
    with tifffile.TiffFile(UNDECODABLE) as tiff:
        page = tiff.pages.first
        assert page.tags["Compression"].value == make.UNKNOWN_COMPRESSION == 65000
        assert len(page.dataoffsets) == 6 * 4
        ends = [at + count for at, count in zip(page.dataoffsets, page.databytecounts, strict=True)]
        assert max(ends) <= size
    with pytest.raises(OpenSlideError, match="Unsupported TIFF compression: 65000"):
        OpenSlide(UNDECODABLE)


def test_one_name_has_a_folder_a_space_and_a_letter_beyond_ascii() -> None:
    name = LYMPH_NODE.relative_to(SLIDES).as_posix()
    assert "/" in name
    assert " " in name
    assert not name.isascii()
    assert unicodedata.is_normalized("NFC", name)


def test_a_file_that_differs_is_kept_unless_forced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(make, "SLIDES", {"undecodable.svs": make.undecodable})
    out = tmp_path / "slides"
    target = out / "undecodable.svs"
    assert make.main(["--out", str(out)]) == 0
    fresh = target.read_bytes()
    assert make.main(["--out", str(out)]) == 0
    assert "undecodable.svs: 36 kB" in capsys.readouterr().out

    target.write_bytes(b"mine")
    assert make.main(["--out", str(out)]) == 1
    assert target.read_bytes() == b"mine"
    assert "undecodable.svs; --force replaces" in capsys.readouterr().err

    assert make.main(["--out", str(out), "--force"]) == 0
    assert target.read_bytes() == fresh
    assert [path.name for path in out.iterdir()] == ["undecodable.svs"]


def test_a_place_that_cannot_be_written_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    blocked = tmp_path / "file"
    blocked.touch()
    assert make.main(["--out", str(blocked)]) == 2
    assert f"{blocked}: File exists; choose another --out" in capsys.readouterr().err


def _committed(name: Path) -> bytes:
    return (SLIDES / name).read_bytes()


def _tiles(tiff: tifffile.TiffFile, page: tifffile.TiffPage) -> list[bytes]:
    tiles = []
    for offset, count in zip(page.dataoffsets, page.databytecounts, strict=True):
        tiff.filehandle.seek(offset)
        tiles.append(tiff.filehandle.read(count))
    return tiles


def _markers_before_the_scan(stream: bytes) -> list[int]:
    """Return the markers of a JPEG stream between SOI and SOS."""
    assert stream[:2] == b"\xff\xd8"
    at, markers = 2, []
    while stream[at + 1] != 0xDA:
        assert stream[at] == 0xFF
        markers.append(stream[at + 1])
        at += 2 + int.from_bytes(stream[at + 2 : at + 4])
    return markers
