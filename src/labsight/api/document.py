"""The OpenAPI document, with errors as they really are."""

from typing import Any

from fastapi import FastAPI

from labsight.api.problems import ProblemResponse

_SCHEMA = {"$ref": "#/components/schemas/Problem"}
_UNUSED = (
    "HTTPValidationError",
    "ValidationError",
)  # what FastAPI would answer without our handlers


def install(app: FastAPI) -> None:
    """Let the document say that every error is a problem document, wrong parameters with 400."""
    framework = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _with_problems(framework())
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's documented way


def _with_problems(document: dict[str, Any]) -> dict[str, Any]:
    for path in document["paths"].values():
        for operation in path.values():
            answers = operation["responses"]
            answers.pop("422", None)
            for status, answer in answers.items():
                if status >= "400":
                    answer["content"] = {ProblemResponse.media_type: {"schema": _SCHEMA}}
    for name in _UNUSED:
        document["components"]["schemas"].pop(name, None)
    return document
