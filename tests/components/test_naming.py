import pytest

from components.naming import checked, log_group_name
from tests.support.pulumi_recorder import Declare

LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup"


def test_log_groups_are_named_after_project_and_stack(declare: Declare) -> None:
    assert declare(lambda: log_group_name("tiles"), stack="dev") == "/labsight/dev/tiles"


def test_delivered_logs_lie_where_aws_needs_no_further_policy(declare: Declare) -> None:
    name = declare(lambda: log_group_name("web", vended=True), stack="dev")
    assert name == "/aws/vendedlogs/labsight/dev/web"


def test_a_name_longer_than_aws_takes_is_refused(declare: Declare) -> None:
    with pytest.raises(ValueError, match="at most 512 characters"):
        declare(lambda: log_group_name("tiles"), stack="s" * 512)


def test_a_name_with_characters_that_aws_does_not_take_is_refused() -> None:
    with pytest.raises(ValueError, match="'/labsight/my stack/tiles': at most 512 characters of"):
        checked(LOG_GROUP, "/labsight/my stack/tiles")


def test_a_kind_without_known_limits_gets_no_name() -> None:
    with pytest.raises(ValueError, match="aws:efs/fileSystem:FileSystem: give its limits"):
        checked("aws:efs/fileSystem:FileSystem", "shared")
