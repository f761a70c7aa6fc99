"""The bytes of an object, read back."""

from collections.abc import Callable, Iterator

from awscrt.checksums import crc64nvme

from labsight.errors import StorageUnavailable
from labsight.slides.units import MAX_BYTES
from labsight_lab.sync.checking.asking import Asker
from labsight_lab.sync.sending.archive import Stored


def crc64_of(asker: Asker, key: str, stored: Stored, moved: Callable[[int], None]) -> int:
    """Return the CRC-64/NVME of an object's bytes; ``moved`` hears of each block."""
    crc64 = 0
    for block in _blocks(asker, key, stored, moved):
        crc64 = crc64nvme(block, crc64)
    return crc64


def unit_of(
    asker: Asker, key: str, stored: Stored, moved: Callable[[int], None]
) -> tuple[bytes, int]:
    """Return the bytes of a ``unit.json`` and their CRC-64; raise StorageUnavailable."""
    if stored.size > MAX_BYTES:
        raise StorageUnavailable(f"{key} has {stored.size:,} bytes: no unit.json is so long")
    content = b"".join(_blocks(asker, key, stored, moved))
    return content, crc64nvme(content)


def _blocks(
    asker: Asker, key: str, stored: Stored, moved: Callable[[int], None]
) -> Iterator[bytes]:
    count = 0
    moved(0)
    for block in asker.blocks(key, stored.etag):
        moved(len(block))
        yield block
        count += len(block)
    if count != stored.size:
        raise StorageUnavailable(f"{key}: the archive gave {count:,} of {stored.size:,} bytes")
