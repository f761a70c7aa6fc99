"""`labsight export`: what it says, refuses, and how it ends."""

import io
import sys
import time
import zipfile
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from labsight_lab import cli, export, export_bar
from tests.support.exports import contents, killed_export, pixels
from tests.support.made_slides import make_svs


@pytest.fixture
def slide(tmp_path: Path) -> Path:
    return make_svs(tmp_path / "case 7.svs", size=(1000, 740))


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str]) -> Any:
    def look() -> str:
        shown = capsys.readouterr()
        return " ".join((shown.out + shown.err).split())

    return look


def test_help_teaches_the_way(said: Any) -> None:
    assert cli.main(["export", "--help"]) == 0
    text = said()
    for told in ("--dzi", "--szi", "--zip", "--ome-tiff", "--tiles", "s3://BUCKET/KEY"):
        assert told in text
    assert "labsight export case7.svs --dzi --to web/" in text
    assert "the same command goes on where it stopped" in text


@pytest.mark.parametrize(
    ("target", "made"),
    [
        ("--tiles", "case 7"),
        ("--zip", "case 7.zip"),
        ("--dzi", "case 7.dzi"),
        ("--szi", "case 7.szi"),
        ("--ome-tiff", "case 7.ome.tif"),
    ],
)
def test_a_slide_is_written_here_under_its_name(
    slide: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: Any, target: str, made: str
) -> None:
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    assert cli.main(["export", str(slide), target]) == 0
    assert (here / made).exists()
    text = said()
    assert "exporting" in text
    assert f"wrote {here / made}:" in text
    assert not [one.name for one in here.iterdir() if ".part" in one.name]


def test_it_is_written_where_it_is_asked_for(slide: Path, tmp_path: Path) -> None:
    assert cli.main(["export", str(slide), "--szi", "--to", str(tmp_path / "x.szi")]) == 0
    with zipfile.ZipFile(tmp_path / "x.szi") as file:
        assert "x/x.dzi" in file.namelist()


@pytest.mark.parametrize("targets", [[], ["--dzi", "--zip"]])
def test_one_target_must_be_named(slide: Path, said: Any, targets: list[str]) -> None:
    assert cli.main(["export", str(slide), *targets]) == 2
    assert "give one of --dzi, --szi, --zip, --ome-tiff and --tiles" in said()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--zip", "--tile-size", "256"], "--zip has the slide's own tiles"),
        (["--dzi", "--overlap", "99"], "--overlap 99: give a whole number from 0 to 64"),
        (["--ome-tiff", "--z", "0"], "--ome-tiff holds all channels"),
        (["--tiles", "--z", "3"], "z=3: this slide has z 0 to 0"),
        (["--tiles", "--channels", "0"], "this slide has colours, not channels"),
        (["--dzi", "--labels"], "holds no label and macro images"),
    ],
)
def test_wrong_options_are_refused_with_exit_code_2(
    slide: Path, tmp_path: Path, said: Any, options: list[str], message: str
) -> None:
    assert cli.main(["export", str(slide), *options, "--to", str(tmp_path / "out")]) == 2
    assert message in said()
    assert [one.name for one in tmp_path.iterdir()] == ["case 7.svs"]


def test_what_is_there_is_kept_with_exit_code_1(slide: Path, tmp_path: Path, said: Any) -> None:
    (tmp_path / "out.zip").write_text("mine")
    assert cli.main(["export", str(slide), "--zip", "--to", str(tmp_path / "out.zip")]) == 1
    assert "out.zip exists, and nothing is overwritten" in said()
    assert (tmp_path / "out.zip").read_text() == "mine"


def test_a_file_that_is_no_slide_is_told(tmp_path: Path, said: Any) -> None:
    (tmp_path / "notes.svs").write_text("hello")
    assert cli.main(["export", str(tmp_path / "notes.svs"), "--zip"]) == 1
    assert f"labsight: {tmp_path / 'notes.svs'}: " in said()
    (tmp_path / "empty.svs").touch()
    assert cli.main(["export", str(tmp_path / "empty.svs"), "--zip"]) == 1
    assert f"labsight: {tmp_path / 'empty.svs'}: the file is empty" in said()


def test_a_name_that_ends_in_a_slash_is_a_folder_to_be_made(slide: Path, tmp_path: Path) -> None:
    for target, made in (("--dzi", "case 7.dzi"), ("--zip", "case 7.zip"), ("--tiles", "case 7")):
        assert cli.main(["export", str(slide), target, "--to", f"{tmp_path}/new/web/"]) == 0
        assert (tmp_path / "new" / "web" / made).exists()
    assert not list(tmp_path.glob("*.dzi"))


def test_a_file_is_no_folder_to_write_into(slide: Path, said: Any) -> None:
    assert cli.main(["export", str(slide), "--dzi", "--to", f"{slide}/"]) == 2
    assert "case 7.svs is no folder: give another place with --to" in said()


def test_going_on_is_told(slide: Path, tmp_path: Path, said: Any) -> None:
    killed_export(slide, "tiles", tmp_path / "out", "write", 26, "behind")
    assert cli.main(["export", str(slide), "--tiles", "--to", str(tmp_path / "out")]) == 0
    text = said()
    assert "22 of them are there already" in text
    assert "22 tiles before" in text


def test_an_interruption_ends_with_130_and_says_how_to_go_on(
    slide: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: Any
) -> None:
    def stop(*_: int) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(export.Lines, "moved", stop)
        assert cli.main(["export", str(slide), "--dzi", "--to", str(tmp_path / "out")]) == 130
    assert said().endswith("interrupted; the same command goes on where it stopped")
    assert cli.main(["export", str(slide), "--dzi", "--to", str(tmp_path / "out")]) == 0


def test_a_log_gets_plain_lines(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    clock = iter([100.0, 101.0, 110.0, 111.0])
    monkeypatch.setattr(time, "monotonic", lambda: next(clock))
    lines = export.Lines()
    lines.begin(1000, 200)
    lines.moved(100, 1_000_000)
    lines.moved(100, 1_000_000)
    lines.moved(100, 1_000_000)
    assert capsys.readouterr().out.splitlines() == [
        "exporting 1,000 tiles, 200 of them are there already",
        "400 of 1,000 tiles, 2.0 MB, 200.0 kB/s, about 30 s left",
    ]


def test_a_terminal_gets_a_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = io.StringIO()
    console = Console(file=screen, force_terminal=True, width=100)
    monkeypatch.setattr(export_bar, "Console", lambda **_: console)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    bar = export.display_for()
    assert isinstance(bar, export_bar.Bar)
    bar.begin(1000, 200)
    bar._every = 0
    bar.moved(100, 3_000_000)
    bar.end()
    assert "300/1000" in screen.getvalue()
    assert "3.0 MB" in screen.getvalue()


def test_a_folder_of_a_dicom_series_is_a_slide(real_data: Path, tmp_path: Path) -> None:
    slide = real_data / "slides" / "dicom-wg26-FluorCell"
    options = ["--channels", "1:FFFFFF:0-255", "--to", str(tmp_path / "out")]
    assert cli.main(["export", str(slide), "--tiles", *options]) == 0
    found = contents(tmp_path / "out")
    tile = pixels(found["0/1_1.jpg"])
    assert (tile[..., 0] == tile[..., 1]).all()
