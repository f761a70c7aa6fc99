"""The S3 client of our own: signatures as AWS's, errors as boto3's store, nothing unbounded."""

import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotocoreCredentials
from hypothesis import given
from hypothesis import strategies as st

from labsight.errors import (
    InvalidInput,
    ObjectChanged,
    ObjectExists,
    ObjectMissing,
    SettingsError,
    StorageUnavailable,
)
from labsight.objects import attempts, connections, s3_http, s3_listing, sigv4
from labsight.objects.credentials import Credentials, Fixed
from labsight.objects.s3_errors import AccessDenied, WrongRegion
from labsight.objects.s3_http import HttpS3Store
from labsight.objects.sigv4 import Signer
from tests.support.certificates import self_signed, server_context
from tests.support.range_server import Files, Odd, cut_short, error, failing, hanging_up, serving

KEYS = Credentials("AKIDEXAMPLE", "secret")
ENTRY = (
    b"<r><Contents><Key>%s</Key><Size>%s</Size><ETag>e</ETag>"
    b"<LastModified>%s</LastModified></Contents></r>"
)
NOW = (2013, 5, 24, 0, 0, 0, 4, 144, 0)


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No settings of the machine, and no waiting between attempts."""
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(attempts, "wait", lambda _: None)


@pytest.fixture
def files() -> Iterator[Files]:
    with serving() as served:
        served.contents["/archive/a"] = b"0123456789"
        yield served


@pytest.fixture
def store(files: Files) -> HttpS3Store:
    return HttpS3Store("archive", "eu-central-1", Fixed(KEYS), files.url)


@pytest.mark.parametrize(("patience", "tried"), [(6.0, 2), (100.0, attempts.MAX_ATTEMPTS)])
def test_nothing_is_tried_again_when_patience_is_over(
    patience: float, tried: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]
    monkeypatch.setattr(attempts, "monotonic", lambda: now[0])
    begun = 0
    for _ in attempts.attempts(patience):
        begun += 1
        now[0] += 5  # what a server that cannot be reached takes
    assert begun == tried


def test_a_wait_can_be_ended_and_is_no_longer_for_being_watched(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    waits: list[float] = []
    monkeypatch.setattr(attempts, "wait", waits.append)
    monkeypatch.setattr("random.random", lambda: 1.0)
    assert list(attempts.attempts(most=5, tick=lambda: None)) == [0, 1, 2, 3, 4]
    assert sum(waits) == pytest.approx(1 + 2 + 4 + 8)
    assert max(waits) < 0.21

    def enough() -> None:
        raise KeyboardInterrupt

    tried = attempts.attempts(tick=enough)
    next(tried)
    with pytest.raises(KeyboardInterrupt):
        next(tried)


def test_a_signature_is_that_of_the_example_in_the_documentation(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html ."""
    monkeypatch.setattr("labsight.objects.sigv4.time.gmtime", lambda _: time.struct_time(NOW))
    keys = Credentials("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
    host = {"host": "examplebucket.s3.amazonaws.com"}
    signer = Signer("us-east-1")
    get = signer.request(keys, "GET", ("/test.txt", ""), {**host, "range": "bytes=0-9"})
    assert b"f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41" in get
    query = sigv4.encoded_query({"prefix": "J", "max-keys": "2"})
    listing = signer.request(keys, "GET", ("/", query), host)
    assert b"34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7" in listing


def botocore_signature(
    url: str, headers: dict[str, str], body: bytes, credentials: Credentials, region: str
) -> str:
    request = AWSRequest("PUT" if body else "GET", url, headers=headers, data=body)
    request.context["payload_signing_enabled"] = True
    held = BotocoreCredentials(*credentials)
    S3SigV4Auth(held, "s3", region).add_auth(request)
    return str(request.headers["Authorization"])


def test_the_clock_of_aws_is_signed_with_and_what_proxies_change_is_not() -> None:
    signer = Signer("us-east-1", offset=-3600.0)
    head = signer.request(KEYS, "GET", ("/a", ""), {"host": "h"}, unsigned="user-agent:x\r\n")
    [stamp] = [line for line in head.decode().split("\r\n") if line.startswith("x-amz-date:")]
    told = datetime.strptime(stamp, "x-amz-date:%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    assert abs(datetime.now(UTC).timestamp() - 3600 - told.timestamp()) < 60
    assert b"\r\nuser-agent:x\r\n" in head
    assert b"SignedHeaders=host;x-amz-content-sha256;x-amz-date," in head


def test_an_access_key_adds_no_header() -> None:
    keys = Credentials("AKIA\r\nx-amz-acl: public-read", "secret")
    with pytest.raises(InvalidInput, match="line break"):
        Signer("us-east-1").request(keys, "GET", ("/a", ""), {"host": "h"})


TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30)


@given(
    key=TEXT | st.text("ab /%+~&=?#:ä日'()*!$,;@", min_size=1, max_size=30),
    value=TEXT,
    body=st.binary(max_size=5),
    token=st.none() | st.just("to/ken+=="),
    region=st.sampled_from(["us-east-1", "eu-central-1"]),
)
def test_any_key_query_and_body_is_signed_as_botocore_signs_it(
    key: str, value: str, body: bytes, token: str | None, region: str
) -> None:
    now = datetime.now(UTC)
    credentials = Credentials("AKIDEXAMPLE", "se/cret", token)
    path, query = sigv4.encoded_path(f"/{key}"), sigv4.encoded_query({"prefix": value, "a": "b c"})
    headers = {"host": "archive.s3.amazonaws.com", "if-match": '"x"', "range": "bytes=0-9"}
    payload = sha256(body).hexdigest()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("labsight.objects.sigv4.time.gmtime", lambda _: now.timetuple())
        patch.setattr("botocore.auth.get_current_datetime", lambda: now.replace(tzinfo=None))
        ours = Signer(region).request(
            credentials, "PUT" if body else "GET", (path, query), headers, payload
        )
        url = f"https://archive.s3.amazonaws.com{path}?{query}"
        del headers["host"]
        theirs = botocore_signature(url, headers, body, credentials, region)
    assert f"authorization:{theirs}\r\n".encode() in ours


def test_a_key_of_a_day_is_derived_anew_for_the_next_day_and_another_secret(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def signed(signer: Signer, secret: str) -> bytes:
        credentials = Credentials("id", secret)
        return signer.request(credentials, "GET", ("/a", ""), {"host": "h"})

    used = Signer("us-east-1")
    for day, secret in ((24, "one"), (24, "two"), (25, "two"), (25, "two")):
        monkeypatch.setattr(
            "labsight.objects.sigv4.time.gmtime",
            lambda _, day=day: time.struct_time((2013, 5, day, *NOW[3:])),
        )
        assert signed(used, secret) == signed(Signer("us-east-1"), secret)


@pytest.mark.parametrize("key", ["b c", "100%", "a+b", "~x", "日本/ä", "a//b", "./a/../b", "?x#y"])
def test_a_key_reaches_the_server_as_it_is(store: HttpS3Store, files: Files, key: str) -> None:
    store.write(key, key.encode())
    assert files.contents[f"/archive/{key}"] == key.encode()
    assert store.read(key) == key.encode()


def test_a_ranged_read_is_one_request_for_those_bytes_of_that_version(
    store: HttpS3Store, files: Files
) -> None:
    etag = store.head("a").etag
    files.asked.clear()
    assert store.read("a", 3, 4, etag=etag) == b"3456"
    [(method, path, headers)] = files.asked
    assert (method, path) == ("GET", "/archive/a")
    assert (headers["range"], headers["if-match"]) == ("bytes=3-6", f'"{etag}"')
    assert store.read("a", 8, 100) == b"89"
    assert store.read("a", 10, 5) == b""


def test_requests_share_one_connection(store: HttpS3Store, files: Files) -> None:
    for number in range(10):
        assert store.read("a", number, 1) == b"%d" % number
    assert files.connections == 1


def test_threads_have_a_connection_each_and_right_answers(store: HttpS3Store, files: Files) -> None:
    files.contents["/archive/a"] = bytes(range(256)) * 40
    wrong: list[int] = []

    def work(start: int) -> None:
        content = files.contents["/archive/a"]
        places = range(start, 10000, 487)
        wrong.extend(p for p in places if store.read("a", p, 200) != content[p : p + 200])

    threads = [threading.Thread(target=work, args=(start,)) for start in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert files.connections <= 8


def test_a_connection_that_the_server_closed_is_replaced_at_once(
    store: HttpS3Store, files: Files
) -> None:
    store.read("a", 0, 1)
    files.odd.append(hanging_up)
    assert store.read("a", 1, 1) == b"1"
    assert len(files.asked) == 3
    assert files.connections == 2


def test_a_connection_kept_for_too_long_is_not_used_again(
    store: HttpS3Store, files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.read("a", 0, 1)
    monkeypatch.setattr(connections, "IDLE_SECONDS", -1.0)
    store.read("a", 0, 1)
    assert files.connections == 2


@pytest.mark.parametrize(
    "odd",
    [
        failing(500, "InternalError"),
        failing(503, "SlowDown"),
        failing(503),
        failing(429),
        failing(400, "RequestTimeout"),
        cut_short,
        hanging_up,
    ],
)
def test_what_may_pass_is_tried_again_up_to_four_times(
    store: HttpS3Store, files: Files, odd: Odd
) -> None:
    files.odd.extend([odd] * 3)
    assert store.read("a", 0, 8) == b"01234567"
    assert len(files.asked) == 4
    files.odd.extend([odd] * 9)
    with pytest.raises(StorageUnavailable, match="try again in a moment"):
        store.read("a", 0, 8)
    assert len(files.asked) <= 9  # a kept connection that dies is not counted


def test_a_server_that_is_not_there_is_unavailable() -> None:
    with serving() as gone:
        port = gone.port
    store = HttpS3Store("archive", "us-east-1", Fixed(KEYS), f"http://127.0.0.1:{port}")
    with pytest.raises(StorageUnavailable, match="try again"):
        store.head("a")


@pytest.mark.parametrize(
    ("odd", "kind", "message"),
    [
        (failing(404, "NoSuchKey"), ObjectMissing, "a: no such object"),
        (failing(404), ObjectMissing, "a: no such object"),
        (failing(412, "PreconditionFailed"), ObjectChanged, "changed since"),
        (failing(403, "AccessDenied"), AccessDenied, "try again"),
        (failing(403, "InvalidObjectState"), StorageUnavailable, "archive tier; restore"),
        (failing(403, "RequestTimeTooSkewed"), StorageUnavailable, "set the clock"),
        (failing(418, "Teapot"), StorageUnavailable, "try again"),
        (failing(301, "PermanentRedirect"), WrongRegion, "is in another region"),
        (
            failing(400, "AuthorizationHeaderMalformed", x_amz_bucket_region="us-west-2"),
            WrongRegion,
            "archive is in us-west-2, not in eu-central-1: set AWS_REGION",
        ),
        (failing(301, x_amz_bucket_region="evil\thost"), WrongRegion, "is in another region"),
    ],
)
def test_each_refusal_is_told_once_as_what_it_is(
    store: HttpS3Store, files: Files, odd: Odd, kind: type[Exception], message: str
) -> None:
    files.odd.append(odd)
    with pytest.raises(kind, match=message):
        store.read("a", 0, 5, etag="x")
    assert len(files.asked) == 1


def test_a_write_that_must_not_overwrite_does_not(store: HttpS3Store, files: Files) -> None:
    with pytest.raises(ObjectExists, match="it is not replaced"):
        store.write("a", b"new", if_absent=True)
    files.odd.append(failing(409, "ConditionalRequestConflict"))
    assert store.write("b", b"new", if_absent=True).size == 3


def test_a_body_is_hashed_into_the_signature(store: HttpS3Store, files: Files) -> None:
    store.write("b", b"body", content_type="image/jpeg", metadata={"Made": "here"})
    headers = files.asked[-1][2]
    assert headers["x-amz-content-sha256"] == sha256(b"body").hexdigest()
    assert headers["content-type"] == "image/jpeg"
    assert "x-amz-meta-made" in headers["authorization"]
    assert files.bodies[-1] == b"body"


@pytest.mark.parametrize("value", ["a\nx-amz-acl:public-read", "a\rb", "ä"])
def test_what_would_become_another_header_is_refused(
    store: HttpS3Store, files: Files, value: str
) -> None:
    with pytest.raises(InvalidInput, match="header"):
        store.write("b", b"x", content_type=value)
    with pytest.raises(InvalidInput, match="header"):
        store.read("a", etag=value)
    with pytest.raises(InvalidInput, match="metadata"):
        store.write("b", b"x", metadata={value: "x"})
    assert files.asked == []


def test_answers_that_do_not_fit_the_question_are_refused(store: HttpS3Store, files: Files) -> None:
    files.odd.append(lambda handler: handler.say(200, b"0123456789"))
    files.odd.append(lambda handler: handler.say(206, b"3456", {"Content-Range": "bytes 3-6/10"}))
    files.odd.append(
        lambda handler: handler.say(206, b"0123456789", {"Content-Range": "bytes 0-9/10"})
    )
    for _ in range(3):
        with pytest.raises(StorageUnavailable, match="does not answer as it should"):
            store.read("a", 0, 4)
    assert len(files.asked) == 3


def test_a_body_longer_than_asked_for_is_not_taken_in(store: HttpS3Store, files: Files) -> None:
    huge = {"Content-Length": str(1 << 40), "Content-Range": "bytes 0-9/10"}
    files.odd.append(lambda handler: handler.say(206, b"x", huge))
    with pytest.raises(StorageUnavailable):
        store.read("a", 0, 10)


def test_a_download_goes_on_where_it_broke_off_and_leaves_no_half(
    store: HttpS3Store, files: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(s3_http, "PIECE_BYTES", 4)
    files.odd.extend([failing(503), failing(503)])
    store.download("a", tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == b"0123456789"
    files.odd.extend([failing(200, Content_Length="10", ETag='"x"', Last_Modified="never")])
    with pytest.raises(StorageUnavailable, match="never"):
        store.download("a", tmp_path / "other")
    with pytest.raises(ObjectChanged):
        store.download("a", tmp_path / "other", etag="old")
    assert [path.name for path in tmp_path.iterdir()] == ["copy"]


def test_expired_credentials_are_asked_for_again(files: Files) -> None:
    class Two:
        forgotten = 0

        def current(self) -> Credentials:
            return Credentials(f"key{self.forgotten}", "secret")

        def forget(self) -> None:
            self.forgotten += 1

    files.odd.append(failing(400, "ExpiredToken"))
    store = HttpS3Store("archive", "us-east-1", Two(), files.url)
    assert store.read("a", 0, 2) == b"01"
    assert [asked[2]["authorization"].split("/")[0][-4:] for asked in files.asked] == [
        "key0",
        "key1",
    ]


def test_expired_credentials_without_others_are_refused_at_once(
    store: HttpS3Store, files: Files
) -> None:
    files.odd.extend([failing(400, "ExpiredToken")] * 4)
    with pytest.raises(AccessDenied):
        store.read("a", 0, 2)
    assert len(files.asked) == 1


def test_without_credentials_nothing_is_signed(files: Files) -> None:
    store = HttpS3Store("archive", "us-east-1", Fixed(None), files.url)
    assert store.read("a", 0, 2) == b"01"
    assert "authorization" not in files.asked[0][2]


@pytest.mark.parametrize(
    ("bucket", "region", "settings", "host", "path"),
    [
        ("archive", "eu-west-1", {}, "archive.s3.eu-west-1.amazonaws.com", ""),
        ("ar.chive", "eu-west-1", {}, "s3.eu-west-1.amazonaws.com", "/ar.chive"),
        ("archive", "cn-north-1", {}, "archive.s3.cn-north-1.amazonaws.com.cn", ""),
        ("archive", "eusc-de-east-1", {}, "archive.s3.eusc-de-east-1.amazonaws.eu", ""),
        (
            "archive",
            "us-east-1",
            {"AWS_USE_FIPS_ENDPOINT": "true", "AWS_USE_DUALSTACK_ENDPOINT": "TRUE"},
            "archive.s3-fips.dualstack.us-east-1.amazonaws.com",
            "",
        ),
        ("archive", "x-1", {"AWS_ENDPOINT_URL": "https://minio:9000"}, "minio:9000", "/archive"),
        (
            "archive",
            "x-1",
            {"AWS_ENDPOINT_URL_S3": "http://[::1]:9000/", "AWS_ENDPOINT_URL": "https://other"},
            "[::1]:9000",
            "/archive",
        ),
        (
            "archive",
            "us-east-2",
            {"AWS_ENDPOINT_URL": "https://x", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"},
            "archive.s3.us-east-2.amazonaws.com",
            "",
        ),
    ],
)
def test_a_bucket_is_addressed_as_aws_and_look_alikes_want_it(
    bucket: str,
    region: str,
    settings: dict[str, str],
    host: str,
    path: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    store = HttpS3Store(bucket, region, Fixed(KEYS))
    assert (store._host, store._path) == (host, path)


@pytest.mark.parametrize(
    ("arguments", "kind", "message"),
    [
        (("Archive", None, None), InvalidInput, "'Archive' is no name of a bucket"),
        (("evil.com/a", None, None), InvalidInput, "no name of a bucket"),
        (("archive", "eu west", None), SettingsError, "AWS_REGION is 'eu west'"),
        (("archive", None, "ftp://x"), SettingsError, "address of the object store"),
        (("archive", None, "http://me:word@x"), SettingsError, "'http://x' is no address"),
        (("archive", None, "http://x/path"), SettingsError, "give the server alone"),
    ],
)
def test_settings_that_make_no_sense_are_named(
    arguments: tuple[str, str | None, str | None], kind: type[Exception], message: str
) -> None:
    bucket, region, endpoint = arguments
    with pytest.raises(kind, match=message):
        HttpS3Store(bucket, region, Fixed(KEYS), endpoint)


def test_a_page_of_a_listing_is_read_whatever_namespace_it_has() -> None:
    date = b"2020-01-01T00:00:00.000Z"
    plain = ENTRY % (b"a+b%2Bc%20", b"7", date)
    named = plain.replace(b"<r>", b'<r xmlns="http://s3.amazonaws.com/doc/2006-03-01/">')
    for page in (s3_listing.parse(plain), s3_listing.parse(named)):
        [info] = page.objects
        assert (info.key, info.size, info.etag) == ("a b+c ", 7, "e")
        assert info.modified == datetime(2020, 1, 1, tzinfo=UTC)
        assert page.continuation is None


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"<!DOCTYPE x [<!ENTITY a 'aaaa'>]><x>&a;</x>",
        "<?xml version='1.0' encoding='utf-16'?><!DOCTYPE r []><r></r>".encode("utf-16"),
        b"<r><IsTruncated>true</IsTruncated></r>",
        b"<r><Contents><Key>a</Key></Contents></r>",
        ENTRY % (b"%FF", b"1", b"2020-01-01T00:00:00Z"),
        ENTRY % (b"a", b"x", b"2020-01-01T00:00:00Z"),
        ENTRY % (b"a", b"1", b"yesterday"),
    ],
)
def test_a_listing_that_is_none_is_refused(body: bytes) -> None:
    with pytest.raises(StorageUnavailable, match="listing cannot be read"):
        s3_listing.parse(body)


def test_an_error_page_of_a_proxy_is_no_code(store: HttpS3Store, files: Files) -> None:
    files.odd.append(lambda handler: handler.say(407, b"<html>" + error("Bad code!")))
    with pytest.raises(StorageUnavailable, match="try again"):
        store.read("a")


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    return self_signed(tmp_path / "certificate.pem", "localhost")


def test_a_server_that_cannot_be_trusted_is_told_nothing(
    certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_CA_BUNDLE", raising=False)
    with serving(server_context(certificate)) as files:
        files.contents["/archive/a"] = b"0123456789"
        endpoint = f"https://localhost:{files.port}"
        store = HttpS3Store("archive", "us-east-1", Fixed(KEYS), endpoint)
        with pytest.raises(StorageUnavailable, match=r"cannot be trusted.*AWS_CA_BUNDLE"):
            store.read("a", 0, 2)
        assert files.asked == []
        monkeypatch.setenv("AWS_CA_BUNDLE", str(certificate))
        assert store.read("a", 0, 2) == b"01"
        assert store.read("a", 2, 2) == b"23"
        assert files.connections == 1
        store.close()
        other = HttpS3Store(
            "archive", "us-east-1", Fixed(KEYS), endpoint.replace("localhost", "127.0.0.1")
        )
        with pytest.raises(StorageUnavailable, match="cannot be trusted"):
            other.read("a", 0, 2)
        monkeypatch.setenv("AWS_CA_BUNDLE", "/nowhere.pem")
        with pytest.raises(SettingsError, match="AWS_CA_BUNDLE is '/nowhere"):
            store.read("a", 0, 2)
