"""What a file's first bytes say of the files that it belongs to."""

import threading
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import BinaryIO, NamedTuple

from labsight_lab.sync.look.roles import COMPANION, DICOM, LISTS
from labsight_lab.sync.look.scan import Seen
from labsight_lab.sync.source import opened
from labsight_lab.sync.workers import in_parallel

THREADS = 16  # a network share answers many questions in the time of one
_TOGETHER = 64  # files a thread reads before it tells of them


class Head(NamedTuple):
    """``series`` is a DICOM file's; ``needs`` and ``may_have`` are names of files beside it.

    An OME-TIFF may be among those that it needs, as it was ``called`` when it was written.
    ``described``: whether it tells of its own pixels and not just where that is told.
    """

    series: str = ""
    needs: tuple[str, ...] = ()
    may_have: tuple[str, ...] = ()
    called: str = ""
    described: bool = True


Heads = dict[str, Head | OSError]


def head_of(file: BinaryIO, seen: Seen) -> Head:
    """Read the head of a DICOM file, an OME-TIFF or its companion, or a list of images.

    What cannot be made sense of belongs to nothing. Raises OSError.
    """
    from labsight_lab.sync.finished import dicom, ome, tiff, vms  # noqa: PLC0415 - only for news

    path = seen.path.lower()
    if path.endswith(DICOM):
        return Head(series=dicom.series_of(file, seen.size))
    if path.endswith(LISTS):
        return Head("", *vms.names_in(file))
    if path.endswith(COMPANION):
        document = ome.read(file, 0, seen.size)
        return Head(needs=tuple(document.names)) if document else Head()
    place = tiff.description(file, seen.size)
    document = ome.read(file, *place) if place else None
    if document is None:
        return Head()
    return Head(
        needs=document.files(),
        called=document.own_name(),
        described=not document.metadata_file,
    )


class HeadReader:
    """Reads heads of a folder's files, and remembers those that it was asked for last.

    What the journal knows is not asked for again; what waits to be sent is, at each look.
    """

    def __init__(self, folder: Path, threads: int = THREADS) -> None:
        self._folder, self._threads = folder, threads
        self._known: dict[Seen, Head] = {}
        self._shared: dict[tuple[str, ...], tuple[str, ...]] = {}

    def read(self, files: Sequence[Seen]) -> Heads:
        """Return the heads by path; a file that cannot be opened has its OSError instead."""
        self._shared = {head.needs: head.needs for head in self._known.values()}
        found: Heads = {seen.path: self._known[seen] for seen in files if seen in self._known}
        new = [seen for seen in files if seen.path not in found]
        pieces = [new[at : at + _TOGETHER] for at in range(0, len(new), _TOGETHER)]
        if len(pieces) > 1:
            stop = threading.Event()
            threads = min(self._threads, len(pieces))
            work = in_parallel(pieces, self._piece, threads=threads, stop=stop)
            with closing(work) as answers:
                for answer in answers:
                    found |= self._slim(answer)
        elif pieces:
            found |= self._slim(self._piece(pieces[0]))
        heads = ((seen, found[seen.path]) for seen in files)
        self._known = {seen: head for seen, head in heads if isinstance(head, Head)}
        return found

    def _slim(self, heads: Heads) -> Heads:
        """Keep one list of names for all files of a set: of a thousand files each has it."""
        shared = self._shared
        return {
            path: head._replace(needs=shared.setdefault(head.needs, head.needs))
            if isinstance(head, Head)
            else head
            for path, head in heads.items()
        }

    def _piece(self, files: Sequence[Seen]) -> Heads:
        return {seen.path: self._head(seen) for seen in files}

    def _head(self, seen: Seen) -> Head | OSError:
        try:
            with opened(self._folder / seen.path) as file:
                return head_of(file, seen)
        except OSError as error:
            return error
