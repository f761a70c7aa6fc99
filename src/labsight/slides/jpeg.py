"""Makes the JPEG tiles stored in a TIFF file complete streams, without decoding them.

A stored tile is an abbreviated stream: its tables lie in the JPEGTables tag, and what its
components mean stands in the photometric tag. A browser knows neither, so both go in front of each
tile (TIFF Technical Note 2).
"""

import struct

from labsight.errors import DamagedSlide

SOI = b"\xff\xd8"
EOI = b"\xff\xd9"
# Adobe marker, transform 0: three components without colour transform (Adobe TN 5116, section 18).
# Without it a browser takes RGB tiles for YCbCr.
ADOBE_RGB = b"\xff\xee\x00\x0eAdobe\x00\x64\x00\x00\x00\x00\x00"

_FRAMES = frozenset({0xC0, 0xC1, 0xC2})  # baseline, extended, progressive: what browsers decode
_OTHER_FRAMES = frozenset(range(0xC3, 0xD0)) - {0xC4, 0xC8, 0xCC}
_SOS = 0xDA
_STANDALONE = frozenset({0x01, *range(0xD0, 0xD8)})


def head(tables: bytes, *, rgb: bool) -> bytes:
    """Return what goes in front of each stored tile in place of the tile's own SOI.

    ``rgb`` says that the components are R, G, B as they stand. A tile that carries an Adobe marker
    of its own overrules this one, because decoders keep the last.
    """
    marker = ADOBE_RGB if rgb else b""
    if not tables:
        return SOI + marker
    if tables[:2] != SOI or tables[-2:] != EOI:
        raise DamagedSlide("the JPEG tables of the TIFF file are not a JPEG table stream")
    return SOI + marker + tables[2:-2]


def complete(tile_head: bytes, stored: bytes) -> bytes:
    """Return a stored tile as a complete JPEG stream."""
    if stored[:2] != SOI:
        raise DamagedSlide("a stored tile does not start as a JPEG stream does")
    return tile_head + stored[2:]


def frame_size(stream: bytes) -> tuple[int, int, int]:
    """Return width, height (px) and number of components from the frame header.

    Raises DamagedSlide when there is none, or one that browsers do not decode (lossless,
    arithmetic, 12 bit).
    """
    at = 2
    while at + 4 <= len(stream) and stream[at] == 0xFF:
        marker = stream[at + 1]
        if marker == 0xFF or marker in _STANDALONE:
            at += 1 if marker == 0xFF else 2
            continue
        length = int.from_bytes(stream[at + 2 : at + 4], "big")
        if marker in _FRAMES and at + 10 <= len(stream):
            bits, height, width, components = struct.unpack_from(">BHHB", stream, at + 4)
            if bits == 8:
                return width, height, components
            raise DamagedSlide(f"JPEG tiles of {bits} bits are not decoded by browsers")
        if marker in _OTHER_FRAMES:
            raise DamagedSlide(f"JPEG tiles of kind SOF{marker - 0xC0} are not decoded by browsers")
        if marker == _SOS or length < 2:
            break
        at += 2 + length
    raise DamagedSlide("a stored tile holds no JPEG frame")
