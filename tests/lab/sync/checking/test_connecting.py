from dataclasses import replace

import pytest

from labsight.errors import SettingsError
from labsight_lab.sync.checking.connecting import open_asker, open_store, rights_told
from labsight_lab.sync.sending.archive import Denied
from tests.lab.sync.checking.lab import Lab
from tests.support.scripted_server import Peer, scripted

LISTED = (
    "<ListBucketResult><IsTruncated>false</IsTruncated><Contents><Key>slides/s/there.svs</Key>"
    "<Size>1</Size><ETag>e</ETag><LastModified>2026-01-01T00:00:00Z</LastModified></Contents>"
    "</ListBucketResult>"
)


def abroad(peer: Peer) -> None:
    """A bucket in another region than anybody says, of which only the list may be seen."""
    while True:
        head = peer.request()
        if "/eu-west-3/s3/" not in head:
            peer.answer(400, x_amz_bucket_region="eu-west-3")
        elif "list-type=2" in head:
            peer.answer(200, LISTED)
        else:
            peer.answer(403)


def test_a_bucket_is_found_wherever_it_is(aws: None) -> None:  # noqa: ARG001
    with scripted(abroad) as server:
        store = open_store("archive", profile=None, region="us-east-1", endpoint=server.url)
        assert [one.key for one in store.walk("slides/")] == ["slides/s/there.svs"]


def test_credentials_are_needed(aws: None, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: ARG001
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(SettingsError, match="no usable AWS credentials"):
        open_store("archive", profile=None, region=None, endpoint="http://127.0.0.1:9")


def test_missing_is_told_from_forbidden(aws: None, lab: Lab) -> None:  # noqa: ARG001
    with scripted(abroad, abroad) as server:
        target = replace(lab.target, profile=None, region="us-east-1", endpoint=server.url)
        asker = open_asker(target, 1)
        assert asker.head("slides/s/missing.svs") is None
        with pytest.raises(Denied):
            asker.head("slides/s/there.svs")


def test_whose_rights_they_are_is_told() -> None:
    with pytest.raises(SettingsError, match=r"profile 'me'.*`verifier`"), rights_told("me"):
        raise Denied("AWS does not allow it")
    with pytest.raises(SettingsError, match="the credentials in use"), rights_told(None):
        raise Denied("AWS does not allow it")
