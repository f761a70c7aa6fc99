"""Brings the platform up, part by part, from what the program declares."""

import json
import os
import socket
import tempfile
from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from local import check, declared, doors, wiring
from local.configuration import Stack
from local.declared import Deployment, Resource
from local.deploy import deploy
from local.errors import BrokenWires, FunctionFailed, ProgramFailed
from local.events import SQS_BATCH, Poller, Source
from local.front import Server
from local.functions import Fleet, Pool, Surroundings
from local.invoke import Invocations
from local.making import Site
from local.moto_server import Cloud, embedded_aws
from local.steps import Steps

QUEUE_PROCESSES = 2  # of a function that works off a queue
ROUTE_PROCESSES = (2, 4)  # of one that answers requests: fewest and most, by processors


@dataclass(frozen=True, kw_only=True)
class Platform:
    """Everything that runs, for whoever looks at it from outside."""

    address: str
    cloud: Cloud
    deployment: Deployment
    pollers: tuple[Poller, ...]


@contextmanager
def running(
    stack: Stack,
    claimed: socket.socket,
    database: "Future[None]",
    web: Path | None,
    steps: Steps,
    database_folder: Path | None = None,
) -> Iterator[Platform]:
    """Run the platform until the block ends; everything has stopped when this returns.

    ``database`` is done once PostgreSQL answers; its socket is in ``database_folder``.
    """
    with ExitStack() as exits:
        server = Server(claimed)
        exits.callback(server.join)
        place = Path(exits.enter_context(tempfile.TemporaryDirectory(prefix="labsight-")))
        with steps.step("program") as step:
            cloud = Cloud(exits.enter_context(embedded_aws()), stack.region)
            fleet = exits.enter_context(Fleet(cloud, stack.folder, place, steps.log))
            invocations = exits.enter_context(Invocations(fleet.pools, steps.log))
            fleet.around = Surroundings(database=database_folder, functions=invocations.endpoint)
            deployment = deploy(stack, Site(cloud, server.address), fleet.launch)
            step.detail = f"{len(deployment.resources)} resources of stack {stack.name}"
        database.result()
        with steps.step("functions") as step:
            pools = _ready_functions(deployment, fleet)
            step.detail = ", ".join(sorted(pool.function.name for pool in pools.values()))
        _invoke_declared(deployment, pools, steps)
        pollers = tuple(_pollers(deployment, pools, cloud, steps))
        for poller in pollers:
            poller.start()
            exits.callback(poller.stop)
        with steps.step("serving") as step:
            server.start(
                doors.application(deployment, pools, cloud, web, server.address, steps.log)
            )
            exits.callback(server.ask_to_stop)
            step.detail = server.address
        yield Platform(address=server.address, cloud=cloud, deployment=deployment, pollers=pollers)


def _ready_functions(deployment: Deployment, fleet: Fleet) -> Mapping[str, Pool]:
    """Return all functions by ARN once they run, or raise with every wire that is broken."""
    broken = [*check.broken_wires(deployment), *fleet.wait_ready()]
    if broken:
        raise BrokenWires(broken)
    for function in deployment.of(declared.FUNCTION):
        fleet.pools[function.outputs["arn"]].size = _processes(deployment, function)
    return fleet.pools


def _processes(deployment: Deployment, function: Resource) -> int:
    """Return how many events a function may handle at a time on this machine."""
    answering = (*wiring.routed(deployment), *wiring.addressed(deployment))
    if any(function is answers for _, answers in answering):
        fewest, most = ROUTE_PROCESSES
        return max(fewest, min(most, os.cpu_count() or fewest))
    if any(function is fed for _, _, fed in wiring.fed(deployment)):
        return QUEUE_PROCESSES
    return 1


def _invoke_declared(deployment: Deployment, pools: Mapping[str, Pool], steps: Steps) -> None:
    """Make the calls that the program declares for each deployment, such as the migration."""
    for invocation in deployment.of(declared.INVOCATION):
        function = wiring.find_function(deployment, invocation.inputs["functionName"])
        if function is None:  # reported among the broken wires
            continue
        with steps.step(invocation.name) as step:
            try:
                result = pools[function.outputs["arn"]].invoke(
                    json.loads(invocation.inputs["input"])
                )
            except FunctionFailed as error:
                raise ProgramFailed(f"invocation {invocation}: {error}") from error
            step.detail = json.dumps(result)


def _pollers(
    deployment: Deployment, pools: Mapping[str, Pool], cloud: Cloud, steps: Steps
) -> Iterator[Poller]:
    for mapping, queue, function in wiring.fed(deployment):
        if mapping.inputs.get("enabled", True):
            answers = mapping.inputs.get("functionResponseTypes") or ()
            source = Source(
                name=queue.name,
                queue_url=queue.outputs["url"],
                queue_arn=queue.outputs["arn"],
                batch_size=mapping.inputs.get("batchSize", SQS_BATCH),
                reports_failures="ReportBatchItemFailures" in answers,
            )
            yield Poller(source, pools[function.outputs["arn"]], cloud, steps.log)
