"""A small MRXS slide as 3DHISTECH's scanners lay theirs out; OpenSlide opens it.

https://openslide.org/formats/mirax/
"""

import io
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field

from PIL import Image

SLIDE_ID = "0123456789ABCDEF0123456789ABCDEF"
SIDE = 32  # px of a stored picture
ACROSS = 4  # pictures of the finest level, in both directions
LEVELS = 2
_INDEX_VERSION = b"01.02"
_DATA_HEADER = 5 + 32 + 3 + 256
_COLOURS = [(200, 40, 40), (40, 160, 60)]

_SLIDEDAT = """[GENERAL]
SLIDE_VERSION = 01.02
SLIDE_ID = {id}
IMAGENUMBER_X = {across}
IMAGENUMBER_Y = {across}
OBJECTIVE_MAGNIFICATION = 20

[HIERARCHICAL]
HIER_COUNT = 2
NONHIER_COUNT = 2
INDEXFILE = Index.dat
HIER_0_NAME = Slide zoom level
HIER_0_COUNT = 2
HIER_0_VAL_0 = ZoomLevel_0
HIER_0_VAL_0_SECTION = LAYER_0_LEVEL_0_SECTION
HIER_0_VAL_1 = ZoomLevel_1
HIER_0_VAL_1_SECTION = LAYER_0_LEVEL_1_SECTION
HIER_1_NAME = Slide filter level
HIER_1_COUNT = 1
HIER_1_VAL_0 = FilterLevel_0
HIER_1_VAL_0_SECTION = LAYER_1_LEVEL_0_SECTION
NONHIER_0_NAME = VIMSLIDE_POSITION_BUFFER
NONHIER_0_COUNT = 1
NONHIER_0_VAL_0 = default
NONHIER_0_VAL_0_SECTION = NONHIERLAYER_0_SECTION
NONHIER_1_NAME = Scan data layer
NONHIER_1_COUNT = 1
NONHIER_1_VAL_0 = ScanDataLayer_SlideThumbnail
NONHIER_1_VAL_0_SECTION = NONHIERLAYER_1_SECTION

[LAYER_0_LEVEL_0_SECTION]
OVERLAP_X = 0
OVERLAP_Y = 0
MICROMETER_PER_PIXEL_X = 0.5
MICROMETER_PER_PIXEL_Y = 0.5
IMAGE_FORMAT = JPEG
IMAGE_FILL_COLOR_BGR = 16777215
DIGITIZER_WIDTH = {side}
DIGITIZER_HEIGHT = {side}
IMAGE_CONCAT_FACTOR = 0

[LAYER_0_LEVEL_1_SECTION]
OVERLAP_X = 0
OVERLAP_Y = 0
MICROMETER_PER_PIXEL_X = 1
MICROMETER_PER_PIXEL_Y = 1
IMAGE_FORMAT = JPEG
IMAGE_FILL_COLOR_BGR = 16777215
DIGITIZER_WIDTH = {side}
DIGITIZER_HEIGHT = {side}
IMAGE_CONCAT_FACTOR = 1

[LAYER_1_LEVEL_0_SECTION]
FILTER_NAME = Default

[NONHIERLAYER_0_SECTION]
IMAGE_FORMAT = BINARY

[NONHIERLAYER_1_SECTION]
THUMBNAIL_IMAGE_TYPE = JPEG

[DATAFILE]
FILE_COUNT = {count}
{files}
"""


@dataclass
class _Data:
    """Data files that are filled in turn."""

    files: list[bytearray]
    turn: int = 0
    pages: list[bytes] = field(default_factory=list)

    def put(self, content: bytes) -> tuple[int, int, int]:
        """Return offset, length and number of the file."""
        number = self.turn % len(self.files)
        self.turn += 1
        offset = len(self.files[number])
        self.files[number] += content
        return offset, len(content), number


def make_mrxs(stem: str = "s1", data_files: int = 3) -> dict[str, bytes]:
    """Return the files of a slide of 128 x 128 px by path; the first is the one to open."""
    data = _Data([bytearray(_header(number)) for number in range(data_files)])
    levels = [
        [(image, *data.put(_jpeg(SIDE, _COLOURS[level]))) for image in _images(level)]
        for level in range(LEVELS)
    ]
    positions = b"".join(
        struct.pack("<Bii", 0, SIDE * (one % ACROSS), SIDE * (one // ACROSS))
        for one in range(ACROSS * ACROSS)
    )
    others = [[(0, 0, *data.put(positions))], [(0, 0, *data.put(_jpeg(40, (90, 90, 90))))]]
    names = [f"Data{number:04}.dat" for number in range(data_files)]
    listing = _SLIDEDAT.format(
        id=SLIDE_ID,
        across=ACROSS,
        side=SIDE,
        count=data_files,
        files="\n".join(f"FILE_{number} = {name}" for number, name in enumerate(names)),
    )
    files = {
        f"{stem}.mrxs": _jpeg(64, (10, 20, 30)),
        f"{stem}/Slidedat.ini": b"\xef\xbb\xbf" + listing.replace("\n", "\r\n").encode(),
        f"{stem}/Index.dat": _index([*levels, []], others),
    }
    return files | {
        f"{stem}/{name}": bytes(content) for name, content in zip(names, data.files, strict=True)
    }


def _images(level: int) -> list[int]:
    step = 1 << level
    return [y * ACROSS + x for y in range(0, ACROSS, step) for x in range(0, ACROSS, step)]


def _header(number: int) -> bytes:
    return b"01.02" + SLIDE_ID.encode() + f"{number:03}".encode() + bytes(256)


def _index(
    hier: Sequence[Sequence[tuple[int, ...]]], nonhier: Sequence[Sequence[tuple[int, ...]]]
) -> bytes:
    """Write the two roots, their tables, then for each record an empty page and one of data."""
    start = len(_INDEX_VERSION) + len(SLIDE_ID)
    tables = start + 8
    pages = tables + 4 * (len(hier) + len(nonhier))
    pointers, body = [], b""
    for entries in (*hier, *nonhier):
        at = pages + len(body)
        pointers.append(at)
        body += struct.pack("<II", 0, at + 8 if entries else 0)
        if entries:
            body += struct.pack("<II", len(entries), 0)
            body += b"".join(struct.pack(f"<{len(one)}I", *one) for one in entries)
    roots = struct.pack("<II", tables, tables + 4 * len(hier))
    table = struct.pack(f"<{len(pointers)}I", *pointers)
    return _INDEX_VERSION + SLIDE_ID.encode() + roots + table + body


def _jpeg(side: int, colour: tuple[int, int, int]) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (side, side), colour).save(file, "JPEG", quality=95, subsampling=0)
    return file.getvalue()
