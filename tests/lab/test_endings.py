"""Every end of a command is told, and a service is stopped as a person stops a command."""

import os
import signal
import subprocess
import sys
import time

import pytest

from labsight.errors import SettingsError
from labsight_lab.endings import run_to_its_end


def test_what_labsight_raises_is_told_with_its_exit_code(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def run() -> None:
        raise SettingsError("no such bucket")

    assert run_to_its_end(run, debug=False) == 2
    assert capsys.readouterr().err == "labsight: no such bucket\n"


def test_what_is_unexpected_is_told_without_a_traceback(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run_to_its_end(lambda: 1 / 0, debug=False) == 1
    told = capsys.readouterr().err
    assert "unexpected ZeroDivisionError" in told
    assert "Traceback" not in told


def test_a_missing_package_of_the_lab_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    def run() -> None:
        raise ModuleNotFoundError("No module named 'awscrt'", name="awscrt")

    assert run_to_its_end(run, debug=False) == 2
    assert "install labsight's wheel with [lab]" in capsys.readouterr().err


@pytest.mark.skipif(sys.platform == "win32", reason="Windows ends processes without asking")
def test_being_terminated_is_being_interrupted() -> None:
    def run() -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(20)

    before = signal.getsignal(signal.SIGTERM)
    assert run_to_its_end(run, debug=False) == 130
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_program_without_a_console_runs() -> None:
    code = (
        "import sys; sys.stdout = sys.stderr = None\n"
        "from labsight_lab.endings import run_to_its_end\n"
        "sys.exit(run_to_its_end(lambda: print('said to nobody'), debug=False))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
