"""A large file in parts, several at a time, resumable part by part."""

import threading
from contextlib import closing

from labsight_lab.sync import crc64
from labsight_lab.sync.journal.entries import Part, State
from labsight_lab.sync.sending.archive import AlreadyThere, Denied, UploadGone
from labsight_lab.sync.sending.body import Body
from labsight_lab.sync.sending.content import Content
from labsight_lab.sync.sending.one_file import Means, Sending, abort, part_size
from labsight_lab.sync.sending.outcome import Result
from labsight_lab.sync.source import Stopped, TransferBreak
from labsight_lab.sync.workers import in_parallel

AT_A_TIME = 6  # parts of one file; more connections gain nothing, and memory is shared

_Held = dict[tuple[int, int], Part]  # stored parts by number and checksum


def send_in_parts(sending: Sending, means: Means, content: Content) -> tuple[Result, str]:
    """Send a file, or what is missing of it in an upload that is open."""
    upload, held = _open_upload(sending, means, content)
    if upload is None:
        return sending.stored(sending.checksum(content))
    parts, whole = _PartSender(sending, means, content, upload, held).all()
    content.check()
    sending.check_declared(whole)
    with sending.making(whole):
        means.archive.complete(sending.key, upload, parts, size=sending.size, crc64=whole)
    return sending.stored(whole)


class _PartSender:
    """Sends the parts of one upload."""

    def __init__(
        self, sending: Sending, means: Means, content: Content, upload: str, held: _Held
    ) -> None:
        self._sending, self._means, self._content = sending, means, content
        self._upload, self._held = upload, held
        self._path, self._step = sending.candidate.path, part_size(sending.size)
        self._moved: dict[int, int] = {}  # bytes on their way, by part
        self._stop = threading.Event()
        self._broken: TransferBreak | None = None

    def all(self) -> tuple[list[Part], int]:
        """Return all parts in order, and the CRC-64 of the whole."""
        numbers = range(1, -(-self._sending.size // self._step) + 1)
        stored: dict[int, tuple[Part, int]] = {}
        sends = in_parallel(numbers, self._one, threads=AT_A_TIME, stop=self._stop)
        with closing(sends) as answers:
            for part, own in answers:
                stored[part.number] = part, own
        if self._broken is not None:
            raise self._broken
        whole = 0
        for number in numbers:
            whole = crc64.combined(whole, stored[number][1], self._length(number))
        return [stored[number][0] for number in numbers], whole

    def _length(self, number: int) -> int:
        return min(self._step, self._sending.size - (number - 1) * self._step)

    def _one(self, number: int) -> tuple[Part, int]:
        try:
            return self._stored(number)
        except TransferBreak as broken:
            self._broken = self._broken or broken  # the first one is why the others end
            self._stop.set()
            raise

    def _stored(self, number: int) -> tuple[Part, int]:
        """Store one part, unless it is; return it with its CRC-64."""
        means, length = self._means, self._length(number)
        with means.memory.holding(length, means.stop) as room:
            self._tell(number, 0)
            data = self._content.read((number - 1) * self._step, length, room)
            own = crc64.crc64(data)
            part = self._held.get((number, own))
            if part is None:
                body = Body(data, lambda done: self._tell(number, done), lambda: None)
                part = means.archive.put_part(self._sending.key, self._upload, number, body, own)
                means.journal.write_part(self._path, part, own)
        self._tell(number, length)
        return part, own

    def _tell(self, number: int, done: int) -> None:
        if self._stop.is_set():  # there is no whole any more to which this part belongs
            raise Stopped
        self._moved[number] = done
        self._means.moved(self._path, sum(list(self._moved.values())))


def _open_upload(sending: Sending, means: Means, content: Content) -> tuple[str | None, _Held]:
    """Return an upload and its parts; no upload when all is stored already."""
    entry = sending.entry
    if entry.upload and sending.goes_on:
        known = means.journal.parts(entry.path)
        try:
            listed = set(means.archive.parts(sending.key, entry.upload))
        except UploadGone:
            if _was_completed(sending, means, content, list(known)):
                return None, {}
        except Denied:
            pass  # then the parts cannot be counted on
        else:
            return entry.upload, {(p.number, crc): p for p, crc in known.items() if p in listed}
    _clear_the_way(sending, means)
    if means.archive.holds(sending.key):  # else known only after all its bytes are sent
        raise AlreadyThere(f"the archive already holds {sending.key}")
    sending.note(state=State.UPLOADING, upload=None, drop_parts=True)
    upload = means.archive.begin(sending.new_object())
    sending.note(upload=upload)
    return upload, {}


def _was_completed(sending: Sending, means: Means, content: Content, parts: list[Part]) -> bool:
    """Ask again for what an earlier run asked for without hearing the answer."""
    entry = sending.entry
    if not entry.attempted or entry.upload is None:
        return False
    whole = sending.checksum(content)
    if whole not in entry.attempted:
        return False
    parts.sort(key=lambda part: part.number)
    try:
        means.archive.complete(sending.key, entry.upload, parts, size=sending.size, crc64=whole)
    except UploadGone:
        return False
    return True


def _clear_the_way(sending: Sending, means: Means) -> None:
    """Abort what an earlier run left open here, even if it died before noting the id."""
    if sending.entry.upload:
        sending.drop_upload()
    elif sending.earlier and sending.earlier.state is State.UPLOADING:
        try:
            for stray in means.archive.open_uploads(sending.key):
                abort(means.archive, sending.key, stray)
        except Denied:
            return  # the bucket's own rule ends them after some days
