# The AWS services that labsight declares. With all of pulumi_aws mypy takes six times as long and
# five times the memory; what is not listed here is unknown to it ("Module has no attribute").
from . import apigatewayv2 as apigatewayv2
from . import cloudwatch as cloudwatch
from . import iam as iam
from . import lambda_ as lambda_
from . import s3 as s3
from . import sqs as sqs
from .provider import *  # noqa: F403
