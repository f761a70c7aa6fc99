"""What a lab's people and machines may do in the archive: a set of grants for each kind of work.

Each set is what commands of `labsight` call and nothing else; docs/sync-credentials.md says who is
given which.
"""

from dataclasses import dataclass

from pulumi import Output

from components.archive import Archive
from components.iam import Grant
from components.place import Place
from components.queue import Queue


@dataclass(frozen=True, kw_only=True)
class LabRights:
    """Rights to the objects under one prefix of an archive, such as ``slides/scanner-1/``."""

    archive: Archive
    place: Place
    prefix: str

    def __post_init__(self) -> None:
        if not self.prefix.endswith("/"):
            raise ValueError(f"prefix: ends with / so that it is a folder, got {self.prefix!r}")

    def send(self) -> tuple[Grant, ...]:
        """Allow `labsight sync`: add objects, and go on with uploads that were broken off.

        PutObject alone could replace an object: that is refused by the bucket itself, to everybody
        who does not ask for the contrary. An ACL, tags or a lock sent along with an object would
        each take a right of its own, which is not here. Nothing reads, lists or deletes an object;
        AbortMultipartUpload drops parts that are no object yet.
        """
        objects = ("s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts")
        return (
            Grant(objects, (self._objects("*"),)),
            # It tells the keys of all open uploads: S3 knows no condition that would limit it to
            # the prefix. https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html
            Grant(("s3:ListBucketMultipartUploads",), (self.archive.arn,)),
            # An object of several parts is read again when it is put together.
            *self._key("kms:GenerateDataKey", "kms:Decrypt"),
        )

    def verify(self) -> tuple[Grant, ...]:
        """Allow `labsight verify` and `clean`: read objects and their checksums, list their keys.

        S3 has no right to a checksum without the content: HEAD takes GetObject, and with the
        checksum of an object that an own key encrypts Decrypt as well. To whoever may list only
        under a prefix, S3 answers 403 for a missing object, too, because that check of its own
        carries no prefix. Whether one is missing or out of reach is told by listing its key: so
        the names of what lies under other prefixes, people's results among it, stay hidden.
        https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html
        """
        return (*self._read(), *self._key("kms:Decrypt"))

    def register(self, imports: Queue, manifest: str) -> tuple[Grant, ...]:
        """Allow `labsight register`, and what ``verify`` does: it looks before it tells.

        It puts keys on the queue of what is to be imported, and closes a folder that came another
        way by adding its ``manifest`` (the name of that file); it adds no slide. The queue is
        encrypted with SQS's own key, which takes no right.
        """
        return (
            *self._read(),
            Grant(("s3:PutObject",), (self._objects(f"*/{manifest}"),)),
            *self._key("kms:GenerateDataKey", "kms:Decrypt"),
            imports.send(),
        )

    def _read(self) -> tuple[Grant, ...]:
        return (
            Grant(("s3:GetObject",), (self._objects("*"),)),
            self.archive.list(self.prefix),
        )

    def _key(self, *actions: str) -> tuple[Grant, ...]:
        """Allow S3 to use the archive's own key, if it has one, for these credentials.

        https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html
        """
        key = self.archive.key
        if key is None:
            return ()
        through_s3 = {"StringEquals": {"kms:ViaService": f"s3.{self.place.region}.amazonaws.com"}}
        return (Grant(actions, (key.arn,), through_s3),)

    def _objects(self, names: str) -> Output[str]:
        return Output.concat(self.archive.arn, "/", self.prefix, names)
