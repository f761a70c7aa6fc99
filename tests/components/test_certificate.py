from typing import Any

import pulumi
import pytest

from components.certificate import Certificate, CertificateArgs
from tests.support.pulumi_recorder import Declare, Recorded

ARGS = CertificateArgs(domain="slides.example.org", hosted_zone="Z0123456789")


def certificate() -> pulumi.Output[str]:
    return Certificate("domain", ARGS).arn


def test_a_certificate_is_made_where_cloudfront_takes_it_from(
    declare: Declare, recorded: Recorded
) -> None:
    declare(certificate)
    made = recorded.one("aws:acm/certificate:Certificate")
    valid = recorded.one("aws:acm/certificateValidation:CertificateValidation")
    assert made.inputs["region"] == valid.inputs["region"] == "us-east-1"
    assert made.inputs["validationMethod"] == "DNS"


def test_the_zone_proves_whose_the_domain_is(declare: Declare, recorded: Recorded) -> None:
    declare(certificate)
    record = recorded.one("aws:route53/record:Record").inputs
    assert record["zoneId"] == "Z0123456789"
    assert (record["type"], record["name"]) == ("CNAME", "_a.slides.example.org.")
    assert record["records"] == ["_b.acm-validations.aws."]


def test_the_certificate_is_handed_out_once_it_is_valid(
    declare: Declare, recorded: Recorded
) -> None:
    arn = declare(certificate)
    valid = recorded.one("aws:acm/certificateValidation:CertificateValidation")
    assert valid.inputs["certificateArn"] == arn
    assert "domain-proof" in valid.depends_on


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"domain": "slides"}, "domain: a name in lower case such as"),
        ({"domain": "https://slides.example.org"}, "domain: a name in lower case"),
        ({"domain": "Slides.example.org"}, "got 'Slides.example.org'"),
        ({"domain": "*.example.org"}, "domain: a name"),
        ({"hosted_zone": "example.org"}, "hosted_zone: the id of a Route 53 zone"),
    ],
)
def test_what_is_no_domain_or_zone_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        CertificateArgs(**{"domain": "slides.example.org", "hosted_zone": "Z012345", **changes})
