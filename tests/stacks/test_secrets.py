"""A secret of the configuration reaches its secret store, and nobody's eyes on the way."""

import json
from collections.abc import Iterator
from typing import Any

import pulumi
from pulumi.runtime import rpc

from tests.support.labsight_program import EVERYTHING, labsight
from tests.support.pulumi_recorder import Declare, Recorded

PLANTED = "planted-hunter2-planted"
SECRETS = {
    "edge.signingKey": PLANTED,
    "login.providerName": "Hospital",
    "login.providerUrl": "https://login.example.org",
    "login.providerClientId": "labsight",
    "login.providerClientSecret": PLANTED,
    "gateway.directoryDomain": "ad.example.org",
    "gateway.directoryUser": "joiner",
    "gateway.directoryPassword": PLANTED,
    "features": EVERYTHING,
}


def open_texts(value: Any) -> Iterator[str]:
    """Yield every text that is not inside one of Pulumi's secret envelopes."""
    if rpc.is_rpc_secret(value):
        return
    match value:
        case dict():
            for inner in value.values():
                yield from open_texts(inner)
        case list():
            for inner in value:
                yield from open_texts(inner)
        case str():
            yield value
        case pulumi.Asset() | pulumi.Archive():
            yield json.dumps(vars(value), default=str)


def test_a_planted_secret_is_sealed_wherever_it_goes(declare: Declare, recorded: Recorded) -> None:
    declare(labsight(SECRETS))
    seen = {
        (one.type, one.name)
        for one in recorded
        if any(PLANTED in text for text in open_texts(one.inputs))
    }
    assert seen == set()


def test_a_planted_secret_goes_where_it_is_needed(declare: Declare, recorded: Recorded) -> None:
    declare(labsight(SECRETS))
    holders = sorted(one.type for one in recorded if PLANTED in json.dumps(one.inputs, default=str))
    assert holders == [
        "aws:cognito/identityProvider:IdentityProvider",
        "aws:secretsmanager/secretVersion:SecretVersion",
        "aws:storagegateway/gateway:Gateway",
    ]


def test_no_output_shows_a_secret(declare: Declare) -> None:
    assert PLANTED not in json.dumps(declare(labsight(SECRETS)), default=str)
