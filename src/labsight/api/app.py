"""The FastAPI application over a catalog."""

from collections.abc import Callable

from fastapi import Depends, FastAPI
from pydantic import BaseModel

import labsight
from labsight.api import document, problems, roles, slides
from labsight.api.head import HeadAsGet
from labsight.catalog import Catalog


class Health(BaseModel):
    """The server answers."""

    status: str = "ok"


def create_app(
    catalog: Callable[[], Catalog], *, check: roles.Check = roles.nobody_asked
) -> FastAPI:
    """Return the application; ``catalog`` is called when the first request needs it.

    So liveness and the API document are served while the database is away. ``check`` refuses
    callers who may not see slides; where there is a login it is ``roles.signed_in``.
    """
    app = FastAPI(
        title="labsight",
        version=labsight.__version__,
        description="What slides there are, what is known of them and where they are served.",
        openapi_url="/api/openapi.json",
        docs_url=None,  # would load scripts from elsewhere
        redoc_url=None,
        redirect_slashes=False,
    )
    app.state.catalog = catalog
    app.add_middleware(HeadAsGet)
    problems.install(app)
    document.install(app)
    app.include_router(slides.router, dependencies=[Depends(check)])

    @app.get("/healthz", tags=["operations"])
    def healthz() -> Health:
        """Say that the process answers; the database is not asked."""
        return Health()

    return app
