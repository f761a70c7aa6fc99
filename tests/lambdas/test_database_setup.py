"""The functions that set up the database, and let it go, with stand-ins for what they call."""

import importlib
import io
import json
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
from botocore.exceptions import ClientError
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import OperationalError

from labsight.catalog.protection import Target, lift
from labsight.catalog.setup import set_up
from labsight.errors import Conflict, InvalidInput, LabsightError, SettingsError

SECRET = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:rds!db-1"
PASSWORD = "s3cret-Pass/word"
MASTER = {"username": "labsight_admin", "password": PASSWORD}


class Secrets:
    def __init__(self, value: str = json.dumps(MASTER)) -> None:
        self.value = value

    def get_secret_value(self, *, SecretId: str) -> Any:  # noqa: N803
        assert SecretId == SECRET
        return {"SecretString": self.value}


class Functions:
    """Lambda with one function, which answers as it is told."""

    def __init__(self, answer: Any, error: str | None = None) -> None:
        self.answer, self.error, self.calls = answer, error, list[dict[str, Any]]()

    def invoke(self, **call: Any) -> Any:
        self.calls.append(call)
        failed = {"FunctionError": self.error} if self.error else {}
        return {"Payload": io.BytesIO(json.dumps(self.answer).encode()), **failed}


def test_the_master_s_credentials_are_handed_in_and_the_revision_comes_back() -> None:
    functions = Functions({"revision": "0001"})
    assert set_up(Secrets(), functions, SECRET, "migrate") == "0001"
    assert set_up(Secrets(), functions, SECRET, "migrate") == "0001"
    [call, _again] = functions.calls
    assert call["FunctionName"] == "migrate"
    assert call["InvocationType"] == "RequestResponse"
    assert json.loads(call["Payload"]) == {"master": MASTER}


def test_a_failure_of_the_function_is_told_without_the_password() -> None:
    said = {"errorMessage": f"cannot connect with {PASSWORD}", "errorType": "LabsightError"}
    with pytest.raises(LabsightError) as failed:
        set_up(Secrets(), Functions(said, "Unhandled"), SECRET, "migrate")
    assert failed.value.message == (
        "migrate did not set up the database (Unhandled): cannot connect with ***"
    )


class Sleeping(Functions):
    """Lambda that has to get a function ready first, and says so with these codes."""

    def __init__(self, *codes: str) -> None:
        super().__init__({"revision": "0001"})
        self.codes = list(codes)

    def invoke(self, **call: Any) -> Any:
        if self.codes:
            raise ClientError({"Error": {"Code": self.codes.pop(0), "Message": "no"}}, "Invoke")
        return super().invoke(**call)


def test_a_function_that_was_long_idle_is_waited_for_and_called_once() -> None:
    waited: list[float] = []
    functions = Sleeping("ResourceNotReadyException", *["ResourceConflictException"] * 3)
    assert set_up(Secrets(), functions, SECRET, "migrate", waited.append) == "0001"
    assert waited == [10.0] * 4
    assert len(functions.calls) == 1


@pytest.mark.parametrize(
    ("code", "waits"), [("ENINotReadyException", 12), ("AccessDeniedException", 0)]
)
def test_one_that_never_gets_ready_is_given_up(code: str, waits: int) -> None:
    waited: list[float] = []
    with pytest.raises(ClientError, match=code):
        set_up(Secrets(), Sleeping(*[code] * 20), SECRET, "migrate", waited.append)
    assert len(waited) == waits


@pytest.mark.parametrize("answer", [None, {}, {"revision": 1}, [], "0001"])
def test_an_answer_without_a_revision_is_a_failure(answer: Any) -> None:
    with pytest.raises(LabsightError, match="answered without a revision"):
        set_up(Secrets(), Functions(answer), SECRET, "migrate")


@pytest.mark.parametrize("value", ["", "no json", '"text"', '{"username": "x"}', "[]"])
def test_a_secret_that_is_no_master_secret_is_named_and_not_shown(value: str) -> None:
    with pytest.raises(SettingsError, match=r"LABSIGHT_MASTER_SECRET \(arn:.+as JSON") as refused:
        set_up(Secrets(value), Functions({}), SECRET, "migrate")
    assert not value or value not in refused.value.message


Start = Callable[[str], ModuleType]


@pytest.fixture
def function(monkeypatch: pytest.MonkeyPatch) -> Start:
    """Start a function as Lambda does: import it anew, with the environment of now."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    return lambda name: importlib.reload(importlib.import_module(f"lambdas.{name}.handler"))


@pytest.mark.parametrize("missing", ["LABSIGHT_MASTER_SECRET", "LABSIGHT_MIGRATE_FUNCTION"])
def test_the_set_up_does_not_start_without_a_setting(
    missing: str, function: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LABSIGHT_MASTER_SECRET", SECRET)
    monkeypatch.setenv("LABSIGHT_MIGRATE_FUNCTION", "migrate")
    function("database_setup")
    monkeypatch.delenv(missing)
    with pytest.raises(SettingsError, match=f"{missing} is not set"):
        function("database_setup")


def migrate(function: Start, empty: Engine, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    url = empty.url.set(username=None).render_as_string(hide_password=False)
    monkeypatch.setenv("LABSIGHT_DATABASE_URL", url)
    monkeypatch.setenv("LABSIGHT_DATABASE_AUTH", "password")  # on a socket there is no TLS to check
    return function("migrate")


def test_migrating_twice_answers_the_same_revision(
    function: Start, empty_database: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    handler = migrate(function, empty_database, monkeypatch)
    first = handler.handle({"master": MASTER}, None)
    assert handler.handle({"master": MASTER}, None) == first
    with empty_database.connect() as connection:
        tables = connection.execute(
            text("select tableowner from pg_tables where tablename = 'slide'")
        ).scalar_one()
    assert tables == "labsight"


def test_a_master_of_whom_the_server_wants_a_token_comes_with_one(
    function: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LABSIGHT_DATABASE_URL", "postgresql+psycopg://db.example:5433/labsight")
    monkeypatch.setenv("LABSIGHT_DATABASE_AUTH", "password")
    handler, tried = function("migrate"), list[str]()

    def connecting(_url: str, auth: str, **rest: Any) -> Engine:
        assert rest == {"credentials": ("labsight_admin", PASSWORD)}
        tried.append(auth)
        return create_engine("sqlite://")

    def asking(_engine: Engine) -> str:
        if tried[-1] == "password":
            said = 'FATAL:  PAM authentication failed for user "labsight_admin"'
            raise OperationalError("connect", {}, Exception(said))
        return "0001"

    monkeypatch.setattr(handler, "connect", connecting)
    monkeypatch.setattr(handler, "set_up", asking)
    assert handler.handle({"master": MASTER}, None) == {"revision": "0001"}
    assert tried == ["password", "iam"]


@pytest.mark.parametrize(
    "event", [{}, {"master": None}, {"master": {"username": "x"}}, {"revision": "head"}]
)
def test_migrating_without_credentials_says_who_brings_them(
    event: dict[str, Any],
    function: Start,
    empty_database: Engine,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with pytest.raises(InvalidInput, match="database_setup sends it"):
        migrate(function, empty_database, monkeypatch).handle(event, None)


def test_a_database_that_cannot_be_reached_is_told_without_the_password(
    function: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LABSIGHT_DATABASE_URL", "postgresql+psycopg://h:1/x?host=/nowhere")
    monkeypatch.setenv("LABSIGHT_DATABASE_AUTH", "password")
    master = {"username": "labsight_admin", "password": "nowhere"}
    with pytest.raises(LabsightError) as failed:
        function("migrate").handle({"master": master}, None)
    assert failed.value.message.startswith("the database was not set up: OperationalError:")
    assert "nowhere" not in failed.value.message
    assert failed.value.__cause__ is None


class Rds:
    """RDS that answers each change with the next code; none: it is done."""

    def __init__(self, *codes: str | None) -> None:
        self.codes, self.calls = list(codes), list[tuple[str, dict[str, Any]]]()

    def modify_db_instance(self, **arguments: Any) -> None:
        self._answer("instance", arguments)

    def modify_db_cluster(self, **arguments: Any) -> None:
        self._answer("cluster", arguments)

    def _answer(self, kind: str, arguments: dict[str, Any]) -> None:
        self.calls.append((kind, arguments))
        code = self.codes.pop(0) if self.codes else None
        if code:
            raise ClientError({"Error": {"Code": code, "Message": "no"}}, "Modify")


@pytest.mark.parametrize(
    ("kind", "name"), [("instance", "DBInstanceIdentifier"), ("cluster", "DBClusterIdentifier")]
)
def test_the_protection_is_taken_from_the_database_that_is_named(kind: Any, name: str) -> None:
    rds = Rds()
    lift(rds, Target(kind, "main"), lambda: 100.0)
    assert rds.calls == [
        (kind, {name: "main", "DeletionProtection": False, "ApplyImmediately": True})
    ]


@pytest.mark.parametrize("code", ["DBInstanceNotFound", "DBClusterNotFoundFault"])
def test_a_database_that_is_gone_needs_no_release(code: str) -> None:
    lift(Rds(code), Target("instance", "main"), lambda: 100.0)


def test_a_busy_database_is_waited_for() -> None:
    waited: list[float] = []
    rds = Rds("InvalidDBInstanceState", "InvalidDBInstanceState", None)
    lift(rds, Target("instance", "main"), lambda: 100.0, waited.append)
    assert len(rds.calls) == 3
    assert waited == [10.0, 10.0]


def test_one_that_stays_busy_says_what_to_do() -> None:
    left = iter([40.0, 30.0, 20.0])
    busy = Rds(*["InvalidDBInstanceState"] * 5)
    with pytest.raises(Conflict, match=r"main is busy .+ run pulumi destroy again"):
        lift(busy, Target("instance", "main"), lambda: next(left), lambda _s: None)


def test_another_refusal_comes_out_as_it_is() -> None:
    with pytest.raises(ClientError, match="AccessDenied"):
        lift(Rds("AccessDenied"), Target("instance", "main"), lambda: 100.0)


class Context:
    @staticmethod
    def get_remaining_time_in_millis() -> int:
        return 60_000


@pytest.mark.parametrize("action", ["create", "update", None])
def test_only_the_stack_s_destruction_releases_a_database(
    action: str | None, function: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    handler, rds = function("database_release"), Rds()
    monkeypatch.setattr(handler, "_rds", rds)
    declared: dict[str, Any] = {"kind": "instance", "identifier": "main"}
    told = declared | ({"tf": {"action": action, "prev_input": None}} if action else {})
    assert handler.handle(told, Context()) == {"protection": "left as it is"}
    assert rds.calls == []
    destroyed = declared | {"tf": {"action": "delete", "prev_input": declared}}
    assert handler.handle(destroyed, Context()) == {"protection": "lifted"}
    assert handler.handle(destroyed, Context()) == {"protection": "lifted"}
    assert len(rds.calls) == 2


@pytest.mark.parametrize("event", [{}, {"kind": "table", "identifier": "x"}, {"kind": "instance"}])
def test_an_event_that_names_no_database_is_refused(event: dict[str, Any], function: Start) -> None:
    with pytest.raises(InvalidInput, match='"kind": "instance" or "cluster"'):
        function("database_release").handle(event, Context())
