# The AWS services that labsight declares. With all of pulumi_aws mypy takes six times as long and
# five times the memory; what is not listed here is unknown to it ("Module has no attribute").
from . import acm as acm
from . import apigatewayv2 as apigatewayv2
from . import appautoscaling as appautoscaling
from . import backup as backup
from . import budgets as budgets
from . import cloudfront as cloudfront
from . import cloudtrail as cloudtrail
from . import cloudwatch as cloudwatch
from . import cognito as cognito
from . import ebs as ebs
from . import ec2 as ec2
from . import ec2transitgateway as ec2transitgateway
from . import ecr as ecr
from . import ecs as ecs
from . import efs as efs
from . import iam as iam
from . import kms as kms
from . import lambda_ as lambda_
from . import lb as lb
from . import rds as rds
from . import route53 as route53
from . import s3 as s3
from . import scheduler as scheduler
from . import secretsmanager as secretsmanager
from . import sns as sns
from . import sqs as sqs
from . import ssm as ssm
from . import storagegateway as storagegateway
from . import vpc as vpc
from . import wafv2 as wafv2
from .get_availability_zones import *  # noqa: F403
from .get_caller_identity import *  # noqa: F403
from .get_partition import *  # noqa: F403
from .get_region import *  # noqa: F403
from .provider import *  # noqa: F403
