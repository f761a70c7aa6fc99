"""Reads the pages of a bucket's listing (ListObjectsV2)."""

from datetime import datetime
from typing import NamedTuple
from urllib.parse import unquote_plus
from xml.etree import ElementTree as ET

from labsight.errors import StorageUnavailable
from labsight.objects.store import ObjectInfo

# 1,000 keys of 1,024 bytes, each byte as %XX, and what stands around them.
MAX_PAGE_BYTES = 8 << 20
_NAMESPACE = "{http://s3.amazonaws.com/doc/2006-03-01/}"


class Page(NamedTuple):
    """Some objects, and the token that leads to the next page when there is one."""

    objects: list[ObjectInfo]
    continuation: str | None


def parse(body: bytes) -> Page:
    """Read a page whose keys are URL-encoded; raise StorageUnavailable."""
    try:
        root = _root(body)
        objects = [_entry(entry) for entry in root if _name(entry) == "Contents"]
        fields = {_name(child): child.text or "" for child in root}
        truncated = fields.get("IsTruncated", "").lower() == "true"
        return Page(objects, fields["NextContinuationToken"] if truncated else None)
    except (ET.ParseError, ValueError, KeyError) as error:
        raise StorageUnavailable(f"the bucket's listing cannot be read: {error}") from error


def _root(body: bytes) -> ET.Element:
    text = body.decode()  # and in no other encoding, in which declarations would look otherwise
    if "<!" in text:  # no listing has declarations, and entities could grow without end
        raise ValueError("it declares a document type")
    return ET.fromstring(text)  # noqa: S314 - bounded, and without entities


def _entry(entry: ET.Element) -> ObjectInfo:
    fields = {_name(child): child.text or "" for child in entry}
    return ObjectInfo(
        key=unquote_plus(fields["Key"], errors="strict"),
        size=int(fields["Size"]),
        etag=fields["ETag"].strip('"'),
        modified=datetime.fromisoformat(fields["LastModified"]),
    )


def _name(element: ET.Element) -> str:
    return element.tag.removeprefix(_NAMESPACE)
