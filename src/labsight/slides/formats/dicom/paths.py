"""The optical paths of a DICOM slide (PS3.3, C.8.12.5): its channels, when it is fluorescence."""

import struct
from collections.abc import Sequence
from dataclasses import dataclass

from labsight.slides.axes import Channel
from labsight.slides.formats import channels
from labsight.slides.formats.dicom.tags import Tag
from labsight.slides.formats.dicom.values import Elements
from labsight.slides.index import Coding

_EPIFLUORESCENCE = "111743"  # DICOM controlled terminology (PS3.16, annex D)
# Emission in nm up to which a colour is shown; an excitation is as much shorter with usual dyes.
_STOKES = 60
_SPECTRUM = (
    (430, "8000FF"), (485, "0000FF"), (510, "00FFFF"), (570, "00FF00"), (590, "FFFF00"),
    (620, "FF8000"), (700, "FF0000"),
)  # fmt: skip
_INFRARED = "FF00FF"
_SEGMENTS = (Tag.RED_SEGMENTS, Tag.GREEN_SEGMENTS, Tag.BLUE_SEGMENTS)
_TABLES = (Tag.RED_DATA, Tag.GREEN_DATA, Tag.BLUE_DATA)

Window = tuple[float, float]


@dataclass(frozen=True)
class OpticalPath:
    """One way of the light, as one file tells of it.

    ``key`` is the same in all files that tell of the same path; ``colour`` is RRGGBB or empty,
    ``window`` (0, 0) when unknown.
    """

    identifier: str
    key: str
    name: str = ""
    colour: str = ""
    window: Window = (0, 0)
    fluorescent: bool = False


def optical_paths(found: Elements) -> list[OpticalPath]:
    """Return the optical paths of a file in its order, at least one."""
    window = _voi(found)
    items = found.items.get(Tag.OPTICAL_PATH_SEQUENCE, [])
    return [_path(item, window) for item in items] or [OpticalPath("", "", window=window)]


def _path(item: Elements, window: Window) -> OpticalPath:
    identifier = item.text(Tag.OPTICAL_PATH_IDENTIFIER)
    name = item.text(Tag.OPTICAL_PATH_DESCRIPTION)
    excitation = item.real(Tag.ILLUMINATION_WAVE_LENGTH) or 0.0
    emission = float(item.number(Tag.EMISSION_WAVELENGTH))
    if excitation > 0 and not emission:
        emission = excitation + _STOKES
    palette = item.item(Tag.PALETTE_SEQUENCE)
    colour = _brightest(palette)
    return OpticalPath(
        identifier,
        f"{identifier}\n{name}\n{emission:g}",
        name or identifier,
        colour or _visible(emission),
        window if any(window) or not colour else _mapped(palette),
        item.item(Tag.ILLUMINATION_TYPE_CODE_SEQUENCE).text(Tag.CODE_VALUE) == _EPIFLUORESCENCE,
    )


def channels_of(paths: Sequence[OpticalPath], coding: Coding) -> tuple[Channel, ...]:
    """Return the channels of a slide, none where its samples are the colours themselves.

    Grey of 8 bits in one path is a brightfield camera's, unless the light says otherwise.
    """
    if coding.samples != 1:
        return ()
    if len(paths) == 1 and coding.bits == 8 and not paths[0].fluorescent:
        return ()
    return tuple(
        Channel(
            channels.name_of(path.name, number),
            path.colour or channels.colour_of(number, len(paths)),
            path.window,
        )
        for number, path in enumerate(paths)
    )


def _voi(found: Elements) -> Window:
    """Return the samples shown as black and white (PS3.3, C.11.2.1.2.1), (0, 0) when unknown."""
    shared = found.item(Tag.SHARED_GROUPS, Tag.FRAME_VOI_LUT_SEQUENCE)
    for told in (found, shared):
        centers, widths = told.decimals(Tag.WINDOW_CENTER), told.decimals(Tag.WINDOW_WIDTH)
        if centers and widths and widths[0] > 1:
            low = centers[0] - 0.5 - (widths[0] - 1) / 2
            return low, low + widths[0] - 1
    return 0, 0


def _mapped(palette: Elements) -> Window:
    """Return the first and the last sample that a palette has colours for (C.7.6.3.1.5)."""
    raw = palette.values.get(Tag.RED_DESCRIPTOR, b"")
    if len(raw) != 6:
        return 0, 0
    entries, first, _ = struct.unpack("<HHH", raw)
    return first, first + (entries or 1 << 16) - 1


def _brightest(palette: Elements) -> str:
    """Return the last colour of a palette as RRGGBB, empty when it is black or cannot be told."""
    raw = palette.values.get(Tag.RED_DESCRIPTOR, b"")
    bits = raw[4] if len(raw) == 6 else 0
    found = [
        _last_of_segments(palette.values.get(segments, b""))
        if segments in palette.values
        else _last_of_table(palette.values.get(table, b""), bits)
        for segments, table in zip(_SEGMENTS, _TABLES, strict=True)
    ]
    if bits not in {8, 16} or None in found:
        return ""
    colour = "".join(f"{(one or 0) >> (bits - 8) & 0xFF:02X}" for one in found)
    return colour if colour != "000000" else ""


def _last_of_table(raw: bytes, bits: int) -> int | None:
    """Return the last entry; tables of 8 bits are packed two to a word, or not at all."""
    if len(raw) < 2:
        return None
    if bits == 16:
        return int.from_bytes(raw[-2:], "little")
    packed = len(raw) <= 256
    return raw[-1] if packed else raw[-2]


def _last_of_segments(raw: bytes) -> int | None:
    """Return the last value of a segmented palette (C.7.9.2): of discrete or linear segments."""
    words = struct.unpack(f"<{len(raw) // 2}H", raw[: len(raw) & ~1])
    at, last = 0, None
    while at + 2 < len(words):
        kind, length = words[at : at + 2]
        step = {0: 2 + length, 1: 3}.get(kind)
        if step is None or at + step > len(words) or not length:
            return None
        at += step
        last = words[at - 1]
    return last


def _visible(emission: float) -> str:
    """Return a saturated colour for a wavelength in nm, empty when it is unknown."""
    if emission <= 0:
        return ""
    return next((colour for longest, colour in _SPECTRUM if emission <= longest), _INFRARED)
