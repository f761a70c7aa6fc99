"""S3's XML: what it says, what it must not, and what is written to it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labsight.errors import StorageUnavailable
from labsight.objects.http1 import Answer
from labsight_lab.sync.journal.entries import Part
from labsight_lab.sync.sending import s3_xml

ERROR = (
    b'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>%s</Code><Message>Own words.</Message>'
    b"<Region>eu-west-1</Region></Error>"
)
NAMESPACE = b'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'
FOLLOWING = {"key-marker": "NextKeyMarker", "upload-id-marker": "NextUploadIdMarker"}


def answer(status: int, body: bytes, **headers: str) -> Answer:
    return Answer(status, {name.replace("_", "-"): value for name, value in headers.items()}, body)


def test_a_refusal_has_code_words_and_perhaps_a_region() -> None:
    found, region = s3_xml.refused(answer(400, ERROR % b"BadDigest"))
    assert (found.status, found.code, found.said, region) == (
        400, "BadDigest", "Own words", "eu-west-1",
    )  # fmt: skip
    assert s3_xml.refused(answer(301, b"", x_amz_bucket_region="eu-west-3"))[1] == "eu-west-3"


@pytest.mark.parametrize("body", [b"", b"<html><p>busy", b"\xff\xfe", b"{}", b"<a/>"])
def test_a_refusal_without_a_code_has_one_by_its_status(body: bytes) -> None:
    assert s3_xml.refused(answer(403, body))[0].code == "AccessDenied"
    assert s3_xml.refused(answer(418, body))[0].code == "status 418"


def test_words_of_a_server_are_short_and_printable() -> None:
    body = b"<Error><Code>X</Code><Message>a\n\tb&#x202e;" + b"c" * 5000 + b"</Message></Error>"
    said = s3_xml.refused(answer(400, body))[0].said
    assert said.isprintable()
    assert said.startswith("a  b c")
    assert len(said) <= 300


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"<CompleteMultipartUploadResult/>", 200),
        (b"\n\n  <CompleteMultipartUploadResult %s/>\n" % NAMESPACE, 200),
        (b'   <?xml version="1.0"?><CompleteMultipartUploadResult/>', 200),
        (ERROR % b"InternalError", 500),
        (ERROR % b"SlowDown", 500),
        (b'<?xml version="1.0"?>\n  \n \n<Error><Code>InternalError</Code></Error>', 500),
        (ERROR % b"PreconditionFailed", 400),
        (ERROR % b"NoSuchUpload", 400),
        (ERROR % b"BadDigest", 400),
        (b"<Error/>", 500),
        (b"   ", 500),
        (b"<CompleteMultipart", 500),
    ],
)
def test_a_success_may_turn_out_to_be_a_failure(body: bytes, status: int) -> None:
    assert s3_xml.failed_late(answer(200, body)).status == status
    assert s3_xml.failed_late(answer(503, body)).status == 503


def test_a_field_is_found_whatever_its_namespace() -> None:
    assert s3_xml.field(b"<r><UploadId>a&amp;b</UploadId></r>", "UploadId") == "a&b"
    assert s3_xml.field(b"<r %s><UploadId>x</UploadId></r>" % NAMESPACE, "UploadId") == "x"
    assert s3_xml.field(b"<r><a><UploadId>x</UploadId></a></r>", "UploadId") is None


UPLOAD = b"<Upload><Key>%s</Key><UploadId>%s</UploadId></Upload>"


def test_a_page_leads_to_the_next() -> None:
    body = (
        b"<r><EncodingType>url</EncodingType><IsTruncated>true</IsTruncated>"
        b"<NextKeyMarker>a+b%2B</NextKeyMarker><NextUploadIdMarker>i%2B</NextUploadIdMarker>"
        + UPLOAD % (b"a+b%2B%C3%A4", b"i%2B")
        + b"</r>"
    )
    page = s3_xml.page(body, "Upload", FOLLOWING)
    assert page.rows == [{"Key": "a b+\u00e4", "UploadId": "i%2B"}]
    assert page.following == {"key-marker": "a b+", "upload-id-marker": "i%2B"}


def test_keys_are_read_as_they_are_where_nothing_is_encoded() -> None:
    page = s3_xml.page(b"<r>" + UPLOAD % (b"a+b%2B", b"i") + b"</r>", "Upload", FOLLOWING)
    assert page == ([{"Key": "a+b%2B", "UploadId": "i"}], {})


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"<!DOCTYPE x [<!ENTITY a 'aaaa'>]><x>&a;</x>",
        "<?xml version='1.0' encoding='utf-16'?><!DOCTYPE r []><r></r>".encode("utf-16"),
        b"<?xml version='1.0' encoding='no-such'?><!DOCTYPE r []><r></r>",
        b"<r><IsTruncated>true</IsTruncated></r>",
        b"<r><IsTruncated>true</IsTruncated>" + UPLOAD % (b"a", b"i") + b"</r>",
    ],
)
def test_a_list_that_is_none_or_leads_nowhere_is_refused(body: bytes) -> None:
    with pytest.raises(StorageUnavailable):
        s3_xml.page(body, "Upload", FOLLOWING)


@given(st.binary(max_size=200))
def test_no_bytes_break_the_reading(body: bytes) -> None:
    s3_xml.refused(answer(400, body))
    s3_xml.failed_late(answer(200, body))


def test_parts_are_written_as_s3_reads_them() -> None:
    written = s3_xml.completion([Part(1, '"a&b"'), Part(2, '"c"')])
    assert written == (
        b'<CompleteMultipartUpload xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
        b'<Part><PartNumber>1</PartNumber><ETag>"a&amp;b"</ETag></Part>'
        b'<Part><PartNumber>2</PartNumber><ETag>"c"</ETag></Part></CompleteMultipartUpload>'
    )
