"""Channels of files that say little of them."""

from labsight.slides.axes import NO_AXES, WHITE, Axes, Channel
from labsight.slides.index import Coding

MAX_NAME = 100  # characters
# What a composite is shown in when its file names no colours (the order that ImageJ uses).
PALETTE = ("FF0000", "00FF00", "0000FF", "FFFFFF", "00FFFF", "FF00FF", "FFFF00")


def colour_of(number: int, count: int) -> str:
    """Return the colour of one of ``count`` channels whose file does not tell."""
    return WHITE if count == 1 else PALETTE[number % len(PALETTE)]


def name_of(text: str, number: int) -> str:
    """Return a channel's name as it can be shown, a number where it has none."""
    shown = "".join(letter for letter in text if letter.isprintable()).strip()
    return shown[:MAX_NAME] or f"Channel {number + 1}"


def plain(coding: Coding, count: int = 1) -> Axes:
    """Return the axes of pixels that nothing is told of but their coding.

    Grey of 16 bits needs a window to be shown, and so do planes that are no colours.
    """
    if count == 1 and (coding.bits == 8 or coding.samples != 1):
        return NO_AXES
    return Axes(tuple(Channel(name_of("", n), colour_of(n, count)) for n in range(count)))
