"""A certificate for an own domain, which proves itself through a record in the domain's zone."""

import re
from dataclasses import dataclass

from pulumi import ComponentResource, Output, ResourceOptions
from pulumi_aws import acm, route53

# CloudFront takes certificates, firewalls and log settings from this region alone.
# https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cnames-and-https-requirements.html
GLOBAL_REGION = "us-east-1"

_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_DOMAIN = re.compile(rf"(?=.{{4,253}}\Z){_LABEL}(?:\.{_LABEL})+")
_ZONE = re.compile(r"Z[A-Z0-9]{1,31}")


@dataclass(frozen=True, kw_only=True)
class CertificateArgs:
    """The domain, and the id of the Route 53 zone that it, or a domain above it, is served from."""

    domain: str
    hosted_zone: str

    def __post_init__(self) -> None:
        if not _DOMAIN.fullmatch(self.domain):
            raise ValueError(
                f"domain: a name in lower case such as slides.example.org, got {self.domain!r}"
            )
        if not _ZONE.fullmatch(self.hosted_zone):
            raise ValueError(
                f"hosted_zone: the id of a Route 53 zone, such as Z0123456789ABCDEFGHIJ, "
                f"got {self.hosted_zone!r}"
            )


class Certificate(ComponentResource):
    """A certificate that is only handed out once it is valid; AWS renews it while the record is."""

    arn: Output[str]
    domain: str
    hosted_zone: str

    def __init__(
        self, name: str, args: CertificateArgs, opts: ResourceOptions | None = None
    ) -> None:
        super().__init__("labsight:edge:Certificate", name, None, opts)
        child = ResourceOptions(parent=self)
        self.domain, self.hosted_zone = args.domain, args.hosted_zone
        certificate = acm.Certificate(
            f"{name}-certificate",
            domain_name=args.domain,
            validation_method="DNS",
            region=GLOBAL_REGION,
            opts=child,
        )
        proof = certificate.domain_validation_options[0]
        record = route53.Record(
            f"{name}-proof",
            zone_id=args.hosted_zone,
            name=proof.resource_record_name,
            type=proof.resource_record_type,
            records=[proof.resource_record_value],
            ttl=300,
            # The record is the same for each certificate of the domain, a former one's included.
            allow_overwrite=True,
            opts=child,
        )
        valid = acm.CertificateValidation(
            f"{name}-valid",
            certificate_arn=certificate.arn,
            validation_record_fqdns=[record.fqdn],
            region=GLOBAL_REGION,
            opts=child,
        )
        self.arn = valid.certificate_arn
        self.register_outputs({"arn": self.arn})
