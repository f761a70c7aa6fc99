"""The expression that finds ids in a name, and a check that it cannot take for ever.

Python tries one way to match after the other, and some expressions have more ways than there is
time: a sync that runs for years would stop at one odd name. So a group that is repeated may hold no
repeat, option or alternative of its own, which is what makes the ways grow as 2**n with the length
n of a name. What is left grows as a power of n, and n, the power and the number of options are
bounded. Possessive repeats (``++``, ``*+``) have one way and are free.
https://docs.python.org/3/library/re.html#regular-expression-syntax
"""

import re
from math import inf

from labsight.errors import SettingsError

SETTING = "ids.pattern"
GROUPS = ("case", "slide", "scanner")
MAX_PATTERN = 500  # characters
MAX_REPEATS = 6  # open-ended and not possessive: the power with which the work grows
MAX_OPTIONS = 16  # each of which may double the work: ``?``, ``|``, ``{2,3}``
MAX_NAME = 260  # characters of a path that is looked at, as many as Windows takes by default
_WIDE = 8  # ``{2,20}`` is as good as open-ended
_TOKEN = re.compile(
    r"""
      \\.  |  \(\?\#[^)]*\)                                    # an escape, a comment
    | \[\^?\]?(?:\\.|[^\]\\])*+\]                              # a set
    | (?P<open>   \((?:\?(?:P?<\w+>|P=|[a-zA-Z-]*:|<?[=!]|>|\(\w+\)|[a-zA-Z]+(?=\))))?)
    | (?P<close>  \))
    | (?P<repeat> (?:[*+?]|\{(?:[0-9]+(?:,[0-9]*)?|,[0-9]*)\})[+?]?)
    | (?P<or>     \|)
    | .
    """,
    re.VERBOSE | re.DOTALL,
)
_SIGNS = {"?": (0.0, 1.0), "*": (0.0, inf), "+": (1.0, inf)}
_ONE_WAY = ("(?>", "(?=", "(?!", "(?<=", "(?<!")  # once matched, never tried otherwise


def compiled(pattern: str) -> re.Pattern[str]:
    """Return the expression, in which capitals do not count; raise SettingsError with the place.

    It needs at least one of the groups ``case``, ``slide`` and ``scanner``, and no other by name.
    """
    if len(pattern) > MAX_PATTERN:
        raise SettingsError(f"{SETTING} has {len(pattern)} characters; at most {MAX_PATTERN}")
    try:
        found = re.compile(pattern, re.IGNORECASE)
    except re.error as error:
        place = "" if error.pos is None else f" at character {error.pos + 1}"
        raise SettingsError(
            f"{SETTING} is no regular expression: {error.msg}{place} of {pattern!r}"
        ) from None
    except (OverflowError, RecursionError) as error:
        raise SettingsError(f"{SETTING} cannot be used: {error}, in {pattern!r}") from None
    _check_groups(pattern, found)
    _check_work(pattern)
    return found


def _check_groups(pattern: str, found: re.Pattern[str]) -> None:
    wanted = ", ".join(f"(?P<{name}>...)" for name in GROUPS)
    strange = sorted(set(found.groupindex) - set(GROUPS))
    if strange or not found.groupindex:
        said = f"the group {strange[0]!r} means nothing" if strange else "it names no group"
        raise SettingsError(f"{SETTING}: {said}; use {wanted}, in {pattern!r}")


def _check_work(pattern: str) -> None:
    """Refuse what could take for ever."""
    groups = [_Group()]
    item_varies = False  # whether what was read last can match in several ways
    repeats = options = 0
    for token in _TOKEN.finditer(pattern):
        if token["repeat"]:
            repeat = _Repeat(token["repeat"])
            if item_varies and not repeat.possessive and repeat.most > 1:
                raise SettingsError(_for_ever(pattern, token.start()))
            repeats += repeat.spread > _WIDE
            options += 0 < repeat.spread <= _WIDE
            groups[-1].varies |= repeat.spread > 0
        if token["or"]:
            options += 1
            groups[-1].varies = True
        if token["open"]:
            groups.append(_Group(one_way=token[0].startswith(_ONE_WAY)))
        item_varies = False
        if token["close"] and len(groups) > 1:
            closed = groups.pop()
            item_varies = closed.varies and not closed.one_way
            groups[-1].varies |= item_varies
    if repeats > MAX_REPEATS or options > MAX_OPTIONS:
        raise SettingsError(
            f"{SETTING} has {repeats} open-ended repeats and {options} options or alternatives; "
            f"with more than {MAX_REPEATS} and {MAX_OPTIONS} it could take too long on some names: "
            f"{pattern!r}"
        )


class _Group:
    """An open group: whether what it holds can match in several ways."""

    def __init__(self, *, one_way: bool = False) -> None:
        self.varies = False
        self.one_way = one_way


class _Repeat:
    """``*``, ``{2,5}``, ``++``: how often at most, and how many more times than at least.

    ``spread`` is 0 for what is repeated in one way only.
    """

    def __init__(self, text: str) -> None:
        counts = text.rstrip("+?") if text.startswith("{") else text[0]
        self.possessive = len(text) > len(counts) and text.endswith("+")
        least, self.most = _counts(counts)
        self.spread = 0.0 if self.possessive else self.most - least


def _counts(text: str) -> tuple[float, float]:
    if text in _SIGNS:
        return _SIGNS[text]
    least, comma, most = text[1:-1].partition(",")
    return float(least or 0), float(most or (inf if comma else least))


def _for_ever(pattern: str, place: int) -> str:
    return (
        f"{SETTING} could take for ever on some names: at character {place + 1} of {pattern!r} a "
        "group is repeated that holds a repeat, an option or an alternative; leave one of them out "
        "or make the inner repeat possessive (++ for +, *+ for *)"
    )
