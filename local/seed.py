"""Brings slides into the platform the way a lab does: `labsight sync`, events, import."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from labsight import keys
from local.client import Client
from local.errors import DeliveryFailed
from local.moto_server import Cloud
from local.start import Platform

SOURCE = "demo"
POLL_SECONDS = 0.2
STALL_SECONDS = 120.0  # without one more slide done
DONE = frozenset({"imported", "failed"})

Row = dict[str, Any]


def sync(slides: Path, bucket: str, cloud: Cloud, home: Path, say: Callable[[str], None]) -> None:
    """Run `labsight sync` over a folder and pass on what it says.

    ``home`` holds its journal: the archive starts empty each time, so must what it remembers.
    """
    command = [sys.executable, "-m", "labsight_lab", "sync", str(slides)]
    # A checkout's files are as young as the checkout; nobody writes to them any more.
    command += ["--bucket", bucket, "--source", SOURCE, "--once", "--quiet-period", "1"]
    own = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("AWS_") and name not in {"LABSIGHT_CONFIG", "XDG_CONFIG_HOME"}
    }
    state = {"HOME": str(home), "XDG_STATE_HOME": str(home), "PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(
        command,
        env={**own, **state, **cloud.environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="replace",
        process_group=0,  # Ctrl-C is for us; we stop our children ourselves
    )
    last = ""
    with process:
        try:
            for line in process.stdout or ():
                last = line.rstrip() or last
                say(f"    {line.rstrip()}")
        except BaseException:
            process.kill()
            raise
    if process.returncode:
        raise DeliveryFailed(f"labsight sync ended with {process.returncode}: {last}")


def wait_for_import(platform: Platform, synced: list[str], client: Client) -> list[Row]:
    """Wait until every synced object is imported or failed; return their rows by path."""
    expected = {keys.slide_id(key): key for key in synced}
    done: dict[str, Row] = {}
    progress = time.monotonic()
    while len(done) < len(expected):
        now = {row["id"]: row for row in _rows(client) if row["import_state"] in DONE}
        if len(now) > len(done):
            progress = time.monotonic()
        done = now
        waiting = [key for slide, key in expected.items() if slide not in done]
        _give_up_on(waiting, platform, time.monotonic() - progress)
        time.sleep(POLL_SECONDS)
    return sorted((done[slide] for slide in expected), key=lambda row: str(row["path"]))


def _give_up_on(waiting: list[str], platform: Platform, seconds: float) -> None:
    """Raise DeliveryFailed when nothing will come of what is still waited for."""
    if not waiting:
        return
    named = ", ".join(waiting[:5]) + (", ..." if len(waiting) > 5 else "")
    returned = sum(poller.returned for poller in platform.pollers)
    if returned >= len(waiting):
        raise DeliveryFailed(
            f"not imported: {named}; {returned} message(s) went back to the queue, the log above "
            "tells why"
        )
    if seconds > STALL_SECONDS:
        raise DeliveryFailed(f"not imported: {named}; nothing happened for {STALL_SECONDS:.0f} s")


def synced(bucket: str, cloud: Cloud) -> list[str]:
    """Return the keys that the sync made."""
    pages = cloud.s3.get_paginator("list_objects_v2").paginate(
        Bucket=bucket, Prefix=f"{keys.SLIDES}{SOURCE}/"
    )
    return [entry["Key"] for page in pages for entry in page.get("Contents", ())]


def _rows(client: Client) -> Iterator[Row]:
    cursor = ""
    while True:
        page = client.get_json(f"/api/slides?limit=200{cursor}")
        yield from page["items"]
        if not page["next_cursor"]:
            return
        cursor = f"&cursor={page['next_cursor']}"
