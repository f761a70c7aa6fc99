"""Runs the Pulumi program against a mock monitor that builds it in the embedded AWS."""

import contextlib
import logging
import runpy
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import pulumi
from pulumi.runtime import mocks, rpc, settings

from labsight.errors import LabsightError
from local import resources
from local.configuration import Stack
from local.declared import Deployment, Properties, Resource
from local.errors import ProgramFailed
from local.loops import event_loop
from local.making import Site


def deploy(
    stack: Stack, site: Site, watch: Callable[[Resource], None] = lambda _made: None
) -> Deployment:
    """Run the program to its end and return all that it declared.

    ``watch`` hears of each resource as soon as it is made, in whichever thread made it.
    Raises ProgramFailed when the program raises, UnknownDeclaration when it declares what local
    mode has not been taught.
    """
    recorder = _Recorder(site, watch)
    exports: dict[str, Any] = {}

    def program() -> pulumi.Output[Any]:
        runpy.run_path(str(stack.program), run_name="__main__")
        root = cast("Any", settings.get_root_resource())
        return pulumi.Output.all(**root.outputs).apply(exports.update)

    with _program_surroundings(stack.folder), event_loop():
        _forget_earlier_program()
        mocks.set_mocks(recorder, stack.project, stack.name, logger=_silent_logger())
        pulumi.runtime.set_all_config(dict(stack.config))
        try:
            run: Callable[[], None] = cast("Any", mocks).test(program)
            run()
        except Exception as error:
            raise _explained(error, recorder, stack) from error
    return Deployment(
        resources=tuple(recorder.resources), exports=plain(exports), notes=tuple(site.notes)
    )


def plain(value: Any) -> Any:
    """Return the value without Pulumi's envelopes: secrets opened, whole floats as ints."""
    value = rpc.unwrap_rpc_secret(value)
    match value:
        case float() if value.is_integer():
            return int(value)
        case dict():
            return {key: plain(inner) for key, inner in value.items()}
        case list():
            return [plain(inner) for inner in value]
    return value


class _Recorder(mocks.Mocks):
    """The mock monitor's other half: makes each resource, and remembers it."""

    def __init__(self, site: Site, watch: Callable[[Resource], None]) -> None:
        self.resources: list[Resource] = []
        self.errors: list[LabsightError] = []
        self._site = site
        self._watch = watch
        self._lock = threading.Lock()

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str, Properties]:
        """Make a resource; several threads call this at once, in no fixed order."""
        inputs = plain(args.inputs)
        if args.custom is False:  # a component: nothing of it exists in AWS
            return "", inputs
        try:
            made = self._make(args.typ, args.name, inputs)
            self._watch(made)
        except Exception as error:
            with self._lock:
                self.errors.append(_naming(error, args))
            raise
        with self._lock:
            self.resources.append(made)
        return made.id, made.outputs

    def _make(self, resource_type: str, name: str, inputs: Properties) -> Resource:
        made_id, computed = resources.make(self._site, resource_type, name, inputs)
        return Resource(
            type=resource_type,
            name=name,
            inputs=inputs,
            id=made_id,
            outputs={**inputs, **computed},
        )

    def call(self, args: mocks.MockCallArgs) -> Any:
        """Answer a data source."""
        try:
            return resources.look_up(self._site, args.token, plain(args.args))
        except LabsightError as error:
            with self._lock:
                self.errors.append(error)
            raise


def _naming(error: Exception, args: mocks.MockResourceArgs) -> LabsightError:
    if isinstance(error, LabsightError):
        return error
    return ProgramFailed(f"{args.typ} {args.name!r}: {type(error).__name__}: {error}")


def _explained(error: Exception, recorder: _Recorder, stack: Stack) -> LabsightError:
    """Say what went wrong first: with which resource, or else in which line of the program."""
    if recorder.errors:
        return recorder.errors[0]
    if isinstance(error, pulumi.RunError):  # raised on purpose, with words for the operator
        return ProgramFailed(str(error))
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if _is_of_program(Path(frame.filename), stack.folder)]
    place = f" ({Path(own[-1].filename).name}, line {own[-1].lineno})" if own else ""
    return ProgramFailed(f"{stack.program}: {type(error).__name__}: {error}{place}")


def _is_of_program(file: Path, folder: Path) -> bool:
    """Say whether a file is the program's own: not a library's, not ours."""
    inside = file.is_relative_to(folder) and "site-packages" not in file.parts
    return inside and not file.is_relative_to(Path(__file__).parent)


def _forget_earlier_program() -> None:
    """Drop the root resource: it outlives a program and would hand its exports to the next."""
    settings.set_root_resource(cast("Any", None))


def _silent_logger() -> logging.Logger:
    """Return a logger for the engine: what it reports as errors is raised as well."""
    logger = logging.getLogger("local.program")
    logger.addFilter(lambda record: record.levelno < logging.ERROR)
    return logger


@contextlib.contextmanager
def _program_surroundings(folder: Path) -> Iterator[None]:
    """Give the program the working folder and the import path that `pulumi up` gives it."""
    sys.path.insert(0, str(folder))
    try:
        with contextlib.chdir(folder):
            yield
    finally:
        sys.path.remove(str(folder))
