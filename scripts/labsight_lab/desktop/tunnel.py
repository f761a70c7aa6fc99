"""The way to the desktop: the AWS CLI holds a tunnel open, and is started again when it ends."""

import contextlib
import re
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from labsight.errors import NotPermitted, StorageUnavailable
from labsight_lab.desktop.machine import Machine
from labsight_lab.text import duration, shown

WINDOWS_PORT, WINDOWS_LOCAL = 3389, 13389  # 3389 is taken on Windows machines
VIEWER_PORT = 8443
LINUX_USER = "ec2-user"

# A tunnel that held so long was a good one: what ended it is the hour's limit, or the network.
GOOD_SECONDS = 60.0
FAILURES = 5
LONGEST_PAUSE = 30.0
GRACE_SECONDS = 3.0

_HOPELESS = re.compile(
    r"AccessDenied|UnauthorizedOperation|not authorized|ExpiredToken|InvalidClientTokenId"
    r"|Unable to locate credentials|Token has expired|retrieving token",
    re.IGNORECASE,
)


@dataclass(frozen=True, kw_only=True)
class Way:
    """How to reach a machine, from which port here, with which key (Linux with a key pair)."""

    cli: str
    machine: Machine
    region: str
    local_port: int
    profile: str | None = None
    key: Path | None = None

    def command(self) -> list[str]:
        """Return the AWS CLI's command that holds the tunnel."""
        where = ["--region", self.region, *(["--profile", self.profile] if self.profile else [])]
        return [self.cli, *self._verb(), *where]

    def _verb(self) -> list[str]:
        machine, port = self.machine, self.local_port
        if machine.by_session_manager:
            remote = VIEWER_PORT if machine.linux else WINDOWS_PORT
            return [
                *("ssm", "start-session", "--target", machine.id),
                *("--document-name", "AWS-StartPortForwardingSession"),
                *("--parameters", f"portNumber={remote},localPortNumber={port}"),
            ]
        if machine.linux:
            key = ["--private-key-file", str(self.key)] if self.key else []
            return [
                *("ec2-instance-connect", "ssh", "--instance-id", machine.id),
                *("--os-user", LINUX_USER, "--connection-type", "eice"),
                *("--local-forwarding", f"{port}:localhost:{VIEWER_PORT}", *key),
            ]
        return [
            *("ec2-instance-connect", "open-tunnel", "--instance-id", machine.id),
            *("--remote-port", str(WINDOWS_PORT), "--local-port", str(port)),
        ]

    def advice(self) -> str:
        """Say what to open while the tunnel holds."""
        address = f"localhost:{self.local_port}"
        which = f" --stack {self.machine.stack}" if self.machine.stack else ""
        password = f"password: labsight desktop password{which} --region {self.region}"
        if self.machine.linux:
            return (
                f"Open https://{address} in the browser or in the DCV client (the certificate is "
                f"the machine's own).\n  user: {LINUX_USER}, {password}\nCtrl-C ends the tunnel."
            )
        return (
            f"Open the desktop at {address}:\n"
            f"  Windows  mstsc /v:{address}\n"
            f"  macOS    Windows App, add PC {address}\n"
            f"  Linux    Remmina, or xfreerdp /v:{address} /u:Administrator\n"
            f"  user: Administrator, {password}\n"
            "Ctrl-C ends the tunnel."
        )


class Tunnel:
    """Runs a command again and again until the machine is off, it is hopeless, or Ctrl-C."""

    def __init__(
        self,
        command: list[str],
        running: Callable[[], bool],
        say: Callable[[str], None],
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._command, self._running, self._say = command, running, say
        self._sleep, self._clock = sleep, clock
        self._last: deque[str] = deque(maxlen=5)

    def hold(self) -> None:
        """Keep the tunnel open; return when the machine has stopped."""
        failures = 0
        while True:
            begun = self._clock()
            self._run()
            held = self._clock() - begun
            said = " / ".join(self._last) or "without a word"
            if _HOPELESS.search(said):
                raise NotPermitted(
                    f"the tunnel was refused ({said}); log in again, or ask for the right to open "
                    "it (docs/desktop.md)"
                )
            failures = 0 if held >= GOOD_SECONDS else failures + 1
            if not self._running():
                self._say("the desktop has stopped, and the tunnel with it")
                return
            if failures >= FAILURES:
                raise StorageUnavailable(
                    f"the tunnel ended {failures} times at once, last with: {said}"
                )
            pause = min(2.0**failures, LONGEST_PAUSE)
            self._say(f"the tunnel ended after {duration(held)}; opening it again")
            self._sleep(pause)

    def _run(self) -> None:
        """Run the command to its end, and pass on what it says; never leave it behind."""
        self._last.clear()
        process = subprocess.Popen(
            self._command,
            stdin=subprocess.PIPE,  # stays open: an SSH session ends with its input
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
        reader = threading.Thread(target=self._listen, args=(process,), daemon=True)
        reader.start()
        try:
            process.wait()
        finally:
            _end(process)
            reader.join(timeout=5)
            if process.stdout and not reader.is_alive():
                process.stdout.close()

    def _listen(self, process: "subprocess.Popen[str]") -> None:
        for line in process.stdout or ():
            text = shown(line.strip())
            if text:
                self._last.append(text)
                self._say(f"  {text}")


def _end(process: "subprocess.Popen[str]") -> None:
    """Let it end by itself, as it does after Ctrl-C or without input; else make it."""
    if process.stdin:
        with contextlib.suppress(OSError):
            process.stdin.close()
    for ask in (process.terminate, process.kill):
        try:
            process.wait(timeout=GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            ask()
    process.wait()
