"""Hand-made TIFF files that lie about themselves."""

import struct

Entry = tuple[int, int, int, int]  # tag, field type, count, value or offset


def tiff(entries: list[Entry], *, link: int = 0, tail: bytes = b"") -> bytes:
    """Return a little-endian TIFF with one directory at byte 8 and ``tail`` behind it."""
    body = b"".join(struct.pack("<HHII", *entry) for entry in entries)
    return (
        b"II*\0\x08\0\0\0" + struct.pack("<H", len(entries)) + body + struct.pack("<I", link) + tail
    )


def big_tiff(entries: list[Entry], *, count: int | None = None) -> bytes:
    """Return a BigTIFF whose directory may claim another number of entries than it has."""
    body = b"".join(struct.pack("<HHQQ", *entry) for entry in entries)
    claimed = len(entries) if count is None else count
    head = b"II+\0\x08\0\0\0" + struct.pack("<Q", 16)
    return head + struct.pack("<Q", claimed) + body + bytes(8)


def tiled(**changes: int) -> list[Entry]:
    """Return the entries of a plausible tiled JPEG image of 512 x 512 px, some of them changed."""
    values = {
        "width": 512,
        "height": 512,
        "tile_width": 256,
        "tile_height": 256,
        "offsets": 8,
        "lengths": 8,
        "count": 4,
    } | changes
    return [
        (256, 4, 1, values["width"]),
        (257, 4, 1, values["height"]),
        (258, 3, 1, 8),
        (259, 3, 1, 7),
        (262, 3, 1, 6),
        (277, 3, 1, 3),
        (322, 4, 1, values["tile_width"]),
        (323, 4, 1, values["tile_height"]),
        (324, 4, values["count"], values["offsets"]),
        (325, 4, values["count"], values["lengths"]),
    ]
