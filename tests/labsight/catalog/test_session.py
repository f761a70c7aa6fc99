"""How functions connect to the database in AWS."""

import datetime as dt
import re

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID
from sqlalchemy import Engine, event, make_url, text

from labsight.catalog import connect, session
from labsight.catalog.session import RDS_ROOTS

URL = "postgresql+psycopg://labsight_reader@db.example.org:5433/labsight"


class Stopped(Exception):
    """Raised instead of connecting."""


def parameters(url: str, auth: str, credentials: tuple[str, str] | None = None) -> dict[str, str]:
    """Return what the driver would be told."""
    engine = connect(url, auth, lambda _url: "signed", credentials=credentials)
    told: dict[str, str] = {}

    @event.listens_for(engine, "do_connect")
    def _stop(_dialect: object, _record: object, _args: object, given: dict[str, str]) -> None:
        told.update(given)
        raise Stopped

    with pytest.raises(Stopped):
        engine.connect()
    return told


@pytest.mark.parametrize("auth", ["iam", "password"])
def test_the_server_s_certificate_is_checked_against_the_roots_of_rds(auth: str) -> None:
    told = parameters(URL, auth)
    assert told["sslmode"] == "verify-full"
    assert told["sslrootcert"] == str(RDS_ROOTS)


def test_a_url_may_name_other_roots_and_cannot_switch_the_check_off() -> None:
    told = parameters(f"{URL}?sslrootcert=/own.pem&sslmode=disable", "iam")
    assert told["sslmode"] == "verify-full"
    assert told["sslrootcert"] == "/own.pem"


def test_without_a_database_in_aws_nothing_is_checked() -> None:
    assert "sslmode" not in parameters(URL, "none")


def test_credentials_replace_the_url_s_user() -> None:
    told = parameters(URL, "password", ("labsight_admin", "p@ss/w:rd"))
    assert (told["user"], told["password"]) == ("labsight_admin", "p@ss/w:rd")


def test_a_token_is_the_password_of_the_url_s_user() -> None:
    told = parameters(URL, "iam")
    assert (told["user"], told["password"]) == ("labsight_reader", "signed")


def test_credentials_say_whose_token_it_is() -> None:
    told = parameters(URL, "iam", ("labsight_admin", "p@ss/w:rd"))
    assert (told["user"], told["password"]) == ("labsight_admin", "signed")


def test_a_token_is_signed_here_for_host_port_and_user(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")  # where nobody answers
    token = session._rds_token(make_url(URL))
    session._rds.cache_clear()
    assert token.startswith("db.example.org:5433/?Action=connect&DBUser=labsight_reader&")
    assert "eu-central-1%2Frds-db%2Faws4_request" in token


@pytest.mark.parametrize(("query", "seconds"), [("", 5), ("?connect_timeout=25", 25)])
def test_a_url_may_give_a_sleeping_database_time_to_wake_up(query: str, seconds: int) -> None:
    assert int(parameters(URL + query, "iam")["connect_timeout"]) == seconds


@pytest.mark.parametrize(("auth", "left"), [("iam", 0), ("none", 1)])
def test_a_function_keeps_no_connection_open(auth: str, left: int, empty_database: Engine) -> None:
    url = empty_database.url.render_as_string(hide_password=False)
    engine = connect(f"{url}&application_name=frozen", auth, lambda _url: "signed")
    with engine.connect() as connection:
        connection.execute(text("select 1"))
    with empty_database.connect() as connection:
        connection.execute(text("select pg_sleep(0.1)"))
        open_ = connection.execute(
            text("select count(*) from pg_stat_activity where application_name = 'frozen'")
        ).scalar_one()
    engine.dispose()
    assert open_ == left


def test_the_roots_are_certificates_of_authorities_that_are_still_valid() -> None:
    roots = x509.load_pem_x509_certificates(RDS_ROOTS.read_bytes())
    year = dt.datetime.now(dt.UTC) + dt.timedelta(days=365)
    assert len(roots) > 60
    assert len(set(roots)) == len(roots)
    for root in roots:
        limits = root.extensions.get_extension_for_class(x509.BasicConstraints).value
        assert limits.ca
        assert root.subject == root.issuer
        root.verify_directly_issued_by(root)
        assert root.not_valid_after_utc > year
        assert root.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)[0].value == (
            "Amazon Web Services, Inc."
        )


def test_each_region_that_is_named_has_all_three_roots() -> None:
    heading = re.compile(r"^# (\S+-\d) (RSA2048|RSA4096|ECC384), until", re.MULTILINE)
    named = heading.findall(RDS_ROOTS.read_text())
    regions = {region for region, _ in named}
    assert {"eu-central-1", "us-east-1"} <= regions
    assert len(named) == 3 * len(regions)
    assert len(named) == len(x509.load_pem_x509_certificates(RDS_ROOTS.read_bytes()))
