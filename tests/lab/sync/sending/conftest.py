"""Folders to send from."""

from pathlib import Path

import pytest

from labsight_lab.sync.sending import body, one_file, parts
from tests.lab.sync.sending.lab import Lab


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files of over 4,000 bytes go in parts of 1,000."""
    monkeypatch.setattr(one_file, "PART_SIZE", 4000)
    monkeypatch.setattr(parts, "part_size", lambda _: 1000)
    monkeypatch.setattr(body, "BLOCK", 1000)
    monkeypatch.setattr(parts, "AT_A_TIME", 1)  # so that the n-th request is always the same one


@pytest.fixture
def lab(tmp_path: Path, small_parts: None) -> Lab:  # noqa: ARG001 - what is small with it
    """A folder, its journal and its archive, with small parts."""
    return Lab(tmp_path)
