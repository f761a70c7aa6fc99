"""What each declared resource has to fulfil, a file for each field."""

from policy.rules import (
    access,
    compute,
    containers,
    database,
    http,
    messaging,
    network,
    operations,
    storage,
)

FIELDS = (access, compute, containers, database, http, messaging, network, operations, storage)
RULES = tuple(rule for field in FIELDS for rule in field.RULES)
COMPANIONS = tuple(companion for field in FIELDS for companion in field.COMPANIONS)
