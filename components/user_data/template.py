"""Scripts in files with marks such as ``@@SETTINGS@@``, and what is written in their place."""

import re
from collections.abc import Mapping
from pathlib import Path

FOLDER = Path(__file__).parent
# https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/user-data.html
MOST_BYTES = 16_384

_MARK = re.compile(r"@@([A-Z_]+)@@")


def script(file: str, values: Mapping[str, str] | None = None) -> str:
    """Return ``file`` of this folder with every mark filled, and without its closing line end."""
    text = (FOLDER / file).read_text(encoding="ascii")
    given = dict(values or {})
    marks = set(_MARK.findall(text))
    if marks != set(given):
        raise ValueError(
            f"{file}: its marks are {', '.join(sorted(marks)) or 'none'}, "
            f"given {', '.join(sorted(given)) or 'none'}"
        )
    return _MARK.sub(lambda mark: given[mark[1]], text).rstrip("\n")


def fitting(text: str) -> str:
    """Return user data if EC2 takes it, else raise ValueError."""
    size = len(text.encode())
    if size > MOST_BYTES:
        raise ValueError(f"user data: EC2 takes {MOST_BYTES} bytes, this has {size}; shorten it")
    return text
