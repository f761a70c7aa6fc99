"""What every object store must do, run against all of them."""

from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from moto import mock_aws

from labsight.errors import InvalidInput, ObjectChanged, ObjectExists, ObjectMissing
from labsight.objects import ObjectStore
from labsight.objects.credentials import Credentials, Fixed
from labsight.objects.folder import FolderStore
from labsight.objects.memory import MemoryStore
from labsight.objects.s3 import S3Store
from labsight.objects.s3_http import HttpS3Store
from labsight.objects.split import SplitStore
from local.moto_server import embedded_aws


@pytest.fixture(params=["memory", "folder", "s3", "s3 by http", "split"])
def store(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[ObjectStore]:
    if request.param == "s3":
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            monkeypatch.setenv(name, "testing")
        with mock_aws():
            client = boto3.client("s3", region_name="us-east-1")
            client.create_bucket(Bucket="archive")
            yield S3Store("archive", client)
            client.close()
        return
    if request.param == "s3 by http":
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            monkeypatch.setenv(name, "testing")
        with embedded_aws() as endpoint:
            client = boto3.client("s3", region_name="us-east-1", endpoint_url=endpoint)
            client.create_bucket(Bucket="archive")
            client.close()
            own = HttpS3Store("archive", "us-east-1", Fixed(Credentials("id", "secret")), endpoint)
            yield own
            own.close()
        return
    stores: dict[str, ObjectStore] = {
        "memory": MemoryStore(),
        "folder": FolderStore(tmp_path / "root"),
        "split": SplitStore({"a/": MemoryStore(), "b/": FolderStore(tmp_path / "b")}),
    }
    yield stores[request.param]


def test_what_was_written_is_read_whole_and_in_parts(store: ObjectStore) -> None:
    store.write("a/b.bin", b"0123456789")
    assert store.read("a/b.bin") == b"0123456789"
    assert store.read("a/b.bin", 3, 4) == b"3456"
    assert store.read("a/b.bin", 7) == b"789"
    assert store.read("a/b.bin", 8, 100) == b"89"


def test_reading_beyond_the_end_or_nothing_gives_nothing(store: ObjectStore) -> None:
    store.write("a/b", b"0123")
    assert store.read("a/b", 4, 10) == b""
    assert store.read("a/b", 400) == b""
    assert store.read("a/b", 2, 0) == b""


def test_head_tells_size_and_a_version_that_changes_with_the_content(store: ObjectStore) -> None:
    first = store.write("a/b", b"one")
    assert store.head("a/b").etag == first.etag
    assert store.head("a/b").size == 3
    assert store.write("a/b", b"other").etag != first.etag


def test_head_tells_the_metadata_by_names_in_small_letters(store: ObjectStore) -> None:
    told = {"Labsight-Case-Id": "S26-1%20%C3%A4", "mtime-ns": "17"}
    store.write("a/b", b"one", metadata=told)
    store.write("a/c", b"one")
    lower = {name.lower(): value for name, value in told.items()}
    keeps_none = isinstance(store, FolderStore)
    assert store.head("a/b").metadata == ({} if keeps_none else lower)
    assert store.head("a/c").metadata == {}
    assert len({store.head("a/b"), store.head("a/c")}) == 2


def test_a_missing_object_is_named(store: ObjectStore) -> None:
    for call in (store.head, store.read):
        with pytest.raises(ObjectMissing, match="a/nothing"):
            call("a/nothing")


def test_a_read_of_another_version_is_refused(store: ObjectStore) -> None:
    old = store.write("a/b", b"one")
    store.write("a/b", b"something else")
    with pytest.raises(ObjectChanged):
        store.read("a/b", 0, 2, etag=old.etag)


def test_a_write_that_must_not_overwrite_does_not(store: ObjectStore) -> None:
    store.write("a/b", b"one", if_absent=True)
    with pytest.raises(ObjectExists, match="a/b"):
        store.write("a/b", b"two", if_absent=True)
    assert store.read("a/b") == b"one"


def test_walk_yields_all_keys_in_order_and_from_any_place(store: ObjectStore) -> None:
    names = [f"a/{number:04}" for number in range(1005)]
    for name in reversed(names):
        store.write(name, b"x")
    store.write("b/other", b"x")
    assert [info.key for info in store.walk("a/")] == names
    assert [info.key for info in store.walk("a/", after="a/1001")] == names[1002:]
    assert [info.key for info in store.walk()][-1] == "b/other"


def test_download_gives_the_file_or_leaves_none(store: ObjectStore, tmp_path: Path) -> None:
    info = store.write("a/b", b"content" * 1000)
    target = tmp_path / "copy"
    store.download("a/b", target, etag=info.etag)
    assert target.read_bytes() == b"content" * 1000
    with pytest.raises(ObjectChanged):
        store.download("a/b", tmp_path / "none", etag="0" * 32)
    with pytest.raises(ObjectMissing):
        store.download("a/c", tmp_path / "none")
    assert not list(tmp_path.glob("none*"))


def test_odd_keys_are_kept_as_they_are(store: ObjectStore) -> None:
    for key in ("a/with space", "a/%2E%2E/up", "a/日本.svs", "a/" + "x" * 200):
        store.write(key, key.encode())
        assert store.read(key) == key.encode()


@pytest.mark.parametrize("key", ["../out", "a/../../out", "/etc/passwd", "", "a\0b"])
def test_a_folder_is_never_left(key: str, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("secret")
    folder = FolderStore(tmp_path / "root")
    with pytest.raises(InvalidInput):
        folder.read(key)
    with pytest.raises(InvalidInput):
        folder.write(key, b"x")


def test_a_link_out_of_a_folder_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    root = tmp_path / "root"
    root.mkdir()
    (root / "link").symlink_to(tmp_path / "secret")
    folder = FolderStore(root)
    assert list(folder.walk()) == []
    with pytest.raises(InvalidInput):
        folder.read("link")
