"""A declared database on this machine: its set-up runs as declared, with declared users."""

import io
import json
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path

import pytest
import sqlalchemy

from local import ports
from local.configuration import load_stack
from local.database import Database
from local.database_resources import redirected
from local.declared import FUNCTION
from local.errors import UnknownDeclaration
from local.making import Site
from local.moto_server import Cloud
from local.resources import make
from local.start import Platform, running
from local.steps import Steps

PROGRAM = Path(__file__).parent / "programs" / "database"
INSTANCE = "aws:rds/instance:Instance"
CLUSTER = "aws:rds/cluster:Cluster"


@pytest.fixture(scope="module")
def database() -> Iterator[Database]:
    with Database() as started:
        started.start()
        yield started


@pytest.fixture(scope="module")
def platform(database: Database) -> Iterator[Platform]:
    ready: Future[None] = Future()
    ready.set_result(None)
    stack = load_stack(PROGRAM, "dev", {})
    steps = Steps(io.StringIO(), io.StringIO())
    with running(stack, ports.claim(0), ready, None, steps, database.folder) as up:
        yield up


def test_the_declared_set_up_makes_tables_and_users(platform: Platform, database: Database) -> None:
    assert any(made.type == INSTANCE for made in platform.deployment.resources)
    url = sqlalchemy.make_url(database.url).set(username="labsight_reader")
    engine = sqlalchemy.create_engine(url)
    with engine.connect() as connection:
        assert connection.execute(sqlalchemy.text("select count(*) from slide")).scalar_one() == 0
    engine.dispose()


def test_functions_are_declared_with_the_stand_in_s_address_and_users(platform: Platform) -> None:
    [catalog] = [f for f in platform.deployment.of(FUNCTION) if f.name == "catalog-function"]
    variables = catalog.inputs["environment"]["variables"]
    assert variables["LABSIGHT_DATABASE_URL"] == (
        "postgresql+psycopg://labsight_reader@database-subnets-local.database.localhost:5433/labsight"
    )
    assert variables["LABSIGHT_DATABASE_AUTH"] == "iam"


def test_the_master_s_password_is_in_a_real_secret_and_nowhere_else(platform: Platform) -> None:
    [instance] = platform.deployment.of(INSTANCE)
    [secret] = instance.outputs["masterUserSecrets"]
    value = json.loads(
        platform.cloud.secrets.get_secret_value(SecretId=secret["secretArn"])["SecretString"]
    )
    assert value["username"] == "labsight_admin"
    assert value["password"] not in str(platform.deployment)


def test_a_cluster_has_an_address_and_a_secret_too(cloud: Cloud) -> None:
    site = Site(cloud, "http://127.0.0.1:8080")
    made_id, made = make(
        site,
        CLUSTER,
        "main",
        {"engine": "aurora-postgresql", "manageMasterUserPassword": True, "port": 5433},
    )
    assert made_id == "main-local"
    assert made["endpoint"] == "main-local.database.localhost"
    assert made["clusterResourceId"].startswith("cluster-")
    assert made["masterUserSecrets"][0]["secretArn"].startswith("arn:aws:secretsmanager:")


def test_another_engine_is_refused(cloud: Cloud) -> None:
    with pytest.raises(UnknownDeclaration, match="engine mysql; local mode has PostgreSQL alone"):
        make(Site(cloud, "http://127.0.0.1:8080"), INSTANCE, "main", {"engine": "mysql"})


@pytest.mark.parametrize(
    ("url", "there"),
    [
        (
            "postgresql+psycopg://reader@x.database.localhost:5433/labsight",
            "postgresql+psycopg://reader@x.database.localhost:5432/labsight?host=/tmp/db",
        ),
        (
            "postgresql+psycopg://x.database.localhost:5433/labsight?connect_timeout=25",
            "postgresql+psycopg://x.database.localhost:5432/labsight?connect_timeout=25&host=/tmp/db",
        ),
    ],
)
def test_a_stand_in_s_address_leads_to_the_socket(url: str, there: str) -> None:
    declared = {"LABSIGHT_DATABASE_URL": url, "LABSIGHT_DATABASE_AUTH": "iam", "OTHER": "x"}
    assert redirected(declared, Path("/tmp/db")) == {
        "LABSIGHT_DATABASE_URL": there,
        "LABSIGHT_DATABASE_AUTH": "none",
        "OTHER": "x",
    }


@pytest.mark.parametrize(
    ("variables", "socket"),
    [
        ({}, Path("/tmp/db")),
        ({"LABSIGHT_DATABASE_URL": "postgresql+psycopg://u@db.example.org:5432/x"}, Path("/tmp")),
        ({"LABSIGHT_DATABASE_URL": "postgresql+psycopg://u@x.database.localhost:5432/x"}, None),
    ],
)
def test_other_addresses_stay(variables: dict[str, str], socket: Path | None) -> None:
    assert redirected(variables, socket) == variables
