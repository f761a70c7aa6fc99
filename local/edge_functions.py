"""What CloudFront functions do, in Python: those of ours have a twin here, others pass requests on.

A function is known by its code, so that one that was changed without its twin is told of.
"""

from collections.abc import Callable
from dataclasses import replace

from local import declared, payload
from local.declared import Deployment
from local.edge_wiring import Behaviour

# At each request: (request, scheme under which people reach this machine) -> request
EdgeFunction = Callable[[payload.Request, str], payload.Request]
HOST_HEADER = "x-labsight-host"

EDGE_HOST = """function handler(event) {
  const request = event.request;
  request.headers["x-labsight-host"] = { value: "https://" + request.headers.host.value };
  return request;
}"""


def _edge_host(asked: payload.Request, scheme: str) -> payload.Request:
    """Say under which address the edge was asked; here that is not https."""
    kept = [(name, value) for name, value in asked.headers if name != HOST_HEADER]
    host = next((value for name, value in kept if name == "host"), "")
    return replace(asked, headers=(*kept, (HOST_HEADER, f"{scheme}://{host}")))


TWINS: dict[str, EdgeFunction] = {EDGE_HOST: _edge_host}


def known(code: object) -> EdgeFunction | None:
    """Return the twin of a function's code, whatever comments stand above it."""
    return next((twin for text, twin in TWINS.items() if str(code).strip().endswith(text)), None)


def of_behaviour(deployment: Deployment, behaviour: Behaviour) -> tuple[EdgeFunction, ...]:
    """Return what a behaviour has done to each request, in order."""
    wanted = [
        one["functionArn"]
        for one in behaviour.inputs.get("functionAssociations") or ()
        if one["eventType"] == "viewer-request"
    ]
    found = [
        known(function.inputs.get("code"))
        for arn in wanted
        for function in deployment.of(declared.EDGE_FUNCTION)
        if function.outputs["arn"] == arn
    ]
    return tuple(twin for twin in found if twin is not None)
