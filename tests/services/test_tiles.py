"""The tile service as its container runs it."""

import http.client
import io
import json
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from anyio import to_thread
from PIL import Image
from starlette.testclient import TestClient
from starlette.types import Receive, Scope, Send

from local.moto_server import Cloud, embedded_aws
from services.tiles.__main__ import KEEP_ALIVE_SECONDS
from services.tiles.app import HEALTH, Behind
from tests.support.file_bound import put_slide
from tests.support.ports import free_port
from tests.support.repository import ROOT

BUCKET = "archive"
FOLDER = ROOT / "services" / "tiles"
DOCKERFILE = (FOLDER / "Dockerfile").read_text()
Told = Mapping[str, str]


@pytest.fixture(scope="module")
def cloud() -> Iterator[Cloud]:
    with embedded_aws() as endpoint:
        yield Cloud(endpoint, "eu-central-1")


@pytest.fixture(scope="module")
def slide(cloud: Cloud) -> str:
    where = {"LocationConstraint": cloud.region}
    cloud.s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration=where)  # type: ignore[arg-type]
    return put_slide(cloud.s3, BUCKET)


@pytest.fixture(scope="module")
def told(cloud: Cloud, tmp_path_factory: pytest.TempPathFactory) -> Told:
    """What a container is told; every other variable of this machine is kept from it."""
    return {
        **cloud.environment,
        "PATH": os.defpath,
        "PYTHONPATH": str(ROOT),
        "LABSIGHT_ARCHIVE_BUCKET": BUCKET,
        "LABSIGHT_KEEP_TILES": "true",
        "LABSIGHT_SCRATCH_FOLDER": str(tmp_path_factory.mktemp("copies")),
        "LABSIGHT_SCRATCH_BYTES": str(1 << 30),
        "LABSIGHT_WORKERS": "2",
        "PORT": str(free_port()),
    }


@contextmanager
def started(told: Told) -> "Iterator[subprocess.Popen[str]]":
    command = [sys.executable, "-m", "services.tiles"]
    with subprocess.Popen(command, env=dict(told), stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.terminate()
            process.communicate(timeout=40)


@pytest.fixture(scope="module")
def server(told: Told, slide: str) -> Iterator[int]:
    """A running server's port; the slide is there when it starts."""
    assert slide
    port = int(told["PORT"])
    with started(told) as process:
        deadline = time.monotonic() + 40
        while not _answers(port):
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.1)
        yield port
    assert process.returncode == 0


def _answers(port: int) -> bool:
    try:
        return ask(port, "/healthz")[0] == 200
    except OSError:
        return False


def ask(
    port: int, path: str, headers: Told | None = None
) -> tuple[int, http.client.HTTPMessage, bytes]:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30)) as connection:
        connection.request("GET", path, headers=dict(headers or {}))
        reply = connection.getresponse()
        return reply.status, reply.headers, reply.read()


def test_a_slide_that_only_openslide_reads_is_shown_and_its_tiles_are_kept(
    server: int, slide: str, cloud: Cloud
) -> None:
    ways = []
    for _ in range(4):  # by either process
        status, headers, body = ask(server, f"/slides/{slide}/tiles/0/1_1.jpg")
        assert status == 200, body
        ways.append(headers["x-labsight-path"])
        with Image.open(io.BytesIO(body)) as image:
            red, green, blue = image.convert("RGB").getpixel((9, 9))  # type: ignore[misc]
        assert (red > 180, green < 60, blue < 60) == (True, True, True)
    assert ways == ["decoded", "cached", "cached", "cached"]
    kept = cloud.s3.list_objects_v2(Bucket=BUCKET, Prefix=f"tiles/{slide}/")["Contents"]
    assert len(kept) == 1


def test_a_description_names_the_address_that_the_edge_was_asked_under(
    server: int, slide: str
) -> None:
    headers = {"host": "internal-balancer", "x-labsight-host": "https://slides.example.org"}
    status, _, body = ask(server, f"/iiif/3/{slide}/info.json", headers)
    assert status == 200, body
    assert json.loads(body)["id"] == f"https://slides.example.org/iiif/3/{slide}"


def test_files_are_handed_out_only_where_that_was_switched_on(server: int, slide: str) -> None:
    assert ask(server, f"/slides/{slide}/direct.json")[0] == 404


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"LABSIGHT_ARCHIVE_BUCKET": ""}, "LABSIGHT_ARCHIVE_BUCKET is not set"),
        ({"LABSIGHT_WORKERS": "many"}, "LABSIGHT_WORKERS is 'many'; use 1 to 64"),
        ({"PORT": "70000"}, "PORT is '70000'; use 1 to 65535"),
    ],
)
def test_a_setting_that_cannot_be_ends_it_and_is_named_once(
    told: Told, changes: Told, said: str
) -> None:
    command = [sys.executable, "-m", "services.tiles"]
    done = subprocess.run(
        command, env={**told, **changes}, capture_output=True, text=True, timeout=40, check=False
    )
    assert done.returncode == 2
    assert done.stderr.startswith(said)
    assert "Traceback" not in done.stderr


def test_the_image_is_built_of_what_is_there_from_packages_known_by_their_hashes() -> None:
    copied = re.findall(r"^COPY (\S+) ", DOCKERFILE, re.MULTILINE)
    assert {"requirements-functions.txt", "src/labsight", "services/tiles"} <= set(copied)
    assert all((ROOT / one).exists() for one in copied)
    assert "--require-hashes" in DOCKERFILE
    let_in = (FOLDER / "Dockerfile.dockerignore").read_text().splitlines()
    assert {f"!{one}" for one in copied} <= set(let_in)
    assert let_in[0] == "*"


def test_the_temporary_folder_may_be_written_where_it_is_mounted() -> None:
    component = Path(ROOT, "components", "tile_service.py").read_text()
    mounted = re.findall(r'"sourceVolume": "tmp", "containerPath": "([^"]+)"', component)
    assert [f'VOLUME ["{one}"]' for one in mounted] == re.findall(
        r"^VOLUME .*", DOCKERFILE, re.MULTILINE
    )


def test_the_balancer_closes_idle_connections_first() -> None:
    """Its own time is 60 s, which no part of the stack changes."""
    component = Path(ROOT, "components", "balancer.py").read_text()
    assert "idle_timeout" not in component
    assert KEEP_ALIVE_SECONDS > 60


def test_a_busy_server_asks_to_come_again_but_is_alive() -> None:
    inside, end = threading.Event(), threading.Event()

    async def slow(_scope: Scope, _receive: Receive, send: Send) -> None:
        inside.set()
        await to_thread.run_sync(end.wait)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    with TestClient(Behind(slow, at_a_time=1)) as client:
        first = threading.Thread(target=client.get, args=("/slides/a",))
        first.start()
        assert inside.wait(10)
        refused = client.get("/slides/b")
        alive = client.get(HEALTH)
        end.set()
        first.join()
        assert (refused.status_code, alive.status_code) == (503, 200)
        assert "try again in a moment" in refused.json()["detail"]
        assert client.get("/slides/c").status_code == 200


def test_the_container_runs_as_the_user_that_the_task_names_and_is_no_root() -> None:
    component = Path(ROOT, "components", "tile_service.py").read_text()
    (user,) = re.findall(r"^USER (\d+):\1$", DOCKERFILE, re.MULTILINE)
    assert f"USER = {user}\n" in component
    assert int(user) > 0
