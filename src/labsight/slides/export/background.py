"""A tile of background, coded as the tiles around it, for those that the scanner left out."""

import io
import zlib

from PIL import Image

from labsight.slides.export.ome_levels import TiffLevel


def background_tile(level: TiffLevel, value: int) -> bytes:
    """Return a tile whose samples are all shown as ``value`` (0 to 255); b"" where none is made.

    Where there is none, the tile stays without bytes, which readers show as 0.
    """
    coding, size = level.coding, (level.tile_width, level.tile_height)
    shown = 255 - value if coding.colour == "inverted" else value
    if coding.kind == "jpeg":
        return _jpeg(level, size, shown)
    if coding.kind == "jpeg2000" and coding.bits == 8:
        return _jpeg2000(level, size, shown)
    if coding.kind not in {"none", "deflate"} or coding.colour == "ycbcr":
        return b""
    pixel = bytes([shown]) * coding.samples * (coding.bits // 8)  # 255 is 65535 with 16 bits
    rest = bytes(len(pixel)) if coding.predictor == 2 else pixel
    data = (pixel + rest * (size[0] - 1)) * size[1]
    return zlib.compress(data, 6) if coding.kind == "deflate" else data


def _jpeg(level: TiffLevel, size: tuple[int, int], value: int) -> bytes:
    """Make a JPEG of the level's own sampling: libtiff refuses another one."""
    grey = level.coding.samples == 1
    image = Image.new("L", size, value) if grey else Image.new("RGB", size, (value,) * 3)
    named = {(1, 1): "4:4:4", (2, 1): "4:2:2", (2, 2): "4:2:0"}.get(level.sampling)
    if not grey and named is None:
        return b""
    more = {} if grey else {"subsampling": named, "keep_rgb": level.coding.colour == "rgb"}
    target = io.BytesIO()
    image.save(target, "JPEG", quality=80, **more)
    return target.getvalue()


def _jpeg2000(level: TiffLevel, size: tuple[int, int], value: int) -> bytes:
    plain = level.coding.colour == "ycbcr" and not level.transformed
    colours = (value, 128, 128) if plain else (value,) * 3
    grey = level.coding.samples == 1
    image = Image.new("L", size, value) if grey else Image.new("RGB", size, colours)
    target = io.BytesIO()
    image.save(target, "JPEG2000", no_jp2=True, mct=int(level.transformed))
    return target.getvalue()
