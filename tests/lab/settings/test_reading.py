"""A settings file: what it may say, and how a mistake in it is told."""

from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from labsight.errors import SettingsError
from labsight_lab.settings import reading
from labsight_lab.settings.model import LabSettings, Transfer
from labsight_lab.settings.writing import toml

WHOLE = r"""
[archive]
bucket = "archive"
region = "eu-central-1"

[folder]
path = 'slides'
source = "scanner-1"
quiet_period = "10s"
incomplete_after = 3600
rescan = "10m"
events = false

[ids]
table = "ids/table.csv"

[transfer]
memory = "64 MiB"
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "labsight.toml"


def refused(file: Path, text: str) -> str:
    """What is said of a file that is wrong, without the file's name."""
    file.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError) as caught:
        reading.read(file)
    assert all(line.startswith(str(file)) for line in caught.value.message.splitlines())
    return caught.value.message.replace(str(file), "FILE")


def test_a_file_is_read_and_its_paths_start_from_its_folder(file: Path) -> None:
    file.write_text(WHOLE, encoding="utf-8")
    settings = reading.read(file)
    assert settings.archive.bucket == "archive"
    assert settings.folder.path == file.parent / "slides"
    assert settings.ids.table == file.parent / "ids" / "table.csv"
    assert (settings.folder.quiet_period, settings.folder.incomplete_after) == (10, 3600)
    assert (settings.folder.rescan, settings.folder.events) == (600, False)
    assert settings.transfer.memory == 64 << 20
    assert settings.transfer.connections == Transfer().connections


def test_a_relative_path_starts_from_the_file_wherever_the_command_runs(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file.write_text(WHOLE, encoding="utf-8")
    monkeypatch.chdir(file.parent)
    assert reading.read(Path(file.name)).folder.path == file.parent / "slides"


def test_a_tilde_is_the_home_and_nothing_else_is_put_in(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", "/home/ada")
    monkeypatch.setenv("USERPROFILE", "/home/ada")
    file.write_text("[folder]\npath = '~/slides/%DAY%/$DAY'", encoding="utf-8")
    assert reading.read(file).folder.path == Path("/home/ada/slides/%DAY%/$DAY")


def test_an_empty_file_holds_the_defaults_also_with_a_mark_of_its_encoding(file: Path) -> None:
    file.write_bytes(b"\xef\xbb\xbf")
    assert reading.read(file) == LabSettings()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "[folder]\nquiet_periode = 5",
            (
                "FILE, line 2: folder.quiet_periode: there is no such setting; "
                "did you mean quiet_period?"
            ),
        ),
        (
            "\n[folders]\npath = 'a'",
            "FILE, line 2: folders: there is no such section; did you mean folder?",
        ),
        ("bucket = 'b'", "FILE, line 1: bucket: this setting belongs below [archive]"),
        (
            "[folder]\nbucket = 'abc'",
            (
                "FILE, line 2: folder.bucket: there is no such setting here; it belongs below "
                "[archive]"
            ),
        ),
        (
            "[folder]\nquiet_period = 'fast'",
            (
                "FILE, line 2: folder.quiet_period: found 'fast', expected a time such as 90s, "
                "10m, 24h or 30d, from 0s to ten years"
            ),
        ),
        (
            "[folder]\nrescan = '0s'",
            (
                "FILE, line 2: folder.rescan: found '0s', expected a time such as 90s, 10m, 24h or "
                "30d, from 0.1s to ten years"
            ),
        ),
        ("[folder]\nrescan = inf", "FILE, line 2: folder.rescan: found inf, expected a time"),
        (f"[folder]\nrescan = 1{'0' * 400}", "FILE, line 2: folder.rescan: found 1000"),
        (
            "[folder]\nevents = 'yes'",
            "FILE, line 2: folder.events: found 'yes', expected true or false, without quotes",
        ),
        (
            "[folder]\ninclude = '*.svs'",
            (
                "FILE, line 2: folder.include: found '*.svs', expected a list of texts such as "
                '["*.svs", "2026/*"]'
            ),
        ),
        (
            "[folder]\ninclude = [1]",
            "FILE, line 2: folder.include: found a list, expected a text in quotes",
        ),
        (
            "[transfer]\nconnections = true",
            "FILE, line 2: transfer.connections: found true, expected a whole number from 1 to 256",
        ),
        (
            "[transfer]\nmemory = '1 MiB'",
            (
                "FILE, line 2: transfer.memory: found '1 MiB', expected a size such as 512 KiB, "
                "96 MiB or 1.5 GB, from 32 MiB to 4 GiB"
            ),
        ),
        (
            "[archive]\nbucket = 's3://b/c'",
            "FILE, line 2: archive.bucket: bucket 's3://b/c': give the name of a bucket alone",
        ),
        (
            "[folder]\nsource = 'Scanner 1'",
            "FILE, line 2: folder.source: source 'Scanner 1': use 1 to 63 lower-case letters",
        ),
        ("[archive]\nbucket = ''", "FILE, line 2: archive.bucket: found '', expected a text"),
        (
            "[archive]\nendpoint = 'minio:9000'",
            "FILE, line 2: archive.endpoint: found 'minio:9000', expected an address",
        ),
        ("[ids]\npattern = '('", "FILE, line 2: ids.pattern is no regular expression: missing"),
        ("[folder]\nexclude = ['/']", "line 2: folder.exclude: the pattern '/' names nothing"),
        (
            "[transfer]\nlimit = '20 fast'",
            'FILE, line 2: transfer.limit: "20 fast" is no rate: write a rate such as 20Mbit',
        ),
        ("archive = 3", "FILE, line 1: archive: found 3, expected a section, [archive]"),
        ("[archive]\nbucket = ", "FILE, line 2: not TOML: Invalid value"),
        ("[archive]\n[archive]", "FILE, line 2: not TOML: [archive] is there twice"),
        ("[archive]\nbucket = 'a'\nbucket = 'b'", "FILE, line 3: not TOML: Cannot overwrite"),
        (
            '[folder]\npath = "D:\\Users\\ada"',
            (
                "FILE, line 2: not TOML: Invalid hex value; write a text with backslashes in "
                "single quotes: 'D:\\slides'"
            ),
        ),
        (
            "[archive]\nbucket = lab-archive",
            'FILE, line 2: not TOML: Invalid value; put the text in quotes: bucket = "..."',
        ),
        ("[folder]\nrescan = 10m", '; put the text in quotes: rescan = "..."'),
        ("[folder]\npath = D:\\slides", "; put the text in single quotes: path = '...'"),
        ('[folder]\npath = "D:\\slides"', "in single quotes: 'D:\\slides'"),
        ('[folder]\npath = "D:\\new"', "one of Windows goes in single quotes ('D:\\new')"),
    ],
)
def test_a_mistake_is_told_with_its_place_and_what_is_expected(
    text: str, told: str, file: Path
) -> None:
    assert told in refused(file, text)


@pytest.mark.parametrize(
    "text", ["[archive]\nbucket =", "[transfer]\nconnections = 8\nconnections = 9", "bucket\n= a"]
)
def test_quotes_are_asked_for_only_where_they_lack(text: str, file: Path) -> None:
    assert "quotes" not in refused(file, text)


def test_where_a_setting_stands_is_told_as_in_a_mistake(file: Path) -> None:
    file.write_text(WHOLE, encoding="utf-8")
    assert reading.where(file, "folder.path") == f"{file}, line 7: folder.path"
    assert reading.where(file, "state.journal") == f"{file}: state.journal"


def test_all_mistakes_are_told_at_once(file: Path) -> None:
    told = refused(file, "[folder]\nevents = 1\n[archive]\nbuckett = 'b'")
    assert [line.partition(":")[0] for line in sorted(told.splitlines())] == [
        "FILE, line 2",
        "FILE, line 4",
    ]


@pytest.mark.parametrize(
    ("setting", "line"),
    [
        ("archive.aws_secret_access_key", "aws_secret_access_key = 'S3CRET'"),
        ("archive.Password", "Password = 'S3CRET'"),
        ("archive.session_token", "session_token = 'S3CRET'"),
        ("archive.profile", "profile = 'AKIAS3CRETS3CRETS3CR'"),
        ("archive.endpoint", "endpoint = 'https://ada:S3CRET@minio:9000'"),
        ("archive.bucket", "bucket = ['AKIAS3CRETS3CRETS3CR']"),
        ("archive.bucket.password", "bucket = [{ password = 'S3CRET' }]"),
    ],
)
def test_a_credential_is_refused_and_not_repeated(setting: str, line: str, file: Path) -> None:
    told = refused(file, f"[archive]\n{line}")
    assert f"{setting}: this looks like a credential" in told
    assert "aws configure" in told
    assert "archive.profile" in told
    assert "S3CRET" not in told


def test_a_long_value_is_not_repeated_in_full(file: Path) -> None:
    assert len(refused(file, f"[folder]\nevents = '{'y' * 5000}'")) < 300


@pytest.mark.parametrize("data", [b"\xff\xfe\x00", b"#" * ((1 << 20) + 1)])
def test_what_is_no_settings_file_is_refused(data: bytes, file: Path) -> None:
    file.write_bytes(data)
    with pytest.raises(SettingsError, match=r"UTF-8|no settings file"):
        reading.read(file)


def test_without_a_file_the_command_that_writes_one_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("LABSIGHT_CONFIG", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    with pytest.raises(SettingsError, match=r"there is no .*labsight\.toml; `labsight init`"):
        reading.load(None)


def test_load_reads_the_file_that_is_named(file: Path) -> None:
    file.write_text(WHOLE, encoding="utf-8")
    assert reading.load(file) == reading.read(file)


ANYTHING = st.one_of(
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(st.characters(exclude_categories=["Cs"])),
    st.lists(st.text(st.characters(exclude_categories=["Cs"]))),
    st.lists(st.integers()),
)
SETTINGS = [
    (section, name)
    for section, field in LabSettings.model_fields.items()
    for name in (*getattr(field.annotation, "model_fields", ()), "strange")
]


@given(setting=st.sampled_from(SETTINGS), value=ANYTHING)
def test_any_value_is_taken_or_refused_with_its_line(setting: tuple[str, str], value: Any) -> None:
    section, name = setting
    with TemporaryDirectory() as folder:
        file = Path(folder, "labsight.toml")
        text = f"# a remark\n[{section}]\n{name} = {toml(value)}\n"
        file.write_text(text, encoding="utf-8", newline="")
        read, refusal = LabSettings(), ""
        try:
            read = reading.read(file)
        except SettingsError as error:
            refusal = error.message
        taken = name in getattr(read, section).model_fields_set
        assert taken != refusal.startswith(f"{file}, line 3: {section}.{name}")


@given(st.text(st.characters(exclude_categories=["Cs"])))
@example("\n\x1f")  # the end of a text is none of a line
def test_any_text_is_read_or_refused(text: str) -> None:
    with TemporaryDirectory() as folder:
        file = Path(folder, "labsight.toml")
        file.write_text(text, encoding="utf-8")
        with suppress(SettingsError):
            assert isinstance(reading.read(file), LabSettings)
