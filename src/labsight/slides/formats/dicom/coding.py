"""How the frames of a DICOM whole slide image are coded, where that can be read frame by frame."""

import struct

from labsight.errors import DamagedSlide, UnsupportedSlide
from labsight.slides.formats.dicom.tags import (
    EXPLICIT,
    IMPLICIT,
    JPEG,
    JPEG_2000,
    OTHER_SYNTAXES,
    Tag,
)
from labsight.slides.formats.dicom.values import Elements
from labsight.slides.formats.pyramid import LeftToOpenSlide
from labsight.slides.index import Coding
from labsight.slides.pixels import jpeg

_KINDS = {
    **dict.fromkeys(JPEG, "jpeg"),
    **dict.fromkeys(JPEG_2000, "jpeg2000"),
    **dict.fromkeys((IMPLICIT, EXPLICIT), "none"),
}
# Photometric interpretations (PS3.3, C.7.6.3.1.2) by kind of coding. YBR_ICT and YBR_RCT are what
# JPEG 2000 decoders undo by themselves; subsampled colours exist only within JPEG streams.
_GREY = {"MONOCHROME2": "grey", "MONOCHROME1": "inverted"}
_COLOURS = {
    "jpeg": {"RGB": "rgb", "YBR_FULL_422": "ycbcr", "YBR_FULL": "ycbcr"},
    "jpeg2000": {"RGB": "rgb", "YBR_ICT": "rgb", "YBR_RCT": "rgb", "YBR_FULL": "ycbcr"},
    "none": {"RGB": "rgb", "YBR_FULL": "ycbcr"},
}
_STREAM_HEAD = 256 << 10  # bytes that hold a stream's headers, a colour profile among them
_SOF, _SOS = frozenset({0xC0, 0xC1, 0xC2}), 0xDA


def coding_of(syntax: str, found: Elements) -> Coding:
    """Return the coding of an image's frames; raise LeftToOpenSlide with the reason."""
    kind = _KINDS.get(syntax)
    if kind is None:
        name = OTHER_SYNTAXES.get(syntax, syntax[:64] or "no transfer syntax at all")
        raise LeftToOpenSlide(f"its frames are encoded as {name}, which labsight does not read")
    samples, bits = found.number(Tag.SAMPLES_PER_PIXEL, 1), found.number(Tag.BITS_ALLOCATED, 8)
    stored = found.number(Tag.BITS_STORED, bits)
    photometric = found.text(Tag.PHOTOMETRIC_INTERPRETATION)
    colour = (_GREY if samples == 1 else _COLOURS[kind] if samples == 3 else {}).get(photometric)
    if colour is None:
        raise LeftToOpenSlide(
            f"its {samples} samples of kind {photometric[:16] or 'unknown'} cannot be shown frame "
            "by frame"
        )
    if bits not in {8, 16} or not 0 < stored <= bits or (bits == 16 and stored <= 8):
        raise LeftToOpenSlide(f"its samples have {stored} bits stored in {bits}")
    if (bits == 8 and stored != 8) or found.number(Tag.HIGH_BIT, stored - 1) != stored - 1:
        raise LeftToOpenSlide(f"its samples are {stored} bits somewhere within {bits}")
    if found.number(Tag.PIXEL_REPRESENTATION):
        raise LeftToOpenSlide("its samples are signed numbers")
    if bits == 16 and (kind == "jpeg" or (samples == 3 and (kind != "none" or stored != bits))):
        raise LeftToOpenSlide(f"its {'colours' if samples == 3 else 'frames'} have {stored} bits")
    if kind == "none" and samples == 3 and found.number(Tag.PLANAR_CONFIGURATION):
        raise LeftToOpenSlide("its colours are stored in separate planes")
    return Coding(kind, samples, bits, colour)


def frame_bytes(coding: Coding, width: int, height: int) -> int:
    """Return how long a frame is that is not compressed, 0 for compressed ones."""
    return width * height * coding.samples * coding.bits // 8 if coding.kind == "none" else 0


def head_of(coding: Coding) -> bytes:
    """Return what goes in front of each frame: JPEG frames are whole streams but for RGB."""
    return jpeg.head(b"", rgb=coding.colour == "rgb") if coding.kind == "jpeg" else b""


def stream_head(length: int) -> int:
    """Return how many bytes of a frame of this length tell how it is coded."""
    return min(length, _STREAM_HEAD)


def check_frame(coding: Coding, stream: bytes, width: int, height: int) -> Coding:
    """Trust a frame's own header, not the attributes, for what the frames are.

    ``stream`` is the start of a frame. Returns the coding with the colours that the stream has;
    raises DamagedSlide for another size, LeftToOpenSlide for samples that cannot be shown.
    """
    if coding.kind == "jpeg":
        try:
            found = jpeg.frame_size(stream)
        except UnsupportedSlide as error:
            raise LeftToOpenSlide(error.message) from None
        coding = _own_colour(coding, stream)
    elif coding.kind == "jpeg2000" and stream[:4] == b"\xff\x4f\xff\x51" and len(stream) >= 44:
        # Image and tile size, the first marker of a codestream (ISO/IEC 15444-1, A.5.1)
        right, bottom, left, top = struct.unpack_from(">IIII", stream, 8)
        components, depth = struct.unpack_from(">HB", stream, 40)
        found = right - left, bottom - top, components
        if depth & 0x80 or (depth + 1 > 8) != (coding.bits == 16):
            raise LeftToOpenSlide(f"its JPEG 2000 frames have samples of {depth % 128 + 1} bits")
    else:
        return coding
    if found[:2] != (width, height):
        raise DamagedSlide(
            f"a frame of the DICOM file is {found[0]} x {found[1]} px, it says {width} x {height}"
        )
    if found[2] != coding.samples:
        raise LeftToOpenSlide(f"its frames have {found[2]} components, it says {coding.samples}")
    return coding


def _own_colour(coding: Coding, stream: bytes) -> Coding:
    """Tell what decoders make of frames that are called RGB.

    Many encoders leave the photometric interpretation at RGB and store YCbCr: then its chroma is
    subsampled, which nobody does to R, G and B.
    """
    if coding.colour != "rgb":
        return coding
    at, jfif = 2, False
    while at + 4 <= len(stream) and stream[at] == 0xFF and stream[at + 1] != _SOS:
        if stream[at + 1] == 0xFF:
            at += 1
            continue
        jfif = jfif or (stream[at + 1] == 0xE0 and stream[at + 4 : at + 8] == b"JFIF")
        if stream[at + 1] in _SOF:
            samplings = stream[at + 11 : at + 20 : 3]
            if len(set(samplings)) > 1:
                return Coding("jpeg", coding.samples, coding.bits, "ycbcr")
            break
        at += 2 + int.from_bytes(stream[at + 2 : at + 4], "big")
    if jfif:  # which means YCbCr to every browser, whatever follows it
        raise LeftToOpenSlide("its RGB frames call themselves JFIF, which is YCbCr")
    return coding
