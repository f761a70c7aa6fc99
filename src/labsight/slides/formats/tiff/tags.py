"""What a TIFF directory is made of: tags, their field types, and the entries that hold them."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum


class Code(IntEnum):
    """The tags that labsight looks at."""

    SUBFILE_TYPE = 254
    WIDTH = 256
    HEIGHT = 257
    BITS_PER_SAMPLE = 258
    COMPRESSION = 259
    PHOTOMETRIC = 262
    FILL_ORDER = 266
    DESCRIPTION = 270
    MAKE = 271
    MODEL = 272
    STRIP_OFFSETS = 273
    SAMPLES_PER_PIXEL = 277
    ROWS_PER_STRIP = 278
    STRIP_LENGTHS = 279
    X_RESOLUTION = 282
    Y_RESOLUTION = 283
    PLANAR = 284
    RESOLUTION_UNIT = 296
    SOFTWARE = 305
    DATE_TIME = 306
    PREDICTOR = 317
    TILE_WIDTH = 322
    TILE_HEIGHT = 323
    TILE_OFFSETS = 324
    TILE_LENGTHS = 325
    SUB_DIRECTORIES = 330
    SAMPLE_FORMAT = 339
    JPEG_TABLES = 347
    XMP = 700
    ICC_PROFILE = 34675
    NDPI_FORMAT = 65420
    NDPI_LENS = 65421  # magnification; -1 the macro picture, -2 a map of what was scanned
    NDPI_FOCUS = 65424  # nm above the middle focal plane
    NDPI_RESTARTS = 65426  # where each restart interval starts in the JPEG stream, low 32 bits
    NDPI_RESTARTS_HIGH = 65432
    NDPI_PROPERTIES = 65449
    NDPI_WAVELENGTH = 65451  # nm, of the light that a fluorescence channel records


# field type -> (bytes of one value, array type code); rationals are pairs of LONGs
TYPES = {
    1: (1, "B"), 2: (1, "B"), 3: (2, "H"), 4: (4, "I"), 5: (8, "I"), 6: (1, "b"), 7: (1, "B"),
    8: (2, "h"), 9: (4, "i"), 10: (8, "i"), 11: (4, "f"), 12: (8, "d"), 13: (4, "I"),
    16: (8, "Q"), 17: (8, "q"), 18: (8, "Q"),
}  # fmt: skip
RATIONALS = (5, 10)


@dataclass(frozen=True, slots=True)
class Entry:
    """One tag: its field type, how many values, and where they lie.

    ``high`` are the upper 32 bits of a single LONG in an NDPI file of 4 GB and more. ``inline``
    are the values themselves where they fit into the entry.
    """

    code: int
    kind: int
    count: int
    offset: int
    high: int = 0
    inline: bytes = b""

    @property
    def size(self) -> int:
        """Bytes of all values."""
        return self.count * TYPES[self.kind][0]


@dataclass(frozen=True, slots=True)
class Directory:
    """One image of the file: its entries by tag."""

    offset: int
    entries: Mapping[int, Entry]

    def __contains__(self, code: int) -> bool:
        return code in self.entries
