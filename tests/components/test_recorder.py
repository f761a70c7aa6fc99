"""What the other tests rely on when they ask what a program declared."""

from typing import Any

import pulumi
from pulumi_aws import sqs

from tests.support.pulumi_recorder import Declare, Recorded


def test_a_resource_made_inside_an_apply_is_missing_from_a_first_preview(
    declare: Declare, recorded: Recorded
) -> None:
    def program() -> pulumi.Output[Any]:
        first = sqs.Queue("first")
        return first.arn.apply(lambda _: sqs.Queue("second").arn)

    declare(program)
    assert [one.name for one in recorded.of("aws:sqs/queue:Queue")] == ["first", "second"]
    declare(program, known=False)
    assert [one.name for one in recorded.of("aws:sqs/queue:Queue")] == ["first"]


def test_parents_dependencies_and_options_are_recorded(
    declare: Declare, recorded: Recorded
) -> None:
    def program() -> None:
        parent = pulumi.ComponentResource("labsight:test:Parent", "parent")
        first = sqs.Queue("first", opts=pulumi.ResourceOptions(parent=parent))
        sqs.Queue("second", opts=pulumi.ResourceOptions(depends_on=[first], retain_on_delete=True))

    declare(program)
    first = recorded.one("aws:sqs/queue:Queue", "first")
    second = recorded.one("aws:sqs/queue:Queue", "second")
    assert (first.parent, second.parent) == ("parent", "")
    assert second.depends_on == {"first"}
    assert (first.retained, second.retained) == (False, True)


def test_exports_of_one_program_do_not_reach_the_next(declare: Declare) -> None:
    def exports() -> Any:
        return pulumi.runtime.get_root_resource().outputs  # type: ignore[union-attr]  # a Stack

    def first() -> Any:
        pulumi.export("only", "first")
        return exports()

    assert declare(first) == {"only": "first"}
    assert declare(exports) == {}
