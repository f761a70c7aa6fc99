"""Services for the tests: a plain one, and any that a person could think of."""

import unicodedata
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from labsight_lab.service.here import Here
from labsight_lab.service.spec import ServiceSpec

ODD = " \"'\\$%&<>;#{}()[]~`|!?*^=,:@-+äßé日🔬\u2028"


def _holdable(text: str) -> bool:
    return not any(unicodedata.category(c) in {"Cc", "Cs"} or c in "\ufffe\uffff" for c in text)


words = st.text(
    st.sampled_from(ODD) | st.characters(codec="utf-8", exclude_characters="/"), min_size=1
).filter(_holdable)
paths = st.lists(words, min_size=1, max_size=3).map(lambda parts: "/" + "/".join(parts))
windows_paths = st.lists(words, min_size=1, max_size=3).map(lambda parts: "C:\\" + "\\".join(parts))
environments = st.dictionaries(
    st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,9}", fullmatch=True), words, max_size=3
)


def spec(**changes: Any) -> ServiceSpec:
    """The service of one scanner."""
    plain: dict[str, Any] = {
        "name": "labsight-scanner-1",
        "executable": ("/srv/labsight/bin/python", "-P", "-m", "labsight_lab"),
        "settings": "/home/ada/scanner-1.toml",
        "user": "ada",
        "working_dir": "/home/ada",
        "said": "/home/ada/Library/Logs/labsight-scanner-1.log",
    }
    return ServiceSpec(**plain | changes)


def here(place: Path, platform: str = "linux", **changes: Any) -> Here:
    """A machine whose files lie in a folder of the test's."""
    plain: dict[str, Any] = {
        "platform": platform,
        "home": place / "home",
        "user": "ada",
        "python": "/srv/labsight/bin/python",
        "uid": 501,
        "root": place / "root",
    }
    return Here(**plain | changes)
