"""Hold the declared program against the real AWS provider; `make verify` names the tool for it.

The tool runs the program without Pulumi's engine and hands what it declares to Terraform's AWS
provider, over an AWS of moto's. Every finding has to be known, and every known one to occur.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from policy import findings, throwaway
from policy.findings import Finding, Known

ROOT = Path(__file__).parents[1]
NOT_VERIFIED = 3  # the tool's own exit code where there is no provider
PROFILES = ("demo", "lab", "regulated")
EVERY_FEATURE = '["slides", "desktop", "gateway"]'
# Some of what moto forgets the provider would wait for until the tool's own end of 10 minutes.
TRIES = 3
AT_ONCE = 3  # runs mostly wait; each takes about 1 GB of memory
COMPLETE = ("--apply", "--destroy", "--timeout", "400")


@dataclass(frozen=True)
class Scenario:
    """A stack to verify: its settings over those of the stack ``dev``, and how far to go."""

    name: str
    config: Mapping[str, str] = field(default_factory=dict)
    options: tuple[str, ...] = ()
    checked: bool = False  # by checkov as well, where there is one


LAB = Scenario("lab", {"features": EVERY_FEATURE}, checked=True)
# What no profile chooses by itself.
OTHER_WAYS = {
    "features": '["slides", "desktop"]',
    "desktop.kind": "linux-dcv",
    "desktop.access": "session-manager",
    "desktop.startAt": "07:30",
    "database.engine": "aurora",
    "network.egress": "endpoints",
    "slides.service": "container",
    "slides.image": "2026.11",
    "slides.tasks.max": "8",
    "slides.direct": "true",
    "login.emailFrom": "labsight@example.org",
    "operations.email": "admin@example.org",
    "operations.logDays": "30",
    "operations.silentHours": "72",
    "sync.sources": '["scanner-1", "scanner-2"]',
    "functions.reservedConcurrency": "true",
    "archive.archiveAfterDays": "0",
    "archive.deepArchiveAfterDays": "0",
}
OWN_DOMAIN = {"edge.domain": "slides.example.org", "edge.hostedZone": "Z0123456789ABCDEFGHIJ"}


def everything() -> Iterator[Scenario]:
    """Return every stack that is verified before a release."""
    yield LAB  # with all its protections, which the others take off to be destroyed
    for profile in PROFILES:
        for label, features in (("all", EVERY_FEATURE), ("none", "[]")):
            config = {"profile": profile, "features": features, "teardown": "true"}
            yield Scenario(f"{profile}-{label}", config, COMPLETE)
    own = {"profile": "regulated", "features": EVERY_FEATURE, "archive.objectLockDays": "30"}
    yield Scenario("own-domain", {**own, **OWN_DOMAIN})
    yield Scenario("other-ways", OTHER_WAYS)


@dataclass(frozen=True)
class Outcome:
    """What came of one run, and checkov's rate; ``wrong`` says why it tells nothing."""

    found: tuple[Finding, ...] = ()
    wrong: str = ""
    verified: bool = True
    rate: str = ""


def run(tool: Path, scenario: Scenario, out: Path, checkov: str | None) -> Outcome:
    """Run the tool on one stack, and show what it found."""
    folder, started = out / scenario.name, time.monotonic()
    checked = scenario.checked and checkov
    command = [str(tool.resolve()), "--stack", "dev", "--plan", "--verbose", *scenario.options]
    command += [*_settings(scenario.config), *(["--checkov", str(checkov)] if checked else [])]
    done = _call(command, folder)
    if done.returncode == NOT_VERIFIED:
        return Outcome(wrong=done.stdout.strip(), verified=False)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "report.txt").write_text(done.stdout, encoding="utf-8")
    outcome = judge(done.stdout, folder if checked else None)
    told = [f"{scenario.name}: {_listing(scenario.config)}", *findings.figures(done.stdout)]
    told += [outcome.rate] if outcome.rate else []
    seconds = f"{time.monotonic() - started:.0f} s"
    print("\n   ".join([*told, seconds]), end="\n\n", flush=True)
    return outcome


def _call(command: Sequence[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """Call the tool, again where it ended without a word.

    It looks for the provider all over the disk, and ends so when a file goes away meanwhile.
    """
    # The tool would take CHECKOV for an order to check every stack.
    inherited = {key: value for key, value in os.environ.items() if key != "CHECKOV"}
    own = {"PY": sys.executable, "OUT": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    for _ in range(TRIES):
        done = subprocess.run(
            command,
            cwd=ROOT,
            env={**inherited, **own},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if done.stdout.strip():
            break
    return done


def run_all(
    tool: Path, scenarios: Sequence[Scenario], out: Path, checkov: str | None
) -> dict[str, Outcome]:
    """Run the first stack alone, since the tool then learns the provider's schema."""
    first, *others = scenarios
    outcomes = {first.name: run(tool, first, out, checkov)}
    with ThreadPoolExecutor(AT_ONCE) as pool:
        rest = pool.map(lambda one: run(tool, one, out, checkov), others)
        outcomes |= {one.name: outcome for one, outcome in zip(others, rest, strict=True)}
    return outcomes


def judge(report: str, checked: Path | None) -> Outcome:
    """Read a report, and checkov's answer in the folder ``checked``."""
    try:
        found = findings.read(report)
        if checked is None:
            return Outcome(tuple(found))
        failed, resources = findings.read_checkov(checked / "checkov.json")
    except (ValueError, OSError) as error:
        return Outcome(wrong=str(error))
    rate = f"{len(failed) / resources:.3f} failed checks a resource ({len(failed)}, {resources})"
    return Outcome((*found, *failed), rate=f"checkov: {rate}")


def problems(
    outcomes: Mapping[str, Outcome],
    known: Sequence[Known],
    exceptions: Sequence[Known],
    *,
    complete: bool,
    checked: bool,
) -> list[str]:
    """Return what does not agree with the lists.

    That a known finding occurs no more can only be said after a ``complete`` set of runs, and of
    checkov's after a run that was ``checked``.
    """
    wrong = [f"{name}: {one.wrong}" for name, one in outcomes.items() if one.wrong]
    for name, outcome in outcomes.items():
        unknown = findings.unknown(outcome.found, [*known, *exceptions])
        wrong += [f"{name}: nobody knows of: {one}" for one in unknown]
    every = [finding for one in outcomes.values() for finding in one.found]
    expected = [*(known if complete else ()), *(exceptions if checked else ())]
    wrong += [f"listed, and found no more: {one}" for one in findings.stale(every, expected)]
    return wrong


def _settings(config: Mapping[str, str]) -> Iterator[str]:
    private, public = throwaway.key_pair()
    # The packages are for AWS's machines alone, and this is about what is declared.
    base = {"functions.packages": "none", "edge.publicKey": public}
    if "sync.sources" in config:
        base["sync.certificateAuthority"] = throwaway.authority()
    for key, value in {**base, **config}.items():
        yield from ("--config", f"{key}={value}")
    yield from ("--secret", f"edge.signingKey={private}")


def _listing(config: Mapping[str, str]) -> str:
    return ", ".join(f"{key}={value}" for key, value in config.items())


def main(arguments: Sequence[str] | None = None) -> int:
    """Verify what is asked for; 0: as expected, 1: not, 3: that cannot be found out here."""
    parser = argparse.ArgumentParser(prog="python -m policy.verify", description=__doc__)
    parser.add_argument("--everything", action="store_true", help="every profile, deployed to moto")
    parser.add_argument("--only", action="append", default=[], help="only this one of everything")
    parser.add_argument("--tool", type=Path, required=True, help="the verification tool")
    parser.add_argument("--checkov", default=os.environ.get("CHECKOV"), help="path of checkov")
    parser.add_argument("--out", type=Path, help="keep the reports in this folder")
    options = parser.parse_args(arguments)
    if not os.access(options.tool, os.X_OK):
        print(f"{options.tool} is not there, so nothing was verified", file=sys.stderr)
        return NOT_VERIFIED
    scenarios = list(everything()) if options.everything or options.only else [LAB]
    names = [one.name for one in scenarios]
    if missing := set(options.only) - set(names):
        parser.error(f"--only: {missing.pop()} is none of {', '.join(names)}")
    chosen = [one for one in scenarios if not options.only or one.name in options.only]
    with tempfile.TemporaryDirectory() as scratch:
        out = (options.out or Path(scratch)).resolve()
        outcomes = run_all(options.tool, chosen, out, options.checkov)
    if not all(one.verified for one in outcomes.values()):
        print(next(one.wrong for one in outcomes.values() if not one.verified), file=sys.stderr)
        return NOT_VERIFIED
    wrong = problems(
        outcomes,
        findings.read_known(),
        findings.read_exceptions(),
        complete=options.everything and not options.only,
        checked=bool(options.checkov) and any(one.checked for one in chosen),
    )
    print("\n".join(wrong or ["every finding is a known one"]))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
