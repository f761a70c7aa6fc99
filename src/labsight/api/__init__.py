"""The catalog over HTTP: FastAPI, OpenAPI 3.1, problem documents."""
