from collections.abc import Callable
from typing import Any

import pytest

from components.backup import Backup, BackupArgs
from components.encryption import Key, KeyArgs
from components.place import Place
from tests.support.pulumi_recorder import Declare, Recorded

FILES = "arn:aws:elasticfilesystem:eu-central-1:123456789012:file-system/fs-1"
VAULT = "aws:backup/vault:Vault"
PLACE = Place(account="123456789012", region="eu-central-1")


def copies(**changes: Any) -> Callable[[], Backup]:
    return lambda: Backup(
        "backup", BackupArgs(**{"resources": (FILES,), "days": 35, "kept": True, **changes})
    )


def test_what_is_named_is_copied_each_night_and_kept_so_many_days(
    declare: Declare, recorded: Recorded
) -> None:
    declare(copies())
    (rule,) = recorded.one("aws:backup/plan:Plan").inputs["rules"]
    assert rule["schedule"] == "cron(0 3 * * ? *)"
    assert rule["lifecycle"] == {"deleteAfter": 35}
    assert recorded.one("aws:backup/selection:Selection").inputs["resources"] == [FILES]


def test_a_kept_vault_stays_with_its_copies(declare: Declare, recorded: Recorded) -> None:
    declare(copies())
    vault = recorded.one(VAULT)
    assert vault.retained
    assert vault.inputs["forceDestroy"] is False
    others = [one.name for one in recorded if one.retained and one.type != VAULT]
    assert others == []


def test_a_vault_that_goes_takes_its_copies_along_so_that_destroy_succeeds(
    declare: Declare, recorded: Recorded
) -> None:
    declare(copies(kept=False))
    vault = recorded.one(VAULT)
    assert not vault.retained
    assert vault.inputs["forceDestroy"] is True


def test_copies_are_encrypted_with_the_key(declare: Declare, recorded: Recorded) -> None:
    def program() -> Backup:
        key = Key("files", KeyArgs(description="files", place=PLACE))
        return copies(key=key)()

    declare(program)
    assert recorded.one(VAULT).inputs["kmsKeyArn"] == recorded.one("aws:kms/key:Key").state["arn"]


def test_only_aws_backup_takes_the_role_and_may_copy_and_restore(
    declare: Declare, recorded: Recorded
) -> None:
    declare(copies())
    assert "backup.amazonaws.com" in recorded.one("aws:iam/role:Role").inputs["assumeRolePolicy"]
    attached = recorded.of("aws:iam/rolePolicyAttachment:RolePolicyAttachment")
    assert [one.inputs["policyArn"].rpartition("For")[2] for one in attached] == [
        "Backup",
        "Restores",
    ]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"resources": ()}, "resources: a backup plan of nothing"),
        ({"days": 0}, "days: copies are kept 1 to 36500 days, got 0"),
    ],
)
def test_a_backup_that_makes_no_sense_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        BackupArgs(**{"resources": (FILES,), "days": 35, "kept": True, **changes})
