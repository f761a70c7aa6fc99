import pytest

from local.routes import Route, find

ROUTES = [
    Route(key, key)
    for key in (
        "GET /api/{proxy+}",
        "GET /api/things/{id}",
        "GET /api/things/special",
        "GET /api/things/{id}/parts/{part}",
        "ANY /api/things/special",
        "POST /api/{proxy+}",
        "GET /files/{name}",
    )
]


@pytest.mark.parametrize(
    ("method", "path", "key", "parameters"),
    [
        ("GET", "/api/things/special", "GET /api/things/special", {}),
        ("PUT", "/api/things/special", "ANY /api/things/special", {}),
        ("GET", "/api/things/7", "GET /api/things/{id}", {"id": "7"}),
        ("GET", "/api/things/7/more", "GET /api/{proxy+}", {"proxy": "things/7/more"}),
        (
            "GET",
            "/api/things/7/parts/8",
            "GET /api/things/{id}/parts/{part}",
            {"id": "7", "part": "8"},
        ),
        ("POST", "/api/things/7", "POST /api/{proxy+}", {"proxy": "things/7"}),
        ("GET", "/files/a%20b%2Fc", "GET /files/{name}", {"name": "a b/c"}),
    ],
)
def test_the_most_specific_route_wins(
    method: str, path: str, key: str, parameters: dict[str, str]
) -> None:
    match = find(ROUTES, method, path)
    assert match is not None
    assert (match.route.target, match.parameters) == (key, parameters)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api"),
        ("GET", "/api/"),
        ("GET", "/"),
        ("DELETE", "/api/things/7"),
        ("GET", "/files/a/b"),
        ("GET", "/files/"),
        ("HEAD", "/files/a"),
    ],
)
def test_what_no_route_takes_is_left(method: str, path: str) -> None:
    assert find(ROUTES, method, path) is None


def test_the_default_route_takes_what_is_left() -> None:
    match = find([Route("$default", "rest"), *ROUTES], "GET", "/elsewhere/at/all")
    assert match is not None
    assert match.route.target == "rest"


def test_the_default_route_yields_to_a_greedy_one() -> None:
    match = find([Route("$default", "rest"), Route("ANY /{proxy+}", "all")], "GET", "/a")
    assert match is not None
    assert match.route.target == "all"


@pytest.mark.parametrize(
    ("key", "prefix"),
    [("GET /api/{proxy+}", "api"), ("ANY /{proxy+}", ""), ("$default", ""), ("GET /", "")],
)
def test_a_prefix_is_the_literal_first_part(key: str, prefix: str) -> None:
    assert Route(key, None).prefix == prefix
