"""A function's own HTTPS address: for CloudFront, which signs its requests, and nobody else."""

from dataclasses import dataclass

from pulumi import ComponentResource, Input, Output, ResourceOptions
from pulumi_aws import lambda_

from components.place import Place

CLOUDFRONT = "cloudfront.amazonaws.com"


@dataclass(frozen=True, kw_only=True)
class FunctionUrlArgs:
    """The function that answers."""

    function_name: Output[str]


class FunctionUrl(ComponentResource):
    """An address that answers requests signed by IAM; what may sign them is added one by one."""

    url: Output[str]

    def __init__(
        self, name: str, args: FunctionUrlArgs, opts: ResourceOptions | None = None
    ) -> None:
        super().__init__("labsight:compute:FunctionUrl", name, None, opts)
        self._name, self._function_name = name, args.function_name
        address = lambda_.FunctionUrl(
            f"{name}-url",
            function_name=args.function_name,
            authorization_type="AWS_IAM",
            invoke_mode="BUFFERED",
            opts=ResourceOptions(parent=self),
        )
        self.url, self._id = address.function_url, address.url_id
        self.register_outputs({"url": self.url})

    def host(self, place: Place) -> Output[str]:
        """Return the host name, made of its parts: the whole address is known only once it is made.

        https://docs.aws.amazon.com/lambda/latest/dg/urls-configuration.html
        """
        return Output.concat(self._id, f".lambda-url.{place.region}.on.aws")

    def allow_distribution(self, caller: str, distribution_arn: Input[str]) -> None:
        """Let one CloudFront distribution call the function here.

        Both permissions are a must, else CloudFront is told 403:
        https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-restricting-access-to-lambda.html
        """
        lambda_.Permission(
            f"{self._name}-url-for-{caller}",
            action="lambda:InvokeFunctionUrl",
            function=self._function_name,
            principal=CLOUDFRONT,
            source_arn=distribution_arn,
            function_url_auth_type="AWS_IAM",
            opts=ResourceOptions(parent=self),
        )
        lambda_.Permission(
            f"{self._name}-invoked-for-{caller}",
            action="lambda:InvokeFunction",
            function=self._function_name,
            principal=CLOUDFRONT,
            source_arn=distribution_arn,
            invoked_via_function_url=True,
            opts=ResourceOptions(parent=self),
        )
