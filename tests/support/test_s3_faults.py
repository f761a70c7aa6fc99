"""What goes wrong in the stand-in for S3 when it is told to, by count and by seed."""

import threading
import time
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError, EndpointConnectionError

from tests.support import s3_server
from tests.support.s3_clients import (
    DATA,
    KEY,
    MIB,
    begun,
    client_of,
    completing,
    crc64,
    put,
    refused,
)
from tests.support.s3_faults import Does, Fault
from tests.support.s3_server import S3

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


def test_a_clock_that_is_wrong_is_told_with_the_right_time(s3: S3, client: "S3Client") -> None:
    s3.clock_offset = 800
    put(client)
    s3.clock_offset = -1000
    answer = refused("RequestTimeTooSkewed", put, client=client)
    date = answer["ResponseMetadata"]["HTTPHeaders"]["date"]
    told = datetime.strptime(date, "%a, %d %b %Y %H:%M:%S GMT").replace(tzinfo=UTC)
    assert told.timestamp() == pytest.approx(time.time() - 1000, abs=5)


def test_a_stalled_and_a_failing_answer_are_counted(s3: S3, client: "S3Client") -> None:
    faults = s3.fail(
        Fault(does=Does.REFUSE, every=3), Fault(does=Does.STALL, every=4, seconds=0.01)
    )
    codes = []
    for number in range(12):
        try:
            put(client, f"k{number}", b"1")
            codes.append(200)
        except ClientError as error:
            codes.append(error.response["ResponseMetadata"]["HTTPStatusCode"])
    assert codes == [200, 200, 503] * 4
    assert faults.met == [4, 2]  # a request that met one fault does not meet another
    assert len(s3.objects("archive")) == 8


@pytest.mark.parametrize("early", [False, True])
def test_a_refusal_can_come_before_the_body_was_read(s3: S3, early: bool) -> None:
    s3.early = early
    patient = client_of(s3)
    put(patient)
    refused("PreconditionFailed", put, client=patient, data=DATA * 8, IfNoneMatch="*")
    assert s3.received[KEY] == MIB * (1 if early else 9)
    put(patient, "next")
    patient.close()


def test_a_cut_body_stores_nothing(s3: S3, client: "S3Client") -> None:
    s3.fail(Fault(does=Does.CUT, times=1, at=300_000))
    with pytest.raises(ConnectionClosedError):
        put(client)
    assert s3.objects("archive") == {}
    assert s3.received[KEY] == 300_000
    put(client)
    assert s3.read("archive", KEY) == DATA


def test_seeded_faults_come_at_the_same_places_each_time() -> None:
    def places(seed: int) -> list[int]:
        found = []
        with s3_server.serving("archive", faults=[Fault(does=Does.CUT)], seed=seed) as s3:
            client = client_of(s3)
            for number in range(5):
                with suppress(ConnectionClosedError):
                    put(client, f"{number}")
                found.append(s3.received[f"{number}"])
            client.close()
        return found

    assert places(1) == places(1) != places(2)
    assert all(0 <= place < MIB for place in places(1))


def test_an_answer_can_be_lost_after_the_object_was_stored(s3: S3, client: "S3Client") -> None:
    s3.fail(Fault(does=Does.LOSE, times=1))
    with pytest.raises(ConnectionClosedError):
        put(client, IfNoneMatch="*")
    assert s3.read("archive", KEY) == DATA
    refused("PreconditionFailed", put, client=client, IfNoneMatch="*")


def test_a_bit_that_flips_on_the_way_is_found(s3: S3, client: "S3Client") -> None:
    s3.fail(Fault(does=Does.FLIP, times=1), seed=4)
    refused("XAmzContentSHA256Mismatch", put, client=client)
    assert s3.objects("archive") == {}
    put(client)
    assert s3.read("archive", KEY) == DATA


def test_a_bit_that_flips_at_rest_is_not_told(s3: S3, client: "S3Client") -> None:
    upload, parts = begun(client)
    client.complete_multipart_upload(**completing(upload, parts))
    s3.flip_at_rest("archive", KEY, 2 * MIB + 5)
    head = client.head_object(Bucket="archive", Key=KEY, ChecksumMode="ENABLED")
    assert head["ChecksumCRC64NVME"] == crc64(DATA * 3)
    found = s3.read("archive", KEY)
    assert [at for at in range(3 * MIB) if found[at] != DATA[at % MIB]] == [2 * MIB + 5]


def test_a_completion_can_fail_inside_a_good_answer(s3: S3, client: "S3Client") -> None:
    kinds = frozenset({"CompleteMultipartUpload"})
    s3.fail(Fault(does=Does.FAIL_LATE, times=1, kinds=kinds))
    upload, parts = begun(client)
    refused("InternalError", client.complete_multipart_upload, **completing(upload, parts))
    assert s3.objects("archive") == {}
    client.complete_multipart_upload(**completing(upload, parts))


def test_the_network_can_be_gone_for_a_while(s3: S3, client: "S3Client") -> None:
    put(client, "before")
    s3.go_down()
    with pytest.raises(EndpointConnectionError):
        put(client)
    s3.come_up()
    put(client)
    timer = s3.down_for(0.2)
    patient = client_of(s3, attempts=10)
    put(patient, "after")
    timer.join()
    assert set(s3.objects("archive")) == {"before", KEY, "after"}
    patient.close()


def test_going_down_ends_requests_that_are_under_way(s3: S3, client: "S3Client") -> None:
    s3.fail(Fault(does=Does.STALL, seconds=0.5))
    ended: list[BaseException] = []

    def send() -> None:
        try:
            put(client)
        except ConnectionClosedError as error:
            ended.append(error)

    thread = threading.Thread(target=send)
    thread.start()
    while not s3.requests["PutObject"]:
        time.sleep(0.01)
    s3.go_down()
    thread.join()
    assert len(ended) == 1
