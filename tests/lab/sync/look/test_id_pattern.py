"""Which expressions are taken for finding ids, and that none of those can take for ever."""

import pytest

from labsight.errors import SettingsError
from labsight_lab.sync.look.id_pattern import MAX_NAME, compiled

GROUP = "(?P<case>x)"


@pytest.mark.parametrize(
    "pattern",
    [
        r"(?P<case>S\d\d-\d+)[_-](?P<slide>\w+)\.svs$",
        r"^(?P<scanner>[^/]+)/(?P<case>[^/]+)/(?P<slide>[^/_]+)_.*\.(?:svs|ndpi)$",
        r"(?:[^/]++/)*(?P<case>[A-Z]?\d{4,6}(?:-\d\d)?)",
        r"(?>\w+|-)*(?P<case>x)",
        r"(?:\w+-)*+(?P<case>x)",
        r"(?:\d\d-)+(?P<case>x)",
        r"(?:(?=\w+_)\w)+(?P<case>x)",
        r"(?i)(?P<case>x)(?P=case)(?#a note: (*+)",
        r"[)(]+\((?P<case>[]*+{]+)\)",
        r"(?P<case>a{}b{,})",
    ],
)
def test_expressions_that_people_write_are_taken(pattern: str) -> None:
    assert compiled(pattern).groupindex


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ("(?P<case>x", r"ids\.pattern is no regular expression: .* at character 1 of"),
        ("(?P<case>x)*+*", r"multiple repeat at character 14 of"),
        ("x", r"ids\.pattern: it names no group; use \(\?P<case>"),
        ("(?P<cse>x)", r"the group 'cse' means nothing"),
        (GROUP + "x" * 500, "511 characters; at most 500"),
        (GROUP + "x{99999999999}", "cannot be used"),
    ],
)
def test_a_mistake_is_told_with_its_place(pattern: str, said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        compiled(pattern)


@pytest.mark.parametrize(
    ("pattern", "place"),
    [
        (r"(\w+)*(?P<case>x)", 6),
        (r"(?:\w+)+?(?P<case>x)", 8),
        (r"(a|a)+(?P<case>x)", 6),
        (r"(?:a?){30}(?P<case>x)", 7),
        (r"(?:a?){2}(?P<case>x)", 7),
        (r"(?:a{1,2}){9,}(?P<case>x)", 11),
        (r"((?:a+)?b)+(?P<case>x)", 11),
        (r"(?P<case>a)(?(case)b|c)+", 24),
        (r"(?:[^/]+/)*(?P<case>x)", 11),
        (r"((a*)b)*(?P<case>x)", 8),
    ],
)
def test_an_expression_that_could_take_for_ever_is_refused(pattern: str, place: int) -> None:
    with pytest.raises(SettingsError, match=rf"for ever on some names: at character {place} of"):
        compiled(pattern)


def test_the_power_and_the_options_are_bounded() -> None:
    compiled(r".*" * 6 + GROUP)
    with pytest.raises(SettingsError, match="7 open-ended repeats and 0 options"):
        compiled(r".*" * 7 + GROUP)
    with pytest.raises(SettingsError, match="7 open-ended repeats"):
        compiled(r"\w{1,30}" * 7 + GROUP)
    compiled("a?" * 16 + GROUP)
    with pytest.raises(SettingsError, match="0 open-ended repeats and 17 options"):
        compiled("a?" * 8 + "a{2,3}" * 8 + "(?:a|b)" + GROUP)


def test_what_is_taken_ends_on_names_that_are_made_to_fit_badly() -> None:
    """The same expressions without the possessive repeat would not come to an end here."""
    for pattern in (r"^(?:a++)*(?P<case>x)", r"^(?>a+)*(?P<case>x)", r"^(?:a+)*+(?P<case>x)"):
        assert compiled(pattern).search("a" * MAX_NAME) is None
