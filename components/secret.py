"""A secret in Secrets Manager: who may read it is granted one by one, and it can be rolled back."""

from dataclasses import dataclass, field

from pulumi import ComponentResource, Input, Output, ResourceOptions
from pulumi_aws import secretsmanager

from components.encryption import Key, with_key
from components.iam import Grant

# Days in which a deleted secret can be restored; 0 deletes at once.
# https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_DeleteSecret.html
RECOVERY_DAYS = range(7, 31)


@dataclass(frozen=True, kw_only=True)
class SecretArgs:
    """What the secret is, and its value; one without a value is filled later by a function.

    ``kept_days`` is how long it can be restored after it was deleted, 0: not at all.
    """

    description: str
    kept_days: int
    key: Key | None = None
    value: Input[str] | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if self.kept_days and self.kept_days not in RECOVERY_DAYS:
            raise ValueError(
                f"kept_days: Secrets Manager takes {RECOVERY_DAYS.start} to "
                f"{RECOVERY_DAYS.stop - 1}, or 0 to delete at once, got {self.kept_days}"
            )
        if self.value == "":
            raise ValueError(f"secret {self.description!r}: empty; leave it out, or give a value")


class Secret(ComponentResource):
    """A secret whose value is an encrypted part of the stack's state, or no part of it at all."""

    arn: Output[str]

    def __init__(self, name: str, args: SecretArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("labsight:security:Secret", name, None, opts)
        child = ResourceOptions(parent=self)
        self._key = args.key
        secret = secretsmanager.Secret(
            f"{name}-secret",
            description=args.description,
            kms_key_id=args.key.arn if args.key else None,
            recovery_window_in_days=args.kept_days,
            opts=child,
        )
        self.arn = secret.arn
        if args.value is not None:
            secretsmanager.SecretVersion(
                f"{name}-value",
                secret_id=secret.id,
                secret_string=Output.secret(args.value),
                opts=child,
            )
        self.register_outputs({"arn": self.arn})

    def read(self) -> Grant:
        """Allow reading the value."""
        return self._grant(("secretsmanager:GetSecretValue",), ("kms:Decrypt",))

    def write(self) -> Grant:
        """Allow giving it another value; the one before can be brought back."""
        return self._grant(
            ("secretsmanager:PutSecretValue",), ("kms:Decrypt", "kms:GenerateDataKey")
        )

    def _grant(self, actions: tuple[str, ...], key_actions: tuple[str, ...]) -> Grant:
        return with_key(actions, self.arn, self._key, key_actions)
