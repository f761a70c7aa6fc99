"""Functions alone, without a program: what runs, in which surroundings, and what befalls it."""

import os
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pulumi
import pytest

from local.declared import FUNCTION, Resource
from local.errors import FunctionFailed, UnknownDeclaration
from local.functions import Fleet, Pool, unpack
from local.moto_server import Cloud
from local.process import MAX_PAYLOAD

from .conftest import TINY

NOWHERE = Cloud("http://127.0.0.1:9", "eu-central-1")


def function(**changed: Any) -> Resource:
    inputs = {
        "code": pulumi.AssetArchive({"web": pulumi.FileArchive("functions/web")}),
        "handler": "web.handler.handle",
        "timeout": 1,
        "environment": {"variables": {"DECLARED": "yes"}},
        **changed,
    }
    arn = "arn:aws:lambda:eu-central-1:123456789012:function:web-local"
    return Resource(
        type=FUNCTION,
        name="web",
        inputs=inputs,
        id="web-local",
        outputs={**inputs, "name": "web-local", "arn": arn},
    )


def request(what: str) -> dict[str, Any]:
    return {"rawPath": f"/{what}"}


@pytest.fixture(scope="module")
def log() -> list[str]:
    return []


@pytest.fixture(scope="module")
def pool(tmp_path_factory: pytest.TempPathFactory, log: list[str]) -> Iterator[Pool]:
    with Fleet(NOWHERE, TINY, tmp_path_factory.mktemp("fleet"), log.append) as fleet:
        fleet.launch(function())
        assert fleet.wait_ready() == []
        [running] = fleet.pools.values()
        running.size = 2
        yield running


def started(tmp_path: Path, **changed: Any) -> list[str]:
    """Return what is said about a function that is not as it should be."""
    with Fleet(NOWHERE, TINY, tmp_path, lambda _line: None) as fleet:
        fleet.launch(function(**changed))
        return fleet.wait_ready()


def test_the_environment_is_the_declared_one_and_what_lambda_gives(pool: Pool) -> None:
    given = pool.invoke(request("environment"))["environment"]
    given.pop("LC_CTYPE", None)  # Python's own, on some systems
    given.pop("__CF_USER_TEXT_ENCODING", None)  # of macOS
    assert sorted(given) == [
        "AWS_ACCESS_KEY_ID",
        "AWS_CONFIG_FILE",
        "AWS_DEFAULT_REGION",
        "AWS_ENDPOINT_URL",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
        "AWS_LAMBDA_FUNCTION_NAME",
        "AWS_LAMBDA_FUNCTION_VERSION",
        "AWS_LAMBDA_LOG_GROUP_NAME",
        "AWS_LAMBDA_LOG_STREAM_NAME",
        "AWS_REGION",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SHARED_CREDENTIALS_FILE",
        "DECLARED",
        "LAMBDA_TASK_ROOT",
        "LANG",
        "PATH",
        "PYTHONPATH",
        "TMPDIR",
        "TZ",
        "_HANDLER",
    ]
    assert given["DECLARED"] == "yes"
    assert given["AWS_ENDPOINT_URL"] == NOWHERE.endpoint
    assert given["PYTHONPATH"] == given["LAMBDA_TASK_ROOT"]


def test_only_the_archive_and_installed_packages_can_be_imported(pool: Pool) -> None:
    seen = pool.invoke(request("environment"))
    assert seen["path"][0] == seen["cwd"]
    here = str(Path(__file__).parents[2])
    checkout = [p for p in seen["path"] if p.startswith(here) and ".venv" not in p]
    assert checkout == []


def test_the_context_tells_name_and_time_left(pool: Pool) -> None:
    context = pool.invoke(request("context"))
    assert context["name"] == "web-local"
    assert 0 < context["left"] <= 1000
    assert context["arn"].endswith(":function:web-local")


def test_what_the_handler_prints_goes_to_the_log(pool: Pool, log: list[str]) -> None:
    assert "event" in pool.invoke(request("says"))
    _until(lambda: "web | said below Python" in log)
    assert "web | said by the handler" in log


@pytest.mark.parametrize(
    ("what", "kind", "message"),
    [
        ("raises", "ValueError", "function web: ValueError: no such thing"),
        ("leaves", "SystemExit", "function web: SystemExit: enough"),
        ("crashes", "Runtime.ExitError", "the process ended with status 9"),
        ("unwritable", "TypeError", "not JSON serializable"),
        ("large", "Function.ResponseSizeTooLarge", "Lambda gives 6 MB back"),
    ],
)
def test_a_failure_has_the_name_that_lambda_gives_it(
    pool: Pool, what: str, kind: str, message: str
) -> None:
    with pytest.raises(FunctionFailed, match=message) as failed:
        pool.invoke(request(what))
    assert failed.value.kind == kind
    assert "event" in pool.invoke(request("again"))


def test_a_hanging_handler_is_killed_and_started_again(pool: Pool) -> None:
    with pytest.raises(FunctionFailed, match="timed out after 1 s") as failed:
        pool.invoke(request("hangs"))
    assert failed.value.kind == "Sandbox.Timedout"
    assert "event" in pool.invoke(request("again"))


def test_an_event_over_6_mb_is_refused(pool: Pool) -> None:
    with pytest.raises(FunctionFailed, match="Lambda takes 6 MB") as failed:
        pool.invoke({"rawPath": "/", "body": "x" * MAX_PAYLOAD})
    assert failed.value.kind == "RequestTooLarge"


def test_events_at_the_same_time_get_a_process_each(pool: Pool) -> None:
    pool.invoke(request("again"))
    with ThreadPoolExecutor(2) as both:
        answers = list(both.map(pool.invoke, [request("naps"), request("naps")]))
    assert len({answer["process"] for answer in answers}) == 2


def test_a_stopped_function_leaves_no_process_and_takes_no_event(tmp_path: Path) -> None:
    with Fleet(NOWHERE, TINY, tmp_path, lambda _line: None) as fleet:
        fleet.launch(function(timeout=30))
        fleet.wait_ready()
        [pool] = fleet.pools.values()
        process = pool.invoke(request("again"))["process"]
        failures: list[FunctionFailed] = []
        hanging = threading.Thread(target=_expect_failure, args=(pool, failures))
        hanging.start()
        time.sleep(0.1)
    hanging.join(5)
    assert not hanging.is_alive()
    assert [failure.kind for failure in failures] == ["Runtime.ExitError"]
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)
    with pytest.raises(FunctionFailed, match="stopping"):
        pool.invoke(request("again"))


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"handler": "web.handler.handel"}, "web.handler has no 'handel', which the handler names"),
        ({"handler": "web.missing.handle"}, "its archive has no web/missing.py"),
        ({"handler": "handle"}, "its handler is 'handle', but its archive has no"),
        (
            {"code": pulumi.AssetArchive({"web/handler.py": pulumi.StringAsset("import nothing")})},
            "ModuleNotFoundError: No module named 'nothing'",
        ),
        (
            {
                "code": pulumi.AssetArchive(
                    {"web/handler.py": pulumi.StringAsset("import os; os.environ['MISSING']")}
                )
            },
            "function web: KeyError: 'MISSING' (when it started)",
        ),
    ],
)
def test_a_function_that_cannot_start_says_why(
    tmp_path: Path, changed: dict[str, Any], message: str
) -> None:
    [said] = started(tmp_path, **changed)
    assert message in said
    assert said.startswith("function web: ")


def test_every_kind_of_archive_is_unpacked(tmp_path: Path) -> None:
    import zipfile  # noqa: PLC0415

    with zipfile.ZipFile(tmp_path / "more.zip", "w") as more:
        more.writestr("inner/m.py", "M = 1")
    (tmp_path / "one.txt").write_text("one")
    code = pulumi.AssetArchive(
        {
            "zip": pulumi.FileArchive(str(tmp_path / "more.zip")),
            "folder": pulumi.FileArchive("functions/web"),
            "deep/in/one.txt": pulumi.FileAsset(tmp_path / "one.txt"),
            "two.txt": pulumi.StringAsset("zwei ä"),
            "again": pulumi.AssetArchive({"three.txt": pulumi.StringAsset("3")}),
        }
    )
    root = unpack(function(code=code), NOWHERE, TINY, tmp_path / "place").folder
    files = sorted(str(p.relative_to(root)) for p in root.rglob("*") if p.is_file())
    assert files == [
        "again/three.txt",
        "deep/in/one.txt",
        "folder/handler.py",
        "two.txt",
        "zip/inner/m.py",
    ]
    assert (root / "two.txt").read_text(encoding="utf-8") == "zwei ä"


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (None, "local mode unpacks AssetArchive and FileArchive"),
        (pulumi.FileArchive("functions/none"), "there is no such file or folder"),
        (pulumi.FileArchive("Pulumi.yaml"), "a folder or a zip file is needed"),
        (pulumi.AssetArchive({"a": pulumi.RemoteAsset("https://x/y")}), "code as RemoteAsset"),
    ],
)
def test_code_that_cannot_be_unpacked_is_named(tmp_path: Path, code: Any, message: str) -> None:
    with pytest.raises(UnknownDeclaration, match=f"^function web: .*{message}"):
        unpack(function(code=code), NOWHERE, TINY, tmp_path)


def test_a_container_image_is_refused(tmp_path: Path) -> None:
    image = function()
    del image.inputs["handler"]
    with pytest.raises(UnknownDeclaration, match="function web: it has no handler"):
        unpack(image, NOWHERE, TINY, tmp_path)


def _expect_failure(pool: Pool, failures: list[FunctionFailed]) -> None:
    with pytest.raises(FunctionFailed) as failed:
        pool.invoke(request("hangs"))
    failures.append(failed.value)


def _until(holds: Any, seconds: float = 5) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)
