"""What is left out by its name, and what patterns ask for."""

import unicodedata
from fnmatch import fnmatchcase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labsight.errors import SettingsError
from labsight_lab.sync.look.names import check_patterns, is_excluded, is_hidden, is_included


@pytest.mark.parametrize(
    "name",
    [".DS_Store", "._a.svs", ".git", "~$report.xlsx", "Thumbs.db", "thumbs.DB", "desktop.ini",
     "$RECYCLE.BIN", "System Volume Information", "@eaDir", "#recycle", "@Recycle", "lost+found"],
)  # fmt: skip
def test_what_systems_keep_for_themselves_is_hidden(name: str) -> None:
    assert is_hidden(name)


@pytest.mark.parametrize(
    "name", ["a.svs", "Thumbs.db.svs", "~a.svs", "@a", "recycle", "$a.svs", ""]
)
def test_what_people_make_is_not_hidden(name: str) -> None:
    assert not is_hidden(name)


@pytest.mark.parametrize(
    ("path", "pattern", "fits"),
    [
        ("a/b.svs", "*.svs", True),
        ("a/B.SVS", "*.svs", True),
        ("a/b.svs", "*.SVS", True),
        ("a.svs/b.tif", "*.svs", False),
        ("a/b.svs", "a*.svs", False),
        ("abc/x.svs", "b*", False),
        ("a/b.svs", "a/*", True),
        ("x/a/b.svs", "a/*", False),
        ("a/c/b.svs", "a/*.svs", True),
        ("a/b.svs", "a\\*.svs", True),
        ("a.svs", "/a.svs", True),
        ("x/a.svs", "/a.svs", False),
        ("x/old/y/a.svs", "old/", True),
        ("x/older/a.svs", "old/", False),
        ("x/older/a.svs", "old*/", True),
        ("old", "old/", False),
        ("x/old/a.svs", "/old/", False),
        ("x/old/a.svs", "x/old/", True),
        ("ab/cz/x", "a*z/", False),
        ("a1.svs", "a?.svs", True),
        ("a1.svs", "a[0-9].svs", True),
        ("ax.svs", "a[!0-9].svs", True),
        ("a].svs", "a[]].svs", True),
        ("a^.svs", "a[^x].svs", True),
        ("ay.svs", "a[^x].svs", False),
        ("a[.svs", "a[.svs", True),
        ("[", "[[[", False),
        ("[[[", "[[[", True),
        ("[]", "[]", True),
        ("[!]", "[!]", True),
        ("]", "[!]]", False),
        ("Präparat.svs", "präparat*", True),
        (unicodedata.normalize("NFD", "Präparat.svs"), "PRÄPARAT.svs", True),
        ("a.svs\n", "*.svs", False),
    ],
)
def test_patterns_fit_as_told(path: str, pattern: str, fits: bool) -> None:
    assert is_included(path, (pattern,)) is fits
    assert is_excluded(path, (pattern,)) is fits
    assert is_excluded(path, ("nothing", pattern)) is fits


def test_no_pattern_asks_for_all_and_leaves_out_nothing() -> None:
    assert is_included("a.svs", ())
    assert not is_excluded("a.svs", ())


@pytest.mark.parametrize(
    ("folder", "pattern", "left_out"),
    [
        ("scratch/", "scratch/", True),
        ("x/scratch/", "scratch/", True),
        ("scratch/deep/", "scratch/", True),
        ("scratch/", "scratch/*", True),
        ("scratch/", "scratch/*.tmp", False),
        ("scratch/", "*.tmp", False),
        ("scratch/", "scratch", False),
    ],
)
def test_a_folder_is_left_out_when_nothing_in_it_can_be_wanted(
    folder: str, pattern: str, left_out: bool
) -> None:
    assert is_excluded(folder, (pattern,)) is left_out


plain = st.text("ab.*?[]!-x", min_size=1, max_size=10)


@given(name=st.text("ab.[]!-x", min_size=1, max_size=12), pattern=plain)
def test_patterns_without_a_slash_mean_what_they_mean_in_python(name: str, pattern: str) -> None:
    assert is_included(f"folder/{name}", (pattern,)) == fnmatchcase(name, pattern)


@given(
    path=st.lists(st.text("ab.", min_size=1, max_size=3), min_size=1).map("/".join),
    pattern=st.lists(st.text("ab.*?", min_size=1, max_size=4), min_size=2).map("/".join),
)
def test_patterns_with_a_slash_mean_what_they_mean_in_python(path: str, pattern: str) -> None:
    assert is_included(path, (pattern,)) == fnmatchcase(path, pattern)


@pytest.mark.parametrize("pattern", ["", "/", "//", "\\"])
def test_a_pattern_that_means_nothing_is_named(pattern: str) -> None:
    with pytest.raises(SettingsError, match="the pattern"):
        check_patterns(("*.svs", pattern))


def test_many_stars_take_no_more_time_than_a_few() -> None:
    assert not is_included("a" * 250, ("*a" * 40 + "b",))
