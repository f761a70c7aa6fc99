"""Every error as a problem document (RFC 9457)."""

import logging

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from labsight.errors import LabsightError, http_status
from labsight.problem import MEDIA_TYPE, UNFORESEEN, problem_document

_log = logging.getLogger(__name__)


class Problem(BaseModel):
    """An error, for people and programs."""

    model_config = ConfigDict(title="Problem")

    type: str = "about:blank"
    title: str
    status: int
    detail: str


class ProblemResponse(JSONResponse):
    """Carries a problem."""

    media_type = MEDIA_TYPE


def problem(status: int, detail: str) -> ProblemResponse:
    """Answer with an error."""
    return ProblemResponse(problem_document(status, detail), status, {"cache-control": "no-store"})


def install(app: FastAPI) -> None:
    """Turn whatever goes wrong into a problem document; only the log sees more."""

    @app.exception_handler(LabsightError)
    async def own(_request: Request, error: LabsightError) -> ProblemResponse:
        return problem(http_status(error), error.message)

    @app.exception_handler(RequestValidationError)
    async def invalid(_request: Request, error: RequestValidationError) -> ProblemResponse:
        wrong = "; ".join(f"{item['loc'][-1]}: {item['msg']}" for item in error.errors())
        return problem(400, wrong)

    @app.exception_handler(HTTPException)
    async def routing(_request: Request, error: HTTPException) -> ProblemResponse:
        response = problem(error.status_code, str(error.detail))
        response.headers.update(error.headers or {})
        return response

    @app.exception_handler(SQLAlchemyError)
    async def database(_request: Request, error: SQLAlchemyError) -> ProblemResponse:
        _log.error("catalog: %s", error)
        return problem(503, "the catalog's database does not answer; try again in a moment")

    @app.exception_handler(Exception)
    async def unexpected(_request: Request, error: Exception) -> ProblemResponse:
        _log.error("unexpected error", exc_info=error)
        return problem(500, UNFORESEEN)
