import json
from typing import Any

import pulumi
import pytest

from components.encryption import Key, KeyArgs
from components.filesystem import FileSystem, FileSystemArgs
from components.iam import policy_document
from components.place import Place
from tests.support.networks import group, network
from tests.support.pulumi_outputs import ACCOUNT, REGION
from tests.support.pulumi_recorder import Declare, Recorded

FILES = "aws:efs/fileSystem:FileSystem"
TARGET = "aws:efs/mountTarget:MountTarget"
POINT = "aws:efs/accessPoint:AccessPoint"
POLICY = "aws:efs/fileSystemPolicy:FileSystemPolicy"
BACKUP = "aws:efs/backupPolicy:BackupPolicy"


def files(**changes: Any) -> FileSystem:
    return FileSystem("shared", FileSystemArgs(**{"network": network(), **changes}))


def test_it_is_encrypted_and_cools(declare: Declare, recorded: Recorded) -> None:
    declare(lambda: files().arn)
    made = recorded.one(FILES).inputs
    assert made["encrypted"] is True
    assert made["throughputMode"] == "elastic"
    assert made["lifecyclePolicies"] == [
        {"transitionToIa": "AFTER_30_DAYS"},
        {"transitionToPrimaryStorageClass": "AFTER_1_ACCESS"},
    ]


def test_an_own_key_encrypts_it(declare: Declare, recorded: Recorded) -> None:
    place = Place(account=ACCOUNT, region=REGION)
    declare(lambda: files(key=Key("data", KeyArgs(description="Data", place=place))).arn)
    assert recorded.one(FILES).inputs["kmsKeyId"] == recorded.one("aws:kms/key:Key").state["arn"]


def test_each_zone_has_a_mount_target_in_a_group_of_its_own(
    declare: Declare, recorded: Recorded
) -> None:
    declare(lambda: files().arn)
    targets = recorded.of(TARGET)
    assert [one.name for one in targets] == ["shared-a", "shared-b"]
    assert [one.inputs["subnetId"] for one in targets] == [
        "network-private-a-1a2b3c4",
        "network-private-b-1a2b3c4",
    ]
    assert {one.inputs["securityGroups"][0] for one in targets} == {"shared-group-1a2b3c4"}


@pytest.mark.parametrize(("backup", "status"), [(True, "ENABLED"), (False, "DISABLED")])
def test_it_is_backed_up_unless_it_is_said_otherwise(
    *, backup: bool, status: str, declare: Declare, recorded: Recorded
) -> None:
    declare(lambda: files(backup=backup).arn)
    assert recorded.one(BACKUP).inputs["backupPolicy"] == {"status": status}


@pytest.mark.parametrize("kept", [True, False])
def test_a_kept_one_stays_with_its_policy_and_nothing_that_needs_the_network(
    *, kept: bool, declare: Declare, recorded: Recorded
) -> None:
    declare(lambda: files(kept=kept).access_point("work", "/work", 1001, 1001).arn)
    assert {recorded.one(kind).retained for kind in (FILES, POLICY, BACKUP)} == {kept}
    assert not any(one.retained for one in (*recorded.of(TARGET), recorded.one(POINT)))


def test_without_tls_without_an_access_point_or_as_root_nobody_gets_in(
    declare: Declare, recorded: Recorded
) -> None:
    declare(lambda: files().arn)
    statements = json.loads(recorded.one(POLICY).inputs["policy"])["Statement"]
    assert {one["Effect"] for one in statements} == {"Deny"}
    denied = {one["Sid"]: one for one in statements}
    assert denied["TlsOnly"]["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert denied["AccessPointsOnly"]["Condition"] == {
        "Null": {"elasticfilesystem:AccessPointArn": "true"}
    }
    assert denied["NoRoot"]["Action"] == ["elasticfilesystem:ClientRootAccess"]


def test_an_access_point_is_one_folder_and_one_user(declare: Declare, recorded: Recorded) -> None:
    declare(lambda: files().access_point("slides", "/slides", 1001, 1002).arn)
    made = recorded.one(POINT).inputs
    assert made["posixUser"] == {"uid": 1001, "gid": 1002}
    assert made["rootDirectory"] == {
        "path": "/slides",
        "creationInfo": {"ownerUid": 1001, "ownerGid": 1002, "permissions": "0750"},
    }


@pytest.mark.parametrize(
    ("write", "actions"),
    [
        (True, ["elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite"]),
        (False, ["elasticfilesystem:ClientMount"]),
    ],
)
def test_mounting_is_granted_through_one_access_point(
    *, write: bool, actions: list[str], declare: Declare, recorded: Recorded
) -> None:
    def program() -> pulumi.Output[str]:
        point = files().access_point("slides", "/slides", 1001, 1001)
        return policy_document([point.mount(write=write)])

    [statement] = json.loads(declare(program))["Statement"]
    assert statement["Action"] == actions
    assert statement["Resource"] == [recorded.one(FILES).state["arn"]]
    assert statement["Condition"] == {
        "StringEquals": {"elasticfilesystem:AccessPointArn": recorded.one(POINT).state["arn"]}
    }


def test_whoever_mounts_can_wait_for_the_targets_and_the_policy(declare: Declare) -> None:
    made: list[int] = []
    declare(lambda: made.append(len(files().access_point("a", "/a", 1001, 1001).ready)))
    assert made == [3]


def test_groups_are_let_in_at_the_port_of_nfs(declare: Declare, recorded: Recorded) -> None:
    def program() -> None:
        inside = network()
        FileSystem("shared", FileSystemArgs(network=inside)).accept(
            group("reader", inside), "Slides that are read as files"
        )

    declare(program)
    rule = recorded.one("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule").inputs
    assert (rule["fromPort"], rule["toPort"]) == (2049, 2049)


@pytest.mark.parametrize(
    ("folder", "uid", "gid", "message"),
    [
        ("/slides", 0, 1001, "uid: 1000 to 4294967295 .* got 0"),
        ("/slides", 1001, 12, "gid: 1000 .* got 12"),
        ("/", 1001, 1001, "folder: a path such as /slides"),
        ("slides", 1001, 1001, "got 'slides'"),
        ("/a/b/c/d/e", 1001, 1001, "four folders deep"),
        ("/a/../b", 1001, 1001, "folder: a path"),
    ],
)
def test_root_and_odd_folders_are_refused(
    folder: str, uid: int, gid: int, message: str, declare: Declare
) -> None:
    with pytest.raises(ValueError, match=message):
        declare(lambda: files().access_point("odd", folder, uid, gid))
