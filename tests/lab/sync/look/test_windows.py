"""Names as Windows takes them: drives, shares, devices, streams, short names, capitals."""

from pathlib import PureWindowsPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labsight.errors import InvalidInput
from labsight_lab.sync.look import windows

# What NTFS lets stand in a name: all but these, also what Win32 would strip or take for a device.
letters = st.characters(codec=None, exclude_characters='\\/:*?"<>|', min_codepoint=32)
names = st.one_of(
    st.text(letters, min_size=1, max_size=12),
    st.sampled_from(["aux", "nul.svs", "a.", "b ", "...", "SLIDES~1", "c.svs. .", "CON "]),
).filter(lambda name: name not in {".", ".."})
drives = st.sampled_from(["C:\\", "d:\\", "\\\\server\\share\\", "\\\\10.0.0.7\\lab$\\"])
paths = st.tuples(drives, st.lists(names, max_size=5)).map(lambda p: p[0] + "\\".join(p[1]))


@pytest.mark.parametrize(
    ("path", "extended"),
    [
        ("C:\\a\\b.svs", "\\\\?\\C:\\a\\b.svs"),
        ("C:/a/b.svs", "\\\\?\\C:\\a\\b.svs"),
        ("C:\\", "\\\\?\\C:\\"),
        ("c:\\a\\.\\b\\..\\c", "\\\\?\\c:\\a\\c"),
        ("C:\\..\\..\\a", "\\\\?\\C:\\a"),
        ("\\\\server\\share\\a", "\\\\?\\UNC\\server\\share\\a"),
        ("//server/share/a", "\\\\?\\UNC\\server\\share\\a"),
        ("\\\\server\\share", "\\\\?\\UNC\\server\\share\\"),
        ("\\\\?\\C:\\a\\..\\b.", "\\\\?\\C:\\a\\..\\b."),
        ("//?/C:/a", "\\\\?\\C:\\a"),
        ("\\\\?\\Volume{7}\\a", "\\\\?\\Volume{7}\\a"),
        ("C:\\lab\\aux.svs", "\\\\?\\C:\\lab\\aux.svs"),
        ("C:\\lab\\a.svs. ", "\\\\?\\C:\\lab\\a.svs. "),
    ],
)
def test_a_full_path_is_extended(path: str, extended: str) -> None:
    assert windows.extended(path) == extended
    assert windows.extended(extended) == extended


def test_a_long_path_is_extended_whole() -> None:
    path = PureWindowsPath("D:/", *["folder of many letters"] * 20, "a.svs")
    assert windows.extended(path) == "\\\\?\\" + str(path)


@pytest.mark.parametrize(
    "path", ["a.svs", "C:a.svs", "C:", "\\a.svs", "", "\\\\server", "\\\\.\\COM1", "\\\\.\\C:\\a"]
)
def test_a_path_that_depends_on_something_else_is_refused(path: str) -> None:
    with pytest.raises(InvalidInput, match="no full path: write it with its drive"):
        windows.extended(path)


@given(path=paths)
def test_a_path_is_extended_once_and_in_one_way(path: str) -> None:
    extended = windows.extended(path)
    assert extended.startswith("\\\\?\\")
    assert windows.extended(extended) == extended
    assert windows.extended(PureWindowsPath(path)) == extended


@given(one=paths, other=paths)
def test_two_paths_are_never_extended_to_one(one: str, other: str) -> None:
    assert (windows.extended(one) == windows.extended(other)) == (one == other)


@given(path=paths, relative=st.lists(names, min_size=1, max_size=4))
def test_a_file_is_opened_under_the_very_name_its_folder_lists(
    path: str, relative: list[str]
) -> None:
    opened = windows.file_in(path, "/".join(relative))
    assert opened == "\\".join([windows.extended(path).rstrip("\\"), *relative])


def test_a_file_of_another_drive_or_a_stream_is_never_opened() -> None:
    for name in ("c:evil.svs", "a.svs:zone", "x/a.svs::$DATA"):
        with pytest.raises(InvalidInput, match="means a stream beside a file"):
            windows.file_in("C:\\lab", name)


def test_capitals_and_composition_are_folded() -> None:
    for one, other in (
        ("a/X.SVS", "A/x.svs"), ("Pra\u0308parat", "PRÄPARAT"), ("\u212bngström", "ångström"),
        ("\u0131.svs", "I.svs"), ("straße", "STRASSE"), ("\u03c3", "\u03c2"), ("a.svs.", "a.svs"),
        ("a /b", "a/b"),
    ):  # fmt: skip
        assert windows.folded(one) == windows.folded(other), (one, other)
    for one, other in (("a", "b"), ("ä", "a"), ("a.b", "ab"), ("a b", "ab"), ("a/b", "a b")):
        assert windows.folded(one) != windows.folded(other)


def test_folding_misses_no_pair_that_a_table_of_single_capitals_would_take_for_one() -> None:
    """Windows' own table maps single units of UTF-16; Unicode's single capitals contain it."""
    for code in range(0x10000):
        letter = chr(code)
        if 0xD800 <= code < 0xE000:
            continue
        for other in (letter.upper(), letter.lower()):
            if len(other) == 1:
                assert windows.folded(letter) == windows.folded(other), hex(code)


@given(name=st.text(st.characters(codec=None), max_size=20))
def test_folding_twice_is_folding_once(name: str) -> None:
    assert windows.folded(windows.folded(name)) == windows.folded(name)


def test_names_that_are_one_elsewhere_clash() -> None:
    found = windows.clashes(["x/a.svs", "b.svs", "X/A.svs", "x/A.SVS", "ä", "a\u0308", "c/d/e"])
    assert found == (("X/A.svs", "x/A.SVS", "x/a.svs"), ("a\u0308", "ä"))


def test_two_slides_of_one_unit_clash() -> None:
    assert windows.clashes(["a/s1/unit.json", "a/s1/unit.json", "a/s2/unit.json"]) == (
        ("a/s1/unit.json", "a/s1/unit.json"),
    )


def test_a_file_clashes_with_a_folder_of_its_name() -> None:
    assert windows.clashes(["case/S1", "case/s1/Data0001.dat"]) == (("case/S1", "case/s1/"),)


def test_folders_in_other_capitals_are_left_to_be_while_their_files_differ() -> None:
    assert windows.clashes(["Case/a.svs", "case/b.svs"]) == ()
    assert windows.clashes([]) == ()


some_paths = st.lists(st.text("aAbB.", min_size=1, max_size=3), min_size=1, max_size=3)


@given(st.lists(some_paths.map("/".join), unique=True))
def test_every_pair_with_one_folded_name_is_in_one_clash(given_names: list[str]) -> None:
    found = windows.clashes(given_names)
    for one in given_names:
        for other in given_names:
            together = any(one in clash and other in clash for clash in found)
            if one != other:
                assert together == (windows.folded(one) == windows.folded(other))


@pytest.mark.parametrize("folder", ["\\\\?\\D:\\", "\\\\?\\D:\\slides", "\\\\?\\UNC\\nas\\share\\"])
def test_a_file_is_where_its_path_leads_unless_a_link_leads_elsewhere(folder: str) -> None:
    inside = folder.rstrip("\\")
    assert not windows.is_elsewhere(folder, "a/b.svs", f"{inside}\\A\\b.svs")
    assert windows.is_elsewhere(folder, "a/b.svs", f"{inside}\\c\\b.svs")
    assert windows.is_elsewhere(folder, "a/b.svs", "\\\\?\\C:\\secret\\a\\b.svs")
