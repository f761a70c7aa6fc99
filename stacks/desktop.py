"""The archive on a desktop in the cloud: a workstation, and the gateway that shows it drives."""

from dataclasses import dataclass

from pulumi import Output

from components.gateway import Directory, FileGateway, FileGatewayArgs
from components.gateway_power import GatewayPower, GatewayPowerArgs
from components.network import HTTPS
from components.timetable import Timetable
from components.workstation import Workstation
from components.workstation_args import Shares, WorkstationArgs
from labsight.keys import SLIDES, TOOLS, WORK
from stacks.foundation import Foundation
from stacks.settings import DirectorySettings, Settings

SLIDES_DRIVE, WORK_DRIVE = "S", "W"


@dataclass(frozen=True, kw_only=True)
class Desktop:
    """The workstation, and the gateway and its switch where there are any."""

    workstation: Workstation
    gateway: FileGateway | None
    power: GatewayPower | None


def build(settings: Settings, foundation: Foundation) -> Desktop:
    """Declare the workstation; with a gateway that starts and stops with it."""
    gateway = _gateway(settings, foundation) if settings.has("gateway") else None
    desktop = settings.desktop
    workstation = Workstation(
        "desktop",
        WorkstationArgs(
            network=foundation.network,
            endpoints=foundation.endpoints,
            archive=foundation.archive,
            slides=SLIDES,
            tools=TOOLS,
            secret_days=foundation.secret_days,
            kind=desktop.kind,
            access=desktop.access,
            instance_type=desktop.instance_type,
            disk_gb=desktop.disk_gb,
            idle_minutes=desktop.idle_minutes,
            timetable=timetable(settings),
            key_pair=desktop.key_pair,
            shares=_shares(gateway) if gateway else None,
            key=foundation.key,
            disk_key=foundation.data_key,
        ),
    )
    foundation.egress.allow(workstation.group)
    if foundation.network.leads_out:
        workstation.group.reach_anywhere(HTTPS, "Updates and downloads of the workstation")
    power = _power(foundation, gateway, workstation) if gateway else None
    return Desktop(workstation=workstation, gateway=gateway, power=power)


def timetable(settings: Settings) -> Timetable:
    """Return when the workstation starts and stops by the clock."""
    desktop = settings.desktop
    return Timetable(
        start_at=desktop.start_at,
        stop_at=desktop.stop_at,
        days=desktop.days,
        time_zone=desktop.time_zone,
    )


def _gateway(settings: Settings, foundation: Foundation) -> FileGateway:
    directory = settings.gateway.directory
    return FileGateway(
        "gateway",
        FileGatewayArgs(
            network=foundation.network,
            archive=foundation.archive,
            platform=foundation.platform,
            slides=SLIDES,
            work=WORK,
            secret_days=foundation.secret_days,
            instance_type=settings.gateway.instance_type,
            cache_gb=settings.gateway.cache_gb,
            time_zone=settings.gateway.time_zone,
            directory=_directory(directory) if directory else None,
            disk_key=foundation.data_key,
        ),
    )


def _directory(directory: DirectorySettings) -> Directory:
    return Directory(
        domain=directory.domain,
        user=directory.user,
        password=Output.secret(directory.password.value),
    )


def _power(foundation: Foundation, gateway: FileGateway, workstation: Workstation) -> GatewayPower:
    return GatewayPower(
        "gateway-power",
        GatewayPowerArgs(
            gateway=gateway,
            desktop=workstation.instance_id,
            platform=foundation.platform,
            place=foundation.place,
        ),
    )


def _shares(gateway: FileGateway) -> Shares:
    return Shares(
        group=gateway.group,
        drives={SLIDES_DRIVE: gateway.share_path, WORK_DRIVE: gateway.work_path},
        user=gateway.user,
        password=gateway.secret,
    )
