"""Follows the references between declared resources, as far as they lead."""

from collections.abc import Iterator
from typing import Any

from local import declared
from local.declared import Deployment, Resource


def find_function(deployment: Deployment, reference: Any) -> Resource | None:
    """Return the function whose name or ARN, also inside a longer ARN, is ``reference``."""
    parts = str(reference).replace("/", ":").split(":")
    for function in deployment.of(declared.FUNCTION):
        name, arn = function.outputs["name"], function.outputs["arn"]
        if reference == name or (name in parts and arn in str(reference)):
            return function
    return None


def find_queue(deployment: Deployment, arn: Any) -> Resource | None:
    """Return the queue with this ARN."""
    return next((q for q in deployment.of(declared.QUEUE) if q.outputs["arn"] == arn), None)


def find_integration(deployment: Deployment, route: Resource) -> Resource | None:
    """Return the integration that a route's target names."""
    target = str(route.inputs.get("target", ""))
    for integration in deployment.of(declared.INTEGRATION):
        same_api = integration.inputs["apiId"] == route.inputs["apiId"]
        if same_api and target == f"integrations/{integration.id}":
            return integration
    return None


def routed(deployment: Deployment) -> Iterator[tuple[Resource, Resource]]:
    """Yield each route that leads to a function, with that function."""
    for route in deployment.of(declared.ROUTE):
        integration = find_integration(deployment, route)
        if integration is not None:
            function = find_function(deployment, integration.inputs.get("integrationUri"))
            if function is not None:
                yield route, function


def addressed(deployment: Deployment) -> Iterator[tuple[Resource, Resource]]:
    """Yield each function URL with its function."""
    for address in deployment.of(declared.FUNCTION_URL):
        function = find_function(deployment, address.inputs["functionName"])
        if function is not None:
            yield address, function


def fed(deployment: Deployment) -> Iterator[tuple[Resource, Resource, Resource]]:
    """Yield each event source mapping that joins a queue and a function, with both."""
    for mapping in deployment.of(declared.MAPPING):
        queue = find_queue(deployment, mapping.inputs.get("eventSourceArn"))
        function = find_function(deployment, mapping.inputs["functionName"])
        if queue is not None and function is not None:
            yield mapping, queue, function
