"""Finds what an address stands for: where a slide's bytes are, and how they are looked up."""

import base64
import json
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit
from urllib.request import url2pathname

from labsight import keys
from labsight.errors import (
    DamagedSlide,
    InvalidInput,
    LabsightError,
    NotASlide,
    NotFound,
    NotPermitted,
    ObjectMissing,
    SlideError,
)
from labsight.keys import SlideKey
from labsight.objects import ObjectStore
from labsight.objects.connections import split_url, without_secrets
from labsight.objects.s3_errors import AccessDenied, WrongRegion
from labsight.objects.s3_http import HttpS3Store
from labsight.objects.slide_folder import SlideFolder
from labsight.objects.web import Web, WebStore, raise_for
from labsight.slides import sidecar, units
from labsight.slides.formats.kinds import kind_of
from labsight.slides.index import SlideIndex
from labsight.slides.indexing import Indexed, index_of
from labsight.slides.staging.protocol import Staging
from labsight.slides.unit_folder import UnitFolder

DIRECT = "/direct.json"
_SOURCE = "local"  # the name that files of this machine go by
_LOCAL_KEYS = f"{keys.SLIDES}{_SOURCE}/"
_MAX_DIRECT_BYTES = 128 << 20  # the tables of the largest slide, as text
_DICOM = (".dcm", ".dicom")
# The page or the descriptor of a slide on a labsight server: its files are named by direct.json.
_SERVED = re.compile(r"(https?://[^?#]*/slides/[a-z2-7]{16})(?:/|/slide\.json|\.dzi)?(?:\?.*)?")
_FORMS = (
    "give a path, file:///path, s3://bucket/key, https://server/slide.svs or "
    "https://server/slides/ID/direct.json"
)


@dataclass(frozen=True)
class Source:
    """Where a slide is.

    ``indexed`` reads its structure, with the help of OpenSlide where a Staging is needed.
    """

    name: str
    store: ObjectStore
    indexed: Callable[[Staging], Indexed]
    close: Callable[[], None] = lambda: None


def find(uri: str, headers: Mapping[str, str] | None = None) -> Source:
    """Return what ``uri`` stands for; raise InvalidInput or NotFound, and what stores raise.

    ``headers`` are for a labsight server, when it is asked for a direct.json.
    """
    if served := _SERVED.fullmatch(uri):
        uri = served[1] + DIRECT
    scheme, separator, rest = uri.partition("://")
    if not separator:
        return _path(Path(uri))
    match scheme.lower():
        case "file":
            return _path(Path(url2pathname(urlsplit(uri).path)))
        case "s3":
            return _bucket(uri, rest)
        case "http" | "https" if split_url(uri)[1].partition("?")[0].endswith(DIRECT):
            return _direct(uri, headers or {})
        case "http" | "https":
            return _web(uri)
    raise InvalidInput(f"{without_secrets(uri)!r} is no address of a slide: {_FORMS}")


@contextmanager
def naming(uri: str) -> Iterator[None]:
    """Let errors of a slide begin with the path or address it was asked for by, not with a key."""
    try:
        yield
    except LabsightError as error:
        message = _with_name(uri, error)
        if message == error.message:
            raise
        raise type(error)(message) from error


def _with_name(uri: str, error: LabsightError) -> str:
    scheme, separator, _ = uri.partition("://")
    local = not separator or scheme.lower() == "file"
    path = Path(url2pathname(urlsplit(uri).path) if separator else uri) if local else None
    shown = without_secrets(uri) if path is None else str(path)
    if path is not None and error.message.startswith(_LOCAL_KEYS):
        told = error.message.removeprefix(_LOCAL_KEYS).removeprefix(f"{path.name}: ")
        return f"{shown}: {told}"
    if isinstance(error, SlideError) and not error.message.startswith(shown):
        return f"{shown}: {error.message}"
    return error.message


def _of_store(name: str, store: ObjectStore, key: str) -> Source:
    return Source(name, store, lambda staging: index_of(store, key, staging))


def _path(path: Path) -> Source:
    if path.is_dir():
        return _folder(path)
    if not path.is_file():
        raise NotFound(f"{path}: no such file")
    if path.suffix.lower() in _DICOM:
        folder = UnitFolder(path.parent, _SOURCE)
        key = str(SlideKey(_SOURCE, path.name))
        return _of_store(path.name, folder, _unit_of(folder, key) or key)
    store = SlideFolder(path.parent, _SOURCE)
    return _of_store(path.name, store, str(SlideKey(_SOURCE, path.name)))


def _unit_of(folder: UnitFolder, key: str) -> str | None:
    """Return the series that a DICOM file is part of, when there is more of it in its folder."""
    for info in folder.walk():
        if keys.is_unit(info.key):
            unit = units.read(folder.read(info.key))
            if key in units.member_keys(info.key, unit):
                return info.key
    return None


def _folder(path: Path) -> Source:
    """Open a folder that holds one slide, such as the files of a DICOM series."""
    folder = UnitFolder(path, _SOURCE)
    found = [one.key for one in folder.walk() if keys.is_unit(one.key) or kind_of(one.key)]
    if not found:
        raise NotASlide(f"{path}: there is no slide in this folder")
    if len(found) > 1:
        raise InvalidInput(f"{path}: there are {len(found)} slides in this folder: name one")
    return _of_store(path.name, folder, found[0])


def _bucket(uri: str, rest: str) -> Source:
    bucket, _, key = rest.partition("/")
    if not bucket or not key:
        raise InvalidInput(f"{uri[:120]!r}: write s3://bucket/key")
    store = HttpS3Store(bucket)
    try:
        try:
            store.head(key)
        except WrongRegion as error:
            if not error.region:
                raise
            store = HttpS3Store(bucket, error.region)
            store.head(key)
    except AccessDenied:
        raise NotPermitted(
            f"{uri}: S3 refuses to show it to these credentials; is it there, and is the right "
            "AWS_PROFILE set?"
        ) from None
    except ObjectMissing:
        raise NotFound(f"{uri}: no such object") from None
    return _of_store(uri.rpartition("/")[2], store, key)


def _web(uri: str) -> Source:
    path = urlsplit(uri).path
    name = unquote(path.rpartition("/")[2]) or "slide"
    store = WebStore({name: uri})
    return Source(name, store, lambda staging: index_of(store, name, staging), close=store.close)


def _direct(uri: str, headers: Mapping[str, str]) -> Source:
    """Open a slide that a labsight server lets others read out of its bucket."""
    descriptor = _Direct(uri, headers)
    index = descriptor.index
    store = WebStore(descriptor.urls, descriptor.renewed)
    name = keys.place_of(index.key)[1].rpartition("/")[2]
    return Source(name, store, lambda _: Indexed(index), close=store.close)


class _Direct:
    """A direct.json, which is asked for again when its addresses have expired."""

    def __init__(self, uri: str, headers: Mapping[str, str]) -> None:
        self._uri = uri
        self._headers = {"accept": "application/json", **headers}
        self._lock = threading.Lock()
        self.index, self.urls = self._fetched()

    def renewed(self) -> dict[str, str]:
        """Return the addresses anew; raise DamagedSlide when they are those of another version."""
        with self._lock:
            index, self.urls = self._fetched()
        if index.version != self.index.version:
            raise DamagedSlide("the slide has changed on its server: open it again")
        return self.urls

    def _fetched(self) -> tuple[SlideIndex, dict[str, str]]:
        """Return the slide's index and the address of each of its files."""
        shown = without_secrets(self._uri)
        web = Web()
        try:
            answer = web.get(self._uri, self._headers, _MAX_DIRECT_BYTES)
        finally:
            web.close()
        raise_for(answer, shown)
        try:
            document = json.loads(answer.body)
            index = sidecar.from_bytes(base64.b64decode(document["index"], validate=True))
            urls = dict(zip((one.key for one in index.files), document["files"], strict=True))
            for url in urls.values():
                split_url(str(url))
        except (ValueError, KeyError, TypeError, RecursionError, InvalidInput) as error:
            raise DamagedSlide(
                f"{shown} is not what a labsight server of this release writes ({error})"
            ) from None
        if index.failure:
            raise NotFound(f"{shown}: this slide can no longer be shown: {index.failure}")
        return index, urls
