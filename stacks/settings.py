"""What a lab may decide about its stack, as values; ``stacks/config.py`` reads and checks them."""

from dataclasses import dataclass, field
from typing import Literal

Profile = Literal["demo", "lab", "regulated"]
Feature = Literal["slides", "desktop", "gateway"]
Egress = Literal["none", "nat-instance", "nat-gateway", "endpoints"]
Engine = Literal["postgres", "aurora"]
Service = Literal["function", "container"]
DesktopKind = Literal["windows", "linux-dcv"]
DesktopAccess = Literal["instance-connect", "session-manager"]
Mfa = Literal["optional", "required"]


@dataclass(frozen=True)
class Secret:
    """A secret of the configuration: never shown, not even in an error's text."""

    value: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class NetworkSettings:
    """The VPC: its addresses, its zones (by name; none: the region's first two), its way out.

    ``avoid``: other networks that it will be connected to, so that no address is there twice.
    """

    cidr: str = "10.20.0.0/16"
    avoid: tuple[str, ...] = ()
    zones: tuple[str, ...] = ()
    egress: Egress = "none"


@dataclass(frozen=True, kw_only=True)
class ArchiveSettings:
    """Days without access until a slide moves to an archive tier, and days it is locked."""

    archive_after_days: int | None = None
    deep_archive_after_days: int | None = None
    object_lock_days: int | None = None


@dataclass(frozen=True, kw_only=True)
class DatabaseSettings:
    """The catalog's database; ``instance_class`` and ``storage_gb`` are for ``postgres`` alone."""

    engine: Engine = "postgres"
    instance_class: str = "db.t4g.micro"
    storage_gb: int = 20
    backup_days: int = 7
    largest_acu: int = 2  # Aurora capacity units; the smallest is 0, so that it pauses


@dataclass(frozen=True, kw_only=True)
class FunctionSettings:
    """``packages``: where third-party packages come from: pypi, none, or a folder of wheels."""

    packages: str = "pypi"
    reserved_concurrency: bool = False


@dataclass(frozen=True, kw_only=True)
class TaskSettings:
    """How few and how many containers serve tiles at a time."""

    min: int = 1
    max: int = 4


@dataclass(frozen=True, kw_only=True)
class SlideSettings:
    """How tiles are served: by functions, or by containers of ``cpu`` processors each.

    ``image`` is a tag in the stack's own repository of images, or the whole name of an image in a
    repository of ECR. ``direct``: viewers may read slide files themselves, those that hold neither
    label nor macro.
    """

    service: Service = "function"
    image: str | None = None
    cpu: int = 1
    tasks: TaskSettings = TaskSettings()
    direct: bool = False


@dataclass(frozen=True, kw_only=True)
class EdgeSettings:
    """The public address: CloudFront's own name, or a domain in a Route 53 zone.

    The key pair signs the cookies that let a browser fetch tiles (PEM).
    """

    domain: str | None = None
    hosted_zone: str | None = None  # its id
    signing_key: Secret | None = None
    public_key: str | None = None


@dataclass(frozen=True, kw_only=True)
class ProviderSettings:
    """Another login than Cognito's own: OIDC with a client, SAML without."""

    name: str
    url: str  # OIDC: the issuer; SAML: the metadata document
    client_id: str | None = None
    client_secret: Secret | None = None


@dataclass(frozen=True, kw_only=True)
class LoginSettings:
    """Who may sign in, and how. ``email_from`` is a verified SES address; none: Cognito's own."""

    mfa: Mfa = "optional"
    email_from: str | None = None
    provider: ProviderSettings | None = None


@dataclass(frozen=True, kw_only=True)
class DesktopSettings:
    """The viewer workstation.

    ``key_pair`` is the EC2 key pair that decrypts the administrator's password; without one a
    password is made at first boot. ``idle_minutes`` 0: never stops by itself. ``start_at`` and
    ``stop_at`` are times of day such as 07:30 in ``time_zone``, on ``days`` of the week.
    """

    kind: DesktopKind = "windows"
    instance_type: str = "t3.xlarge"
    disk_gb: int = 100
    access: DesktopAccess = "instance-connect"
    key_pair: str | None = None
    idle_minutes: int = 60
    start_at: str | None = None
    stop_at: str | None = "20:00"
    days: str = "MON-FRI"
    time_zone: str = "UTC"


@dataclass(frozen=True, kw_only=True)
class DirectorySettings:
    """The Active Directory that the file gateway joins."""

    domain: str
    user: str
    password: Secret


@dataclass(frozen=True, kw_only=True)
class GatewaySettings:
    """The file gateway's appliance; without a directory the share has its one password account."""

    instance_type: str = "m5.xlarge"
    cache_gb: int = 150
    time_zone: str = "GMT"
    directory: DirectorySettings | None = None


@dataclass(frozen=True, kw_only=True)
class SyncSettings:
    """Who sends slides: by name, each below its own prefix; none named: whoever has the one role.

    ``certificate_authority`` (PEM, or a file of it) lets each send with a certificate of its name.
    """

    sources: tuple[str, ...] = ()
    certificate_authority: str | None = None


@dataclass(frozen=True, kw_only=True)
class OperationsSettings:
    """Who hears of alarms, from what monthly bill on, and how long logs are kept.

    ``silent_hours``: without any new object for so long, an alarm sounds; 0: never.
    """

    email: str | None = None
    monthly_budget_usd: int = 150
    log_days: int = 365
    silent_hours: int = 0


@dataclass(frozen=True, kw_only=True)
class Settings:
    """All of it; every default is what a small lab wants."""

    profile: Profile = "lab"
    features: frozenset[Feature] = frozenset({"slides"})
    teardown: bool = False
    show_labels: bool = False
    network: NetworkSettings = NetworkSettings()
    archive: ArchiveSettings = ArchiveSettings()
    database: DatabaseSettings = DatabaseSettings()
    functions: FunctionSettings = FunctionSettings()
    slides: SlideSettings = SlideSettings()
    edge: EdgeSettings = EdgeSettings()
    login: LoginSettings = LoginSettings()
    desktop: DesktopSettings = DesktopSettings()
    gateway: GatewaySettings = GatewaySettings()
    sync: SyncSettings = SyncSettings()
    operations: OperationsSettings = OperationsSettings()

    def has(self, feature: Feature) -> bool:
        """Say whether a feature is switched on."""
        return feature in self.features

    @property
    def contains(self) -> bool:
        """Whether containers serve tiles; until there is an image to run, functions do."""
        return self.has("slides") and self.slides.service == "container"

    @property
    def regulated(self) -> bool:
        """Whether own keys, a firewall, data events, two database zones and MFA are a must."""
        return self.profile == "regulated"

    @property
    def kept(self) -> bool:
        """Whether images, the database's last snapshot and the users outlive `pulumi destroy`."""
        return self.profile != "demo" and not self.teardown
