"""Putting the installers where workstations fetch them; repeating it sends only what is new."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from labsight.errors import NotFound
from labsight.keys import TOOLS
from labsight_lab.desktop import tools
from labsight_lab.desktop.aws import explained
from labsight_lab.desktop.tools import MANIFEST, Staged, Tool
from labsight_lab.text import size

_ABSENT = {"404", "NoSuchKey"}


class Stage:
    """Sends files to one archive's bucket and writes the list last, when all of them are there."""

    def __init__(self, s3: Any, bucket: str, say: Callable[[str], None]) -> None:
        self._s3, self._bucket, self._say = s3, bucket, say

    def send(self, folder: Path) -> list[Tool]:
        """Stage what the folder holds; return what its kinds of workstation still lack."""
        found = tools.recognised(folder)
        listed = {(one.kind, one.name): one for one in self._listed()}
        before = dict(listed)
        for tool, file in found.items():
            entry = tools.hashed(tool, file)
            if self._holds(entry):
                self._say(f"{file.name}: already there")
            else:
                self._say(f"{file.name}: sending {size(entry.bytes)}")
                self._upload(file, entry)
            listed[entry.kind, entry.name] = entry
        if listed != before:
            self._write(list(listed.values()))
        return tools.lacking(listed.values(), {tool.kind for tool in found})

    def _listed(self) -> list[Staged]:
        # S3 tells of a missing object only those who may list.
        try:
            with explained(f"s3:GetObject and s3:ListBucket on {self._bucket}"):
                answer = self._get()
        except NotFound as error:
            raise NotFound(
                f"there is no bucket {self._bucket!r}; the name is the stack's output "
                "archive_bucket"
            ) from error
        return tools.read(answer) if answer is not None else []

    def _get(self) -> bytes | None:
        try:
            answer = self._s3.get_object(Bucket=self._bucket, Key=MANIFEST)
        except ClientError as error:
            if error.response["Error"]["Code"] in _ABSENT:
                return None
            raise
        data: bytes = answer["Body"].read(tools.LARGEST_MANIFEST)
        return data

    def _holds(self, entry: Staged) -> bool:
        """Say whether the whole file is there; its key holds its hash, and S3 checked the rest."""
        with explained(f"s3:GetObject on {self._bucket}/{TOOLS}"):
            return self._size(entry.key) == entry.bytes

    def _size(self, key: str) -> int | None:
        try:
            return int(self._s3.head_object(Bucket=self._bucket, Key=key)["ContentLength"])
        except ClientError as error:
            if error.response["Error"]["Code"] in _ABSENT:
                return None
            raise

    def _upload(self, file: Path, entry: Staged) -> None:
        with explained(f"s3:PutObject on {self._bucket}/{TOOLS}"), file.open("rb") as stream:
            self._s3.upload_fileobj(
                stream,
                self._bucket,
                entry.key,
                ExtraArgs={"ChecksumAlgorithm": "SHA256", "Metadata": {"sha256": entry.sha256}},
            )

    def _write(self, listed: list[Staged]) -> None:
        with explained(f"s3:PutObject on {self._bucket}/{MANIFEST}"):
            self._s3.put_object(
                Bucket=self._bucket,
                Key=MANIFEST,
                Body=tools.written(listed),
                ContentType="application/json",
            )
        self._say(f"{MANIFEST}: {len(listed)} tools; a running desktop installs them within 15 min")
