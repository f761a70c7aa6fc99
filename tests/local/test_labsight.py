"""labsight itself: its program, its functions and the sample slides, from folder to tile."""

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from local import check, declared
from local.configuration import load_stack
from local.declared import Deployment, Resource
from local.deploy import deploy
from local.functions import Fleet
from local.making import Site
from local.moto_server import Cloud, forget_everything
from local.run import overrides
from tests.support import odd_requests, sign_in

from .conftest import ADDRESS

ROOT = Path(__file__).parents[2]
SLIDES = ROOT / "sample-data" / "slides"


@pytest.fixture(scope="module")
def program(_served: Cloud) -> Iterator[Deployment]:
    forget_everything()
    yield deploy(load_stack(ROOT, "dev", overrides()), Site(_served, ADDRESS))
    forget_everything()


def named(program: Deployment, kind: str, part: str) -> Resource:
    [found] = [r for r in program.of(kind) if part in r.name]
    return found


def broken(program: Deployment, resource: Resource, **inputs: Any) -> list[str]:
    """Return the wires that are broken once one resource has other inputs."""
    others = [r for r in program.resources if r is not resource]
    altered = replace(resource, inputs={**resource.inputs, **inputs})
    return check.broken_wires(replace(program, resources=(*others, altered)))


def said_at_start(resource: Resource, place: Path, **inputs: Any) -> str:
    """Return what is said when a function with other inputs starts."""
    altered = replace(resource, inputs={**resource.inputs, **inputs})
    nowhere = Cloud("http://127.0.0.1:9", "eu-central-1")
    with Fleet(nowhere, ROOT, place, lambda _line: None) as fleet:
        fleet.launch(altered)
        [said] = fleet.wait_ready()
    return said


def test_every_wire_holds(program: Deployment) -> None:
    assert check.broken_wires(program) == []


def test_a_stack_with_containers_is_served_by_functions_here(cloud: Cloud) -> None:
    settings = {"slides.service": "container", "network.egress": "endpoints", "slides.image": "1"}
    made = deploy(load_stack(ROOT, "dev", settings | overrides()), Site(cloud, ADDRESS))
    assert check.broken_wires(made) == []
    named(made, declared.FUNCTION, "slide-files")


def test_a_queue_that_nobody_reads_is_named(program: Deployment) -> None:
    source = named(program, declared.MAPPING, "importer")
    without = replace(program, resources=tuple(r for r in program.resources if r is not source))
    [wire] = check.broken_wires(without)
    assert wire.startswith("queue uploads-queue: target uploads-target fills it, but no event")


def test_a_route_to_nothing_is_named(program: Deployment) -> None:
    route = named(program, declared.ROUTE, "healthz")
    [wire] = broken(program, route, target="integrations/nothing")
    assert wire.startswith(
        "route 'GET /healthz' (web-get-healthz): it leads to integrations/nothing"
    )


@pytest.mark.parametrize("handler", ["lambdas.tiles.handler.handel", "lambdas.tile.handler.handle"])
def test_a_wrong_handler_is_named(program: Deployment, tmp_path: Path, handler: str) -> None:
    said = said_at_start(named(program, declared.FUNCTION, "tiles"), tmp_path, handler=handler)
    assert said.startswith("function tiles-function: ")
    assert handler.rpartition(".")[2] in said


@pytest.mark.parametrize(
    ("function", "variable"),
    [
        ("importer", "LABSIGHT_ARCHIVE_BUCKET"),
        ("tiles", "LABSIGHT_ARCHIVE_BUCKET"),
        ("catalog", "LABSIGHT_DATABASE_URL"),
        ("migrate", "LABSIGHT_DATABASE_URL"),
    ],
)
def test_a_missing_variable_is_named_with_its_function(
    program: Deployment, tmp_path: Path, function: str, variable: str
) -> None:
    resource = named(program, declared.FUNCTION, function)
    variables = dict(resource.inputs["environment"]["variables"])
    del variables[variable]
    said = said_at_start(resource, tmp_path, environment={"variables": variables})
    assert said.startswith(f"function {function}-function: SettingsError: {variable} is not set")


def test_the_sample_slides_go_from_a_folder_to_tiles() -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "local", "--port", "0", "--once", "--slides", str(SLIDES)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    files = [p for p in SLIDES.rglob("*") if p.is_file() and not p.name.startswith(".")]
    rows = re.findall(r"^  (\S.*?)  +(imported|failed)  ", ran.stdout, re.MULTILINE)
    assert sorted(path for path, _ in rows) == sorted(str(p.relative_to(SLIDES)) for p in files)
    assert {state for _, state in rows} >= {"imported"}
    assert "NOT SERVED" not in ran.stdout


@pytest.fixture
def address() -> Iterator[str]:
    """The whole platform, serving the sample slides."""
    command = [sys.executable, "-m", "local", "--port", "0", "--slides", str(SLIDES)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        ready = next(line for line in running.stdout if line.startswith("ready after"))
        found = re.search(r"http://[0-9.:]+", ready)
        assert found is not None
        yield found[0]
        running.send_signal(signal.SIGINT)
        running.stdout.read()
        assert running.wait(timeout=30) == 0


def test_two_thousand_odd_requests_do_not_fail_the_platform(address: str) -> None:
    carried = sign_in.carried(address)
    ids = odd_requests.listed_ids(address, carried)
    assert len(ids) == 4
    seen = odd_requests.ask_oddly(address, ids, carried)
    assert seen[200] > 100
    assert seen[404] > 100
