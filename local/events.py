"""Feeds declared queues to declared functions, as Lambda's event source mappings do."""

import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from local.errors import FunctionFailed
from local.functions import Pool
from local.moto_server import Cloud
from local.process import Log

if TYPE_CHECKING:  # the stubs are a development dependency
    from mypy_boto3_sqs.type_defs import MessageTypeDef

SQS_BATCH = 10  # messages that one receive can give
POLL_SECONDS = 1  # how long a stop may have to wait
RETRY_SECONDS = 1.0


@dataclass(frozen=True, kw_only=True)
class Source:
    """A queue that feeds a function, as the program declared it."""

    name: str
    queue_url: str
    queue_arn: str
    batch_size: int = SQS_BATCH
    reports_failures: bool = False


class Poller:
    """Receives from one queue and hands batches to one function until it is stopped.

    One thread receives, because moto may give a message to two that ask at the same moment; as many
    batches are under way as the function has processes.
    """

    def __init__(self, source: Source, pool: Pool, cloud: Cloud, log: Log) -> None:
        self._source = source
        self._pool = pool
        self._cloud = cloud
        self._log = log
        self._stopping = threading.Event()
        self._free = threading.Semaphore(pool.size)
        self._batches = ThreadPoolExecutor(pool.size, thread_name_prefix=f"batch-{source.name}")
        self.returned = 0  # messages that went back to the queue
        self._counting = threading.Lock()
        self._receiver = threading.Thread(target=self._receive_all, name=f"poll-{source.name}")

    def start(self) -> None:
        """Begin to receive."""
        self._receiver.start()

    def stop(self) -> None:
        """Receive no more; batches under way end with their function's process."""
        self._stopping.set()
        self._free.release()
        self._receiver.join()
        self._batches.shutdown(wait=False)

    def _receive_all(self) -> None:
        while True:
            self._free.acquire()
            if self._stopping.is_set():
                return
            messages = self._receive()
            if messages:
                self._batches.submit(self._process, messages)
            else:
                self._free.release()

    def _receive(self) -> Sequence["MessageTypeDef"]:
        try:
            answer = self._cloud.sqs.receive_message(
                QueueUrl=self._source.queue_url,
                MaxNumberOfMessages=min(self._source.batch_size, SQS_BATCH),
                WaitTimeSeconds=POLL_SECONDS,
                MessageSystemAttributeNames=["All"],
                MessageAttributeNames=["All"],
            )
        except (BotoCoreError, ClientError) as error:
            self._log(f"{self._source.name}: receiving: {error}")
            self._stopping.wait(RETRY_SECONDS)
            return ()
        return answer.get("Messages", ())

    def _process(self, messages: Sequence["MessageTypeDef"]) -> None:
        try:
            done = self._delivered(messages)
            with self._counting:
                self.returned += len(messages) - len(done)
            if done:
                self._cloud.sqs.delete_message_batch(
                    QueueUrl=self._source.queue_url,
                    Entries=[
                        {"Id": str(n), "ReceiptHandle": message["ReceiptHandle"]}
                        for n, message in enumerate(done)
                    ],
                )
        except (BotoCoreError, ClientError) as error:
            self._log(f"{self._source.name}: deleting: {error}")
        finally:
            self._free.release()

    def _delivered(self, messages: Sequence["MessageTypeDef"]) -> Sequence["MessageTypeDef"]:
        """Hand a batch to the function; return the messages that it is done with."""
        records = [self._record(message) for message in messages]
        try:
            answer = self._pool.invoke({"Records": records})
            failed = failed_ids(answer, [record["messageId"] for record in records])
        except FunctionFailed as error:
            if not self._stopping.is_set():
                self._log(f"{error}; {len(messages)} message(s) go back to {self._source.name}")
            return ()
        if not self._source.reports_failures:
            return messages
        return [message for message in messages if message["MessageId"] not in failed]

    def _record(self, message: "MessageTypeDef") -> dict[str, Any]:
        return {
            "messageId": message["MessageId"],
            "receiptHandle": message["ReceiptHandle"],
            "body": message["Body"],
            "attributes": message.get("Attributes", {}),
            "messageAttributes": message.get("MessageAttributes", {}),
            "md5OfBody": message.get("MD5OfBody", ""),
            "eventSource": "aws:sqs",
            "eventSourceARN": self._source.queue_arn,
            "awsRegion": self._cloud.region,
        }


def failed_ids(answer: Any, batch: Sequence[str]) -> frozenset[str]:
    """Return the messages reported as failed, by the rules of ReportBatchItemFailures.

    Nothing reported is success; a report that cannot be understood fails the whole batch.
    https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
    """
    if not answer:
        return frozenset()
    everything = frozenset(batch)
    if not isinstance(answer, Mapping):
        return everything
    reported = answer.get("batchItemFailures")
    if not reported:
        return frozenset()
    try:
        failed = frozenset(item["itemIdentifier"] for item in reported)
    except (TypeError, KeyError):
        return everything
    known = failed <= everything
    return failed if known else everything
