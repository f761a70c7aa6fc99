from components.place import Place, here
from tests.support.pulumi_outputs import ACCOUNT, REGION
from tests.support.pulumi_recorder import Declare


def test_the_place_is_where_the_deployments_login_leads(declare: Declare) -> None:
    found: list[Place] = []
    declare(lambda: found.append(here()))
    assert found == [Place(account=ACCOUNT, region=REGION)]


def test_an_arn_names_service_region_account_and_resource() -> None:
    place = Place(account=ACCOUNT, region="eu-west-1")
    assert place.arn("logs", "log-group:*") == f"arn:aws:logs:eu-west-1:{ACCOUNT}:log-group:*"
