"""Reads and writes the XML of S3, bounded: what comes from a server may be anything."""

from collections.abc import Sequence
from typing import NamedTuple
from urllib.parse import unquote_plus
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape

from labsight.errors import StorageUnavailable
from labsight.objects.http1 import Answer
from labsight.objects.s3_errors import may_pass
from labsight_lab.sync.journal.entries import Part
from labsight_lab.sync.sending.s3_errors import Refusal, refusal

MAX_BYTES = 8 << 20  # of a page of 1,000 uploads, whose keys have 1,024 bytes, each as %XX
_MAX_SAID = 300  # characters of S3's own words


class Page(NamedTuple):
    """Some rows of a list; ``following`` are the parameters that ask for the next page, if any."""

    rows: list[dict[str, str]]
    following: dict[str, str]


def refused(answer: Answer) -> tuple[Refusal, str]:
    """Return what an answer that is no success says, and the bucket's region where it tells it."""
    try:
        told = _fields(_root(answer.body))
    except ValueError:  # none at all, or the page of something on the way
        told = {}
    region = answer.headers.get("x-amz-bucket-region") or told.get("Region", "")
    said = "".join(one if one.isprintable() else " " for one in told.get("Message", ""))
    code = told.get("Code", "")[:80]
    return refusal(answer.status, code, said[:_MAX_SAID].strip().rstrip(".")), region


def failed_late(answer: Answer) -> Answer:
    """Return an answer of a completion with the status that it deserves.

    S3 answers 200 at once and tells minutes later, in the body, when it fails.
    https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html
    """
    if answer.status != 200:
        return answer
    try:
        root = _root(answer.body)
    except ValueError:
        return answer._replace(status=500, body=b"")
    if _name(root) != "Error":
        return answer
    code = _fields(root).get("Code", "InternalError")
    return answer._replace(status=500 if may_pass(400, code) else 400)


def field(body: bytes, name: str) -> str | None:
    """Return the text of a field right below the root; raise StorageUnavailable."""
    return _fields(_read(body)).get(name)


def page(body: bytes, row: str, following: dict[str, str]) -> Page:
    """Read a page of a list; raise StorageUnavailable.

    ``following`` maps the parameters that lead on to the fields that tell their values.
    """
    root = _read(body)
    told = _fields(root)
    rows = [_fields(child) for child in root if _name(child) == row]
    if told.get("EncodingType") == "url":
        for fields in (told, *rows):
            fields.update(
                {n: unquote_plus(fields[n]) for n in ("Key", "NextKeyMarker") if n in fields}
            )
    if told.get("IsTruncated", "").lower() != "true":
        return Page(rows, {})
    leads = {name: told.get(source, "") for name, source in following.items()}
    if not rows or not all(leads.values()):
        raise StorageUnavailable("the archive answers with a list that leads nowhere")
    return Page(rows, leads)


def completion(parts: Sequence[Part]) -> bytes:
    """Write which parts an object is made of."""
    rows = "".join(
        f"<Part><PartNumber>{part.number}</PartNumber><ETag>{escape(part.etag)}</ETag></Part>"
        for part in parts
    )
    return (
        '<CompleteMultipartUpload xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
        f"{rows}</CompleteMultipartUpload>"
    ).encode()


def _read(body: bytes) -> ET.Element:
    try:
        return _root(body)
    except ValueError as error:
        raise StorageUnavailable(f"the archive's answer cannot be read: {error}") from None


def _root(body: bytes) -> ET.Element:
    """Parse an answer; raise ValueError."""
    text = body.decode()  # and in no other encoding, in which declarations would look otherwise
    if "<!" in text:  # no answer has declarations, and entities could grow without end
        raise ValueError("it declares a document type")
    try:
        return ET.fromstring(text.strip())  # noqa: S314 - bounded, and without entities
    except ET.ParseError as error:
        raise ValueError(str(error)) from None


def _fields(element: ET.Element) -> dict[str, str]:
    return {_name(child): child.text or "" for child in element}


def _name(element: ET.Element) -> str:
    return element.tag.rpartition("}")[2]
