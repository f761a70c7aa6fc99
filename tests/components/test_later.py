import pulumi
import pytest

from components.later import later
from tests.support.pulumi_recorder import Declare


def test_a_value_told_at_the_end_reaches_who_asked_before(declare: Declare) -> None:
    def program() -> pulumi.Output[str]:
        with later() as (value, tell):
            asked = pulumi.Output.concat("client ", value)
            tell(pulumi.Output.from_input("a1"))
        return asked

    assert declare(program) == "client a1"


def test_an_error_before_it_is_told_ends_the_program_and_does_not_hang_it(declare: Declare) -> None:
    def program() -> pulumi.Output[str]:
        with later() as (value, _tell):
            _asked = pulumi.Output.concat("client ", value)
            raise ValueError("no such domain")

    with pytest.raises(ValueError, match="no such domain"):
        declare(program)


def test_a_value_that_is_never_told_is_an_error(declare: Declare) -> None:
    def program() -> pulumi.Output[str]:
        with later() as (value, _tell):
            return pulumi.Output.concat("client ", value)

    with pytest.raises(ValueError, match="never told"):
        declare(program)
