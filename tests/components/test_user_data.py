import re
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from components import workstation_linux, workstation_windows
from components.user_data.template import FOLDER, MOST_BYTES, fitting, script
from components.workstation_linux import LinuxSettings
from components.workstation_windows import WindowsSettings

GOLDEN = Path(__file__).with_name("user_data")

WINDOWS = WindowsSettings(
    region="eu-central-1",
    bucket="archive-bucket-1a2b3c4",
    tools="tools/",
    idle_minutes=60,
    password_secret="arn:aws:secretsmanager:eu-central-1:123456789012:secret:password",
    share_secret="arn:aws:secretsmanager:eu-central-1:123456789012:secret:share",
    share_user="smbguest",
    shares={"W": r"\\10.20.0.9\work", "S": r"\\10.20.0.9\slides"},
)
LINUX = LinuxSettings(
    region="eu-central-1",
    bucket="archive-bucket-1a2b3c4",
    tools="tools/",
    slides="slides/",
    idle_minutes=60,
    password_secret="arn:aws:secretsmanager:eu-central-1:123456789012:secret:password",
)


@pytest.mark.parametrize(
    ("rendered", "file"),
    [
        (workstation_windows.user_data(WINDOWS), "windows.xml"),
        (workstation_linux.user_data(LINUX), "linux.mime"),
    ],
)
def test_what_a_machine_runs_changes_only_on_purpose(rendered: str, file: str) -> None:
    """Write it anew with: python -m tests.components.test_user_data."""
    assert rendered == (GOLDEN / file).read_text(encoding="ascii")


@pytest.mark.parametrize(
    "rendered", [workstation_windows.user_data(WINDOWS), workstation_linux.user_data(LINUX)]
)
def test_user_data_has_room_to_spare(rendered: str) -> None:
    assert len(rendered) < MOST_BYTES * 3 // 4
    assert "@@" not in rendered


def test_more_than_ec2_takes_is_refused() -> None:
    with pytest.raises(ValueError, match="user data: EC2 takes 16384 bytes, this has 16385"):
        fitting("x" * 16_385)


def test_windows_runs_it_at_every_boot() -> None:
    data = workstation_windows.user_data(WINDOWS)
    assert data.startswith("<powershell>\n")
    assert data.endswith("</powershell>\n<persist>true</persist>\n")
    assert data.count("<powershell>") == 1


def test_linux_runs_it_at_every_boot() -> None:
    data = workstation_linux.user_data(LINUX)
    assert "- [scripts-user, always]" in data


def test_no_script_ends_the_text_that_it_is_part_of() -> None:
    for file in (FOLDER / "windows").glob("*.ps1"):
        if file.name != "boot.ps1":
            assert not re.search(r"^'@", file.read_text(), re.MULTILINE), file
    for file in (FOLDER / "linux").glob("*.sh"):
        if file.name != "boot.sh":
            assert "LABSIGHT_END" not in file.read_text(), file


@pytest.mark.parametrize(
    ("value", "written"),
    [("it's", "'it''s'"), ("$(calc)", "'$(calc)'"), ("a`b", "'a`b'"), ('"', "'\"'")],
)
def test_values_stay_values_in_powershell(value: str, written: str) -> None:
    data = workstation_windows.user_data(replace(WINDOWS, share_user=value))
    assert f"    ShareUser = {written}\n" in data


@pytest.mark.parametrize("value", ["a\u2019b", "a\nb", "a\x00"])
def test_what_powershell_may_take_for_a_quote_or_a_line_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match="settings are printable ASCII"):
        workstation_windows.user_data(replace(WINDOWS, share_user=value))


def test_values_stay_values_in_bash() -> None:
    data = workstation_linux.user_data(replace(LINUX, bucket="a'; reboot; '"))
    settings = data.partition("<<'LABSIGHT_END'\n")[2].partition("\nLABSIGHT_END")[0]
    run = subprocess.run(
        ["/bin/bash", "-c", settings + '\nprintf %s "$BUCKET"'],
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout == "a'; reboot; '"


def test_each_linux_script_is_bash() -> None:
    boot = workstation_linux.user_data(LINUX).partition("#!/bin/bash\n")[2]
    scripts = [
        boot.partition("\n--==labsight==--")[0],
        *re.findall(
            r"labsight/(?:setup|idle) 755 <<'LABSIGHT_END'\n(.*?)\nLABSIGHT_END", boot, re.DOTALL
        ),
    ]
    assert len(scripts) == 3
    for text in scripts:
        run = subprocess.run(
            ["/bin/bash", "-n"], input=text, text=True, capture_output=True, check=False
        )
        assert (run.returncode, run.stderr) == (0, "")


def test_an_idle_linux_desktop_closes_and_then_stops_within_the_minutes_given() -> None:
    data = workstation_linux.user_data(replace(LINUX, idle_minutes=45))
    assert "IDLE_MINUTES=45\nVIEWER_MINUTES=22\n" in data


def test_a_mark_without_a_value_and_a_value_without_a_mark_are_refused() -> None:
    with pytest.raises(ValueError, match=r"idle.sh: its marks are BUSY_PERCENT, given none"):
        script("linux/idle.sh")
    with pytest.raises(ValueError, match=r"setup.sh: its marks are none, given X"):
        script("linux/setup.sh", {"X": "y"})


def test_linux_names_the_buckets_of_aws_that_it_reads() -> None:
    assert workstation_linux.foreign_buckets("eu-central-1") == (
        "dcv-license.eu-central-1",
        "al2023-repos-eu-central-1-de612dc2",
    )


if __name__ == "__main__":
    (GOLDEN / "windows.xml").write_text(workstation_windows.user_data(WINDOWS), encoding="ascii")
    (GOLDEN / "linux.mime").write_text(workstation_linux.user_data(LINUX), encoding="ascii")
