"""Services that AWS has closed or is closing, by the start of their Pulumi types.

What is built on them cannot be deployed in a new account, or not for long.
https://aws.amazon.com/about-aws/whats-new/2026/03/aws-service-availability/
"""

CLOSED = {
    "aws:apprunner/": "App Runner takes no new customers since April 2026",
    "aws:auditmanager/": "Audit Manager takes no new customers since April 2026",
    "aws:cloudfront/originAccessIdentity:": "replaced by origin access control",
    "aws:cloudtrail/eventDataStore:": "CloudTrail Lake is closed since May 2026",
    "aws:codecatalyst/": "CodeCatalyst is closing",
    "aws:ec2/launchConfiguration:": "new accounts make launch templates only",
    "aws:glacier/": "Glacier vaults are closed since December 2025; S3's own classes are not",
    "aws:pinpoint/": "Pinpoint ended in October 2026",
    "aws:proton/": "Proton ended in October 2026",
    "aws:s3control/objectLambdaAccessPoint": "S3 Object Lambda is closed since November 2025",
    "aws:snowball/": "Snow devices are not for new workloads",
    "aws:workmail/": "WorkMail is closing",
}
