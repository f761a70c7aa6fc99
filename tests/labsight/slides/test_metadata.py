import json
import tracemalloc
from fractions import Fraction

import numpy as np
import pytest
import zxingcpp
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from labsight.slides import barcode, metadata

APERIO = (
    "Aperio Image Library v11.2.1 \r\n46000x32914 [0,0 2220x2967] (240x240) JPEG/RGB Q=30"
    "|AppMag = 20|Date = 12/29/09|Time = 09:59:15|MPP = 0.4990|User = Mrs Jones|ImageID = 7"
    "|Filename = Jones-1|Title = Jones"
)


def test_aperio_fields_are_read() -> None:
    scan = metadata.aperio(APERIO)
    assert (scan.mpp, scan.magnification, scan.image_id) == ((0.499, 0.499), 20.0, "7")
    assert scan.scanned_at == "2009-12-29T09:59:15"


def test_free_text_that_may_name_a_person_is_left_out() -> None:
    assert "Jones" not in str(metadata.aperio(APERIO))


@pytest.mark.parametrize(
    ("fields", "moment"),
    [
        ("Date = 01/02/2026|Time = 03:04:05|Time Zone = GMT-05:00", "2026-01-02T03:04:05-05:00"),
        ("Date = 01/02/26|Time = 03:04:05|Time Zone = odd", "2026-01-02T03:04:05"),
        ("Date = 01/02/26", "2026-01-02T00:00:00"),
        ("Date = 31/12/26|Time = 03:04:05", None),
        ("", None),
    ],
)
def test_dates_are_read_with_tolerance(fields: str, moment: str | None) -> None:
    assert metadata.aperio(f"Aperio|{fields}").scanned_at == moment


@pytest.mark.parametrize("value", ["", "0", "-1", "nan", "inf", "x", "0,0"])
def test_a_size_that_means_nothing_is_unknown(value: str) -> None:
    assert metadata.aperio(f"Aperio|MPP = {value}|AppMag = {value}").mpp is None


def test_a_decimal_comma_is_read() -> None:
    assert metadata.positive("0,25") == 0.25


@given(text=st.text())
def test_no_description_breaks_the_readers(text: str) -> None:
    metadata.aperio(text)
    metadata.aperio(f"Aperio|{text}|Date = {text}|Time = {text}|Time Zone = {text}")
    metadata.ome(text)
    metadata.ome(f"<OME><Pixels PhysicalSizeX='{text}'/></OME>")


def test_ome_sizes_are_brought_to_micrometres() -> None:
    scan = metadata.ome(
        '<OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06">'
        '<Objective NominalMagnification="40"/><Image><AcquisitionDate>2026-01-02T03:04:05'
        '</AcquisitionDate><Pixels PhysicalSizeX="250" PhysicalSizeXUnit="nm" '
        'PhysicalSizeY="0.26"/></Image></OME>'
    )
    assert scan.mpp == (0.25, 0.26)
    assert (scan.magnification, scan.scanned_at) == (40.0, "2026-01-02T03:04:05")


OME_SIZE = (
    '<OME><Pixels PhysicalSizeX="{0}" PhysicalSizeXUnit="{1}" PhysicalSizeY="{0}" '
    'PhysicalSizeYUnit="{1}"/></OME>'
)


@pytest.mark.parametrize(
    ("size", "unit"),
    [("1e308", "m"), ("1e308", "nm"), ("1e-300", "nm"), ("0.5", "m"), ("101", "um")],
)
def test_a_size_that_no_scanner_has_is_unknown(size: str, unit: str) -> None:
    assert metadata.ome(OME_SIZE.format(size, unit)).mpp is None


@given(size=st.floats(), unit=st.sampled_from(["nm", "um", "mm", "m"]))
def test_every_size_is_one_that_json_can_tell(size: float, unit: str) -> None:
    mpp = metadata.ome(OME_SIZE.format(size, unit)).mpp
    assert json.loads(json.dumps(mpp, allow_nan=False)) == (list(mpp) if mpp else None)


def test_an_immense_ome_document_tells_nothing_and_costs_little() -> None:
    for flood in ("<a/>" * 900_000, "<a>" * 500_000 + "</a>" * 500_000):
        text = f"{OME_SIZE.format('0.5', 'um')[:-6]}{flood}</OME>"
        tracemalloc.start()
        assert metadata.ome(text) == metadata.ScanData()
        assert tracemalloc.get_traced_memory()[1] < 8 << 20
        tracemalloc.stop()


def test_entities_are_not_expanded() -> None:
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaa">]><OME><Pixels PhysicalSizeX="1"/>&a;</OME>'
    assert metadata.ome(bomb) == metadata.ScanData()


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
