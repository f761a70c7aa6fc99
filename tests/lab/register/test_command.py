import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from labsight.errors import SettingsError
from labsight.slides import units
from labsight.slides.notices import notices
from labsight_lab.register import command
from labsight_lab.register.command import RegisterOptions
from tests.lab.register.archive import URL, Queue, Shelf, key, means
from tests.lab.support import write
from tests.support.vms import make_vms

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

UNIT = "slides/scanner-1/a/v/unit.json"


@pytest.fixture
def shelf() -> Shelf:
    """One slide, one folder by hand, one file that is nothing."""
    shelf = Shelf()
    shelf.put("b.svs")
    shelf.put_all(make_vms("v"), "a/")
    shelf.put("a/notes.docx")
    return shelf


@pytest.fixture
def queue() -> Queue:
    return Queue()


def run(shelf: Shelf, queue: Queue, *things: str, **about: Any) -> int:
    options = RegisterOptions(bucket="archive", queue_url=URL, things=things, **about)
    return command.run(options, means(shelf, queue))


def document(
    shelf: Shelf, queue: Queue, capsys: pytest.CaptureFixture[str], *things: str, **about: Any
) -> Any:
    code = run(shelf, queue, *things, as_json=True, **about)
    told = json.loads(capsys.readouterr().out)
    assert told["exit_code"] == code
    return told


def refusal(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "no"}}, "SendMessage")


def test_a_slide_is_asked_for_again(
    shelf: Shelf, queue: Queue, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(shelf, queue, key("b.svs")) == 0
    assert queue.sent == [(key("b.svs"), True)]
    assert capsys.readouterr().out == "asked for 1 slide\n"


def test_a_folder_by_hand_is_closed_and_asked_for(
    shelf: Shelf, queue: Queue, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(shelf, queue, "slides/scanner-1/") == 0
    assert sorted(queue.sent) == [(UNIT, False), (key("b.svs"), True)]
    unit = units.read(shelf.read(UNIT))
    assert [member.path for member in unit.members] == ["a/v.vms", "a/v_0.jpg", "a/v_map.jpg"]
    assert shelf.metadata[UNIT]["content-type"] == "application/json"
    assert shelf.metadata[UNIT]["agent"].startswith("labsight/")
    told = capsys.readouterr().out
    assert f"  gets its unit.json: {UNIT} (vms, 3 files, " in told
    assert "passed over, not a slide by its suffix: 1 object" in told
    assert told.endswith("asked for 2 slides, 1 of them given a unit.json\n")


def test_asking_again_puts_nothing_again(shelf: Shelf, queue: Queue) -> None:
    run(shelf, queue, "slides/scanner-1/")
    before = shelf.read(UNIT)
    queue.sent.clear()
    assert run(shelf, queue, "slides/scanner-1/") == 0
    assert sorted(queue.sent) == [(UNIT, True), (key("b.svs"), True)]
    assert shelf.read(UNIT) == before


def test_a_list_that_somebody_else_adds_meanwhile_stays(shelf: Shelf, queue: Queue) -> None:
    def late(_: RegisterOptions) -> Any:
        shelf.put_key(UNIT, b"by somebody else")
        return means(shelf, queue).queue(_)

    options = RegisterOptions(bucket="archive", queue_url=URL, things=(key("a/v.vms"),))
    assert command.run(options, command.Means(lambda _: shelf, late)) == 0
    assert shelf.read(UNIT) == b"by somebody else"
    assert queue.sent == [(UNIT, False)]


def test_a_dry_run_tells_and_does_nothing(
    shelf: Shelf, queue: Queue, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(shelf, queue, "slides/scanner-1/", dry_run=True) == 0
    told = capsys.readouterr().out
    assert f"  would ask for {key('b.svs')}\n" in told
    assert f"gets its unit.json: {UNIT}" in told
    assert "would ask for 2 slides, 1 of them given a unit.json" in told
    assert queue.sent == []
    assert UNIT not in [info.key for info in shelf.walk()]


def test_one_slide_that_is_named_twice_is_asked_for_once(shelf: Shelf, queue: Queue) -> None:
    assert run(shelf, queue, key("a/v.vms"), key("a/v_0.jpg"), "slides/scanner-1/a/") == 0
    assert queue.sent == [(UNIT, False)]


def test_unknown_keys_are_named(
    shelf: Shelf, queue: Queue, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path / "new.svs", b"not sent yet")
    about = {"folder": tmp_path, "source": "scanner-1", "journal": tmp_path / "none"}
    assert run(shelf, queue, key("b.svs"), key("c.svs"), "new.svs", **about) == 1
    told = capsys.readouterr().out
    assert "not in the archive: slides/scanner-1/c.svs\n" in told
    assert "not in the archive: new.svs (slides/scanner-1/new.svs)\n" in told
    assert queue.sent == [(key("b.svs"), True)]


def test_the_document_tells_all(
    shelf: Shelf, queue: Queue, capsys: pytest.CaptureFixture[str]
) -> None:
    shelf.put_key("slides/scanner-1/a#1.dcm", b"odd")
    told = document(shelf, queue, capsys, "slides/scanner-1/", key("c.svs"))
    assert sorted(told["registered"]) == sorted([UNIT, key("b.svs")])
    assert told["closed"] == [UNIT]
    assert [one["key"] for one in told["skipped"]] == [key("a/notes.docx")]
    assert [one["key"] for one in told["problems"]] == ["slides/scanner-1/a#1.dcm"]
    assert told["unknown"] == [key("c.svs")]
    by_key = {one["key"]: one for one in told["slides"]}
    assert (by_key[UNIT]["by_hand"], by_key[UNIT]["kind"], by_key[UNIT]["parts"]) == (
        True,
        "vms",
        3,
    )
    assert (told["exit_code"], told["error"]) == (1, None)


def test_a_message_that_is_not_taken_fails_its_slide_alone(
    shelf: Shelf, queue: Queue, capsys: pytest.CaptureFixture[str]
) -> None:
    queue.failing[key("b.svs")] = refusal("InternalError")
    assert run(shelf, queue, "slides/scanner-1/") == 1
    assert queue.sent == [(UNIT, False)]
    assert f"could not be asked for (1):\n  {key('b.svs')}: " in capsys.readouterr().out


@pytest.mark.parametrize(
    ("code", "named"),
    [
        ("AccessDenied", "sqs:SendMessage"),
        ("AccessDeniedException", "sqs:SendMessage"),
        ("AWS.SimpleQueueService.NonExistentQueue", "import_queue_url"),
        ("QueueDoesNotExist", "import_queue_url"),
    ],
)
def test_what_concerns_every_message_ends_it(
    shelf: Shelf, queue: Queue, code: str, named: str
) -> None:
    queue.failing[key("b.svs")] = refusal(code)
    with pytest.raises(SettingsError, match=named):
        run(shelf, queue, key("b.svs"))


def test_a_queue_that_is_away_is_told(
    shelf: Shelf, queue: Queue, capsys: pytest.CaptureFixture[str]
) -> None:
    queue.failing[key("b.svs")] = EndpointConnectionError(endpoint_url=URL)
    assert run(shelf, queue, key("b.svs")) == 1
    assert "could not be put into the import queue" in capsys.readouterr().out


def test_a_list_that_may_not_be_put_is_told(shelf: Shelf, queue: Queue) -> None:
    shelf.denied = {"write"}
    with pytest.raises(SettingsError, match="s3:PutObject"):
        run(shelf, queue, key("a/v.vms"))
    assert queue.sent == []


def test_an_interruption_tells_what_was_done(
    shelf: Shelf, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(_: RegisterOptions) -> Any:
        raise KeyboardInterrupt

    options = RegisterOptions(bucket="archive", queue_url=URL, things=(key("b.svs"),))
    assert command.run(options, command.Means(lambda _: shelf, interrupted)) == 130
    assert "stopped; asking again does no harm" in capsys.readouterr().out


@pytest.fixture
def imports(aws: None, s3_address: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:  # noqa: ARG001
    """The address of an empty queue."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_SQS", s3_address)
    client: SQSClient = boto3.client("sqs")
    url = client.create_queue(QueueName="imports")["QueueUrl"]
    yield url
    client.delete_queue(QueueUrl=url)
    client.close()


def messages(url: str) -> list[tuple[str, bool]]:
    client: SQSClient = boto3.client("sqs")
    got = client.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
    client.close()
    return sorted((told.key, told.again) for one in got for told in notices(one["Body"]))


def test_against_the_services(s3: "S3Client", bucket: str, s3_address: str, imports: str) -> None:
    for path, data in {"b.svs": b"slide", **make_vms("v")}.items():
        s3.put_object(Bucket=bucket, Key=key(path), Body=data)
    options = RegisterOptions(
        bucket=bucket,
        queue_url=imports,
        things=("slides/scanner-1/",),
        endpoint=s3_address,
    )
    assert command.run(options) == 0
    unit = "slides/scanner-1/v/unit.json"
    assert messages(imports) == [(key("b.svs"), True), (unit, False)]
    told = s3.get_object(Bucket=bucket, Key=unit)
    assert told["ContentType"] == "application/json"
    assert units.read(told["Body"].read()).kind == "vms"


def test_a_queue_that_is_none(s3: "S3Client", bucket: str, s3_address: str, imports: str) -> None:
    s3.put_object(Bucket=bucket, Key=key("b.svs"), Body=b"slide")
    options = RegisterOptions(
        bucket=bucket,
        queue_url=f"{imports}-of-another",
        things=(key("b.svs"),),
        endpoint=s3_address,
    )
    with pytest.raises(SettingsError, match="import_queue_url"):
        command.run(options)
