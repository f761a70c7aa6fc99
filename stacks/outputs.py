"""What the stack tells whoever deployed it: values to paste, and what outlives it."""

from typing import Any

import pulumi
from pulumi import Output

from components.archive import Archive
from components.lab_role import LabRole
from stacks.operations import Operations, Parts
from stacks.settings import Settings
from stacks.sync import Access

EXAMPLE_SOURCE = "scanner-1"


def export(settings: Settings, parts: Parts, access: Access, watched: Operations) -> None:
    """Export every output by its name."""
    for name, value in _outputs(settings, parts, access, watched).items():
        pulumi.export(name, value)


def _outputs(
    settings: Settings, parts: Parts, access: Access, watched: Operations
) -> dict[str, Any]:
    archive = parts.foundation.archive
    source = next(iter(access.uploaders), EXAMPLE_SOURCE)
    found: dict[str, Any] = {
        "archive_bucket": archive.bucket,
        "upload_command": _upload_command(archive, source),
        **_access(access),
        "kept_on_destroy": _kept(settings, parts, watched),
    }
    if parts.slides and parts.slides.tiles.images:
        found["image_repository"] = parts.slides.tiles.images
    if parts.viewer:
        found |= {
            "viewer_url": parts.viewer.distribution.address,
            "api_url": Output.concat(parts.viewer.distribution.address, "/api"),
            "user_pool_id": parts.viewer.pool.pool_id,
            "invite_command": parts.viewer.pool.invite_command,
        }
    if parts.desktop:
        found["desktop_command"] = parts.desktop.workstation.command
        if parts.desktop.gateway:
            found |= {
                "share_path": parts.desktop.gateway.share_path,
                "work_path": parts.desktop.gateway.work_path,
            }
    return found


def _access(access: Access) -> dict[str, Any]:
    """Return what the lab's computers and people are given: roles, policies, the import's queue."""
    found: dict[str, Any] = {
        "verifier_policy_arn": access.verifier.policy_arn,
        "verifier_role_arn": access.verifier.role_arn,
    }
    if access.uploader:
        found |= {
            "uploader_policy": access.uploader.policy,
            "uploader_policy_arn": access.uploader.policy_arn,
            "uploader_role_arn": access.uploader.role_arn,
        }
    if access.uploaders:
        found["uploaders"] = {source: _told(role) for source, role in access.uploaders.items()}
    if access.registrar:
        found |= {
            "registrar_policy_arn": access.registrar.role.policy_arn,
            "registrar_role_arn": access.registrar.role.role_arn,
            "import_queue_url": access.registrar.queue_url,
        }
    return found


def _upload_command(archive: Archive, source: str) -> Output[str]:
    """Return what a workstation runs to send a folder of slides; DIR is the folder."""
    return Output.concat("labsight sync DIR --bucket ", archive.bucket, f" --source {source}")


def _told(uploader: LabRole) -> dict[str, Output[str]]:
    found = {
        "policy": uploader.policy,
        "policy_arn": uploader.policy_arn,
        "role_arn": uploader.role_arn,
    }
    if uploader.credential_process:
        found["credential_process"] = uploader.credential_process
    return found


def _kept(settings: Settings, parts: Parts, watched: Operations) -> dict[str, Any]:
    """Return the names of what `pulumi destroy` leaves in the account, by what they are."""
    if not settings.kept:
        return {}
    foundation = parts.foundation
    kept: dict[str, Any] = {
        "archive": foundation.archive.bucket,
        "archive_log": foundation.archive.log_bucket,
    }
    if foundation.data_key:
        kept["data_key"] = foundation.data_key.arn
    if parts.catalog:
        kept["database_snapshot"] = parts.catalog.database.last_snapshot
    if parts.viewer:
        kept["user_pool"] = parts.viewer.pool.pool_id
    if watched.backup:
        kept["backup_vault"] = watched.backup.vault_name
    if watched.trail:
        kept["trail_log"] = watched.trail.bucket
    return kept
