"""DICOM slides through import and service, against what pydicom decodes."""

import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from labsight.catalog import Catalog
from labsight.keys import SlideKey
from labsight.slides import units
from labsight.slides.units import Member, Unit
from tests.support.archive import Archive
from tests.support.dicom_slides import (
    EXPLICIT,
    JPEG_2000,
    DicomFile,
    Light,
    Place,
    codestream,
    encoded,
    tiles_of,
)
from tests.support.truth import Array, decoded, index_of, is_within_noise, part, tiles, tissue

pydicom = pytest.importorskip("pydicom", reason="pydicom is not installed")

SIZE, TILE = (503, 341), (128, 128)
COLOURS, GREY = tissue(*SIZE), tissue(*SIZE, 2)[..., 0].copy()
MONO: dict[str, Any] = {"samples": 1, "photometric": "MONOCHROME2"}
GRID = [(column, row) for row in range(3) for column in range(4)]
THERE = [9, 2, 4, 11, 0, 7]  # tiles of a sparse slide, in the order of its frames


@pytest.fixture
def archive(catalog: Catalog, tmp_path: Path) -> Archive:
    return Archive(catalog, tmp_path / "scratch")


def file_of(pixels: Array, encode: Any, **changes: Any) -> DicomFile:
    frames = [encode(one) for one in tiles_of(pixels, TILE)]
    return replace(DicomFile(frames=frames, size=SIZE, tile=TILE), **changes)


def sparse(file: DicomFile) -> DicomFile:
    places = [Place(column=GRID[n][0] * 128 + 1, row=GRID[n][1] * 128 + 1) for n in THERE]
    return replace(file, frames=[file.frames[n] for n in THERE], places=places)


def raw(one: Array) -> bytes:
    return one.tobytes()


FULL: dict[str, DicomFile] = {
    "JPEG": file_of(COLOURS, encoded),
    "JPEG of RGB": file_of(COLOURS, lambda one: encoded(one, keep_rgb=True), photometric="RGB"),
    "JPEG, grey": file_of(GREY, encoded, **MONO),
    "JPEG 2000": file_of(COLOURS, codestream, syntax=JPEG_2000, photometric="YBR_RCT"),
    "JPEG 2000, grey": file_of(GREY, codestream, syntax=JPEG_2000, **MONO),
    "plain": file_of(COLOURS, raw, syntax=EXPLICIT, photometric="RGB"),
    "plain, inverted grey": file_of(
        GREY, raw, syntax=EXPLICIT, samples=1, photometric="MONOCHROME1"
    ),
}
FILES = FULL | {f"{name}, sparse": sparse(file) for name, file in FULL.items()}


def truth(content: bytes) -> Array:
    """Put the whole picture together from pydicom's frames, glass where there are none."""
    file = pydicom.dcmread(io.BytesIO(content))
    frames = file.pixel_array
    if file.SamplesPerPixel == 1:
        frames = np.stack([frames] * 3, axis=-1)
    if file.PhotometricInterpretation == "MONOCHROME1":
        frames = 255 - frames
    whole = np.full((384, 512, 3), 255, np.int16)
    for number, frame in enumerate(frames):
        column, row = GRID[number]
        if "PerFrameFunctionalGroupsSequence" in file:
            groups = file.PerFrameFunctionalGroupsSequence[number]
            place = groups.PlanePositionSlideSequence[0]
            column = place.ColumnPositionInTotalImagePixelMatrix // 128
            row = place.RowPositionInTotalImagePixelMatrix // 128
        whole[row * 128 : row * 128 + 128, column * 128 : column * 128 + 128] = frame
    return whole[: SIZE[1], : SIZE[0]]


@pytest.mark.parametrize("name", FILES)
def test_tiles_are_pydicoms_frames(name: str, archive: Archive) -> None:
    content = FILES[name].content()
    outcome = archive.imported("a.dcm", content)
    assert outcome.state == "imported", outcome.reason
    expected = truth(content)
    ways = set()
    for tile in tiles(archive, outcome.slide_id):
        own = part(expected, tile.box)
        ways.add(tile.way)
        if tile.way == "stored":  # pydicom turns YCbCr into RGB in floating point
            assert np.abs(tile.pixels - own).max() <= 2, tile.box
        assert is_within_noise(tile.pixels, own), tile.box
    assert ("stored" in ways) == ("JPEG" in name and "2000" not in name)


def test_a_series_has_its_levels_its_label_and_its_lights(archive: Archive) -> None:
    """A unit of files: two lights of 16 bits at two sizes, and a label."""
    lights = Light(identifier="r", palette=(255, 0, 0)), Light(identifier="g", palette=(0, 255, 0))
    deep = [tissue(*SIZE, seed)[..., 0].astype(np.uint16) * 200 for seed in (3, 4)]
    label = tissue(120, 100, 5)
    files = [
        file_of(one[::step, ::step].copy(), raw, syntax=EXPLICIT, bits=16, lights=(light,),
                size=(-(-SIZE[0] // step), -(-SIZE[1] // step)),
                instance=f"1.{step}.{n}", **MONO)
        for step in (1, 2) for n, (one, light) in enumerate(zip(deep, lights, strict=True))
    ]  # fmt: skip
    files.append(
        DicomFile(frames=[raw(label)], size=(120, 100), tile=(120, 100), syntax=EXPLICIT,
                  photometric="RGB", flavour="LABEL", instance="1.9")
    )  # fmt: skip
    contents = [file.content() for file in files]
    for number, content in enumerate(contents):
        archive.put(f"case/series/{number}.dcm", content)
    members = tuple(Member(f"case/series/{n}.dcm", len(one)) for n, one in enumerate(contents))
    key = f"{SlideKey('lab', 'case/series')}/unit.json"
    archive.store.write(key, units.write(Unit("dicom", members)))
    outcome = archive.importer.run(key)
    assert outcome.state == "imported", outcome.reason
    slide = outcome.slide_id
    index = index_of(archive, slide)
    assert [(one.width, one.height) for one in index.levels] == [SIZE, (252, 171)]
    found = json.loads(archive.get(f"/slides/{slide}/slide.json").body)
    assert [one["colour"] for one in found["channels"]] == ["FF0000", "00FF00"]
    query = "?channels=0:FF0000:1000-30000,1:00FF00:0-50000"
    for tile in tiles(archive, slide, query=query):
        shares = [
            np.clip((one[:: 1 << tile.level, :: 1 << tile.level].astype(float) - low) / span, 0, 1)
            for one, low, span in zip(deep, (1000, 0), (29_000, 50_000), strict=True)
        ]
        expected = np.dstack([255 * shares[0], 255 * shares[1], np.zeros_like(shares[0])]).round()
        assert is_within_noise(tile.pixels, part(expected, tile.box)), tile.box
    assert is_within_noise(
        decoded(archive.get(f"/slides/{slide}/label.jpg").body),
        pydicom.dcmread(io.BytesIO(contents[-1])).pixel_array.astype(int),
    )
