"""The task of Windows: what it runs and when, and that every name survives it."""

from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labsight.errors import InvalidInput
from labsight_lab.service.spec import ServiceSpec
from labsight_lab.service.task_scheduler import (
    ACCOUNTS,
    NAMESPACE,
    TaskScheduler,
    settings_of,
    task,
)
from tests.lab.service.specs import environments, spec, windows_paths, words

SETTINGS = r"C:\Lab\scanner-1.toml"


def windows(**changes: Any) -> ServiceSpec:
    plain: dict[str, Any] = {
        "executable": (r"C:\Program Files\labsight\pythonw.exe", "-P", "-m", "labsight_lab"),
        "settings": SETTINGS,
        "user": r"LAB\ada",
        "working_dir": r"C:\Lab",
    }
    return spec(**plain | changes)


def flat(element: ET.Element, above: str = "") -> dict[str, str]:
    """The text of each element that holds no others, by its path."""
    name = f"{above}/{element.tag.removeprefix(f'{{{NAMESPACE}}}')}"
    if len(element) == 0:
        return {name.removeprefix("/Task/"): element.text or ""}
    return {path: text for child in element for path, text in flat(child, name).items()}


def read(data: bytes) -> dict[str, str]:
    return flat(ET.fromstring(data))


def arguments_of(line: str) -> list[str]:
    """Split a command line as programs on Windows do: "Parsing C command-line arguments"."""
    words, word, quoted, at = [], "", False, 0
    begun = False
    while at < len(line):
        slashes = 0
        while line[at : at + 1] == "\\":
            slashes, at = slashes + 1, at + 1
        c = line[at : at + 1]
        if c == '"':
            word += "\\" * (slashes // 2)
            begun = True
            if slashes % 2:
                word += '"'
            elif quoted and line[at + 1 : at + 2] == '"':
                word += '"'
                at += 1
            else:
                quoted = not quoted
        else:
            word += "\\" * slashes
            begun = begun or bool(slashes)
            if c in {" ", "\t"} and not quoted:
                if begun:
                    words.append(word)
                word, begun = "", False
            elif c:
                word, begun = word + c, True
        at += 1
    return [*words, word] if begun else words


def test_a_task_of_a_user_starts_when_that_user_logs_on() -> None:
    assert read(task(windows())) == {
        "RegistrationInfo/Description": "labsight sync: sends finished slides to the archive",
        "RegistrationInfo/Source": SETTINGS,
        "Triggers/LogonTrigger/Enabled": "true",
        "Triggers/LogonTrigger/Repetition/Interval": "PT5M",
        "Triggers/LogonTrigger/UserId": r"LAB\ada",
        "Triggers/LogonTrigger/Delay": "PT30S",
        "Principals/Principal/UserId": r"LAB\ada",
        "Principals/Principal/LogonType": "InteractiveToken",
        "Principals/Principal/RunLevel": "LeastPrivilege",
        "Settings/MultipleInstancesPolicy": "IgnoreNew",
        "Settings/DisallowStartIfOnBatteries": "false",
        "Settings/StopIfGoingOnBatteries": "false",
        "Settings/AllowHardTerminate": "true",
        "Settings/StartWhenAvailable": "true",
        "Settings/RunOnlyIfNetworkAvailable": "false",
        "Settings/IdleSettings/StopOnIdleEnd": "false",
        "Settings/IdleSettings/RestartOnIdle": "false",
        "Settings/AllowStartOnDemand": "true",
        "Settings/Enabled": "true",
        "Settings/RunOnlyIfIdle": "false",
        "Settings/ExecutionTimeLimit": "PT0S",
        "Settings/Priority": "8",
        "Settings/RestartOnFailure/Interval": "PT1M",
        "Settings/RestartOnFailure/Count": "255",
        "Actions/Exec/Command": r"C:\Program Files\labsight\pythonw.exe",
        "Actions/Exec/Arguments": rf"-P -m labsight_lab sync --watch --config {SETTINGS}",
        "Actions/Exec/WorkingDirectory": r"C:\Lab",
    }


def test_it_is_utf_16_with_its_mark_as_schtasks_takes_it() -> None:
    data = task(windows(settings=r"C:\Präparate\日本.toml"))
    assert data.startswith(b"\xff\xfe<\0?\0x\0m\0l\0")
    text = data.decode("utf-16")
    assert text.startswith('<?xml version="1.0" encoding="UTF-16"?>\r\n<Task version="1.2"')
    assert "\n" not in text.replace("\r\n", "")
    assert r"C:\Präparate\日本.toml" in text


def test_one_of_the_machine_starts_with_it_and_knows_no_password() -> None:
    told = read(task(windows(system=True)))
    assert told["Triggers/BootTrigger/Delay"] == "PT30S"
    assert told["Principals/Principal/LogonType"] == "S4U"
    assert told["Principals/Principal/UserId"] == r"LAB\ada"


def test_the_machine_s_own_accounts_need_no_way_to_log_on() -> None:
    told = read(task(windows(system=True, user="System")))
    assert told["Principals/Principal/UserId"] == "S-1-5-18"
    assert "Principals/Principal/LogonType" not in told


def test_triggers_keep_the_order_of_the_schema() -> None:
    """triggerBaseType is a sequence, unlike the other types; the extensions come after it."""
    for system in (True, False):
        trigger = ET.fromstring(task(windows(system=system)))[1][0]
        names = [child.tag.rpartition("}")[2] for child in trigger]
        order = ["Enabled", "StartBoundary", "EndBoundary", "Repetition", "UserId", "Delay"]
        assert names == sorted(names, key=order.index)


def harmless(text: str) -> bool:
    return text.count("%") < 2 and "$(" not in text


@given(
    settings=windows_paths,
    folder=windows_paths,
    program=windows_paths.filter(harmless),
    environment=environments,
    user=words,
)
def test_every_value_survives(
    settings: str, folder: str, program: str, environment: dict[str, str], user: str
) -> None:
    service = windows(
        executable=(program, "-m", "labsight_lab"),
        settings=settings,
        working_dir=folder,
        environment=environment,
        user=user,
        system=True,
    )
    try:
        data = task(service)
    except InvalidInput:
        texts = ["".join((settings, *environment.values())), folder]
        assert any("%" in text or "$(" in text or "$" in text for text in texts)
        return
    told = read(data)
    expected = [*service.command[1:]]
    if environment:
        sets = [word for pair in environment.items() for word in ("--set", "=".join(pair))]
        expected = ["-m", "labsight_lab", "service", "run", *sets, "--config", settings]
    assert told["Actions/Exec/Command"] == program
    assert arguments_of(told["Actions/Exec/Arguments"]) == expected
    assert told["Actions/Exec/WorkingDirectory"] == folder
    assert told["Principals/Principal/UserId"] == ACCOUNTS.get(user.upper(), user)
    assert settings_of(data) == settings


@pytest.mark.parametrize("name", ["%TEMP%", "50% to 60%", "$(Arg0)"])
@pytest.mark.parametrize("where", ["settings", "working_dir"])
def test_what_windows_would_replace_is_refused(name: str, where: str) -> None:
    with pytest.raises(InvalidInput, match="Task Scheduler would replace") as refused:
        task(windows(**{where: rf"C:\{name}\scanner-1.toml"}))
    assert name in refused.value.message


def test_a_single_percent_sign_is_a_name_like_any_other() -> None:
    assert "50%" in read(task(windows(settings=r"C:\50%\a.toml")))["Actions/Exec/Arguments"]


@pytest.mark.parametrize("data", [b"", b"<Task/>", b"<Task", "<Task/>".encode("utf-16")])
def test_other_files_are_nobody_s(data: bytes) -> None:
    assert settings_of(data) is None


@given(st.binary(max_size=100))
def test_any_file_can_lie_there(data: bytes) -> None:
    assert settings_of(data) is None


class TestCommands:
    manager = TaskScheduler(Path("state"))
    file = Path("state/service/user/labsight.xml")

    def test_the_task_is_replaced_and_run(self) -> None:
        steps = self.manager.start("labsight", self.file, system=False)
        assert [list(step.argv) for step in steps] == [
            ["schtasks", "/End", "/TN", "labsight"],
            ["schtasks", "/Create", "/TN", "labsight", "/XML", str(self.file), "/F"],
            ["schtasks", "/Run", "/TN", "labsight"],
        ]
        assert [step.may_fail for step in steps] == [True, False, False]

    def test_the_task_is_ended_and_deleted(self) -> None:
        steps = self.manager.stop("labsight", self.file, system=False)
        assert [list(step.argv[1:]) for step in steps] == [
            ["/End", "/TN", "labsight"],
            ["/Delete", "/TN", "labsight", "/F"],
        ]
        assert self.manager.forget("labsight", system=False) == []

    def test_whoever_needs_a_network_share_is_told_how(self) -> None:
        share = 'schtasks /Change /TN labsight-scanner-1 /RU "LAB\\ada b" /RP *'
        told = list(self.manager.advice(windows(system=True, user=r"LAB\ada b")))
        assert any(share in line for line in told)
        for other in (windows(), windows(system=True, user="SYSTEM")):
            assert not any("/RP" in line for line in self.manager.advice(other))
