"""Dates of HTTP headers, without the e-mail package and independent of the machine's language."""

import re
from datetime import UTC, datetime

from labsight.errors import StorageUnavailable

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
# IMF-fixdate (RFC 9110, 5.6.7), the only form that servers may still write.
_DATE = re.compile(
    r"[A-Z][a-z]{2}, (\d{2}) ([A-Z][a-z]{2}) (\d{4}) (\d{2}):(\d{2}):(\d{2}) GMT", re.ASCII
)


def parse_date(text: str) -> datetime:
    """Read a date such as ``Sun, 06 Nov 1994 08:49:37 GMT``; raise StorageUnavailable."""
    match = _DATE.fullmatch(text)
    try:
        day, month, *rest = match.groups() if match else ("", "", "")
        year, hour, minute, second = map(int, rest)
        return datetime(year, _MONTHS.index(month) + 1, int(day), hour, minute, second, tzinfo=UTC)
    except ValueError:
        raise StorageUnavailable(f"the object store tells a date as {text[:40]!r}") from None
