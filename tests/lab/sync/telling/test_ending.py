"""A run's report is told as the ends of all commands are."""

import pytest

from labsight_lab.endings import run_and_report
from labsight_lab.sync.telling.ending import ToldReport
from tests.lab.sync.telling.made import ended, report


def told() -> ToldReport:
    made = report()
    return ToldReport(made.folder, made.bucket, made.source)


def test_a_run_that_was_stopped_tells_so_and_how_to_go_on(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def stop() -> None:
        raise KeyboardInterrupt

    assert run_and_report(stop, told(), as_json=False) == 130
    assert capsys.readouterr().out.splitlines()[-1].startswith("stopped; run the same command")


def test_it_is_news_once_something_was_sent() -> None:
    before, after = told(), told()
    after.add(ended("a.svs"))
    assert (before.has_news, after.has_news) == (False, True)
    assert after.document()["uploaded"][0]["path"] == "a.svs"
