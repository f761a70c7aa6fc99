import json
from typing import Any

import pulumi
import pytest

from components.database import Database, DatabaseArgs
from components.encryption import Key, KeyArgs
from components.iam import policy_document
from components.place import Place
from tests.support.networks import group, network
from tests.support.pulumi_outputs import ACCOUNT, REGION
from tests.support.pulumi_recorder import Declare, Recorded

INSTANCE = "aws:rds/instance:Instance"
CLUSTER = "aws:rds/cluster:Cluster"
MEMBER = "aws:rds/clusterInstance:ClusterInstance"
LOGS = "aws:cloudwatch/logGroup:LogGroup"
PLACE = Place(account=ACCOUNT, region=REGION)
NAMED = "database-subnets-1a2b3c4"


def database(**changes: Any) -> Database:
    least = {"network": network(), "place": PLACE, "log_days": 30}
    return Database("database", DatabaseArgs(**{**least, **changes}))


def key() -> Key:
    return Key("data", KeyArgs(description="Data", place=PLACE))


def declared(declare: Declare, recorded: Recorded, kind: str, **changes: Any) -> dict[str, Any]:
    declare(lambda: database(**changes).address)
    return dict(recorded.one(kind).inputs)


def test_an_instance_is_private_encrypted_and_signed_in_to_with_tokens(
    declare: Declare, recorded: Recorded
) -> None:
    made = declared(declare, recorded, INSTANCE)
    assert made["engine"] == "postgres"
    assert made["engineVersion"] == "16"
    assert made["publiclyAccessible"] is False
    assert made["storageEncrypted"] is True
    assert made["iamDatabaseAuthenticationEnabled"] is True
    assert made["manageMasterUserPassword"] is True
    assert "password" not in made
    assert made["username"] != "postgres"
    assert made["port"] != 5432
    assert made["copyTagsToSnapshot"] is True
    assert made["autoMinorVersionUpgrade"] is True
    assert made["performanceInsightsEnabled"] is True
    assert made["caCertIdentifier"] == "rds-ca-rsa2048-g1"
    assert made["vpcSecurityGroupIds"] == ["database-group-1a2b3c4"]
    subnets = recorded.one("aws:rds/subnetGroup:SubnetGroup").inputs["subnetIds"]
    assert subnets == ["network-private-a-1a2b3c4", "network-private-b-1a2b3c4"]


def test_its_storage_grows_by_itself(declare: Declare, recorded: Recorded) -> None:
    made = declared(declare, recorded, INSTANCE, storage_gb=40)
    assert (made["storageType"], made["allocatedStorage"]) == ("gp3", 40)
    assert made["maxAllocatedStorage"] == 200


@pytest.mark.parametrize(
    ("engine", "kind"),
    [
        ("postgres", "parameterGroup:ParameterGroup"),
        ("aurora", "clusterParameterGroup:ClusterParameterGroup"),
    ],
)
def test_it_answers_over_tls_alone_and_logs_no_value_that_was_looked_for(
    engine: str, kind: str, declare: Declare, recorded: Recorded
) -> None:
    declare(lambda: database(engine=engine).address)
    made = recorded.one(f"aws:rds/{kind}").inputs
    assert made["family"] == ("postgres16" if engine == "postgres" else "aurora-postgresql16")
    values = {one["name"]: one["value"] for one in made["parameters"]}
    assert values["rds.force_ssl"] == "1"
    assert values["log_parameter_max_length"] == "0"
    assert values["log_parameter_max_length_on_error"] == "0"


@pytest.mark.parametrize(("engine", "kind"), [("postgres", INSTANCE), ("aurora", MEMBER)])
def test_what_writes_its_figures_may_do_so_from_the_first_on(
    engine: str, kind: str, declare: Declare, recorded: Recorded
) -> None:
    declare(lambda: database(engine=engine).address)
    assert "database-monitoring-policy" in recorded.one(kind).depends_on


@pytest.mark.parametrize(("engine", "kind"), [("postgres", INSTANCE), ("aurora", CLUSTER)])
def test_a_kept_database_is_protected_and_leaves_a_snapshot_of_a_name_of_its_own(
    engine: str, kind: str, declare: Declare, recorded: Recorded
) -> None:
    made = declared(declare, recorded, kind, engine=engine, kept=True)
    assert made["deletionProtection"] is True
    assert made["skipFinalSnapshot"] is False
    assert made["finalSnapshotIdentifier"] == f"{NAMED}-final"


@pytest.mark.parametrize(("engine", "kind"), [("postgres", INSTANCE), ("aurora", CLUSTER)])
def test_one_that_is_not_kept_goes_without_a_trace(
    engine: str, kind: str, declare: Declare, recorded: Recorded
) -> None:
    made = declared(declare, recorded, kind, engine=engine, kept=False)
    assert made["deletionProtection"] is False
    assert made["skipFinalSnapshot"] is True
    assert "finalSnapshotIdentifier" not in made


def test_an_own_key_is_used_for_all_it_holds_and_makes_it_another_database(
    declare: Declare, recorded: Recorded
) -> None:
    declare(lambda: database(key=key()).address)
    made = recorded.one(INSTANCE).inputs
    arn = recorded.one("aws:kms/key:Key").state["arn"]
    names = ("kmsKeyId", "masterUserSecretKmsKeyId", "performanceInsightsKmsKeyId")
    assert {made[name] for name in names} == {arn}
    assert made["identifier"] == f"{NAMED}-own-key"


@pytest.mark.parametrize(
    ("engine", "names"),
    [
        ("postgres", {f"/aws/rds/instance/{NAMED}/{log}" for log in ("postgresql", "upgrade")}),
        ("aurora", {f"/aws/rds/cluster/{NAMED}/postgresql"}),
    ],
)
def test_its_logs_are_kept_as_long_as_said_because_they_are_there_first(
    engine: str, names: set[str], declare: Declare, recorded: Recorded
) -> None:
    declare(lambda: database(engine=engine, log_days=90, log_key=key()).address)
    groups = recorded.of(LOGS)
    mine = [one for one in groups if one.parent == "database"]
    assert {one.inputs["name"] for one in mine} == names
    assert {one.inputs["retentionInDays"] for one in mine} == {90}
    assert {one.inputs["kmsKeyId"] for one in mine} == {
        recorded.one("aws:kms/key:Key").state["arn"]
    }
    made = recorded.one(INSTANCE if engine == "postgres" else CLUSTER)
    if engine == "postgres":  # as do the figures of its load
        assert made.inputs["performanceInsightsKmsKeyId"] == mine[0].inputs["kmsKeyId"]
    assert "kmsKeyId" not in made.inputs
    assert {one.name for one in mine} <= made.depends_on


def test_a_cluster_pauses_after_five_minutes_without_a_connection(
    declare: Declare, recorded: Recorded
) -> None:
    made = declared(declare, recorded, CLUSTER, engine="aurora", largest_acu=4)
    assert made["serverlessv2ScalingConfiguration"] == {
        "minCapacity": 0,
        "maxCapacity": 4,
        "secondsUntilAutoPause": 300,
    }
    [member] = recorded.of(MEMBER)
    assert member.inputs["instanceClass"] == "db.serverless"
    assert member.inputs["publiclyAccessible"] is False
    assert not recorded.of(INSTANCE)


def test_a_second_zone_is_a_standby_or_a_second_member(
    declare: Declare, recorded: Recorded
) -> None:
    assert declared(declare, recorded, INSTANCE, multi_az=True)["multiAz"] is True
    declare(lambda: database(engine="aurora", multi_az=True).address)
    assert len(recorded.of(MEMBER)) == 2


def test_functions_are_told_an_address_without_a_password(declare: Declare) -> None:
    told = declare(lambda: pulumi.Output.all(**database().environment("labsight_reader")))
    host = f"database-instance-1a2b3c4.c1a2b3c4d5e6.{REGION}.rds.amazonaws.com"
    assert told == {
        "LABSIGHT_DATABASE_URL": f"postgresql+psycopg://labsight_reader@{host}:5433/labsight",
        "LABSIGHT_DATABASE_AUTH": "iam",
    }


def test_a_sleeping_cluster_is_given_time_to_wake_up(declare: Declare) -> None:
    told = declare(lambda: pulumi.Output.all(**database(engine="aurora").environment("reader")))
    assert told["LABSIGHT_DATABASE_URL"].endswith(":5433/labsight?connect_timeout=25")


def test_who_brings_the_master_s_password_is_told_no_user(declare: Declare) -> None:
    told = declare(lambda: pulumi.Output.all(**database().environment()))
    assert told["LABSIGHT_DATABASE_URL"].startswith("postgresql+psycopg://database-instance")
    assert told["LABSIGHT_DATABASE_AUTH"] == "password"


@pytest.mark.parametrize(
    ("engine", "resource"),
    [
        ("postgres", "db-ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
        ("aurora", "cluster-ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
    ],
)
def test_signing_in_is_granted_for_one_user_of_this_database(
    engine: str, resource: str, declare: Declare
) -> None:
    text = declare(lambda: policy_document([database(engine=engine).connect("labsight_writer")]))
    [statement] = json.loads(text)["Statement"]
    assert statement["Action"] == ["rds-db:connect"]
    assert statement["Resource"] == [
        f"arn:aws:rds-db:{REGION}:{ACCOUNT}:dbuser:{resource}/labsight_writer"
    ]


def test_reading_the_master_secret_and_lifting_the_protection_name_this_database_alone(
    declare: Declare, recorded: Recorded
) -> None:
    def program() -> pulumi.Output[str]:
        one = database()
        return policy_document([*one.read_master_secret(), one.lift_protection()])

    read, lift = json.loads(declare(program))["Statement"]
    made = recorded.one(INSTANCE).state
    assert read["Resource"] == [made["masterUserSecrets"][0]["secretArn"]]
    assert lift == {
        "Effect": "Allow",
        "Action": ["rds:ModifyDBInstance"],
        "Resource": [made["arn"]],
    }


def test_groups_are_let_in_at_its_port_alone(declare: Declare, recorded: Recorded) -> None:
    def program() -> None:
        inside = network()
        Database("database", DatabaseArgs(network=inside, place=PLACE, log_days=30)).accept(
            group("catalog", inside), "Catalog"
        )

    declare(program)
    rule = recorded.one("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule").inputs
    assert (rule["fromPort"], rule["toPort"]) == (5433, 5433)
    assert rule["referencedSecurityGroupId"] == "catalog-group-1a2b3c4"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"storage_gb": 10}, "storage_gb: RDS takes 20 to 65536 GB, got 10"),
        ({"backup_days": 0}, "backup_days: RDS takes 1 to 35 days, got 0"),
        ({"largest_acu": 0}, "largest_acu: RDS takes 1 to 256 capacity units, got 0"),
        ({"instance_class": "t4g.micro"}, "classes like db.t4g.micro, got 't4g.micro'"),
        ({"place": Place(account=ACCOUNT, region="xx-new-1")}, "certificate in xx-new-1; add"),
    ],
)
def test_what_rds_refuses_is_refused_first(
    changes: dict[str, Any], message: str, declare: Declare
) -> None:
    with pytest.raises(ValueError, match=message):
        declare(lambda: database(**changes))


@pytest.mark.parametrize("engine", ["postgres", "aurora"])
def test_a_first_preview_which_knows_nothing_declares_the_same(
    engine: str, declare: Declare, recorded: Recorded
) -> None:
    def program() -> None:
        one = database(engine=engine)
        policy_document([one.connect("reader"), *one.read_master_secret()])

    declare(program)
    names = {one.name for one in recorded}
    declare(program, known=False)
    assert {one.name for one in recorded} == names
