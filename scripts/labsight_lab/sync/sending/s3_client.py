"""Requests to one bucket: signed, sent, repeated where that may help, put right where it can be.

boto3's client takes 0.3 s to make and 3 ms of CPU a request, and sends bodies as it sees fit.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from hashlib import sha256
from typing import NamedTuple

from labsight import __version__
from labsight.errors import InvalidInput, LabsightError, SettingsError, StorageUnavailable
from labsight.objects import s3_address
from labsight.objects.attempts import attempts
from labsight.objects.connections import Connections, NoConnection, Origin, Untrusted
from labsight.objects.credentials import Credentials
from labsight.objects.http1 import Answer, TooLong
from labsight.objects.http1_upload import Upload
from labsight.objects.http_dates import parse_date
from labsight.objects.s3_errors import STALE_CREDENTIALS, may_pass, wrong_region
from labsight.objects.sigv4 import UNSIGNED, Signer, encoded_path, encoded_query
from labsight_lab.sync.sending import s3_errors, s3_xml
from labsight_lab.sync.sending.archive import Answer as AnswerError
from labsight_lab.sync.sending.archive import UploadGone
from labsight_lab.sync.sending.body import Body
from labsight_lab.sync.sending.credentials import Identity
from labsight_lab.sync.sending.limits import Limiter
from labsight_lab.sync.sending.s3_errors import Asked, Refusal
from labsight_lab.text import duration

ATTEMPTS = 6
MAX_ERROR_BYTES = 64 << 10
_ANSWER_SECONDS = 60.0
# What the system holds back when the last block was handed over has to go out before an answer.
_BUFFERED = 1 << 20
_SLOWEST = 16 << 10  # bytes per second
_MOST_SKEW_S = 890.0  # S3 takes 900
_TOLD_SKEW_S = 60.0  # of difference to the skew that was told before
_SAME_CLOCK_S = 5.0
_RENEWABLE = STALE_CREDENTIALS | {"InvalidAccessKeyId"}  # keys, too, are replaced after some years
_AGENT = f"user-agent:labsight/{__version__}\r\n"
_EXPECT = "expect:100-continue\r\n"

_log = logging.getLogger(__name__)


class Request(NamedTuple):
    """What is asked of the bucket, and the right that this needs.

    ``data`` is a short body, ``body`` one that is watched. ``asks_first``: whether to wait, before
    the body, for S3 to want it. ``seconds``: how long the answer may take after the last byte.
    ``limit``: of the bytes of the answer's body. ``late``: whether an answer of success may tell of
    a failure after all.
    """

    method: str
    key: str
    right: str
    query: Mapping[str, str] = {}
    headers: Mapping[str, str] = {}
    data: bytes = b""
    body: Body | None = None
    asks_first: bool = False
    seconds: float = _ANSWER_SECONDS
    limit: int = MAX_ERROR_BYTES
    late: bool = False

    @property
    def length(self) -> int:
        """The bytes of the body."""
        return len(self.data) if self.body is None else len(self.body)


class _Place(NamedTuple):
    """Where the bucket is, and what leads there."""

    region: str
    origin: Origin
    prefix: str
    signer: Signer
    connections: Connections


class _Attempt(NamedTuple):
    """How a request is sent: where to, as whom, and with which correction of the clock."""

    place: _Place
    credentials: Credentials | None
    offset: float


class S3Client:
    """Asks one bucket; safe to share between threads, of which ``connections`` ask at a time.

    ``tell`` hears, once, what somebody should put right though the work goes on.
    """

    def __init__(
        self,
        bucket: str,
        identity: Identity,
        *,
        endpoint: str | None,
        connections: int,
        limiter: Limiter | None = None,
        tell: Callable[[str], None] = _log.warning,
    ) -> None:
        self._bucket, self._endpoint, self._connections = bucket, endpoint, connections
        self._credentials = identity.credentials
        self._pace = limiter.paced if limiter else None
        self._tell = tell
        self._lock = threading.Lock()
        self._offset = self._told_offset = 0.0
        self._may_ask_first = True
        self._place = self._placed(identity.region)

    def ask(self, request: Request) -> Answer:
        """Return an answer of success; raise the archive's error for all others."""
        answer, doubt = self.answer(request)
        if answer.status < 300:
            return answer
        error = self.error(request, answer)
        if isinstance(error, AnswerError):
            error.retried = doubt
        raise error

    def error(self, request: Request, answer: Answer) -> LabsightError | UploadGone:
        """Return the archive's error for an answer that is no success."""
        said, _ = s3_xml.refused(answer)
        return s3_errors.of_answer(said, Asked(request.right, self._bucket, request.key))

    def answer(self, request: Request) -> tuple[Answer, bool]:
        """Return S3's last word, and whether an attempt before it may have stored something.

        Raises Unreachable, or StorageUnavailable when the connection breaks time and again.
        """
        doubt, mended = False, set[str]()
        outcome: Answer | OSError = OSError("no attempt was made")
        for _ in attempts(most=ATTEMPTS, tick=request.body.tick if request.body else None):
            outcome, is_out = self._tried(request, mended)
            if isinstance(outcome, Answer) and not _may_pass(outcome):
                return outcome, doubt
            doubt |= is_out and (isinstance(outcome, OSError) or outcome.status >= 500)
        if isinstance(outcome, Answer):
            return outcome, doubt
        if isinstance(outcome, NoConnection):
            origin = self._place.origin
            raise s3_errors.unreachable(f"{origin.scheme}://{origin.authority}", outcome)
        raise s3_errors.unanswered(outcome) from outcome

    def close(self) -> None:
        """Close the connections that are not in use."""
        self._place.connections.close()

    def _tried(self, request: Request, mended: set[str]) -> tuple[Answer | OSError, bool]:
        """Send a request, once more for each thing that was wrong and could be put right."""
        while True:
            place = self._place
            attempt = _Attempt(place, self._credentials.current(), place.signer.offset)
            outcome, is_out = self._sent(request, attempt)
            if isinstance(outcome, OSError) or outcome.status < 300:
                return outcome, is_out
            what = self._mend(outcome, request, attempt, mended)
            if what is None:
                return outcome, is_out
            mended.add(what)

    def _sent(self, request: Request, attempt: _Attempt) -> tuple[Answer | OSError, bool]:
        """Return the answer, or why there is none, and whether all was sent."""
        asks_first = request.asks_first and self._may_ask_first
        head = self._head(request, attempt, asks_first=asks_first)
        seconds = request.seconds + min(request.length, _BUFFERED) / _SLOWEST
        upload = Upload(head, lambda: self._blocks(request), seconds=seconds, asks_first=asks_first)
        connections = attempt.place.connections
        try:
            if request.method in {"GET", "HEAD"}:
                bodiless = request.method == "HEAD"
                return connections.exchange(head, request.limit, bodiless=bodiless), False
            answer = connections.upload(upload, request.limit)
        except TooLong:
            raise StorageUnavailable("the archive answers with more than was asked for") from None
        except Untrusted as error:
            raise SettingsError(error.message) from error
        except OSError as error:
            _log.debug("%s %s: %s", request.method, request.key, error)
            return error, upload.is_out
        return (s3_xml.failed_late(answer) if request.late else answer), upload.is_out

    def _head(self, request: Request, attempt: _Attempt, *, asks_first: bool) -> bytes:
        place = attempt.place
        target = (
            f"{place.prefix}/{encoded_path(request.key)}",
            encoded_query(request.query) if request.query else "",
        )
        headers = {**request.headers, "host": place.origin.authority}
        if request.method in {"PUT", "POST"}:
            headers["content-length"] = str(request.length)
        # The bytes of a body are guarded by their checksum, and on the way by TLS.
        payload = UNSIGNED if request.body is not None else sha256(request.data).hexdigest()
        unsigned = _AGENT + _EXPECT if asks_first else _AGENT
        return place.signer.request(
            attempt.credentials, request.method, target, headers, payload, unsigned
        )

    def _blocks(self, request: Request) -> Iterator[bytes | memoryview]:
        return iter((request.data,)) if request.body is None else request.body.blocks(self._pace)

    def _mend(
        self, answer: Answer, request: Request, attempt: _Attempt, mended: set[str]
    ) -> str | None:
        """Put right what an answer complains of; say what, None for what was or cannot be."""
        said, region = s3_xml.refused(answer)
        if "bytes" not in mended and said.code == "BadDigest" and request.body is not None:
            return "bytes"  # damaged on the way; ours are as they were
        if "expect" not in mended and answer.status == 417:
            self._may_ask_first = False
            return "expect"
        if "region" not in mended and self._move(said, region, attempt.place):
            return "region"
        if "clock" not in mended and self._set_clock(answer, said, attempt):
            return "clock"
        stale = said.code in _RENEWABLE and "credentials" not in mended
        if stale and self._renew(attempt.credentials):
            return "credentials"
        return None

    def _move(self, said: Refusal, region: str, place: _Place) -> bool:
        """Go on in the region that S3 names; say whether that is another."""
        told = wrong_region(said.code, self._bucket, place.region, region)
        if said.status == 400 and told is None:  # a HEAD, whose answer has no code
            told = wrong_region("400", self._bucket, place.region, region)
        if told is None or not told.region or told.region == place.region:
            return False
        with self._lock:
            if self._place is place:
                self._place = self._placed(told.region)
        return True

    def _set_clock(self, answer: Answer, said: Refusal, attempt: _Attempt) -> bool:
        """Take the time from S3 when it finds this computer's too wrong."""
        try:
            there = parse_date(answer.headers.get("date", "")).timestamp()
        except StorageUnavailable:
            return False
        offset = there - time.time()
        is_far = abs(offset - attempt.offset) > _MOST_SKEW_S
        # The answer to a HEAD has no code, but its date tells the same.
        if said.code != "RequestTimeTooSkewed" and not (said.status == 403 and is_far):
            return False
        offset = offset if abs(offset) > _SAME_CLOCK_S else 0.0
        with self._lock:
            self._offset = self._place.signer.offset = attempt.place.signer.offset = offset
            is_new = abs(offset - self._told_offset) > _TOLD_SKEW_S
            if is_new:
                self._told_offset = offset
        if is_new:
            self._tell(_clock_is_wrong(offset))
        return True

    def _renew(self, used: Credentials | None) -> bool:
        """Look for other credentials than those that S3 does not take any more."""
        with self._lock:
            if self._credentials.current() == used:  # else another thread was here before
                self._credentials.forget()
            return self._credentials.current() != used

    def _placed(self, region: str) -> _Place:
        try:
            origin, prefix = s3_address.of_bucket(self._bucket, region, self._endpoint)
        except InvalidInput as error:
            raise SettingsError(error.message) from None
        if origin.scheme == "http" and not origin.is_loopback:
            raise SettingsError(
                f"the archive's address is http://{origin.authority}: use https, so that no image "
                "goes over a network in the clear; plain http is for this machine only"
            )
        signer = Signer(region, offset=self._offset)
        return _Place(region, origin, prefix, signer, Connections(origin, self._connections))


def _may_pass(answer: Answer) -> bool:
    if answer.status < 300:
        return False
    return may_pass(answer.status, s3_xml.refused(answer)[0].code)


def _clock_is_wrong(offset: float) -> str:
    if not offset:
        return "this computer's clock agrees with AWS's again"
    minutes, how = round(abs(offset) / 60), "behind" if offset > 0 else "ahead of"
    return (
        f"this computer's clock is {duration(60 * minutes)} {how} AWS's: set it. Until then, "
        "requests are signed with the time that AWS tells"
    )
