import json
import sys
from pathlib import Path

import pytest

from components.certificate_authority import AuthorityArgs
from policy import verify
from policy.findings import CHECKOV, Finding, Known
from policy.verify import NOT_VERIFIED, Outcome, Scenario, everything, main, problems, run

FOUND = Finding("plan", "aws_x.y", "no such class")
LISTED = Known("plan", "aws_x.*", "class", "provider: too old")
FAILED = Finding(CHECKOV, "aws_x.y", "CKV_AWS_1")
EXCEPTION = Known(CHECKOV, "aws_x.y", "CKV_AWS_1", "it is public")
CLEAN = "\n== terraform plan: 0 errors, 9 to create\n\n== verdict: clean\n"


def tool(folder: Path, report: str, code: int = 0) -> Path:
    """A verification tool that writes down how it was called, and answers with a report."""
    path = folder / "tool"
    path.write_text(
        f"#!{sys.executable}\n"
        "import json, os, pathlib, sys\n"
        "out = pathlib.Path(os.environ['OUT'])\n"
        "out.mkdir(parents=True, exist_ok=True)\n"
        "(out / 'arguments').write_text(json.dumps(sys.argv[1:]))\n"
        f"print({report!r})\n"
        f"sys.exit({code})\n"
    )
    path.chmod(0o755)
    return path


def judged(
    *found: Finding, known: tuple[Known, ...] = (), exceptions: tuple[Known, ...] = ()
) -> list[str]:
    return problems({"lab": Outcome(found)}, known, exceptions, complete=True, checked=True)


def test_what_was_found_and_listed_is_no_problem() -> None:
    assert judged(FOUND, FAILED, known=(LISTED,), exceptions=(EXCEPTION,)) == []


def test_what_nobody_listed_is_a_problem() -> None:
    assert judged(FOUND) == ["lab: nobody knows of: plan | aws_x.y | no such class"]
    assert judged(FAILED) == ["lab: nobody knows of: checkov | aws_x.y | CKV_AWS_1"]


def test_what_is_listed_and_found_no_more_is_a_problem() -> None:
    assert judged(known=(LISTED,)) == ["listed, and found no more: plan | aws_x.* | class"]
    stale = ["listed, and found no more: checkov | aws_x.y | CKV_AWS_1"]
    assert judged(exceptions=(EXCEPTION,)) == stale


def test_some_runs_alone_do_not_say_that_a_finding_is_gone() -> None:
    outcomes = {"lab": Outcome()}
    assert problems(outcomes, [LISTED], [EXCEPTION], complete=False, checked=False) == []


def test_a_run_that_tells_nothing_is_a_problem() -> None:
    outcomes = {"lab": Outcome(wrong="terraform init failed")}
    assert problems(outcomes, [], [], complete=False, checked=False) == [
        "lab: terraform init failed"
    ]


def test_the_tool_is_told_the_stacks_settings_and_a_key_pair_of_this_run(tmp_path: Path) -> None:
    scenario = Scenario("one", {"profile": "demo"}, ("--apply",))
    outcome = run(tool(tmp_path, CLEAN), scenario, tmp_path, None)
    assert outcome == Outcome()
    arguments = json.loads((tmp_path / "one" / "arguments").read_text())
    assert "--apply" in arguments
    assert "profile=demo" in arguments
    assert "--checkov" not in arguments
    secret = arguments[arguments.index("--secret") + 1]
    assert secret.startswith("edge.signingKey=-----BEGIN PRIVATE KEY-----")
    (public,) = [one for one in arguments if one.startswith("edge.publicKey=")]
    assert "BEGIN PUBLIC KEY" in public
    assert (tmp_path / "one" / "report.txt").read_text().strip() == CLEAN.strip()


def test_a_clean_run_ends_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("CHECKOV", raising=False)
    assert main(["--tool", str(tool(tmp_path, CLEAN))]) == 0
    assert "every finding is a known one" in capsys.readouterr().out


def test_an_unknown_finding_fails_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("CHECKOV", raising=False)
    report = "\n== terraform plan: 1 errors\n   aws_x.y: odd\n\n== verdict: faults in plan\n"
    assert main(["--tool", str(tool(tmp_path, report, code=1))]) == 1
    assert "lab: nobody knows of: plan | aws_x.y | odd" in capsys.readouterr().out


def test_without_the_tool_nothing_counts_as_verified(tmp_path: Path) -> None:
    assert main(["--tool", str(tmp_path / "none")]) == NOT_VERIFIED


def test_without_the_provider_nothing_counts_as_verified(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tool(tmp_path, "verify: no terraform on PATH", code=NOT_VERIFIED)
    assert main(["--tool", str(path)]) == NOT_VERIFIED
    assert "no terraform on PATH" in capsys.readouterr().err


def test_an_unknown_stack_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--only", "nothing", "--tool", str(tool(tmp_path, CLEAN))])
    assert "--only: nothing is none of lab, demo-all, " in capsys.readouterr().err


def test_a_problem_of_one_stack_among_others_fails_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("CHECKOV", raising=False)
    path = tool(tmp_path, CLEAN)
    odd = "print('== terraform plan: 1 errors\\n   aws_x.y: odd\\n\\n== verdict: faults in plan')"
    usual = f"print({CLEAN!r})"
    path.write_text(path.read_text().replace(usual, f"{odd} if out.name == 'lab-all' else {usual}"))
    names = [one.name for one in everything()]
    assert main(["--tool", str(path), *(f"--only={name}" for name in names)]) == 1
    lines = [line for line in capsys.readouterr().out.splitlines() if "nobody knows" in line]
    assert lines == ["lab-all: nobody knows of: plan | aws_x.y | odd"]


def test_a_tool_that_ended_without_a_word_is_called_again(tmp_path: Path) -> None:
    path = tool(tmp_path, CLEAN)
    silent = "out = pathlib.Path(os.environ['OUT'])\n"
    once = (
        "seen = out.with_suffix('.seen')\nif not seen.exists():\n    sys.exit(seen.touch() or 1)\n"
    )
    path.write_text(path.read_text().replace(silent, silent + once))
    assert run(path, Scenario("one"), tmp_path, None) == Outcome()


def test_a_tool_that_never_says_a_word_has_verified_nothing(tmp_path: Path) -> None:
    outcome = run(tool(tmp_path, "", code=1), Scenario("one"), tmp_path, None)
    assert "came to no verdict" in outcome.wrong


def test_scanners_that_are_named_have_an_authority_that_aws_would_take(tmp_path: Path) -> None:
    scenario = Scenario("one", {"sync.sources": '["scanner-1"]'})
    run(tool(tmp_path, CLEAN), scenario, tmp_path, None)
    arguments = json.loads((tmp_path / "one" / "arguments").read_text())
    (given,) = [one for one in arguments if one.startswith("sync.certificateAuthority=")]
    pem = given.partition("=")[2]
    assert AuthorityArgs(source=pem).read() == pem
    assert any("sync.sources" in one.config for one in everything())


def test_every_profile_is_verified_with_all_features_and_with_none() -> None:
    seen = {(one.config.get("profile"), one.config["features"]) for one in everything()}
    assert seen >= {
        (profile, features)
        for profile in verify.PROFILES
        for features in (verify.EVERY_FEATURE, "[]")
    }
