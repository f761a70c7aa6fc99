"""CRC-64/NVME, the checksum that S3 keeps for a whole object however it was sent.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html

The library takes 0.05 s to load, and most runs find nothing to sum up.
"""


def crc64(data: bytes | bytearray | memoryview, before: int = 0) -> int:
    """Return the checksum of bytes, given that of all bytes before them."""
    from awscrt.checksums import crc64nvme  # noqa: PLC0415 - see above

    return crc64nvme(data, before)


def combined(first: int, second: int, length: int) -> int:
    """Return the checksum of two stretches together, of which the second has ``length`` bytes."""
    from awscrt.checksums import combine_crc64nvme  # noqa: PLC0415 - see above

    return combine_crc64nvme(first, second, length)
