"""Makes stored JPEG tiles complete streams, without decoding them.

A tile in a TIFF file is an abbreviated stream: its tables lie in the JPEGTables tag, and what its
components mean stands in the photometric tag. A browser knows neither, so both go in front of each
tile (TIFF Technical Note 2). A DICOM frame is complete but for the latter.
"""

import struct
from collections.abc import Iterator

from labsight.errors import DamagedSlide, UnsupportedSlide

SOI = b"\xff\xd8"
EOI = b"\xff\xd9"
# Adobe marker, transform 0: three components without colour transform (Adobe TN 5116, section 18).
# Without it a browser takes RGB tiles for YCbCr.
ADOBE_RGB = b"\xff\xee\x00\x0eAdobe\x00\x64\x00\x00\x00\x00\x00"

MAX_SCANS = 100  # encoders write about ten

_SOS = 0xDA
_FRAMES = frozenset({0xC0, 0xC1, 0xC2})  # baseline, extended, progressive: what browsers decode
_OTHER_FRAMES = frozenset(range(0xC3, 0xD0)) - {0xC4, 0xC8, 0xCC}
_STANDALONE = frozenset({0x01, *range(0xD0, 0xD8)})
# What else may stand before a frame header: DHT, DAC, DQT, DRI, APPn, COM (ITU T.81, table B.1).
_TABLES = frozenset({0xC4, 0xCC, 0xDB, 0xDD, *range(0xE0, 0xF0), 0xFE})


def head(tables: bytes, *, rgb: bool) -> bytes:
    """Return what goes in front of each stored tile in place of the tile's own SOI.

    ``rgb`` says that the components are R, G, B as they stand. A tile that carries an Adobe marker
    of its own overrules this one, because decoders keep the last.
    """
    marker = ADOBE_RGB if rgb else b""
    if not tables:
        return SOI + marker
    if tables[:2] != SOI or tables[-2:] != EOI:
        raise DamagedSlide("the JPEG tables of the file are not a JPEG table stream")
    return SOI + marker + tables[2:-2]


def complete(tile_head: bytes, stored: bytes) -> bytes:
    """Return a stored tile as a complete JPEG stream."""
    if stored[:2] != SOI:
        raise DamagedSlide("a stored tile does not start as a JPEG stream does")
    return tile_head + stored[2:]


def frame_size(stream: bytes) -> tuple[int, int, int]:
    """Return width, height (px) and number of components from the frame header.

    Raises DamagedSlide when there is none, UnsupportedSlide for one that browsers do not decode
    (lossless, arithmetic, 12 bit). A decoder gets its memory by this size, so what decoders read in
    different ways is not passed over: the frame found is the first that any of them finds.
    """
    for marker, at in _segments(stream):
        if marker in _FRAMES and at + 8 <= len(stream):
            bits, height, width, components = struct.unpack_from(">BHHB", stream, at + 2)
            if bits == 8:
                return width, height, components
            raise UnsupportedSlide(f"JPEG tiles of {bits} bits are not decoded by browsers")
        if marker in _OTHER_FRAMES:
            kind = f"SOF{marker - 0xC0}"
            raise UnsupportedSlide(f"JPEG tiles of kind {kind} are not decoded by browsers")
        if marker not in _TABLES:
            break
    raise DamagedSlide("a stored tile holds no JPEG frame")


def check_scans(stream: bytes) -> None:
    """Raise DamagedSlide for a stream of so many scans that decoding it takes minutes.

    Each scan of a progressive stream goes over the whole picture, even one of a few bytes. When the
    first one of a sequential stream holds all components, it is the only one that is decoded.
    """
    components = 0
    for marker, at in _segments(stream):
        if marker in (0xC0, 0xC1) and at + 8 <= len(stream):
            components = stream[at + 7]
        if marker == _SOS:
            if components and stream[at + 2 : at + 3] == bytes([components]):
                return
            break
    # Entropy-coded bytes hold no FF DA: FF is followed by 00 there (ITU T.81, B.1.1.5).
    scans = stream.count(b"\xff\xda")
    if scans > MAX_SCANS:
        raise DamagedSlide(f"a stored tile has {scans} JPEG scans, at most {MAX_SCANS} are decoded")


def _segments(stream: bytes) -> Iterator[tuple[int, int]]:
    """Yield marker and place of the length of each segment, as far as they are whole."""
    at, end = 2, len(stream)
    while at + 4 <= end and stream[at] == 0xFF and stream[:2] == SOI:
        marker = stream[at + 1]
        if marker == 0xFF or marker in _STANDALONE:
            at += 1 if marker == 0xFF else 2
            continue
        yield marker, at + 2
        length = int.from_bytes(stream[at + 2 : at + 4], "big")
        if length < 2:
            return
        at += 2 + length
