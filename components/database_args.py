"""What a lab may decide about its database, checked against the limits of RDS."""

import re
from dataclasses import dataclass
from typing import Literal

from components.code import ROOT
from components.encryption import Key
from components.network import Network
from components.place import Place

Engine = Literal["postgres", "aurora"]

# gp3: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/CHAP_Storage.html
STORAGE_GB = range(20, 65_537)
# 0 would switch backups off: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_WorkingWithAutomatedBackups.html
BACKUP_DAYS = range(1, 36)
# https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-serverless-v2.setting-capacity.html
LARGEST_ACU = range(1, 257)
INSTANCE_CLASS = re.compile(r"db\.[a-z0-9]+\.[a-z0-9]+")
ROOTS = ROOT / "src" / "labsight" / "catalog" / "rds-ca.pem"


@dataclass(frozen=True, kw_only=True)
class DatabaseArgs:
    """An instance (``postgres``) or a serverless cluster (``aurora``), and how safe it is.

    ``instance_class`` and ``storage_gb`` are for the instance, ``largest_acu`` is for the cluster.
    ``multi_az`` adds a second copy in another zone. A ``kept`` database is protected from deletion
    and leaves a last snapshot when the stack is destroyed. ``key`` encrypts the data and the master
    secret, ``log_key`` the logs and the figures of its load (none: AWS's own keys).
    """

    network: Network
    place: Place
    engine: Engine = "postgres"
    instance_class: str = "db.t4g.micro"
    storage_gb: int = 20
    backup_days: int = 7
    largest_acu: int = 2
    multi_az: bool = False
    kept: bool = True
    log_days: int
    key: Key | None = None
    log_key: Key | None = None

    def __post_init__(self) -> None:
        _check("storage_gb", self.storage_gb, STORAGE_GB, "GB")
        _check("backup_days", self.backup_days, BACKUP_DAYS, "days")
        _check("largest_acu", self.largest_acu, LARGEST_ACU, "capacity units")
        if not INSTANCE_CLASS.fullmatch(self.instance_class):
            raise ValueError(
                f"instance_class: RDS names classes like db.t4g.micro, got {self.instance_class!r}"
            )
        if f"# {self.place.region} RSA2048" not in ROOTS.read_text():
            raise ValueError(
                f"region: functions could not check a database's certificate in "
                f"{self.place.region}; add the region's root from "
                f"https://truststore.pki.rds.amazonaws.com to {ROOTS.relative_to(ROOT)}"
            )


def _check(setting: str, value: int, allowed: range, unit: str) -> None:
    if value not in allowed:
        raise ValueError(
            f"{setting}: RDS takes {allowed.start} to {allowed.stop - 1} {unit}, got {value}"
        )
