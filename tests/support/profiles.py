"""Colour profiles that change something."""

from PIL import ImageCms


def linear_rgb() -> bytes:
    """Return an sRGB profile whose three curves are straight (ICC.1, 10.6: a count of 0)."""
    data = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    for number in range(int.from_bytes(data[128:132], "big")):
        entry = 132 + 12 * number
        if bytes(data[entry : entry + 4]) in {b"rTRC", b"gTRC", b"bTRC"}:
            at = int.from_bytes(data[entry + 4 : entry + 8], "big")
            data[at : at + 12] = b"curv" + bytes(8)
    return bytes(data)
