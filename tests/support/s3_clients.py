"""What tests of the stand-in for S3 share: AWS's own client, and uploads made with it."""

import base64
import socket
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from awscrt import checksums
from botocore.config import Config
from botocore.exceptions import ClientError

from labsight.objects.credentials import Credentials
from labsight.objects.sigv4 import Signer
from tests.support.s3_server import S3

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

MIB = 1 << 20
DATA = bytes(range(256)) * 4096  # 1 MiB
KEY = "slides/scanner-1/Müller 1.svs"


def crc64(data: bytes) -> str:
    return base64.b64encode(checksums.crc64nvme(data).to_bytes(8, "big")).decode()


def client_of(s3: S3, **settings: Any) -> "S3Client":
    return boto3.client(
        "s3",
        endpoint_url=s3.url,
        region_name="us-east-1",
        aws_access_key_id=settings.pop("key", "testing"),
        aws_secret_access_key=settings.pop("secret", "testing"),
        config=Config(retries={"total_max_attempts": settings.pop("attempts", 1)}, **settings),
    )


def put(client: "S3Client", key: str = KEY, data: bytes = DATA, **more: Any) -> Any:
    return client.put_object(Bucket="archive", Key=key, Body=data, **more)


def refused(code: str, call: Callable[..., Any], **arguments: Any) -> dict[str, Any]:
    """Call, and return the answer that was a refusal of that kind."""
    with pytest.raises(ClientError) as error:
        call(**arguments)
    assert error.value.response["Error"]["Code"] == code
    return dict(error.value.response)


def begun(client: "S3Client", key: str = KEY, parts: int = 3, **more: Any) -> tuple[str, list[Any]]:
    """Open an upload with parts of 1 MiB."""
    upload = client.create_multipart_upload(
        Bucket="archive", Key=key, ChecksumAlgorithm="CRC64NVME", **more
    )["UploadId"]
    sent = []
    for number in range(1, parts + 1):
        part = client.upload_part(
            Bucket="archive",
            Key=key,
            UploadId=upload,
            PartNumber=number,
            Body=DATA,
            ChecksumCRC64NVME=crc64(DATA),
        )
        sent.append({"PartNumber": number, "ETag": part["ETag"]})
    return upload, sent


def completing(upload: str, parts: list[Any], **more: Any) -> dict[str, Any]:
    whole = DATA * len(parts)
    return {
        "Bucket": "archive",
        "Key": KEY,
        "UploadId": upload,
        "MultipartUpload": {"Parts": parts},
        "IfNoneMatch": "*",
        "ChecksumCRC64NVME": crc64(whole),
        "ChecksumType": "FULL_OBJECT",
        "MpuObjectSize": len(whole),
    } | more


def sent(s3: S3, key: str, headers: dict[str, str], body: bytes) -> bytes:
    """Send a request as labsight's own client signs it, and return the answer as it came."""
    told = {"host": f"127.0.0.1:{s3.port}", **headers}
    if "transfer-encoding" not in headers:
        told["content-length"] = str(len(body))
    head = Signer("us-east-1").request(
        Credentials("testing", "testing"),
        "PUT",
        (f"/archive/{key}", ""),
        told,
        "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
    )
    with socket.create_connection(("127.0.0.1", s3.port)) as connection:
        connection.sendall(head + body)
        return connection.recv(1 << 16)
