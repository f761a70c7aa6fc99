"""What becomes of declared databases: the one PostgreSQL of this machine stands in for each.

A function that is told the address of a stand-in is led to PostgreSQL's socket instead, when it is
unpacked; see ``redirected``. The secret with the master's password is a real one in the embedded
AWS, though PostgreSQL asks for no password on its socket.
"""

import json
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit

from local.database import MASTER
from local.declared import Properties
from local.errors import UnknownDeclaration
from local.making import Made, Site, physical, short_id

DOMAIN = "database.localhost"  # of stand-ins; no name server knows it
URL = "LABSIGHT_DATABASE_URL"
AUTH = "LABSIGHT_DATABASE_AUTH"
SOCKET_PORT = 5432  # part of the socket's name
ENGINES = frozenset({"postgres", "aurora-postgresql"})


def _instance(site: Site, name: str, inputs: Properties) -> Made:
    identifier = physical(name, inputs.get("identifier"))
    made = _database(site, name, identifier, inputs)
    port = inputs.get("port", 5432)
    return identifier, made | {
        "arn": site.arn("rds", f"db:{identifier}"),
        "identifier": identifier,
        "endpoint": f"{made['address']}:{port}",
        "resourceId": f"db-{short_id('database', name).upper()}",
    }


def _cluster(site: Site, name: str, inputs: Properties) -> Made:
    identifier = physical(name, inputs.get("clusterIdentifier"))
    made = _database(site, name, identifier, inputs)
    return identifier, made | {
        "arn": site.arn("rds", f"cluster:{identifier}"),
        "clusterIdentifier": identifier,
        "endpoint": made["address"],
        "readerEndpoint": made["address"],
        "clusterResourceId": f"cluster-{short_id('database', name).upper()}",
    }


def _database(site: Site, name: str, identifier: str, inputs: Properties) -> Properties:
    """Return what both kinds have: an address, and a secret if RDS is asked to manage one."""
    if inputs["engine"] not in ENGINES:
        raise UnknownDeclaration(
            f"database {name!r}: engine {inputs['engine']}; local mode has PostgreSQL alone"
        )
    made: Properties = {"address": f"{identifier}.{DOMAIN}", "port": inputs.get("port", 5432)}
    if inputs.get("manageMasterUserPassword"):
        value = {"username": MASTER, "password": secrets.token_urlsafe()}
        secret = site.cloud.secrets.create_secret(
            Name=f"rds!{identifier}", SecretString=json.dumps(value)
        )
        made["masterUserSecrets"] = [
            {"secretArn": secret["ARN"], "secretStatus": "active", "kmsKeyId": "aws/secretsmanager"}
        ]
    return made


def redirected(variables: Mapping[str, str], socket: Path | None) -> dict[str, str]:
    """Lead a function to the folder with PostgreSQL's socket, where nobody has to prove anything.

    Only where the environment names a stand-in: other addresses are left as they are declared.
    """
    parts = urlsplit(variables.get(URL, ""))
    if socket is None or not (parts.hostname or "").endswith(f".{DOMAIN}"):
        return dict(variables)
    query = urlencode([*parse_qsl(parts.query), ("host", str(socket))], safe="/")
    user = f"{parts.username}@" if parts.username else ""
    url = parts._replace(netloc=f"{user}{parts.hostname}:{SOCKET_PORT}", query=query)
    return {**variables, URL: url.geturl(), AUTH: "none"}


DATABASE_MAKERS: dict[str, Callable[[Site, str, Properties], Made]] = {
    "aws:rds/instance:Instance": _instance,
    "aws:rds/cluster:Cluster": _cluster,
}

DATABASE_RECORDED = {
    "aws:rds/clusterInstance:ClusterInstance": "arn:aws:rds:{region}:{account}:db:{name}",
    "aws:rds/clusterParameterGroup:ClusterParameterGroup": (
        "arn:aws:rds:{region}:{account}:cluster-pg:{name}"
    ),
    "aws:rds/parameterGroup:ParameterGroup": "arn:aws:rds:{region}:{account}:pg:{name}",
    "aws:rds/subnetGroup:SubnetGroup": "arn:aws:rds:{region}:{account}:subgrp:{name}",
    "aws:efs/accessPoint:AccessPoint": (
        "arn:aws:elasticfilesystem:{region}:{account}:access-point/{name}"
    ),
    "aws:efs/backupPolicy:BackupPolicy": "",
    "aws:efs/fileSystem:FileSystem": (
        "arn:aws:elasticfilesystem:{region}:{account}:file-system/{name}"
    ),
    "aws:efs/fileSystemPolicy:FileSystemPolicy": "",
    "aws:efs/mountTarget:MountTarget": "",
}
