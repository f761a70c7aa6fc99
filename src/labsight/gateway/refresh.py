"""Shows new objects on the shares: each run takes what is waiting and refreshes once a share.

A refresh that follows another one within 60 seconds finds nothing new, and two at a time is all
that a gateway takes, so notices are never worked off one by one.
https://docs.aws.amazon.com/storagegateway/latest/APIReference/API_RefreshCache.html

No refresh is remembered for an appliance that is stopped: its next start is a notice as well, and
leads to one refresh of everything that the gateway knew.
"""

import json
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from labsight.errors import GatewayUnavailable, InvalidInput
from labsight.gateway.parts import Instance, Shares
from labsight.slides.notices import created_keys

ROOT = "/"
MOST_FOLDERS = 50  # in one request
MOST_MESSAGES = 2_000  # in one run
STATE_CHANGE = "EC2 Instance State-change Notification"

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Message:
    """A waiting notice, and the receipt with which it is taken off the queue."""

    body: str
    receipt: str


class Waiting(Protocol):
    """The queue of notices."""

    def receive(self) -> Sequence[Message]:
        """Return some waiting messages, none when there are none; others do not see them now."""

    def done(self, messages: Sequence[Message]) -> None:
        """Take messages off the queue; the rest comes again."""


@dataclass
class Wanted:
    """What has to be refreshed: folders by the prefix of their share, or all of them."""

    folders: dict[str, set[str]] = field(default_factory=dict)
    everything: bool = False


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a run did, for its log: messages handled, messages that come again, requests made."""

    handled: int
    again: int
    refreshed: int


@dataclass(frozen=True, kw_only=True)
class Refresher:
    """Works off the notices for the shares, given as prefix of the archive to the share's ARN.

    ``address`` is the appliance's own: what it wrote itself it need not look for.
    """

    waiting: Waiting
    appliance: Instance
    gateway: Shares
    shares: Mapping[str, str]
    address: str

    def run(self) -> Outcome:
        """Take what is waiting, refresh, and take off the queue what is done with."""
        messages = self._take()
        understood, wanted = self._read(messages)
        if not understood:
            return Outcome(handled=0, again=len(messages), refreshed=0)
        state = self.appliance.state()
        if state not in {"pending", "running"}:
            _log.info("%d notices skipped: the appliance is %s", len(understood), state)
            self.waiting.done(understood)
            return Outcome(handled=len(understood), again=0, refreshed=0)
        try:
            refreshed = self._refresh(wanted)
        except GatewayUnavailable as error:
            _log.info("%d notices come again: %s", len(messages), error.message)
            return Outcome(handled=0, again=len(messages), refreshed=0)
        self.waiting.done(understood)
        again = len(messages) - len(understood)
        return Outcome(handled=len(understood), again=again, refreshed=refreshed)

    def _take(self) -> list[Message]:
        taken: list[Message] = []
        while len(taken) < MOST_MESSAGES and (some := self.waiting.receive()):
            taken += some
        return taken

    def _read(self, messages: Iterable[Message]) -> tuple[list[Message], Wanted]:
        """Collect what the messages tell of; what is none of ours stays, for people to see."""
        understood, wanted = [], Wanted()
        for message in messages:
            try:
                self._collect(message.body, wanted)
            except InvalidInput as error:
                _log.warning("a message goes back to the queue: %s", error.message)
            else:
                understood.append(message)
        return understood, wanted

    def _collect(self, body: str, wanted: Wanted) -> None:
        if _is_start(body):
            wanted.everything = True
            return
        keys = created_keys(body)
        if _source(body) == self.address:
            return
        for key in keys:
            for prefix in self.shares:
                if key.startswith(prefix):
                    found = wanted.folders.setdefault(prefix, set())
                    found.update(folders_of(key.removeprefix(prefix)))

    def _refresh(self, wanted: Wanted) -> int:
        """Ask once a share; more folders than one request takes are refreshed as a whole tree."""
        requests = 0
        for prefix, share in self.shares.items():
            folders = wanted.folders.get(prefix, set())
            if wanted.everything or len(folders) > MOST_FOLDERS:
                self.gateway.refresh(share, [ROOT], recursive=True)
            elif folders:
                self.gateway.refresh(share, sorted(folders), recursive=False)
            else:
                continue
            requests += 1
        return requests


def folders_of(path: str) -> list[str]:
    """Return the folders on the way to a file, from the share's root on, as the service names them.

    The gateway does not tell which folders it knows: one that is new shows only when the folder
    it lies in is looked at again.
    """
    parts = [part for part in path.split("/")[:-1] if part]
    return [ROOT, *("/".join(parts[:depth]) for depth in range(1, len(parts) + 1))]


def _is_start(body: str) -> bool:
    """Say whether a message tells that the appliance has started; its rule tells of no other."""
    message = _json(body)
    return message.get("detail-type") == STATE_CHANGE


def _source(body: str) -> str | None:
    detail = _json(body).get("detail")
    return str(detail.get("source-ip-address")) if isinstance(detail, dict) else None


def _json(body: str) -> dict[str, Any]:
    try:
        message = json.loads(body)
    except ValueError:
        return {}  # created_keys says what is wrong with it
    return message if isinstance(message, dict) else {}
