"""A task of Windows' Task Scheduler: its XML and the commands that go with it.

https://learn.microsoft.com/windows/win32/taskschd/task-scheduler-schema
"""

import subprocess
from codecs import BOM_UTF16_LE
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

from labsight.errors import InvalidInput
from labsight_lab.service.manager import Step
from labsight_lab.service.spec import ServiceSpec

NAMESPACE = "http://schemas.microsoft.com/windows/2004/02/mit/task"
ACCOUNTS = {"SYSTEM": "S-1-5-18", "LOCAL SERVICE": "S-1-5-19", "NETWORK SERVICE": "S-1-5-20"}
_ELEVATED = "it may take a terminal that was opened with `Run as administrator`"

Entries = list[tuple[str, "str | Entries"]]


def task(spec: ServiceSpec) -> bytes:
    """Return the XML of a task, in UTF-16 as schtasks takes it."""
    root = ET.Element("Task", {"version": "1.2", "xmlns": NAMESPACE})
    _fill(root, _entries(spec))
    ET.indent(root)
    text = f'<?xml version="1.0" encoding="UTF-16"?>\n{ET.tostring(root, encoding="unicode")}\n'
    return BOM_UTF16_LE + text.replace("\n", "\r\n").encode("utf-16-le")


def settings_of(data: bytes) -> str | None:
    """Return the settings file of a task that labsight wrote, None for any other."""
    try:
        root = ET.fromstring(data)  # noqa: S314 - a file in the folder where labsight keeps its own
    except (ET.ParseError, ValueError):
        return None
    return root.findtext(f"{{{NAMESPACE}}}RegistrationInfo/{{{NAMESPACE}}}Source")


def _entries(spec: ServiceSpec) -> Entries:
    user = ACCOUNTS.get(spec.user.upper(), spec.user)
    # A task fails in Windows' eyes when it could not be started, hardly ever when its program
    # ended: a start every five minutes, passed over while it runs, brings it back in any case.
    trigger: Entries = [("Enabled", "true"), ("Repetition", [("Interval", "PT5M")])]
    principal: Entries = [("UserId", user)]
    if spec.system:
        name = "BootTrigger"
        if user == spec.user:
            principal.append(("LogonType", "S4U"))  # without a password, without network shares
    else:
        name = "LogonTrigger"
        trigger.append(("UserId", user))
        principal.append(("LogonType", "InteractiveToken"))
    return [
        (
            "RegistrationInfo",
            [
                ("Description", "labsight sync: sends finished slides to the archive"),
                ("Source", spec.settings),
            ],
        ),
        ("Triggers", [(name, [*trigger, ("Delay", "PT30S")])]),
        ("Principals", [("Principal", [*principal, ("RunLevel", "LeastPrivilege")])]),
        (
            "Settings",
            [
                ("MultipleInstancesPolicy", "IgnoreNew"),
                ("DisallowStartIfOnBatteries", "false"),
                ("StopIfGoingOnBatteries", "false"),
                ("AllowHardTerminate", "true"),
                ("StartWhenAvailable", "true"),
                ("RunOnlyIfNetworkAvailable", "false"),
                ("IdleSettings", [("StopOnIdleEnd", "false"), ("RestartOnIdle", "false")]),
                ("AllowStartOnDemand", "true"),
                ("Enabled", "true"),
                ("RunOnlyIfIdle", "false"),
                ("ExecutionTimeLimit", "PT0S"),  # none; the default ends a task after 72 hours
                ("Priority", "8"),  # below normal
                ("RestartOnFailure", [("Interval", "PT1M"), ("Count", "255")]),
            ],
        ),
        ("Actions", [("Exec", _action(spec))]),
    ]


def _action(spec: ServiceSpec) -> Entries:
    program, *words = _command(spec)
    action = {
        "Command": program,
        "Arguments": subprocess.list2cmdline(words),
        "WorkingDirectory": spec.working_dir,
    }
    for text in action.values():
        if text.count("%") > 1 or "$(" in text:
            raise InvalidInput(
                f"{text}: Task Scheduler would replace what is between two % signs, and $(...); "
                "give the settings file another name or another folder"
            )
    return list(action.items())


def _command(spec: ServiceSpec) -> tuple[str, ...]:
    """Return what a task runs: it has no variables of its own, so labsight sets them."""
    if not spec.environment:
        return spec.command
    variables = (("--set", f"{name}={value}") for name, value in spec.environment.items())
    return (
        *(*spec.executable, "service", "run"),
        *(word for pair in variables for word in pair),
        *("--config", spec.settings),
    )


def _fill(element: ET.Element, entries: Entries) -> None:
    for name, content in entries:
        child = ET.SubElement(element, name)
        if name == "Principal":
            child.set("id", "Author")
        elif name == "Actions":
            child.set("Context", "Author")
        if isinstance(content, str):
            child.text = content
        else:
            _fill(child, content)


@dataclass(frozen=True)
class TaskScheduler:
    """The service manager of Windows; what was given to it is kept in ``state``, to compare."""

    state: Path
    suffix: str = ".xml"

    def folder(self, *, system: bool) -> Path:
        """Return where the XML is kept; Windows has a copy of its own."""
        return self.state / "service" / ("system" if system else "user")

    def written(self, spec: ServiceSpec) -> bytes:
        """Return the XML."""
        return task(spec)

    def settings_of(self, data: bytes) -> str | None:
        """Return the settings file of a task that labsight wrote."""
        return settings_of(data)

    def start(self, name: str, file: Path, *, system: bool) -> list[Step]:  # noqa: ARG002
        """Return what creates the task, or replaces it, and runs it."""
        return [
            Step(("schtasks", "/End", "/TN", name), may_fail=True),
            Step(("schtasks", "/Create", "/TN", name, "/XML", str(file), "/F"), advice=_ELEVATED),
            Step(("schtasks", "/Run", "/TN", name)),
        ]

    def stop(self, name: str, file: Path, *, system: bool) -> list[Step]:  # noqa: ARG002
        """Return what ends the task and deletes it."""
        return [
            Step(("schtasks", "/End", "/TN", name), may_fail=True),
            Step(
                ("schtasks", "/Delete", "/TN", name, "/F"),
                only_if=("schtasks", "/Query", "/TN", name),
                advice=_ELEVATED,
            ),
        ]

    def forget(self, name: str, *, system: bool) -> list[Step]:  # noqa: ARG002
        """Return nothing: a deleted task is forgotten."""
        return []

    def ask(self, name: str, *, system: bool) -> tuple[str, ...]:  # noqa: ARG002
        """Return the command that shows the task."""
        return ("schtasks", "/Query", "/TN", name, "/V", "/FO", "LIST")

    def told(self, answer: str) -> str:
        """Return all of it: it is in the language of this Windows."""
        return answer

    def advice(self, spec: ServiceSpec) -> Iterator[str]:
        """Yield what it cannot do, and how to stop it for a while."""
        change = f"schtasks /Change /TN {spec.name}"
        if not spec.system:
            yield "it runs while you are logged on"
        elif spec.user.upper() not in ACCOUNTS:
            yield "it knows no password, and so opens no network shares; if the slides lie on one:"
            yield f"  {change} /RU {subprocess.list2cmdline([spec.user])} /RP *"
        yield f"to stop it for a while: {change} /DISABLE, then schtasks /End /TN {spec.name}"
