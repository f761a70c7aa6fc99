from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab.sync.checking.lab import Lab, labs


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    """A folder, its journal and its archive."""
    yield from labs(tmp_path)
