"""DICOM whole slide images of a few pixels, written by hand, and what a reader makes of them."""

import io
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from labsight.objects.memory import MemoryStore
from labsight.slides.formats.dicom.series import read_dicom
from labsight.slides.formats.structure import Structure
from labsight.slides.pixels.decode import decode
from labsight.slides.ranges import ObjectBytes

Pixels = npt.NDArray[Any]
Value = bytes | list[list["Element"]]
Element = tuple[int, str, Value]

IMPLICIT, EXPLICIT = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1"
JPEG, JPEG_2000 = "1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.90"
WHOLE_SLIDE = "1.2.840.10008.5.1.4.1.1.77.1.6"
UNDEFINED = 0xFFFFFFFF
_LONG = {"OB", "OW", "OV", "SQ", "UN", "UT"}
_ITEM, _ITEM_END, _SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD


@dataclass(frozen=True, kw_only=True)
class Light:
    """An optical path. ``palette`` is its last colour, wavelengths are in nm."""

    identifier: str
    description: str = ""
    palette: tuple[int, int, int] | None = None
    excitation: float = 0.0
    emission: int = 0
    fluorescent: bool = False
    icc: bytes = b""


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a frame of a sparse image stands: column and row of its first px, from 1; z in µm."""

    column: int
    row: int
    z: float = 0.0
    path: str = ""


@dataclass(frozen=True, kw_only=True)
class DicomFile:
    """What a file is made of; ``more`` adds or replaces attributes, None takes one away."""

    frames: Sequence[bytes]
    size: tuple[int, int]
    tile: tuple[int, int]
    syntax: str = JPEG
    photometric: str = "YBR_FULL_422"
    samples: int = 3
    bits: int = 8
    stored: int | None = None
    flavour: str = "VOLUME"
    lights: Sequence[Light] = (Light(identifier="0"),)
    focal: int = 1
    z: float = 0.0
    z_step: float | None = None
    places: Sequence[Place] | None = None
    table: str = "basic"
    undefined: bool = False
    instance: str = "1.2.3.4"
    more: Mapping[int, tuple[str, Value] | None] = field(default_factory=dict)

    def content(self) -> bytes:
        """Return the file's bytes."""
        implicit = self.syntax == IMPLICIT
        uids = {0x00020002: WHOLE_SLIDE, 0x00020003: self.instance, 0x00020010: self.syntax}
        meta = b"".join(_element((tag, "UI", text(uid, b"\0"))) for tag, uid in uids.items())
        group = _element((0x00020000, "UL", struct.pack("<I", len(meta))))
        body = b"".join(
            _element(one, implicit=implicit, undefined=self.undefined) for one in self._attributes()
        )
        return bytes(128) + b"DICM" + group + meta + body + self._pixel_data()

    def _attributes(self) -> list[Element]:
        attributes: dict[int, tuple[str, Value]] = {
            0x00080008: ("CS", text(f"ORIGINAL\\PRIMARY\\{self.flavour}\\NONE")),
            0x00080016: ("UI", text(WHOLE_SLIDE, b"\0")),
            0x00080018: ("UI", text(self.instance, b"\0")),
            0x0008002A: ("DT", text("20240229101530.250+0100")),
            0x00080070: ("LO", text("Acme Scanners Ltd.")),
            0x00100010: ("PN", text("Doe^Jane")),
            0x0020000E: ("UI", text("1.2.3", b"\0")),
            0x00200052: ("UI", text("1.2.9", b"\0")),
            0x00209311: ("CS", text("TILED_FULL" if self.places is None else "TILED_SPARSE")),
            0x00280002: ("US", _u16(self.samples)),
            0x00280004: ("CS", text(self.photometric)),
            0x00280008: ("IS", text(str(len(self.frames)))),
            0x00280010: ("US", _u16(self.tile[1])),
            0x00280011: ("US", _u16(self.tile[0])),
            0x00280100: ("US", _u16(self.bits)),
            0x00280101: ("US", _u16(self.stored or self.bits)),
            0x00280102: ("US", _u16((self.stored or self.bits) - 1)),
            0x00280103: ("US", _u16(0)),
            0x00280301: ("CS", text("NO")),
            0x00480006: ("UL", struct.pack("<I", self.size[0])),
            0x00480007: ("UL", struct.pack("<I", self.size[1])),
            0x00480010: ("CS", text("NO")),
            0x00480105: ("SQ", [_light(light) for light in self.lights]),
            0x00480302: ("UL", struct.pack("<I", len(self.lights))),
            0x00480303: ("UL", struct.pack("<I", self.focal)),
            0x52009229: ("SQ", [self._shared()]),
        }
        if self.samples > 1:
            attributes[0x00280006] = "US", _u16(0)
        if self.places is not None:
            del attributes[0x00480303]
            attributes[0x52009230] = "SQ", [_groups(place) for place in self.places]
        for tag, value in self.more.items():
            attributes.pop(tag, None)
            if value is not None:
                attributes[tag] = value
        return [(tag, *attributes[tag]) for tag in sorted(attributes)]

    def _shared(self) -> list[Element]:
        measures: list[Element] = [(0x00280030, "DS", text("0.0005\\0.00025"))]
        if self.z_step is not None:
            measures.insert(0, (0x00180088, "DS", text(f"{self.z_step / 1000:g}")))
        place: list[Element] = [(0x0040074A, "DS", text(f"{self.z:g}"))]
        shared: list[Element] = [(0x00289110, "SQ", [measures])]
        if len(self.lights) == 1:
            named: list[Element] = [(0x00480106, "SH", text(self.lights[0].identifier))]
            shared.append((0x00480207, "SQ", [named]))
        return [*shared, (0x0048021A, "SQ", [place])]

    def _pixel_data(self) -> bytes:
        if self.syntax in {IMPLICIT, EXPLICIT}:
            kind = "OB" if self.bits == 8 else "OW"
            whole = (0x7FE00010, kind, b"".join(self.frames))
            return _element(whole, implicit=self.syntax == IMPLICIT)
        padded = [frame + bytes(len(frame) % 2) for frame in self.frames]
        starts = list(accumulate((8 + len(one) for one in padded), initial=0))[:-1]
        tables = b""
        if self.table == "extended":
            tables = _element((0x7FE00001, "OV", struct.pack(f"<{len(starts)}Q", *starts)))
            lengths = [len(frame) for frame in self.frames]
            tables += _element((0x7FE00002, "OV", struct.pack(f"<{len(lengths)}Q", *lengths)))
        basic = struct.pack(f"<{len(starts)}I", *starts) if self.table == "basic" else b""
        items = b"".join(item(one) for one in (basic, *padded))
        return tables + encapsulated(items)


def item(data: bytes) -> bytes:
    """Return a fragment of compressed pixels."""
    return _tag(_ITEM) + struct.pack("<I", len(data)) + data


def encapsulated(items: bytes) -> bytes:
    """Return the pixel data of these fragments, the first of them a table."""
    start = _tag(0x7FE00010) + b"OB\0\0" + struct.pack("<I", UNDEFINED)
    return start + items + _tag(_SEQUENCE_END) + bytes(4)


def text(value: str, pad: bytes = b" ") -> bytes:
    """Return a text value of even length."""
    raw = value.encode()
    return raw + pad * (len(raw) % 2)


def tiles_of(pixels: Pixels, tile: tuple[int, int]) -> list[Pixels]:
    """Cut a picture into tiles, row by row, those at the edges padded."""
    width, height = tile
    rows, columns = -(-pixels.shape[0] // height), -(-pixels.shape[1] // width)
    padding = (0, rows * height - pixels.shape[0]), (0, columns * width - pixels.shape[1])
    whole = np.pad(pixels, (*padding, *(((0, 0),) if pixels.ndim == 3 else ())), mode="edge")
    return [
        whole[row * height : (row + 1) * height, column * width : (column + 1) * width]
        for row in range(rows)
        for column in range(columns)
    ]


def encoded(tile: Pixels, kind: str = "JPEG", **options: object) -> bytes:
    """Return one tile as a JPEG or JPEG 2000 stream."""
    target = io.BytesIO()
    image = Image.fromarray(np.ascontiguousarray(tile))
    image.save(target, kind, **options)
    return target.getvalue()


def codestream(tile: Pixels) -> bytes:
    """Return one tile as a lossless JPEG 2000 codestream."""
    return encoded(tile, "JPEG2000", no_jp2=True, irreversible=False)


def picture(width: int, height: int, seed: int = 1, *, grey: bool = False) -> Pixels:
    """Return smooth colours that differ everywhere and with the seed."""
    y, x = np.mgrid[0:height, 0:width]
    planes = [x * 200 // width + 20, y * 200 // height + 20, (x + y + 37 * seed) % 256]
    return (planes[2] if grey else np.stack(planes, axis=-1)).astype(np.uint8)


def _light(light: Light) -> list[Element]:
    found: list[Element] = []
    if light.emission:
        found.append((0x00220003, "US", _u16(light.emission)))
    if light.fluorescent:
        found.append((0x00220016, "SQ", [[(0x00080100, "SH", text("111743"))]]))
    if light.excitation:
        found.append((0x00220055, "FL", struct.pack("<f", light.excitation)))
    if light.icc:
        found.append((0x00282000, "OB", light.icc + bytes(len(light.icc) % 2)))
    found.append((0x00480106, "SH", text(light.identifier)))
    found.append((0x00480107, "ST", text(light.description)))
    if light.palette is not None:
        descriptor = struct.pack("<HHH", 256, 0, 16)
        palette: list[Element] = [(0x00281101 + n, "US", descriptor) for n in range(3)]
        for number, last in enumerate(light.palette):
            ramp = struct.pack("<256H", *(entry * last * 257 // 255 for entry in range(256)))
            palette.append((0x00281201 + number, "OW", ramp))
        found.append((0x00480120, "SQ", [palette]))
    return found


def _groups(place: Place) -> list[Element]:
    index: list[Element] = [(0x00209157, "UL", struct.pack("<II", place.column, place.row))]
    stands: list[Element] = [
        (0x0040072A, "DS", text(f"{20 - place.row * 0.0005:.6g}")),
        (0x0040073A, "DS", text(f"{10 + place.column * 0.0005:.6g}")),
        (0x0040074A, "DS", text(f"{place.z:g}")),
        (0x0048021E, "SL", struct.pack("<i", place.column)),
        (0x0048021F, "SL", struct.pack("<i", place.row)),
    ]
    groups: list[Element] = [(0x00209111, "SQ", [index]), (0x0048021A, "SQ", [stands])]
    if place.path:
        groups.insert(1, (0x00480207, "SQ", [[(0x00480106, "SH", text(place.path))]]))
    return groups


def _element(one: Element, *, implicit: bool = False, undefined: bool = False) -> bytes:
    tag, kind, value = one
    length = -1
    if isinstance(value, list):
        items = [_item(elements, implicit=implicit, undefined=undefined) for elements in value]
        value = b"".join(items)
        if undefined:
            value, length = value + _tag(_SEQUENCE_END) + bytes(4), UNDEFINED
    length = len(value) if length < 0 else length
    if implicit:
        return _tag(tag) + struct.pack("<I", length) + value
    if kind in _LONG:
        return _tag(tag) + kind.encode() + struct.pack("<HI", 0, length) + value
    return _tag(tag) + kind.encode() + struct.pack("<H", length) + value


def _item(elements: list[Element], *, implicit: bool, undefined: bool) -> bytes:
    content = b"".join(_element(one, implicit=implicit, undefined=undefined) for one in elements)
    if undefined:
        return _tag(_ITEM) + struct.pack("<I", UNDEFINED) + content + _tag(_ITEM_END) + bytes(4)
    return item(content)


def _tag(tag: int) -> bytes:
    return struct.pack("<HH", tag >> 16, tag & 0xFFFF)


def _u16(value: int) -> bytes:
    return struct.pack("<H", value)


def opened(*contents: bytes) -> list[ObjectBytes]:
    """Return files of these contents as import reads them."""
    store = MemoryStore()
    return [
        ObjectBytes(store, store.write(f"slides/lab/{number}.dcm", content))
        for number, content in enumerate(contents)
    ]


def structure_of(*files: DicomFile) -> Structure:
    """Return what is read of a slide of these files."""
    return read_dicom(opened(*(file.content() for file in files)))


def pixels_of(
    structure: Structure, files: Sequence[ObjectBytes], level: int = 0, plane: int = 0
) -> Pixels:
    """Return a whole plane of a level, put together from its chunks; blank places are 0."""
    shown = structure.levels[level]
    chunks = shown.planes[plane]
    coding = shown.coding
    assert coding is not None
    mode = "RGB" if coding.samples == 3 else "L" if coding.bits == 8 else "I;16"
    whole = Image.new(mode, (shown.width, shown.height))
    for number, length in enumerate(chunks.lengths):
        if length:
            data = files[chunks.file].read(chunks.offsets[number], length)
            row, column = divmod(number, shown.chunk_columns)
            place = column * shown.chunk_width, row * shown.chunk_height
            whole.paste(decode(shown, chunks.head, data), place)
    return np.asarray(whole)
