"""Whole slides: what is in a file, where its tiles lie, and how they become pictures."""

from os import PathLike
from typing import TYPE_CHECKING

from labsight.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from labsight.slides.reader import Slide

__all__ = ["open"]


def open(  # noqa: A001 - read as labsight.slides.open
    uri: "str | PathLike[str]", *, headers: "Mapping[str, str] | None" = None
) -> "Slide":
    """Open a slide to read it: see labsight.slides.reader.Slide.

    ``uri`` is a path (a file, or the folder of a DICOM series), ``file:///path``,
    ``s3://bucket/key``, ``https://server/slide.svs`` on any server that answers Range, or the
    ``https://server/slides/ID/direct.json`` of a labsight server. ``headers`` go with the request
    for that document alone, such as the cookies of a session; never to the bucket.
    """
    try:
        import numpy  # noqa: F401, ICN001, PLC0415 - told of now rather than with the first array

        from labsight.slides.reader import Slide  # noqa: PLC0415 - loads an imaging library
    except ModuleNotFoundError as error:
        raise SettingsError(
            f"slides are read with {error.name}, which is not installed: "
            "pip install 'labsight[slides]'"
        ) from None
    return Slide(uri, headers)
