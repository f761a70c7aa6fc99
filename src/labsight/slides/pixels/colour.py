"""Converts pictures from a scanner's colours to sRGB, which is what screens are sent."""

import io
from functools import lru_cache

from PIL import Image, ImageCms

from labsight.errors import DamagedSlide, UnsupportedSlide

MAX_PROFILE_BYTES = 16 << 20  # the largest that scanners write have a tenth of it
_KEPT = 8  # profiles at once; a transform takes about 1 MB
# 17 steps of each colour: where none moves by more than rounding does, nothing has to be converted.
_STEPS = 17
_ROUNDING = 1
_FAULTS = (ImageCms.PyCMSError, OSError, TypeError, ValueError)
_BROKEN = "the slide's colour profile cannot be read; ask for the picture without icc=srgb"


def to_srgb(image: Image.Image, profile: bytes) -> Image.Image:
    """Return an RGB or L picture in sRGB, RGB; ``profile`` is an ICC profile of RGB or grey.

    The picture comes back as RGB but otherwise as it is when the profile is sRGB itself. The
    rendering intent is the one the profile names (ICC.1:2022, 7.2.15). Raises DamagedSlide for a
    profile that cannot be read and UnsupportedSlide for one of other colours, such as CMYK: colours
    that are wrong without saying so would be worse than none.
    """
    mode, transform = _transform(profile)
    own = image if image.mode == mode else image.convert(mode)
    if transform is None:
        return own if mode == "RGB" else own.convert("RGB")
    try:
        done = ImageCms.applyTransform(own, transform)
    except _FAULTS:
        raise DamagedSlide(_BROKEN) from None
    return own if done is None else done


@lru_cache(maxsize=_KEPT)
def _transform(profile: bytes) -> tuple[str, ImageCms.ImageCmsTransform | None]:
    """Return the mode that a profile is for, and its way to sRGB; None when it is sRGB.

    A transform may be used by several threads at once: lcms2 keeps what changes on the stack.
    """
    if not 0 < len(profile) <= MAX_PROFILE_BYTES:
        raise DamagedSlide(_BROKEN)
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        space = source.profile.xcolor_space.strip()
        intent = ImageCms.Intent(source.profile.rendering_intent)
    except _FAULTS:
        raise DamagedSlide(_BROKEN) from None
    mode = {"RGB": "RGB", "GRAY": "L"}.get(space)
    if mode is None:
        raise UnsupportedSlide(
            f"the slide's colour profile is for {space}, not for RGB or grey; ask for the picture "
            "without icc=srgb"
        )
    try:
        target = ImageCms.createProfile("sRGB")
        found = ImageCms.buildTransform(source, target, mode, "RGB", intent)
    except _FAULTS:
        raise DamagedSlide(_BROKEN) from None
    return mode, None if mode == "RGB" and _changes_nothing(found) else found


def _changes_nothing(transform: ImageCms.ImageCmsTransform) -> bool:
    steps = [round(255 * step / (_STEPS - 1)) for step in range(_STEPS)]
    colours = bytes(part for r in steps for g in steps for b in steps for part in (r, g, b))
    image = Image.frombytes("RGB", (_STEPS**2, _STEPS), colours)
    done = ImageCms.applyTransform(image, transform)
    after = colours if done is None else done.tobytes()
    return all(abs(a - b) <= _ROUNDING for a, b in zip(colours, after, strict=True))
