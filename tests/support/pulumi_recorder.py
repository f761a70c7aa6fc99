"""Run a Pulumi program without an engine and see what it declares.

``declare`` runs a program and returns its value; ``recorded`` holds the resources of the last one.
"""

import threading
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws
import pytest
from pulumi.runtime import mocks, rpc, settings
from pulumi.runtime.proto import resource_pb2

from local.loops import event_loop
from tests.support.pulumi_outputs import LOOKED_UP, outputs_of

with warnings.catch_warnings():
    # The first look into a service imports it, and some warn of old classes that nobody here uses.
    warnings.simplefilter("ignore", DeprecationWarning)
    LOADED = (pulumi_aws.lambda_.Function, pulumi_aws.s3.Bucket)


@dataclass(frozen=True)
class Resource:
    """One declared resource: its inputs, what it depends on, its state after a deployment.

    ``parent`` and ``depends_on`` are logical names; the stack itself is ``""``.
    """

    type: str
    name: str
    parent: str
    inputs: Mapping[str, Any]
    state: Mapping[str, Any]
    depends_on: frozenset[str]
    retained: bool


class Recorded(list[Resource]):
    """The declared resources, in no particular order."""

    def of(self, type_: str) -> list[Resource]:
        """Return those of a type, such as ``aws:sqs/queue:Queue``, by name."""
        return sorted((one for one in self if one.type == type_), key=lambda one: one.name)

    def one(self, type_: str, name: str | None = None) -> Resource:
        """Return the only one of a type, or of a type and name."""
        found = [one for one in self.of(type_) if name in {None, one.name}]
        assert len(found) == 1, f"{type_} {name or ''}: {[one.name for one in found]}"
        return found[0]


class Recorder(pulumi.runtime.Mocks):
    """Gives each resource the outputs that others refer to; a first preview knows none."""

    def __init__(self, *, known: bool = True) -> None:
        self.known = known

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[Any, Any]]:
        if not args.custom or not self.known:
            return "", {}
        computed = outputs_of(args.typ, args.name, args.inputs)
        return computed.pop("id"), {**computed, **args.inputs}

    def call(self, args: mocks.MockCallArgs) -> tuple[dict[Any, Any], list[tuple[str, str]]]:
        if args.token not in LOOKED_UP:
            raise AssertionError(f"{args.token}: add an answer to tests/support/pulumi_outputs.py")
        return LOOKED_UP[args.token], []


class _Monitor(mocks.MockMonitor):
    """Keeps also what the SDK's mocks are not told: parent, dependencies, options."""

    def __init__(self, recorder: Recorder, resources: Recorded) -> None:
        super().__init__(recorder)
        self._lock = threading.Lock()  # registrations come from several threads
        self._recorded = resources

    def RegisterResource(  # noqa: N802 - the SDK's name
        self, request: resource_pb2.RegisterResourceRequest
    ) -> resource_pb2.RegisterResourceResponse:
        register: Callable[[Any], resource_pb2.RegisterResourceResponse] = super().RegisterResource
        response = register(request)
        if request.type == "pulumi:pulumi:Stack":
            return response
        made = self.resources[self.make_urn(request.parent, request.type, request.name)]
        resource = Resource(
            type=request.type,
            name=request.name,
            parent="" if "::pulumi:pulumi:Stack::" in request.parent else _name(request.parent),
            inputs=rpc.deserialize_properties(request.object),
            state={"id": made.id, **made.state},
            depends_on=frozenset(map(_name, request.dependencies)),
            retained=request.retainOnDelete,
        )
        with self._lock:
            self._recorded.append(resource)
        return response


def _name(urn: str) -> str:
    return urn.rpartition("::")[2]


def run(
    program: Callable[[], Any], recorded: Recorded, *, known: bool = True, stack: str = "test"
) -> Any:
    """Run a program, fill ``recorded``, and return the program's value with its outputs awaited."""
    recorded.clear()
    _forget_root()  # or the program's exports join those of the one before
    recorder = Recorder(known=known)
    answer: list[Any] = []

    def body() -> pulumi.Output[Any]:
        return pulumi.Output.from_input(program()).apply(answer.append)

    awaiting_outputs: Callable[[Callable[[], Any]], Callable[[], None]] = pulumi.runtime.test
    with event_loop():
        monitor = _Monitor(recorder, recorded)
        mocks.set_mocks(recorder, "labsight", stack, preview=not known, monitor=monitor)
        awaiting_outputs(body)()
    return answer[0] if answer else None


def _forget_root() -> None:
    nothing: Any = None  # the SDK takes it, and its annotation does not say so
    settings.set_root_resource(nothing)


Declare = Callable[..., Any]


@pytest.fixture
def recorded() -> Recorded:
    """The resources that the last program declared."""
    return Recorded()


@pytest.fixture
def declare(recorded: Recorded) -> Iterator[Declare]:
    """Run a program and return its value; refusals come out as the program raised them."""
    yield lambda program, **options: run(program, recorded, **options)
    _forget_root()
