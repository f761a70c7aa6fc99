"""Answers with what is kept beside a slide: thumbnail, label, macro, colour profile."""

from functools import partial

from labsight import keys
from labsight.errors import NotFound, NotPermitted
from labsight.objects import ObjectStore
from labsight.slides.index import SlideIndex
from labsight.tiles import http
from labsight.tiles.answers import JPEG, caching, fresh
from labsight.tiles.http import Request, Response

ICC_TYPE = "application/vnd.iccprofile"


class Pictures:
    """Small objects of a slide; label and macro only where they may be shown."""

    def __init__(self, store: ObjectStore, *, show_labels: bool) -> None:
        self._store = store
        self._show_labels = show_labels

    def associated(self, request: Request, index: SlideIndex, name: str) -> Response:
        """Answer with a thumbnail, label or macro."""
        if name in keys.PRIVATE_IMAGES and not self._show_labels:
            raise NotPermitted(
                f"the {name} of a slide can identify a patient, so it is not shown here; "
                "whoever runs this server can set labsight:showLabels (or --show-labels)"
            )
        image = next((image for image in index.associated if image.name == name), None)
        if image is None:
            raise NotFound(f"this slide has no {name}")
        key = keys.associated_key(keys.slide_id(index.key), name)
        keeping = caching(request, index)
        if name in keys.PRIVATE_IMAGES and keeping == http.IMMUTABLE:
            keeping = http.PERSONAL
        make = partial(self._read, key, image.etag, JPEG)
        return fresh(request, f'"{index.version}-{name}"', make, keeping)

    def profile(self, request: Request, index: SlideIndex) -> Response:
        """Answer with the scanner's ICC profile."""
        if index.icc is None:
            raise NotFound("this slide has no colour profile; its colours are taken for sRGB")
        key = keys.profile_key(keys.slide_id(index.key))
        make = partial(self._read, key, index.icc, ICC_TYPE)
        return fresh(request, f'"{index.version}-icc"', make, caching(request, index))

    def _read(self, key: str, etag: str | None, content_type: str) -> Response:
        return Response(200, self._store.read(key, etag=etag), {"content-type": content_type})
