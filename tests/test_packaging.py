"""The wheel: what is in it, and whether what it installs works away from the checkout."""

import os
import subprocess
import sys
import sysconfig
import time
import tomllib
import zipfile
from collections.abc import Callable, Iterator
from configparser import ConfigParser
from contextlib import contextmanager
from email.message import Message
from email.parser import Parser
from pathlib import Path

import httpx2
import pytest

from tests.support import repository
from tests.support.made_slides import make_svs
from tests.support.ports import free_port
from tests.support.repository import ROOT

PROJECT = tomllib.loads(repository.read("pyproject.toml"))["project"]
START_SECONDS = 60
# Nothing of the checkout, of the user's settings or of an account reaches what is tested.
CLEAN = {"PATH": os.defpath, "LANG": "C.UTF-8", "UV_PYTHON_DOWNLOADS": "never"}


def run(*command: str | Path, cwd: Path, **environment: str) -> str:
    """Run a command to its end and return what it wrote."""
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env={**CLEAN, "HOME": str(cwd), **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of the checkout as it is."""
    if not (ROOT / "web" / "dist" / "index.html").is_file():
        pytest.skip("web/dist is not built: `make test` builds it before the tests run")
    place = tmp_path_factory.mktemp("wheel")
    build = (sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", place)
    run(*build, str(ROOT), cwd=place)
    (made,) = place.glob("*.whl")
    return made


@pytest.fixture(scope="module")
def names(wheel: Path) -> set[str]:
    """The paths inside the wheel."""
    with zipfile.ZipFile(wheel) as archive:
        return {name for name in archive.namelist() if not name.endswith("/")}


def information(wheel: Path, name: str) -> str:
    """A file of the wheel's own information about itself."""
    with zipfile.ZipFile(wheel) as archive:
        return archive.read(f"labsight-{PROJECT['version']}.dist-info/{name}").decode()


def metadata(wheel: Path) -> Message:
    """The wheel's metadata."""
    return Parser().parsestr(information(wheel, "METADATA"))


def test_the_wheel_holds_the_two_packages_and_nothing_else(names: set[str]) -> None:
    tops = {name.partition("/")[0] for name in names}
    assert tops == {"labsight", "labsight_lab", f"labsight-{PROJECT['version']}.dist-info"}


def test_every_source_file_of_the_packages_is_in_the_wheel(names: set[str]) -> None:
    sources = {
        path.relative_to(root).as_posix()
        for root in (Path("src"), Path("scripts"))
        for path in repository.files()
        if path.is_relative_to(root)
    }
    assert len(sources) > 50
    assert sources - names == set()


def test_the_wheel_holds_the_migrations_and_their_template(names: set[str]) -> None:
    migrations = {name for name in names if name.startswith("labsight/catalog/migrations/")}
    assert "labsight/catalog/migrations/script.py.mako" in migrations
    assert "labsight/catalog/migrations/env.py" in migrations
    assert any("/versions/0001_" in name for name in migrations)


def test_the_wheel_says_that_its_packages_are_typed(names: set[str]) -> None:
    assert {"labsight/py.typed", "labsight_lab/py.typed"} <= names


def test_the_wheel_holds_the_built_web_app_and_not_its_sources(names: set[str]) -> None:
    web = {name.removeprefix("labsight/web/") for name in names if "labsight/web/" in name}
    built = ROOT / "web" / "dist"
    files = (path for path in built.rglob("*") if path.is_file())
    assert web == {path.relative_to(built).as_posix() for path in files}
    assert not any(name.endswith((".ts", ".pyc")) for name in names)


def test_the_metadata_is_that_of_the_project(wheel: Path) -> None:
    told = metadata(wheel)
    assert (told["Name"], told["Version"]) == ("labsight", PROJECT["version"])
    assert told["Requires-Python"] == PROJECT["requires-python"]
    assert told["License-Expression"] == "MIT"
    assert "labsight carries" in str(told.get_payload())
    assert "the labsight authors" in information(wheel, "licenses/LICENSE")


def test_each_use_has_an_extra_and_plain_labsight_needs_little(wheel: Path) -> None:
    told = metadata(wheel)
    assert set(told.get_all("Provides-Extra", [])) == set(PROJECT["optional-dependencies"])
    assert {"lab", "serve", "functions", "local"} <= set(PROJECT["optional-dependencies"])
    plain = [one for one in told.get_all("Requires-Dist", []) if "extra ==" not in one]
    assert plain == PROJECT["dependencies"]


def test_the_only_command_is_labsight(wheel: Path) -> None:
    entries = ConfigParser()
    entries.read_string(information(wheel, "entry_points.txt"))
    assert {name: dict(entries[name]) for name in entries.sections()} == {
        "console_scripts": {"labsight": "labsight_lab.cli:main"}
    }


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh environment with the wheel; third-party packages are lent by the tests' own.

    A path file does not read the path files of the folder that it names, so the checkout, which the
    tests' own environment knows through one, stays out of sight.
    """
    place = tmp_path_factory.mktemp("installed")
    uv = Path(sys.executable).with_name("uv")
    if not uv.exists():
        pytest.skip("no uv beside this Python: `make test` installs it")
    run(uv, "venv", "--offline", "--python", sys.executable, place / "venv", cwd=place)
    python = place / "venv" / "bin" / "python"
    run(uv, "pip", "install", "--offline", "--no-deps", "-p", python, wheel, cwd=place)
    own = run(
        python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=place
    ).strip()
    Path(own, "lent.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    return place


def test_the_installed_packages_are_those_of_the_wheel(installed: Path) -> None:
    program = "import labsight, labsight_lab; print(labsight.__file__, labsight_lab.__file__)"
    found = run(installed / "venv" / "bin" / "python", "-c", program, cwd=installed).split()
    assert len(found) == 2
    assert all(Path(path).is_relative_to(installed) for path in found)


def test_the_installed_command_tells_its_version_and_its_help(installed: Path) -> None:
    command = installed / "venv" / "bin" / "labsight"
    assert run(command, "--version", cwd=installed).strip() == f"labsight {PROJECT['version']}"
    told = run(command, "--help", cwd=installed)
    assert "sync" in told
    assert "serve" in told


@contextmanager
def serving(installed: Path, slides: Path) -> Iterator[httpx2.Client]:
    """Run the installed `labsight serve` over a folder, until the block ends."""
    port = free_port()
    command = [str(installed / "venv" / "bin" / "labsight"), "serve", str(slides)]
    log = installed / "serve.log"
    with log.open("w", encoding="utf-8") as output:
        server = subprocess.Popen(
            [*command, "--port", str(port), "--cache", str(installed / "cache")],
            cwd=installed,
            env={**CLEAN, "HOME": str(installed)},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        with httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=10) as client:
            wait_until(lambda: answers(client), server, log)
            wait_until(lambda: bool(imported(client)), server, log)
            yield client
    finally:
        server.terminate()
        try:
            server.wait(timeout=20)
        finally:
            server.kill()


def wait_until(holds: Callable[[], bool], server: "subprocess.Popen[bytes]", log: Path) -> None:
    """Wait, but no longer than START_SECONDS and only while the server runs."""
    deadline = time.monotonic() + START_SECONDS
    while not holds():
        assert server.poll() is None, log.read_text(encoding="utf-8")
        assert time.monotonic() < deadline, log.read_text(encoding="utf-8")
        time.sleep(0.1)


def answers(client: httpx2.Client) -> bool:
    """Whether the server answers at all."""
    try:
        return client.get("/healthz").status_code == 200
    except httpx2.TransportError:
        return False


def imported(client: httpx2.Client) -> list[str]:
    """The names of the slides that are imported."""
    items = client.get("/api/slides?state=imported").json()["items"]
    return [item["filename"] for item in items]


def test_the_installed_command_serves_a_folder_without_the_checkout(
    installed: Path, tmp_path: Path
) -> None:
    make_svs(tmp_path / "made.svs")
    with serving(installed, tmp_path) as client:
        assert imported(client) == ["made.svs"]
        page = client.get("/")
        assert page.headers["content-type"].startswith("text/html")
        assert page.content == (ROOT / "web" / "dist" / "index.html").read_bytes()
        slide = client.get("/api/slides").json()["items"][0]
        descriptor = client.get(slide["links"]["descriptor"]).json()
        tile = client.get(descriptor["tile_url"].format(level=0, col=0, row=0))
        assert tile.headers["x-labsight-path"] == "stored"
    assert [path.name for path in tmp_path.iterdir()] == ["made.svs"]
