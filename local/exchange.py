"""One HTTP request on its way: read from the browser, answered by a function, told as a problem."""

from collections.abc import Mapping
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from labsight.problem import MEDIA_TYPE, problem_document
from local import payload
from local.errors import FunctionFailed
from local.functions import Pool
from local.ports import HOST
from local.process import MAX_PAYLOAD, Log

# What API Gateway answers for a function that failed in this way; for any other, 500.
STATUS_OF_FAILURE = {"RequestTooLarge": 413, "Sandbox.Timedout": 504}


async def received(request: Request) -> payload.Request:
    """Read a request whole; raise FunctionFailed for more than a function could get."""
    return payload.Request(
        method=request.method,
        path=request.scope["raw_path"].decode("ascii"),
        query=request.scope["query_string"].decode("ascii"),
        headers=tuple(request.headers.items()),
        body=await _limited_body(request),
        client=request.client.host if request.client else HOST,
    )


async def ask(pool: Pool, asked: payload.Request, event: Mapping[str, Any], log: Log) -> Response:
    """Hand an event to a function and return what it answers as HTTP."""
    try:
        value = await run_in_threadpool(pool.invoke, event)
        answer = payload.answer(value, pool.function.name)
    except FunctionFailed as error:
        return failed(error, log)
    response = Response(answer.body, answer.status)
    response.raw_headers = _raw_headers(answer, asked.method)
    return response


def failed(error: FunctionFailed, log: Log) -> Response:
    """Log what befell a function and say it."""
    log(str(error))
    return problem(STATUS_OF_FAILURE.get(error.kind, 500), str(error))


def problem(status: int, detail: str) -> Response:
    """Return an error in the form that all of labsight's errors have."""
    return JSONResponse(problem_document(status, detail), status, media_type=MEDIA_TYPE)


async def _limited_body(request: Request) -> bytes:
    """Read the body, and no more of it than a function could get."""
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > MAX_PAYLOAD:
            raise FunctionFailed("a request has at most 6 MB in AWS", kind="RequestTooLarge")
        parts.append(part)
    return b"".join(parts)


def _raw_headers(answer: payload.Answer, method: str) -> list[tuple[bytes, bytes]]:
    """Return the function's headers; the length is counted here, but for HEAD the function's."""
    kept = [(k, v) for k, v in answer.headers if k != "content-length" or method == "HEAD"]
    names = {name for name, _ in kept}
    if "content-length" not in names:
        kept.append(("content-length", str(len(answer.body))))
    if "content-type" not in names and answer.body:
        kept.append(("content-type", "text/plain; charset=utf-8"))  # API Gateway's default
    return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in kept]
