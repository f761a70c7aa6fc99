"""A list of ids that cannot be read: nothing is sent without it, and it goes on by itself."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from labsight_lab import cli
from labsight_lab.sync import watch
from labsight_lab.sync.look.id_table import ListUnreadable
from labsight_lab.sync.look.ids import Ids
from labsight_lab.sync.passes import Passes
from tests.lab.support import write
from tests.lab.sync.by_hand import NOW, OLD, WHOLE, Lab, send

LINES = b"file,case_id\na.svs,S26-7\nb.svs,S26-8\n"
CASE = "labsight-case-id"


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    with closing(Lab(tmp_path)) as made:
        yield made


@pytest.fixture
def table(tmp_path: Path) -> Path:
    return tmp_path / "ids.csv"


def with_list(lab: Lab, table: Path) -> Passes:
    passes = lab.passes()
    passes.ids = Ids(table=table)
    return passes


def case_of(lab: Lab, path: str) -> str | None:
    return lab.archive.described[f"slides/scanner-1/{path}"].metadata.get(CASE)


def test_nothing_is_sent_while_the_list_cannot_be_read(lab: Lab, table: Path) -> None:
    write(lab.folder / "a.svs", WHOLE, OLD)
    passes = with_list(lab, table)
    with pytest.raises(ListUnreadable, match=r"ids\.csv.*nothing is sent"):
        watch.once(passes)
    assert lab.archive.requests == []
    table.write_bytes(LINES)
    watch.once(passes)
    assert case_of(lab, "a.svs") == "S26-7"


def test_where_nothing_is_left_to_send_the_list_is_not_missed(lab: Lab, table: Path) -> None:
    write(lab.folder / "a.svs", WHOLE, OLD)
    table.write_bytes(LINES)
    watch.once(with_list(lab, table))
    table.unlink()
    passes = with_list(lab, table)
    watch.once(passes)
    assert (passes.report.unchanged, passes.report.exit_code) == (1, 0)


def test_a_preview_tells_that_nothing_would_be_sent(lab: Lab, table: Path) -> None:
    write(lab.folder / "a.svs", WHOLE, OLD)
    with pytest.raises(ListUnreadable):
        with_list(lab, table).preview()


@pytest.mark.parametrize("was_there", [False, True])
def test_a_watch_waits_for_the_list_and_goes_on_by_itself(
    lab: Lab, table: Path, *, was_there: bool
) -> None:
    passes = with_list(lab, table)
    if was_there:
        table.write_bytes(LINES)
        write(lab.folder / "a.svs", WHOLE, OLD)
        send(passes)
        table.unlink()
    write(lab.folder / "b.svs", WHOLE, OLD)
    sent_before = lab.stored()

    def later() -> None:
        if lab.now < NOW + 100:
            assert lab.stored() == sent_before
        elif not table.exists():
            table.write_bytes(LINES)
        if lab.now > NOW + 300:
            raise KeyboardInterrupt

    lab.during_sleep = later
    with pytest.raises(KeyboardInterrupt):
        watch.for_ever(passes, 5.0)
    assert case_of(lab, "b.svs") == "S26-8"


@pytest.mark.usefixtures("aws")
def test_the_command_ends_with_1_and_status_tells_why(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path / "slides" / "a.svs", WHOLE, OLD)
    config = tmp_path / "labsight.toml"
    config.write_text(
        "[archive]\nbucket = 'archive'\nendpoint = 'http://127.0.0.1:9'\n"
        "[folder]\npath = 'slides'\nsource = 'scanner-1'\n[ids]\ntable = 'idz.csv'\n",
        encoding="utf-8",
    )
    assert cli.main(["sync", "--config", str(config)]) == 1
    assert f"{tmp_path / 'idz.csv'}" in capsys.readouterr().err
    assert cli.main(["status", "--config", str(config)]) == 1
    told = " ".join(capsys.readouterr().out.split())
    assert "somebody has to look" in told
    assert "cannot be read: No such file" in told
