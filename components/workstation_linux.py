"""What makes a machine a Linux workstation with DCV: its image, its scripts, what they read."""

import shlex
from dataclasses import dataclass

from components.iam import Grant
from components.user_data.template import fitting, script

IMAGE = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"
PORT = 22  # the tunnel to DCV
VIEWER_PORT = 8443
USER = "ec2-user"
BUSY_PERCENT = 20  # of all processors, averaged over five minutes

_BOUNDARY = "==labsight=="


@dataclass(frozen=True, kw_only=True)
class LinuxSettings:
    """All that the scripts are told; the secret by ARN, never by value."""

    region: str
    bucket: str
    tools: str
    slides: str
    idle_minutes: int
    password_secret: str


def licence_bucket(region: str) -> str:
    """Name the bucket of AWS in which DCV finds that its use on EC2 is licensed.

    https://docs.aws.amazon.com/dcv/latest/adminguide/setting-up-license.html
    """
    return f"dcv-license.{region}"


def package_bucket(region: str) -> str:
    """Name the bucket of AWS that holds the packages of Amazon Linux 2023.

    https://docs.aws.amazon.com/linux/al2023/ug/deterministic-upgrades-usage.html
    """
    return f"al2023-repos-{region}-de612dc2"


def foreign_buckets(region: str) -> tuple[str, ...]:
    """Name the buckets of AWS that the network's way to S3 has to lead to."""
    return licence_bucket(region), package_bucket(region)


def licence(region: str) -> Grant:
    """Allow DCV to read its licence; packages are public and need no grant."""
    return Grant(("s3:GetObject",), (f"arn:aws:s3:::{licence_bucket(region)}/*",))


def user_data(settings: LinuxSettings) -> str:
    """Return what cloud-init runs at every boot; without its first part, only at the first."""
    boot = script(
        "linux/boot.sh",
        {
            "SETTINGS": _variables(settings),
            "SETUP": script("linux/setup.sh"),
            "IDLE": script("linux/idle.sh", {"BUSY_PERCENT": str(BUSY_PERCENT)}),
        },
    )
    always = "#cloud-config\ncloud_final_modules:\n- [scripts-user, always]"
    parts = [("text/cloud-config", always), ("text/x-shellscript", boot)]
    body = "".join(
        f'--{_BOUNDARY}\nContent-Type: {kind}; charset="us-ascii"\n\n{text}\n'
        for kind, text in parts
    )
    return fitting(
        f'Content-Type: multipart/mixed; boundary="{_BOUNDARY}"\nMIME-Version: 1.0\n\n'
        f"{body}--{_BOUNDARY}--\n"
    )


def _variables(settings: LinuxSettings) -> str:
    """Write the settings for bash; a connection without input ends after half the idle time.

    The other half passes without a connection, and then the machine stops.
    """
    values = {
        "REGION": settings.region,
        "BUCKET": settings.bucket,
        "TOOLS": settings.tools,
        "SLIDES": settings.slides,
        "PASSWORD_SECRET": settings.password_secret,
        "IDLE_MINUTES": str(settings.idle_minutes),
        "VIEWER_MINUTES": str(settings.idle_minutes // 2),
    }
    return "\n".join(f"{name}={shlex.quote(value)}" for name, value in values.items())
