"""Logs, trails and backups: kept for a while, encrypted, whole."""

from policy.rule import Companion, Rule, at_least, is_true

LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup"
TRAIL = "aws:cloudtrail/trail:Trail"

RULES = (
    Rule("CKV_AWS_66", LOG_GROUP, "forgets after some days", at_least("retentionInDays", 1)),
    Rule("CloudTrail.4/CKV_AWS_36", TRAIL, "is validated", is_true("enableLogFileValidation")),
)

COMPANIONS: tuple[Companion, ...] = ()
