import json
import tracemalloc
from fractions import Fraction

import numpy as np
import pytest
import zxingcpp
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from labsight.slides import barcode
from labsight.slides.formats import bounded_xml, metadata
from labsight.slides.formats.metadata import ScanData
from labsight.slides.formats.tiff import aperio, ome_xml


def test_a_decimal_comma_is_read() -> None:
    assert metadata.positive("0,25") == 0.25


def ome_scan(text: str) -> ScanData | None:
    """Read OME-XML as an OME-TIFF's description is read; None when it describes no image."""
    root = bounded_xml.parse(text)
    images = () if root is None else ome_xml.images_of(root)
    return ome_xml.scan_data(root, images[0]) if root is not None and images else None


@given(text=st.text())
def test_no_description_breaks_the_readers(text: str) -> None:
    aperio.scan_data(text)
    aperio.scan_data(f"Aperio|{text}|Date = {text}|Time = {text}|Time Zone = {text}")
    ome_scan(text)
    ome_scan(f"<OME><Image><Pixels PhysicalSizeX='{text}' SizeC='{text}'/></Image></OME>")


def test_ome_sizes_are_brought_to_micrometres() -> None:
    scan = ome_scan(
        '<OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06">'
        '<Objective NominalMagnification="40"/><Image><AcquisitionDate>2026-01-02T03:04:05'
        '</AcquisitionDate><Pixels PhysicalSizeX="250" PhysicalSizeXUnit="nm" '
        'PhysicalSizeY="0.26"/></Image></OME>'
    )
    assert scan is not None
    assert scan.mpp == (0.25, 0.26)
    assert (scan.magnification, scan.scanned_at) == (40.0, "2026-01-02T03:04:05")


OME_SIZE = (
    '<OME><Image><Pixels PhysicalSizeX="{0}" PhysicalSizeXUnit="{1}" PhysicalSizeY="{0}" '
    'PhysicalSizeYUnit="{1}"/></Image></OME>'
)


def mpp_of(size: object, unit: str) -> tuple[float, float] | None:
    scan = ome_scan(OME_SIZE.format(size, unit))
    assert scan is not None
    return scan.mpp


@pytest.mark.parametrize(
    ("size", "unit"),
    [("1e308", "m"), ("1e308", "nm"), ("1e-300", "nm"), ("0.5", "m"), ("101", "um")],
)
def test_a_size_that_no_scanner_has_is_unknown(size: str, unit: str) -> None:
    assert mpp_of(size, unit) is None


@given(size=st.floats(), unit=st.sampled_from(["nm", "um", "mm", "m"]))
def test_every_size_is_one_that_json_can_tell(size: float, unit: str) -> None:
    mpp = mpp_of(size, unit)
    assert json.loads(json.dumps(mpp, allow_nan=False)) == (list(mpp) if mpp else None)


@pytest.mark.parametrize(
    "flood", ["<a/>" * 900_000, "<a>" * 500_000 + "</a>" * 500_000, " " * (5 << 20)]
)
def test_an_immense_document_is_not_parsed_and_costs_little(flood: str) -> None:
    text = OME_SIZE.format("0.5", "um").replace("</OME>", f"{flood}</OME>")
    tracemalloc.start()
    assert bounded_xml.parse(text) is None
    assert tracemalloc.get_traced_memory()[1] < 8 << 20
    tracemalloc.stop()


def test_a_document_as_deep_as_it_may_be_is_parsed() -> None:
    half = bounded_xml.MAX_TAGS // 2
    root = bounded_xml.parse("<a>" * half + "</a>" * half)
    assert root is not None
    assert sum(1 for _ in root.iter()) == half


def test_entities_are_not_expanded() -> None:
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaa">]><OME><Image><Pixels/>&a;</Image></OME>'
    assert bounded_xml.parse(bomb) is None
    assert bounded_xml.parse("<!-- no type --><OME/>") is not None


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12", 12),
        (" -3 ", -3),
        ("+4", 4),
        ("", 7),
        (None, 7),
        ("1e3", 7),
        ("\u0663", 7),
        ("9" * 16, 7),
    ],
)
def test_whole_numbers_are_read_or_left(text: str | None, value: int) -> None:
    assert bounded_xml.whole(text, 7) == value


def test_resolution_tags_give_mpp_but_screen_resolutions_do_not() -> None:
    scan = Fraction(20_000)
    assert metadata.resolution(scan, scan, 3) == (0.5, 0.5)
    assert metadata.resolution(Fraction(50_800), Fraction(50_800), 2) == (0.5, 0.5)
    assert metadata.resolution(Fraction(72), Fraction(72), 2) is None
    assert metadata.resolution(scan, scan, 1) is None
    assert metadata.resolution(None, scan, 3) is None


@pytest.mark.parametrize("pixels_per_unit", [-20_000, Fraction(1, 2**31), 2**32 - 1])
def test_a_resolution_that_no_scanner_has_is_unknown(pixels_per_unit: int) -> None:
    value = Fraction(pixels_per_unit)
    assert metadata.resolution(value, value, 3) is None


@pytest.mark.parametrize(
    ("text", "case", "slide"),
    [
        ("S26-01234;A1;2", "S26-01234", "S26-01234-A1-2"),
        ("S26-01234 A1 2", "S26-01234", "S26-01234-A1-2"),
        ("S26-01234-A1-2", "S26-01234-A1", "S26-01234-A1-2"),
        ("12345", None, "12345"),
        ("\x1dS26;A\n", "S26", "S26-A"),
        ("-", None, "-"),
        ("S26-01234\x1dA1\x1d2", "S26-01234", "S26-01234-A1-2"),
        ("S26-01234\tA1\r\n2", "S26-01234", "S26-01234-A1-2"),
        ("S26-01234\x00A1\x04", "S26-01234", "S26-01234-A1"),
        ("S26-\u200b01234;A1", "S26-01234", "S26-01234-A1"),
        ("S26-01234;", "S26", "S26-01234"),
        ("\x1d", None, None),
    ],
)
def test_a_barcode_is_taken_apart(text: str, case: str | None, slide: str | None) -> None:
    found = barcode.parse(text)
    assert (found.case_id, found.slide_id) == (case, slide)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("S26-01234\x1dA1\x1d2", "S26-01234 A1 2"),
        ("\x1dS26;A\n", "S26;A"),
        ("S26\u00a0A1\u200b", "S26 A1"),
    ],
)
def test_a_barcode_is_shown_readable(text: str, shown: str) -> None:
    assert barcode.parse(text).barcode == shown


def label_with(text: str) -> Image.Image:
    drawn = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.DataMatrix)
    return Image.fromarray(np.array(zxingcpp.write_barcode_to_image(drawn, scale=5)))


def test_a_label_with_group_separators_is_taken_apart() -> None:
    found = barcode.read_label(label_with("S26-01234\x1dA1\x1d2"))
    assert found == barcode.LabelIds("S26-01234 A1 2", "S26-01234", "S26-01234-A1-2")


def test_a_barcode_of_control_characters_is_none() -> None:
    label = label_with("\x1d\x04")
    assert zxingcpp.read_barcodes(label)
    assert barcode.read_label(label) is None
