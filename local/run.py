"""One run of the platform: start it, deliver slides, then serve or report."""

import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labsight.errors import InvalidInput
from local import ports, report
from local.client import ROLE, Client
from local.configuration import load_stack
from local.database import Database
from local.errors import DeliveryFailed, ProgramFailed
from local.login import key_pair
from local.steps import Steps

if TYPE_CHECKING:
    from local.start import Platform

STAND_INS = (
    "AWS: moto in this process, empty at each start; IAM does not refuse anything",
    (
        "RDS: PostgreSQL in a temporary folder; functions reach it through a socket there, without "
        "a password or token, as the users that the program declares"
    ),
    "Lambda: a process of this machine for each function; those that call others find them",
    "CloudFront: this address, over http where the program says https; nothing is cached",
    (
        "Cognito: a page at this address that asks for a role and for no password; tokens and tile "
        "cookies are checked as in AWS, with keys of this run"
    ),
)


@dataclass(frozen=True, kw_only=True)
class Options:
    """What the person at the terminal decided."""

    program: Path
    stack: str
    slides: Path | None
    port: int
    once: bool
    web: Path | None


def run(options: Options, steps: Steps, serving: threading.Event) -> None:
    """Run the platform: once round, or until it is interrupted.

    ``serving`` is set when everything is up: an interruption from then on is the usual end. Raises
    DeliveryFailed when an unattended run did not bring every slide from its folder to a browser.
    """
    if options.slides is not None and not options.slides.is_dir():
        raise InvalidInput(f"--slides {options.slides}: there is no such folder")
    with ExitStack() as exits:
        claimed = exits.enter_context(ports.claim(options.port))
        database = exits.enter_context(Database())
        stack = load_stack(options.program, options.stack, overrides())
        steps.say(f"labsight on this machine: {stack.program}, stack {stack.name}")
        background = exits.enter_context(ThreadPoolExecutor(1))
        database_ready = background.submit(_start, database, steps)
        # Importing Pulumi and moto takes a second, in which the database makes its files.
        from local import start  # noqa: PLC0415

        platform = exits.enter_context(
            start.running(stack, claimed, database_ready, options.web, steps, database.folder)
        )
        _tell("what stands in for AWS", STAND_INS, steps)
        _tell("settings of the stack that local mode replaces", stack.overrides, steps)
        _tell("what local mode leaves out", platform.deployment.notes, steps)
        if options.slides is not None:
            _deliver(options.slides, platform, steps, once=options.once)
        if options.once:
            return
        serving.set()
        steps.say(f"ready after {steps.seconds:.1f} s: {platform.address}  (Ctrl-C ends it)")
        _wait_for_ever(steps)


def overrides() -> dict[str, str]:
    """Return the settings that only a deployment in AWS can honour, as they are here.

    Slides alone run on this machine, with the packages that are installed on it; the key pair of
    tile cookies is made for this run. No container runs here: without an image, functions serve.
    """
    private, public = key_pair()
    return {
        "features": '["slides"]',
        "functions.packages": "none",
        "showLabels": "true",
        "slides.image": "",
        "edge.publicKey": public,
        "edge.signingKey": private,
    }


def _start(database: Database, steps: Steps) -> None:
    with steps.step("database") as step:
        step.detail = f"PostgreSQL {database.start()}"


def _tell(heading: str, lines: tuple[str, ...], steps: Steps) -> None:
    if lines:
        steps.say(f"{heading}:")
    for line in lines:
        steps.say(f"  - {line}")


def _wait_for_ever(steps: Steps) -> None:
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        steps.say("stopping")
        raise


def _deliver(slides: Path, platform: "Platform", steps: Steps, *, once: bool) -> None:
    """Bring the slides in; an unattended run fetches something of each and reports."""
    with closing(Client(platform.address, ROLE)) as client:
        try:
            rows = _import(slides, platform, client, steps)
        except DeliveryFailed as error:
            if once:
                raise
            steps.log(f"labsight: {error.message}")  # what did arrive can be looked at
            return
        if once:
            _visit(rows, client, steps)


def _import(
    slides: Path, platform: "Platform", client: Client, steps: Steps
) -> list[dict[str, Any]]:
    from local import seed  # noqa: PLC0415  see above

    bucket = platform.deployment.exports.get("archive_bucket")
    if not bucket:
        raise ProgramFailed("the program exports no archive_bucket, which slides are synced to")
    with steps.step("sync") as step, tempfile.TemporaryDirectory(prefix="labsight-") as home:
        seed.sync(slides, bucket, platform.cloud, Path(home), steps.say)
        synced = seed.synced(bucket, platform.cloud)
        step.detail = f"{len(synced)} files of {slides}"
    if not synced:
        raise DeliveryFailed(f"{slides} holds no file that labsight sync takes for a slide")
    with steps.step("import") as step:
        rows = seed.wait_for_import(platform, synced, client)
        good = sum(row["import_state"] == "imported" for row in rows)
        step.detail = f"{good} imported, {len(rows) - good} failed"
    return rows


def _visit(rows: list[dict[str, Any]], client: Client, steps: Steps) -> None:
    with steps.step("visit") as step:
        visits = [report.visit(row, client) for row in rows]
        step.detail = "slide.json, thumbnail and a tile of each level"
    for line in (*report.table(visits), "", *report.timings(steps.done, steps.seconds)):
        steps.say(line)
    wrong = sum(bool(visit.wrong) for visit in visits)
    if wrong:
        raise DeliveryFailed(f"{wrong} of {len(visits)} slides cannot be fetched; see the table")
