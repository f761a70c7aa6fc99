from policy.guardrails import check, read_waivers
from tests.support.labsight_program import labsight
from tests.support.pulumi_recorder import Declare, Recorded


def test_the_program_keeps_the_guardrails(declare: Declare, recorded: Recorded) -> None:
    declare(labsight(archiveAfterDays="180"))
    assert [str(complaint) for complaint in check(recorded, read_waivers())] == []


def test_the_guardrails_see_what_the_exceptions_excuse(
    declare: Declare, recorded: Recorded
) -> None:
    declare(labsight())
    found = {(complaint.resource, complaint.rule) for complaint in check(recorded)}
    assert found == {(waiver.resource, waiver.rule) for waiver in read_waivers()}
