"""A folder as an object store."""

import hashlib
import logging
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from labsight.errors import (
    InvalidInput,
    LabsightError,
    NotPermitted,
    ObjectChanged,
    ObjectExists,
    ObjectMissing,
    StorageUnavailable,
)
from labsight.objects.open_files import OpenFile, OpenFiles, state_of
from labsight.objects.store import ObjectInfo

_CHUNK = 1 << 20

_log = logging.getLogger(__name__)


class FolderStore:
    """Files below ``root``, each under the key ``prefix`` + relative path.

    A key never leads out of the folder: parts named ``.`` or ``..``, absolute paths and links that
    point outside are refused. ETags are made of size and modification time, as web servers do for
    files.
    """

    parallel = 1

    def __init__(self, root: Path, prefix: str = "") -> None:
        self._root = root.resolve()
        self._prefix = prefix
        self._opened = OpenFiles()

    def head(self, key: str) -> ObjectInfo:
        """Describe a file."""
        path = self._path(key)
        with _errors(key):
            return _describe(key, path.stat())

    def read(
        self, key: str, start: int = 0, length: int | None = None, *, etag: str | None = None
    ) -> bytes:
        """Return a part of a file."""
        try:  # not the context manager of the other methods: this one runs for every tile
            file = self._opened.current(key) or self._open(key)
            if etag is not None and file.version != etag:
                raise ObjectChanged(f"{key}: the file changed (expected version {etag})")
            return file.read(start, file.state[1] if length is None else length)
        except OSError as error:
            raise _translate(key, error) from error

    def write(
        self,
        key: str,
        data: bytes,
        *,
        content_type: str = "application/octet-stream",
        metadata: Mapping[str, str] | None = None,
        if_absent: bool = False,
    ) -> ObjectInfo:
        """Store a file in one step: readers see the old content or the new, never a part.

        A folder keeps neither content type nor metadata.
        """
        del content_type, metadata
        path = self._path(key)
        with _errors(key):
            path.parent.mkdir(parents=True, exist_ok=True)
            descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".part-")
            part = Path(name)
            try:
                with os.fdopen(descriptor, "wb") as file:
                    file.write(data)
                if if_absent:
                    os.link(part, path)
                else:
                    part.replace(path)
            except FileExistsError:
                raise ObjectExists(f"{key}: there is a file of this name; it is kept") from None
            finally:
                part.unlink(missing_ok=True)
            return _describe(key, path.stat())

    def walk(self, prefix: str = "", *, after: str = "") -> Iterator[ObjectInfo]:
        """Yield files in the order of their keys; hidden ones are not listed."""
        for key in sorted(self._keys()):
            if key.startswith(prefix) and key > after:
                try:
                    yield self.head(key)
                except (ObjectMissing, InvalidInput):
                    continue  # removed meanwhile, or a link that leads out of the folder

    def download(self, key: str, path: Path, *, etag: str | None = None) -> None:
        """Copy a file."""
        with _errors(key), whole_file(path) as target:
            start = 0
            while chunk := self.read(key, start, _CHUNK, etag=etag):
                target.write(chunk)
                start += len(chunk)

    def local_path(self, key: str) -> Path | None:
        """Return the file itself."""
        path = self._path(key)
        return path if path.is_file() else None

    def _files(self) -> Iterator[Path]:
        for folder, folders, names in os.walk(self._root):
            folders[:] = [name for name in folders if not name.startswith(".")]
            yield from (Path(folder, name) for name in names if not name.startswith("."))

    def _keys(self) -> Iterator[str]:
        for path in self._files():
            try:
                yield self._key(path.relative_to(self._root).as_posix())
            except InvalidInput as error:
                _log.debug("left out: %s", error)

    def _key(self, relative: str) -> str:
        """Return the key of a file."""
        return self._prefix + relative

    def _relative(self, key: str) -> str:
        """Return the path below the folder that a key stands for."""
        return key.removeprefix(self._prefix)

    def _path(self, key: str) -> Path:
        relative = PurePosixPath(self._relative(key))
        inside = (
            key.startswith(self._prefix)
            and "\0" not in key
            and not relative.is_absolute()
            and relative.parts
            and ".." not in relative.parts
        )
        path = self._root.joinpath(*relative.parts) if inside else self._root
        if not inside or not path.resolve().is_relative_to(self._root):
            raise InvalidInput(f"key {key[:80]!r} does not name a file of this folder")
        return path

    def _open(self, key: str) -> OpenFile:
        path = str(self._path(key))
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
        stat = os.fstat(descriptor)
        file = OpenFile(descriptor, path, state_of(stat), _version(stat))
        self._opened.keep(key, file)
        return file


def _describe(key: str, stat: os.stat_result) -> ObjectInfo:
    modified = datetime.fromtimestamp(stat.st_mtime, UTC)
    return ObjectInfo(key=key, size=stat.st_size, etag=_version(stat), modified=modified)


def _version(stat: os.stat_result) -> str:
    return hashlib.sha256(f"{stat.st_size}:{stat.st_mtime_ns}".encode()).hexdigest()[:32]


@contextmanager
def whole_file(path: Path) -> Iterator[BinaryIO]:
    """Open a file for writing that appears under its name only when the block ends well."""
    part = path.with_name(path.name + ".part")
    try:
        with part.open("wb") as file:
            yield file
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def _errors(key: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise _translate(key, error) from error


def _translate(key: str, error: OSError) -> LabsightError:
    if isinstance(error, FileNotFoundError | NotADirectoryError | IsADirectoryError):
        return ObjectMissing(f"{key}: no such file")
    if isinstance(error, PermissionError):
        return NotPermitted(f"{key}: the file may not be read by the user that labsight runs as")
    return StorageUnavailable(f"{key}: {error.strerror or error}")
