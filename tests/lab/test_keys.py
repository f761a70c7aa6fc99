"""`labsight keys new`: keys go where they belong, and the private one nowhere else."""

import json
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from labsight.errors import InvalidInput
from labsight.session.cookies import EVERYWHERE, sign, verify
from labsight_lab import cli, keys

URL = "https://d111111abcdef8.cloudfront.net/slides/a.dzi"

# Keeps what it is told, as Pulumi does, and each call with its standard input.
PULUMI = """#!{python}
import json, os, sys
from pathlib import Path

here = Path(os.environ["FAKE_PULUMI"])
words = [word for word in sys.argv[1:] if word != "--secret"]
if "--stack" in words:
    at = words.index("--stack")
    del words[at : at + 2]
kind, key = words[1], words[2]
kept = here / key
text = "" if kind == "get" else sys.stdin.read()
with (here / "calls").open("a") as calls:
    calls.write(json.dumps([sys.argv[1:], text]) + "\\n")
if key == os.environ.get("FAKE_FAILS_AT"):
    sys.exit("error: no stack named 'nowhere' found")
if kind == "set":
    kept.write_text(text)
elif kept.exists():
    print(kept.read_text())
else:
    sys.exit(f"error: configuration key '{{key}}' not found for stack 'dev'")
"""


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str]) -> Callable[[], str]:
    """What was written since the last look, on one line."""

    def look() -> str:
        shown = capsys.readouterr()
        return " ".join((shown.out + shown.err).split())

    return look


@pytest.fixture
def pulumi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A stand-in for Pulumi on the path, in a folder with a program; what it keeps is there."""
    folder = tmp_path / "pulumi"
    folder.mkdir()
    command = folder / "pulumi"
    command.write_text(PULUMI.format(python=sys.executable))
    command.chmod(0o755)
    (tmp_path / "Pulumi.yaml").write_text("name: labsight\n")
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setenv("FAKE_PULUMI", str(folder))
    monkeypatch.chdir(tmp_path)
    return folder


def calls(pulumi: Path) -> list[list[Any]]:
    log = pulumi / "calls"
    return [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []


def check(public: str, private: str) -> None:
    """The halves belong together."""
    verify(sign(private, "K1", EVERYWHERE, 10), public, "K1", URL, 0)


def test_a_stack_gets_both_keys_through_pipes(pulumi: Path, said: Callable[[], str]) -> None:
    assert cli.main(["keys", "new", "--stack", "dev", "--run"]) == 0
    check((pulumi / "edge.publicKey").read_text(), (pulumi / "edge.signingKey").read_text())
    assert [command for command, _ in calls(pulumi)] == [
        ["config", "get", "--stack", "dev", "edge.publicKey"],
        ["config", "set", "--secret", "--stack", "dev", "edge.signingKey"],
        ["config", "set", "--stack", "dev", "edge.publicKey"],
    ]
    assert not any("PRIVATE KEY" in word for command, _ in calls(pulumi) for word in command)
    text = said()
    assert "`pulumi up` puts them to use" in text
    assert "KEY-----" not in text


def test_without_a_name_it_is_the_selected_stack(pulumi: Path) -> None:
    assert cli.main(["keys", "new", "--run"]) == 0
    assert calls(pulumi)[-1][0] == ["config", "set", "edge.publicKey"]


def test_cloudfront_takes_the_key() -> None:
    key = load_pem_private_key(keys._make().private.encode(), None)
    assert isinstance(key, RSAPrivateKey)
    assert key.key_size == 2048


def test_keys_that_a_stack_has_are_not_replaced_unasked(
    pulumi: Path, said: Callable[[], str]
) -> None:
    assert cli.main(["keys", "new", "--run"]) == 0
    first = (pulumi / "edge.publicKey").read_text()
    assert cli.main(["keys", "new", "--run"]) == 1
    assert "the stack has its keys already (edge.publicKey); --replace makes new ones" in said()
    assert (pulumi / "edge.publicKey").read_text() == first
    assert cli.main(["keys", "new", "--run", "--replace"]) == 0
    assert (pulumi / "edge.publicKey").read_text() != first
    check((pulumi / "edge.publicKey").read_text(), (pulumi / "edge.signingKey").read_text())


def test_a_run_that_broke_off_can_be_repeated(
    pulumi: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(command: Any, text: str) -> None:
        if "edge.publicKey" in command:
            raise KeyboardInterrupt
        whole(command, text)

    whole = keys._pulumi
    with monkeypatch.context() as patched:
        patched.setattr(keys, "_pulumi", broken)
        assert cli.main(["keys", "new", "--run"]) == 130
    assert not (pulumi / "edge.publicKey").exists()
    assert cli.main(["keys", "new", "--run"]) == 0
    check((pulumi / "edge.publicKey").read_text(), (pulumi / "edge.signingKey").read_text())


@pytest.mark.parametrize("key", ["edge.publicKey", "edge.signingKey"])
def test_what_pulumi_says_is_passed_on_and_never_the_key(
    key: str, pulumi: Path, said: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_FAILS_AT", key)
    assert cli.main(["keys", "new", "--stack", "nowhere", "--run"]) == 2
    text = said()
    assert f"{key}` failed: error: no stack named 'nowhere' found" in text
    assert "PRIVATE KEY" not in text
    assert not (pulumi / "edge.publicKey").exists()


def test_files_are_written_for_their_owner_alone_and_the_commands_shown(
    tmp_path: Path, said: Callable[[], str]
) -> None:
    folder = tmp_path / "my keys"
    assert cli.main(["keys", "new", "--stack", "dev", "--folder", str(folder)]) == 0
    private, public = folder / "signing-private.pem", folder / "signing-public.pem"
    check(public.read_text(), private.read_text())
    if os.name == "posix":
        assert stat.S_IMODE(private.stat().st_mode) == 0o600
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    text = said()
    assert f"pulumi config set --secret --stack dev edge.signingKey < '{private}'" in text
    assert f"pulumi config set --stack dev edge.publicKey < '{public}'" in text
    assert f"then delete {private}" in text


@pytest.mark.skipif(shutil.which("sh") is None, reason="runs the commands in a shell")
def test_the_shown_commands_do_what_run_does(
    pulumi: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shell = "/bin/sh"
    assert cli.main(["keys", "new", "--folder", str(tmp_path / "my keys")]) == 0
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("  pulumi")]
    for line in lines:
        subprocess.run([shell, "-c", line.strip()], check=True)
    check((pulumi / "edge.publicKey").read_text(), (pulumi / "edge.signingKey").read_text())


@pytest.mark.parametrize("name", ["signing-private.pem", "signing-public.pem"])
def test_files_are_never_overwritten(name: str, tmp_path: Path, said: Callable[[], str]) -> None:
    (tmp_path / name).write_text("mine")
    assert cli.main(["keys", "new", "--folder", str(tmp_path)]) == 1
    assert "is there already and is not replaced" in said()
    assert [path.read_text() for path in tmp_path.iterdir()] == ["mine"]


def test_wrong_usage_says_what_to_do(
    tmp_path: Path, said: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert cli.main(["keys", "new"]) == 2
    assert "say where the keys go: --run gives them to the stack at once" in said()
    (tmp_path / "file").write_text("")
    assert cli.main(["keys", "new", "--folder", str(tmp_path / "file")]) == 2
    assert "is not a folder" in said()
    monkeypatch.setenv("PATH", str(tmp_path))
    assert cli.main(["keys", "new", "--run"]) == 2
    assert "there is no `pulumi` on this machine's path" in said()


def test_outside_the_programs_folder_nothing_is_asked(
    pulumi: Path, tmp_path: Path, said: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert cli.main(["keys", "new", "--run"]) == 2
    assert "there is no Pulumi.yaml here" in said()
    assert calls(pulumi) == []


def test_without_the_library_it_says_what_to_install(
    tmp_path: Path, said: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in list(sys.modules):
        if name.partition(".")[0] == "cryptography":
            monkeypatch.setitem(sys.modules, name, None)
    assert cli.main(["keys", "new", "--folder", str(tmp_path / "keys")]) == 2
    assert "install labsight's wheel with [lab]" in said()
    assert not (tmp_path / "keys").exists()


def test_help_teaches_the_way(said: Callable[[], str]) -> None:
    assert cli.main(["keys", "new", "--help"]) == 0
    text = said()
    assert "labsight keys new --stack dev --run" in text
    assert "edge.signingKey" in text
    assert cli.main(["keys"]) == 2
    assert "labsight keys" in said()


def test_a_pair_does_not_show_its_private_half() -> None:
    assert "secret" not in repr(keys.Pair("public", "secret"))


def test_replace_is_for_the_stack_alone(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="--replace is for --run"):
        keys.new(keys.KeysOptions(stack=None, folder=tmp_path, run=False, replace=True))
