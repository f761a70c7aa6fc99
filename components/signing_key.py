"""The key pair of the cookies that open tiles: CloudFront has one half, one function the other."""

import re
from dataclasses import dataclass, field

from pulumi import ComponentResource, Input, Output, ResourceOptions
from pulumi_aws import cloudfront

from components.encryption import Key
from components.secret import Secret, SecretArgs

_PEM = re.compile(
    r"-----BEGIN PUBLIC KEY-----\s[A-Za-z0-9+/=\s]+-----END PUBLIC KEY-----", re.ASCII
)


@dataclass(frozen=True, kw_only=True)
class SigningKeyArgs:
    """Both halves (PEM), the key that encrypts the private one, and how long it can be restored."""

    public_key: str
    private_key: Input[str] = field(repr=False)
    kept_days: int
    key: Key | None = None

    def __post_init__(self) -> None:
        if not _PEM.fullmatch(self.public_key.strip()):
            raise ValueError(
                "public_key: a public key in PEM form; make a pair with `labsight keys new`"
            )


class SigningKey(ComponentResource):
    """A key group that a distribution trusts, and the secret with which cookies are signed for it.

    A replaced pair is taken over at once; who is signed in gets new cookies within the hour.
    """

    key_pair_id: Output[str]
    key_group_id: Output[str]
    secret: Secret

    def __init__(
        self, name: str, args: SigningKeyArgs, opts: ResourceOptions | None = None
    ) -> None:
        super().__init__("labsight:edge:SigningKey", name, None, opts)
        child = ResourceOptions(parent=self)
        public = cloudfront.PublicKey(
            f"{name}-public",
            # CloudFront gives it back with exactly one line break at its end.
            encoded_key=f"{args.public_key.strip()}\n",
            opts=child,
        )
        group = cloudfront.KeyGroup(f"{name}-group", items=[public.id], opts=child)
        self.secret = Secret(
            name,
            SecretArgs(
                description="labsight: private key that signs the cookies of signed-in people",
                value=args.private_key,
                key=args.key,
                kept_days=args.kept_days,
            ),
            child,
        )
        self.key_pair_id, self.key_group_id = public.id, group.id
        self.register_outputs({"key_pair_id": self.key_pair_id})
