"""One page of a list of objects (ListObjects and ListObjectsV2)."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping, Sequence
from urllib.parse import quote
from xml.sax.saxutils import escape

_MOST = 1000  # rows of a page


def page(keys: Sequence[str], row: Callable[[str], str], query: Mapping[str, str]) -> str:
    """Return the page that a query asks for, of sorted keys; ``row`` tells the rest of a key."""
    prefix, delimiter = query.get("prefix", ""), query.get("delimiter", "")
    most = min(_MOST, int(query.get("max-keys", _MOST)))
    written = quote if query.get("encoding-type") == "url" else escape
    second = query.get("list-type") == "2"
    asked = ("continuation-token", "start-after") if second else ("marker",)
    after = next((query[name] for name in asked if query.get(name)), "")
    rows: list[str] = []
    at = max(bisect_left(keys, prefix), bisect_right(keys, after) if after else 0)
    last = ""
    while at < len(keys) and keys[at].startswith(prefix) and len(rows) < most:
        key = keys[at]
        end = key.find(delimiter, len(prefix)) + len(delimiter) if delimiter else 0
        if delimiter and end >= len(delimiter):
            folder = key[:end]
            if folder != after:  # a page that ended with it goes on behind it
                rows.append(f"<CommonPrefixes><Prefix>{written(folder)}</Prefix></CommonPrefixes>")
            last, at = folder, bisect_left(keys, folder[:-1] + chr(ord(folder[-1]) + 1))
        else:
            rows.append(f"<Contents><Key>{written(key)}</Key>{row(key)}</Contents>")
            last, at = key, at + 1
    more = at < len(keys) and keys[at].startswith(prefix)
    name = "NextContinuationToken" if second else "NextMarker"
    following = f"<{name}>{written(last)}</{name}>" if more else ""
    coding = "<EncodingType>url</EncodingType>" if written is quote else ""
    return (
        f"<ListBucketResult><Prefix>{written(prefix)}</Prefix><MaxKeys>{most}</MaxKeys>{coding}"
        f"<KeyCount>{len(rows)}</KeyCount><IsTruncated>{str(more).lower()}</IsTruncated>"
        f"{following}{''.join(rows)}</ListBucketResult>"
    )
