import threading
from datetime import UTC

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine

from labsight import keys
from labsight.catalog import Catalog, connect, upgrade
from labsight.catalog.models import Base, ImportState
from labsight.errors import InvalidInput, NotFound, SettingsError


def test_the_migrations_make_exactly_the_models(empty_database: Engine) -> None:
    upgrade(empty_database)
    with empty_database.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []


def test_an_upgrade_can_be_repeated_and_raced(empty_database: Engine) -> None:
    revisions: list[str] = []
    racing = [
        threading.Thread(target=lambda: revisions.append(upgrade(empty_database))) for _ in range(4)
    ]
    for thread in racing:
        thread.start()
    for thread in racing:
        thread.join()
    assert len(revisions) == 4
    assert len(set(revisions)) == 1


def test_a_row_is_made_once_however_many_importers_race(catalog: Catalog) -> None:
    key = "slides/lab/a.svs"
    racing = [
        threading.Thread(target=catalog.record, args=(key, "importer"), kwargs={"size_bytes": 5})
        for _ in range(8)
    ]
    for thread in racing:
        thread.start()
    for thread in racing:
        thread.join()
    assert len(catalog.slides().slides) == 1
    assert len(catalog.history(keys.slide_id(key))) == 1


def test_each_change_is_an_event_and_no_change_is_none(catalog: Catalog) -> None:
    key = "slides/lab/a.svs"
    catalog.record(key, "importer", import_state=ImportState.IMPORTED)
    row = catalog.record(key, "importer", import_state=ImportState.IMPORTED)
    same = catalog.slide(row.id)
    assert same.updated_at == row.updated_at
    events = catalog.history(row.id)
    assert [(event.who, event.field, event.old, event.new) for event in events] == [
        ("importer", "import_state", None, "importing"),
        ("importer", "import_state", "importing", "imported"),
    ]
    assert events[0].at.tzinfo is not None
    assert events[0].at.astimezone(UTC) <= events[1].at.astimezone(UTC)


def test_pages_cover_all_slides_newest_first_and_each_once(catalog: Catalog) -> None:
    made = [catalog.record(f"slides/lab/{number}.svs", "x").id for number in range(25)]
    seen: list[str] = []
    cursor = None
    while True:
        page = catalog.slides(limit=10, cursor=cursor)
        seen += [row.id for row in page.slides]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert seen == made[::-1]


def test_a_search_looks_into_names_and_ids_and_takes_wildcards_as_text(catalog: Catalog) -> None:
    catalog.record("slides/lab/Breast 50%.svs", "x", barcode="S26-1;A1")
    catalog.record("slides/lab/other.svs", "x", case_id="S27-9")
    found = {
        text: len(catalog.slides(search=text).slides)
        for text in ("breast", "s26", "S27", "%", "LAB")
    }
    assert found == {"breast": 1, "s26": 1, "S27": 1, "%": 1, "LAB": 2}


def test_slides_are_filtered_by_state(catalog: Catalog) -> None:
    catalog.record("slides/lab/a.svs", "x", import_state=ImportState.FAILED, failure_kind="damaged")
    catalog.record("slides/lab/b.svs", "x")
    assert [row.path for row in catalog.slides(state=ImportState.FAILED).slides] == ["a.svs"]


@pytest.mark.parametrize("cursor", ["x", "AAAA", "WzEsMl0", "WyIyMDI2IiwiYSJd", "é"])
def test_a_cursor_of_other_making_is_refused(cursor: str, catalog: Catalog) -> None:
    with pytest.raises(InvalidInput, match="next_cursor"):
        catalog.slides(cursor=cursor)


def test_an_unknown_slide_is_named(catalog: Catalog) -> None:
    with pytest.raises(NotFound, match="aaaaaaaaaaaaaaaa"):
        catalog.slide("a" * 16)
    with pytest.raises(NotFound):
        catalog.history("a" * 16)


def test_an_ill_formed_url_names_the_setting() -> None:
    with pytest.raises(SettingsError, match="LABSIGHT_DATABASE_URL"):
        connect("not a url")


def test_each_iam_connection_gets_a_token_of_its_own(empty_database: Engine) -> None:
    asked = []

    def token(url: object) -> str:
        asked.append(url)
        return "signed"

    url = empty_database.url.render_as_string(hide_password=False)
    # The server of the tests has no TLS, which has no meaning on a socket.
    engine = connect(url, "iam", token)
    with engine.connect(), engine.connect():
        assert len(asked) == 2
    engine.dispose()


def test_the_catalog_works_on_sqlite_too(tmp_path: object) -> None:
    engine = connect(f"sqlite:///{tmp_path}/catalog.sqlite")
    upgrade(engine)
    upgrade(engine)
    catalog = Catalog(engine)
    made = [catalog.record(f"slides/lab/{number}.svs", "x").id for number in range(5)]
    first = catalog.slides(limit=3)
    rest = catalog.slides(limit=3, cursor=first.next_cursor)
    assert [row.id for row in (*first.slides, *rest.slides)] == made[::-1]
    engine.dispose()
