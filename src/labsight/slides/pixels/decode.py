"""Turns the bytes of one chunk into a picture."""

import io
from collections.abc import Sequence

from PIL import Image, ImageChops
from PIL.Jpeg2KImagePlugin import Jpeg2KImageFile

from labsight.errors import DamagedSlide, UnsupportedSlide
from labsight.slides.index import MAX_TILE_PX, Coding, Level
from labsight.slides.pixels import jpeg, jpeg2000, packed

SHRINKS = (8, 4, 2, 1)
_FAULTS = (OSError, SyntaxError, ValueError, LookupError, TypeError, Image.DecompressionBombError)


def decode(
    level: Level, head: bytes, data: bytes, shrink: int = 1, rows: int | None = None
) -> Image.Image:
    """Decode a chunk of any kind but ndpi as RGB, L or I;16, ``shrink`` (1, 2, 4, 8) times smaller.

    JPEG and JPEG 2000 are shrunk while they are decoded, which costs a fraction of the work; sizes
    are rounded up. ``rows`` says how many px of the chunk's height lie in the level: the last strip
    is often that much shorter. Raises DamagedSlide for anything but what the level promises, and
    UnsupportedSlide for what is not read.
    """
    coding = level.coding
    if coding is None or level.chunk_width * level.chunk_height > MAX_TILE_PX:
        raise UnsupportedSlide("this level has no chunks that can be decoded alone")
    inside = level.chunk_height if rows is None else rows
    full, short = (level.chunk_width, level.chunk_height), (level.chunk_width, inside)
    if coding.kind == "jpeg":
        stream = jpeg.complete(head or jpeg.SOI, data)
        image = decode_jpeg(stream, coding, shrink, (full, short))
    elif coding.kind == "jpeg2000":
        codestream = jpeg2000.read(data)
        _check_size((codestream.width, codestream.height), (full, short))
        image = _jpeg2000(codestream, coding, shrink)
    else:
        image = shrunk(packed.read(coding, data, *short), shrink)
    return _inverted(image) if coding.colour == "inverted" else image


def decode_jpeg(
    stream: bytes, coding: Coding, shrink: int, sizes: Sequence[tuple[int, int]]
) -> Image.Image:
    """Decode a complete JPEG stream of one of these sizes as RGB or L; raise DamagedSlide.

    The decoder is called by itself, without the file reader around it, which takes a tenth of a
    tile's time: the frame's size was found before, and colours are as libjpeg tells them.
    """
    width, height, components = jpeg.frame_size(stream)
    _check_size((width, height), sizes)
    if components not in (1, 3):
        raise UnsupportedSlide(f"its JPEG tiles have {components} components; 1 and 3 are read")
    jpeg.check_scans(stream)
    mode = "L" if coding.samples == 1 else "RGB"
    size = -(-width // shrink), -(-height // shrink)
    try:
        return Image.frombytes(mode, size, stream, "jpeg", mode, "", shrink, 0)
    except _FAULTS as error:
        raise DamagedSlide(f"a stored tile cannot be decoded: {error}") from None


def shrunk(image: Image.Image, factor: int) -> Image.Image:
    """Return the picture ``factor`` times smaller, each px the mean of a square; sizes round up."""
    if factor == 1:
        return image
    if image.mode == "I;16":  # Pillow reduces 32 bits, but not 16
        return image.convert("I").reduce(factor).convert("I;16")
    return Image.Image.reduce(image, factor)  # opened JPEG 2000 files have another one of their own


def _check_size(found: tuple[int, int], promised: Sequence[tuple[int, int]]) -> None:
    if found not in promised:
        raise DamagedSlide(
            f"a stored tile is {found[0]} x {found[1]} px, its level has tiles of "
            f"{promised[0][0]} x {promised[0][1]} px"
        )


def _jpeg2000(stream: jpeg2000.Codestream, coding: Coding, shrink: int) -> Image.Image:
    """Decode at half the size by leaving out the finest wavelets, and shrink further after that.

    Each halving of the wavelets' moves the picture by half a px of the larger size, which is not
    seen once, but would be after three. A codestream that was transformed is RGB once decoded,
    whatever its file says: YBR_ICT and YBR_RCT of DICOM are such, while YCbCr tiles of Aperio
    (33003) are not transformed.
    """
    grey = coding.samples == 1
    wanted = 1 if grey else 3
    depths = range(9, 17) if coding.bits == 16 and grey else range(8, 9)
    if len(stream.bits) != wanted or any(bits not in depths for bits in stream.bits):
        raise UnsupportedSlide(
            f"its JPEG 2000 tiles have components of {stream.bits} bits; 8 in colour, and up to 16 "
            "in grey, are read"
        )
    colours = jpeg2000.SYCC if coding.colour == "ycbcr" else jpeg2000.SRGB
    colours = jpeg2000.SRGB if stream.transformed else colours
    file = jpeg2000.file_of(stream, jpeg2000.GREY if grey else colours)
    halvings = min(1, stream.halvings, shrink - 1)
    if stream.width % 2 or stream.height % 2:
        halvings = 0  # Pillow and the standard round in different ways
    try:
        opened = Jpeg2KImageFile(io.BytesIO(file))
        opened.reduce = halvings
        opened.load()
    except _FAULTS as error:
        raise DamagedSlide(f"a stored tile cannot be decoded: {error}") from None
    image: Image.Image = opened
    if image.mode == "I;16" and stream.bits[0] < 16:  # Pillow spreads samples over 16 bits
        factor = 1 / (1 << (16 - stream.bits[0]))
        image = image.convert("I").point(lambda sample: sample * factor).convert("I;16")
    return shrunk(image, shrink >> halvings)


def _inverted(image: Image.Image) -> Image.Image:
    if image.mode == "I;16":
        return image.convert("I").point(lambda sample: sample * -1 + 65535).convert("I;16")
    return ImageChops.invert(image)
