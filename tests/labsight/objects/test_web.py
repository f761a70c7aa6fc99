"""Files on web servers: read by range in one version, whatever the server calls it."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from labsight.errors import (
    InvalidInput,
    NotPermitted,
    ObjectChanged,
    ObjectMissing,
    StorageUnavailable,
)
from labsight.objects import attempts, web
from labsight.objects.web import WebStore
from tests.support.range_server import Files, Odd, cut_short, failing, hanging_up, serving


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempts, "wait", lambda _: None)


@pytest.fixture
def files() -> Iterator[Files]:
    with serving(a=b"0123456789", empty=b"") as served:
        yield served


@pytest.fixture
def store(files: Files) -> WebStore:
    return WebStore({name: f"{files.url}/{name}" for name in ("a", "empty", "gone")})


def test_a_file_is_described_by_one_small_request(store: WebStore, files: Files) -> None:
    info = store.head("a")
    assert (info.key, info.size, info.etag) == ("a", 10, files.etag("/a").strip('"'))  # type: ignore[union-attr]
    assert info.modified.year == 1994
    assert [(asked[0], asked[2]["range"]) for asked in files.asked] == [("GET", "bytes=0-0")]
    assert store.head("empty").size == 0


def test_a_strange_date_does_not_keep_a_file_from_being_read(store: WebStore, files: Files) -> None:
    files.odd.append(failing(206, Content_Range="bytes 0-0/10", Last_Modified="lately"))
    assert store.head("a").modified.year == 1970


def test_parts_are_read_as_of_any_store(store: WebStore) -> None:
    etag = store.head("a").etag
    assert store.read("a", 3, 4, etag=etag) == b"3456"
    assert store.read("a", 8, 100) == b"89"
    assert store.read("a", 7) == b"789"
    assert store.read("a", 10, 5) == store.read("a", 3, 0) == store.read("a", 400) == b""
    assert [info.key for info in WebStore({}).walk()] == []


@pytest.mark.parametrize("etag", ['"one"', 'W/"one"', None])
def test_a_file_that_changed_is_refused(store: WebStore, files: Files, etag: str | None) -> None:
    files.etags["/a"] = etag
    version = store.head("a").etag
    assert store.read("a", 0, 2, etag=version) == b"01"
    files.etags["/a"] = '"two"'
    with pytest.raises(ObjectChanged, match="changed since"):
        store.read("a", 0, 2, etag=version)


@pytest.mark.parametrize(
    ("odd", "kind", "message"),
    [
        (failing(404), ObjectMissing, "no such file on the server"),
        (failing(410), ObjectMissing, "no such file"),
        (failing(401), NotPermitted, r"refuses to show it \(401\)"),
        (failing(403), NotPermitted, "may have expired"),
        (failing(405), StorageUnavailable, "answers 405"),
    ],
)
def test_a_refusal_is_told_at_once(
    store: WebStore,
    files: Files,
    odd: Odd,
    kind: type[Exception],
    message: str,
) -> None:
    files.odd.append(odd)
    with pytest.raises(kind, match=message):
        store.read("a", 0, 2)
    assert len(files.asked) == 1


def problem(status: int, body: bytes, kind: str = "application/problem+json") -> Odd:
    return lambda handler: handler.say(status, body, {"Content-Type": kind})


@pytest.mark.parametrize(
    ("status", "kind", "message"),
    [
        (404, ObjectMissing, "a: the server says: it is off; ask them"),
        (403, NotPermitted, r"a: the server refuses to show it \(403\): it is off; ask them"),
        (422, StorageUnavailable, "a: the server answers 422: it is off; ask them"),
    ],
)
def test_a_problem_is_told_in_the_words_of_the_server(
    store: WebStore, files: Files, status: int, kind: type[Exception], message: str
) -> None:
    files.odd.append(problem(status, b'{"detail": "it is off;\\u001b\\n ask \\u202ethem"}'))
    with pytest.raises(kind, match=f"^{message}$"):
        store.read("a", 0, 2)
    files.odd.append(problem(status, b'{"detail": "' + b"x" * 9000 + b'"}'))
    with pytest.raises(kind) as told:
        store.read("a", 0, 2)
    assert len(str(told.value)) < 400


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b'{"detail": "words"}', "application/json"),
        *((body, "application/problem+json") for body in (b"", b"[]", b'{"detail": 5}', b"\xff")),
    ],
)
def test_a_problem_of_another_shape_is_passed_over(
    store: WebStore, files: Files, body: bytes, kind: str
) -> None:
    files.odd.append(problem(404, body, kind))
    with pytest.raises(ObjectMissing, match=r"^a: no such file on the server$"):
        store.read("a", 0, 2)


@pytest.mark.parametrize("odd", [failing(503), failing(429), cut_short, hanging_up])
def test_what_may_pass_is_tried_again(store: WebStore, files: Files, odd: Odd) -> None:
    files.odd.extend([odd] * 3)
    assert store.read("a", 0, 8) == b"01234567"
    files.odd.extend([odd] * 9)
    with pytest.raises(StorageUnavailable, match="the server"):
        store.read("a", 0, 8)


def test_a_server_without_ranges_is_told_apart(store: WebStore, files: Files) -> None:
    files.ranges = False
    with pytest.raises(InvalidInput, match="does not send parts of files"):
        store.head("a")
    files.contents["/a"] = bytes(1 << 20)
    with pytest.raises(InvalidInput, match="download the file"):
        store.read("a", 0, 10)


@pytest.mark.parametrize(
    ("body", "told"), [(b"12345", "bytes 1-5/10"), (b"012", "bytes 0-2/10"), (b"01234", "bytes 0")]
)
def test_another_range_than_asked_for_is_refused(
    store: WebStore, files: Files, body: bytes, told: str
) -> None:
    files.odd.append(lambda handler: handler.say(206, body, {"Content-Range": told}))
    with pytest.raises((StorageUnavailable, InvalidInput), match=r"[Rr]ange"):
        store.read("a", 0, 5)


def test_redirects_are_followed_once_and_remembered(store: WebStore, files: Files) -> None:
    files.contents["/elsewhere"] = b"abcdefghij"
    files.odd.append(failing(302, Location="/elsewhere"))
    assert store.read("a", 0, 3) == b"abc"
    assert store.read("a", 3, 3) == b"def"
    assert [asked[1] for asked in files.asked] == ["/a", "/elsewhere", "/elsewhere"]
    files.odd.append(failing(403))  # the place that it led to has expired
    assert store.read("a", 0, 3) == b"012"


def test_redirects_that_lead_astray_are_not_followed(store: WebStore, files: Files) -> None:
    for location, message in (
        ("http://example.org/a", "use https"),
        ("ftp://x/y", "no address"),
        ("", "no address"),
    ):
        files.odd.append(failing(302, Location=location))
        with pytest.raises(InvalidInput, match=message):
            store.read("a", 0, 3)
    files.odd.extend([failing(307, Location=f"{files.url}/a")] * 20)
    with pytest.raises(StorageUnavailable, match="leads in circles"):
        store.read("a", 0, 3)
    assert len(files.asked) == 3 + web.MAX_REDIRECTS


def test_plain_http_is_for_this_machine_only() -> None:
    with pytest.raises(InvalidInput, match="use https"):
        WebStore({"a": "http://example.org/a?X-Amz-Signature=secret"})


def test_addresses_that_expired_are_renewed_once(files: Files) -> None:
    renewed = []

    def renew() -> dict[str, str]:
        renewed.append(1)
        return {"a": f"{files.url}/a?signed=new"}

    store = WebStore({"a": f"{files.url}/a?signed=old"}, renew)
    assert store.read("a", 0, 1) == b"0"
    files.odd.append(failing(403))
    assert store.read("a", 1, 1) == b"1"
    assert store.read("a", 2, 1) == b"2"
    assert [asked[1] for asked in files.asked[-2:]] == ["/a?signed=new"] * 2
    files.odd.extend([failing(403)] * 2)
    with pytest.raises(NotPermitted):
        store.read("a", 1, 1)
    assert len(renewed) == 2


def test_a_file_is_copied_whole_or_not_at_all(
    store: WebStore, files: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web, "_PIECE_BYTES", 4)
    store.download("a", tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == b"0123456789"
    for etag, odd in (("other", None), (None, failing(404))):
        if odd is not None:
            files.odd.extend([lambda handler: handler._give(), odd])
        with pytest.raises((ObjectChanged, ObjectMissing)):
            store.download("a", tmp_path / "none", etag=etag)
    assert [path.name for path in tmp_path.iterdir()] == ["copy"]


def test_nothing_is_written(store: WebStore) -> None:
    with pytest.raises(NotPermitted, match="only be read"):
        store.write("a", b"x")
    assert store.local_path("a") is None
    with pytest.raises(ObjectMissing):
        store.head("unknown")


def test_threads_share_a_store(store: WebStore) -> None:
    found: list[bytes] = []

    def work() -> None:
        found.extend(store.read("a", place, 3) for place in range(8))

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == sorted([b"0123456789"[n : n + 3] for n in range(8)] * 6)
