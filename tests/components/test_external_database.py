from components.external_database import ExternalDatabase

URL = "postgresql+psycopg://labsight@db.example.org:5432/labsight"


def test_functions_are_told_the_url_and_how_to_sign_in() -> None:
    assert ExternalDatabase(url=URL, auth="none").environment() == {
        "LABSIGHT_DATABASE_URL": URL,
        "LABSIGHT_DATABASE_AUTH": "none",
    }


def test_signing_in_with_a_role_is_granted_for_the_url_s_user() -> None:
    (grant,) = ExternalDatabase(url=URL, auth="iam").connect()
    assert grant.actions == ("rds-db:connect",)
    assert grant.resources == ("arn:aws:rds-db:*:*:dbuser:*/labsight",)


def test_without_iam_nothing_is_granted() -> None:
    assert ExternalDatabase(url=URL, auth="none").connect() == ()
