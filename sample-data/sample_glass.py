"""What a scanner's second camera sees: the label and the whole glass slide."""

import numpy as np
import zxingcpp
from jpeg_streams import Pixels
from PIL import Image, ImageDraw, ImageFont

LABEL_SIZE = (387, 463)
MACRO_SIZE = (1280, 431)

_PAPER, _INK, _GLASS, _EDGE = (240, 238, 230), (28, 28, 34), (231, 233, 232), (176, 182, 184)


def label(barcode: str, lines: tuple[str, ...]) -> Pixels:
    """Return a printed label: a Data Matrix with the barcode's text and some lines below."""
    image = Image.new("RGB", LABEL_SIZE, (36, 38, 42))
    draw = ImageDraw.Draw(image)
    draw.rounded_rectangle((14, 12, 372, 450), 16, fill=_PAPER)
    code = zxingcpp.create_barcode(barcode, zxingcpp.BarcodeFormat.DataMatrix)
    square = Image.fromarray(np.array(code.to_image(scale=8, add_quiet_zones=True)))
    image.paste(square, (30, 30))
    draw.text((40 + square.width, 44), "LABSIGHT", _INK, _font(28))
    draw.text((40 + square.width, 80), "sample data", _INK, _font(20))
    for index, line in enumerate(lines):
        draw.text((36, 56 + square.height + 50 * index), line, _INK, _font(40 - 8 * (index > 0)))
    return np.asarray(image)


def macro(label_pixels: Pixels, tissue: Pixels) -> Pixels:
    """Return the glass: its label, the tissue under a cover slip, and a frame round the scan."""
    image = Image.new("RGB", MACRO_SIZE, (24, 25, 27))
    draw = ImageDraw.Draw(image)
    draw.rounded_rectangle((8, 14, 1272, 417), 10, fill=_GLASS, outline=_EDGE, width=3)
    shown = Image.fromarray(label_pixels).resize((316, 379), Image.Resampling.BOX)
    image.paste(shown, (20, 26))
    draw.rectangle((430, 34, 1215, 397), fill=(238, 239, 238), outline=_EDGE, width=2)
    section = Image.fromarray(tissue)
    section.thumbnail((420, 290), Image.Resampling.BOX, reducing_gap=None)
    left, top = 820 - section.width // 2, 215 - section.height // 2
    image.paste(section, (left, top))
    frame = (left - 6, top - 6, left + section.width + 5, top + section.height + 5)
    draw.rectangle(frame, outline=(0, 200, 60), width=3)
    return np.asarray(image)


def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """Return the font that Pillow carries, so that no machine's own fonts matter."""
    return ImageFont.load_default(size)
