"""One connection of a stand-in for S3: reads requests, lets go wrong what has to, answers."""

import io
import socket
import struct
import time
from collections.abc import Mapping
from contextlib import suppress
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler
from xml.sax.saxutils import escape

from tests.support.s3_asked import Asked
from tests.support.s3_content import Piece
from tests.support.s3_faults import Does, Met
from tests.support.s3_operations import Answer
from tests.support.s3_state import State
from tests.support.s3_store import Refused

_LINGER_S = 1.0  # S3 goes on reading for a while after a refusal, so that the client can read it
_RESET = struct.pack("ii", 1, 0)  # SO_LINGER: the other end gets a reset


class Connection(BaseHTTPRequestHandler):
    """Answers one connection's requests."""

    protocol_version = "HTTP/1.1"
    wbufsize = 1 << 16
    disable_nagle_algorithm = True
    s3: State

    def do_GET(self) -> None:
        self._serve()

    do_HEAD = do_PUT = do_POST = do_DELETE = do_GET  # noqa: N815 - http.server's names

    def handle_expect_100(self) -> bool:
        """Ask for the body at once: what is written is kept back until a flush."""
        going_on = super().handle_expect_100()
        self.wfile.flush()
        return going_on

    def _serve(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        asked = Asked.of(self.command, self.path, headers)
        met = self.s3.heard(asked)
        does = met.fault.does if met else None
        if self.s3.early and asked.method in {"PUT", "POST"}:
            self._refuse_early(asked, met)
        answer = self._answer(asked, met)
        if does is Does.LOSE:
            self._break()
        time.sleep(self.s3.latency + (met.fault.seconds if met and does is Does.STALL else 0.0))
        self._say(answer)

    def _answer(self, asked: Asked, met: Met | None) -> Answer:
        try:
            piece = self._body(asked, met)
            self._check(asked, met)
            if met and met.fault.does is Does.FAIL_LATE:
                return Answer(200, {}, _refusal(Refused(500, "InternalError"), asked).body)
            return self.s3.operations.answer(asked, piece)
        except Refused as error:
            return _refusal(error, asked)

    def _check(self, asked: Asked, met: Met | None) -> None:
        """Raise what is wrong with a request whatever its body is."""
        self.s3.refuse(asked)
        if met and met.fault.does is Does.REFUSE:
            raise Refused(met.fault.status, met.fault.code)

    def _refuse_early(self, asked: Asked, met: Met | None) -> None:
        """Answer before the body came, as S3 may; then nothing more is heard on this connection."""
        try:
            self._check(asked, met)
            self.s3.store.check_new(asked.bucket, asked.key, only_new=asked.only_new)
        except Refused as error:
            self._say(_refusal(error, asked), {"Connection": "close"})
            self.connection.shutdown(socket.SHUT_WR)
            self.connection.settimeout(_LINGER_S)
            with suppress(OSError):
                while self.connection.recv(1 << 16):
                    pass
            raise ConnectionAbortedError from error

    def _body(self, asked: Asked, met: Met | None) -> Piece:
        s3, trailers = self.s3, dict[str, str]()
        assert isinstance(self.rfile, io.BufferedReader)
        piece = s3.new_piece(asked)
        for block in asked.blocks(self.rfile, trailers):
            data, here = block, met.position - piece.size if met else -1
            if met and 0 <= here < len(block):
                if met.fault.does is Does.CUT:
                    s3.took(asked, here)
                    self._break()
                if met.fault.does is Does.FLIP:
                    data = block[:here] + bytes([block[here] ^ 1]) + block[here + 1 :]
            s3.took(asked, len(data))
            piece.add(data)
        piece.end()
        asked.verify(piece, trailers)
        return piece

    def _break(self) -> None:
        """End the connection so that the client cannot take it for an answer."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        raise ConnectionAbortedError

    def _say(self, answer: Answer, more: Mapping[str, str] | None = None) -> None:
        self.send_response_only(answer.status)
        body = b"" if answer.body is None or self.command == "HEAD" else answer.body
        told = {
            "Date": formatdate(time.time() + self.s3.clock_offset, usegmt=True),
            "Server": "AmazonS3",
            "x-amz-request-id": "0123456789ABCDEF",
            "Content-Length": str(len(body)),
            **answer.headers,
            **(more or {}),
        }
        for name, value in told.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def _refusal(error: Refused, asked: Asked) -> Answer:
    text = (
        f"<Error><Code>{error.code}</Code><Message>{escape(error.message)}</Message>"
        f"<Key>{escape(asked.key)}</Key><RequestId>0123456789ABCDEF</RequestId></Error>"
    )
    body = f'<?xml version="1.0" encoding="UTF-8"?>\n{text}'.encode(errors="surrogateescape")
    return Answer(error.status, {"Content-Type": "application/xml"}, body)
