"""DICOM slides of several files, and what they tell beside pixels."""

import struct
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import ImageCms

from labsight.errors import DamagedSlide, UnsupportedSlide
from labsight.slides.axes import Channel
from labsight.slides.formats.dicom.series import is_dicom, read_dicom, series_of
from tests.support.dicom_samples import (
    SIZE,
    coloured,
    grey,
    half,
    native,
    other,
    stack,
)
from tests.support.dicom_slides import (
    DicomFile,
    Light,
    opened,
    picture,
    pixels_of,
    structure_of,
    text,
)


def test_files_of_one_series_are_levels_channels_and_focal_planes_in_any_order() -> None:
    lights = Light(identifier="r", description="Cy5"), Light(identifier="g", description="FITC")
    files = [
        native(grey(n), lights=(lights[n % 2],), z=float(n // 2), instance=f"1.{n}")
        for n in range(4)
    ]
    files.append(native(half(grey(0)), lights=(lights[0],), z=1.0, instance="1.9"))
    given = opened(*(file.content() for file in reversed(files)))
    found = read_dicom(given)
    assert [(one.width, one.height) for one in found.levels] == [(150, 100), (75, 50)]
    names = [one.name for one in found.axes.channels]
    assert (sorted(names), found.axes.z) == (["Cy5", "FITC"], 2)
    for n in range(4):
        plane = found.axes.plane(names.index(lights[n % 2].description), n // 2)
        assert np.array_equal(pixels_of(found, given, plane=plane), grey(n))
        # The small level has one light at one focus: it is shown for both, the other light black.
        small = pixels_of(found, given, level=1, plane=plane)
        assert np.array_equal(small, half(grey(0)) if n % 2 == 0 else np.zeros_like(small))


def test_label_and_overview_are_pictures_and_the_thumbnail_a_level() -> None:
    small = picture(75, 50)
    label = picture(90, 64, 5)
    files = [
        native(picture(*SIZE), instance="1.1"),
        native(small, flavour="THUMBNAIL", instance="1.2"),
        native(label, flavour="LABEL", instance="1.3"),
        coloured(flavour="OVERVIEW", instance="1.4"),
        native(picture(20, 20), flavour="LOCALIZER", instance="1.5"),
    ]
    found = structure_of(*files)
    assert [one.width for one in found.levels] == [150, 75]
    assert np.array_equal(np.asarray(found.pictures["label"]()), label)
    macro = np.asarray(found.pictures["macro"]())
    assert np.abs(macro.astype(int) - picture(*SIZE)).mean() < 4
    assert found.identifying


def test_a_thumbnail_of_another_shape_or_place_is_left_out() -> None:
    slide = native(picture(*SIZE), instance="1.1")
    odd = native(picture(75, 75), flavour="THUMBNAIL", instance="1.2")
    elsewhere = native(picture(75, 50), flavour="THUMBNAIL", instance="1.3")
    elsewhere = other(elsewhere, "1.3", t00200052=("UI", b"9.9\0"))
    assert len(structure_of(slide, odd, elsewhere).levels) == 1


def test_files_of_several_slides_are_refused() -> None:
    slide = native(picture(*SIZE), instance="1.1")
    series = other(native(half(picture(*SIZE))), "1.2", t0020000E=("UI", b"7.7\0"))
    with pytest.raises(UnsupportedSlide, match="of 2 series: put the files of each slide"):
        structure_of(slide, series)
    scan = other(native(half(picture(*SIZE))), "1.2", t00200052=("UI", b"7.7\0"))
    with pytest.raises(UnsupportedSlide, match="2 frames of reference"):
        structure_of(slide, scan)
    with pytest.raises(UnsupportedSlide, match="40 x 50 px is no smaller copy of the one of 150"):
        structure_of(slide, native(picture(40, 50), instance="1.2"))
    with pytest.raises(UnsupportedSlide, match="two of its DICOM files hold the same picture"):
        structure_of(slide, native(picture(*SIZE, 2), instance="1.2"))
    label = native(picture(*SIZE), flavour="LABEL")
    with pytest.raises(UnsupportedSlide, match="it has only LABEL"):
        structure_of(label)


def test_a_copy_of_a_file_changes_nothing() -> None:
    slide = native(picture(*SIZE))
    assert len(structure_of(slide, slide).levels[0].planes) == 1


def test_parts_of_a_concatenation_are_joined_in_order() -> None:
    planes = [grey(seed) for seed in range(2)]
    lights = (Light(identifier="a"), Light(identifier="b"))

    def part(number: int) -> DicomFile:
        file = native(planes[number - 1], lights=lights)
        return other(
            file,
            f"1.{number}",
            t00209161=("UI", b"5.5\0"),
            t00209162=("US", struct.pack("<H", number)),
            t00209163=("US", struct.pack("<H", 2)),
        )

    files = opened(part(2).content(), part(1).content())
    found = read_dicom(files)
    for number in range(2):
        assert np.array_equal(pixels_of(found, files, plane=number), planes[number])
    with pytest.raises(DamagedSlide, match=r"of the 2 files .* there are only 1"):
        structure_of(part(2))


def test_a_plane_in_several_files_is_told_as_the_reason() -> None:
    whole = native(grey(1))

    def part(number: int) -> DicomFile:
        frames = whole.frames[(number - 1) * 3 : number * 3]
        number_of = ("US", struct.pack("<H", number))
        joined = other(whole, f"1.{number}", t00209161=("UI", b"5.5\0"), t00209162=number_of)
        return replace(joined, frames=frames)

    found = structure_of(part(1), part(2))
    assert found.reason == "a plane of it lies in several files (a concatenation)"
    assert found.scan.vendor == "acme"


def test_the_scan_is_told_and_no_person() -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    file = native(
        picture(*SIZE),
        lights=(Light(identifier="0", icc=profile),),
        more={0x00081090: ("LO", text("Model 7")), 0x00200010: ("SH", text("S26-1"))},
    )
    found = structure_of(file)
    assert found.scan.mpp == (0.25, 0.5)
    assert found.scan.scanned_at == "2024-02-29T10:15:30.250000+01:00"
    assert found.scan.vendor == "acme"
    assert found.scan.image_id is None
    assert dict(found.scan.properties) == {
        "ManufacturerModelName": "Model 7",
        "PhotometricInterpretation": "RGB",
    }
    assert found.icc[: len(profile)] == profile


def test_magnification_is_the_objective_s() -> None:
    path = [[(0x00480106, "SH", text("0")), (0x00480112, "DS", text("20"))]]
    assert structure_of(native(grey(1), more={0x00480105: ("SQ", path)})).scan.magnification == 20


def test_sizes_in_mm_give_the_distance_of_pixels_when_nothing_else_does() -> None:
    more = {
        0x52009229: None,
        0x00480001: ("FL", struct.pack("<f", 0.075)),
        0x00480002: ("FL", struct.pack("<f", 0.1)),
    }
    mpp = structure_of(native(picture(*SIZE), more=more)).scan.mpp
    assert mpp is not None
    assert list(mpp) == pytest.approx([0.5, 1.0])


def test_a_file_identifies_unless_it_says_that_names_were_removed() -> None:
    removed = {0x00120062: ("CS", text("YES"))}
    assert structure_of(native(picture(*SIZE))).identifying
    assert not structure_of(native(picture(*SIZE), more=removed)).identifying
    label = {**removed, 0x00480010: ("CS", text("YES"))}
    assert structure_of(native(picture(*SIZE), more=label)).identifying
    burned = {**removed, 0x00280301: None}
    assert structure_of(native(picture(*SIZE), more=burned)).identifying


@pytest.mark.parametrize(
    ("light", "colour"),
    [
        (Light(identifier="0", palette=(255, 128, 0), emission=450), "FF8000"),
        (Light(identifier="0", emission=520), "00FF00"),
        (Light(identifier="0", excitation=385.0), "0000FF"),
        (Light(identifier="0"), "FF0000"),
    ],
)
def test_a_channel_s_colour_is_the_palette_s_or_the_light_s(light: Light, colour: str) -> None:
    file = stack([grey(1), grey(2)], lights=(light, Light(identifier="1")))
    assert structure_of(file).axes.channels[0].colour == colour


def test_a_palette_tells_the_window_too() -> None:
    file = stack(
        [grey(1), grey(2)],
        lights=(Light(identifier="0", palette=(0, 0, 255)), Light(identifier="1")),
    )
    first, second = structure_of(file).axes.channels
    assert (first.window, second.window) == ((0, 255), (0, 0))


def test_a_folder_s_files_are_told_apart_by_series() -> None:
    (data,) = opened(coloured(flavour="OVERVIEW").content())
    assert is_dicom(data)
    assert series_of(data) == ("1.2.3", "OVERVIEW")
    assert data.requests == 1


def test_other_dicom_files_are_not_slides() -> None:
    with pytest.raises(UnsupportedSlide, match="another kind of DICOM"):
        structure_of(coloured(more={0x00080016: ("UI", b"1.2.840.10008.5.1.4.1.1.7\0")}))


def test_an_error_names_the_file() -> None:
    with pytest.raises(DamagedSlide, match="DICOM file 2 of 2: "):
        read_dicom(opened(coloured().content(), coloured().content()[:3000]))


def test_the_fluorescence_series_of_working_group_26_opens(real_data: Path) -> None:
    paths = sorted((real_data / "slides/dicom-wg26-FluorCell").glob("*.dcm"))
    files = opened(*(path.read_bytes() for path in paths))
    found = read_dicom(files)
    sides = [2816 >> number for number in range(8)]
    assert [(one.width, one.height) for one in found.levels] == [(side, side) for side in sides]
    assert all(one.stored and len(one.planes) == 3 for one in found.levels)
    assert found.axes.channels == (
        Channel("DAPI (Blue)", "0000FF", (0, 255)),
        Channel("FITC (green)", "00FF00", (0, 255)),
        Channel("Rhodamine (orange)", "FF0000", (0, 255)),
    )
    assert found.scan.mpp == (1.29, 1.29)
    assert found.pictures["label"]().size == (622, 465)
    assert found.identifying
    assert len(found.icc) == 63928
    assert sum(file.requests for file in files) <= 24
