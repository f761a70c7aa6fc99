"""The certificate authority by whose certificates scanners' computers prove who they are."""

from collections.abc import Iterator
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from pulumi import ComponentResource, Output, ResourceOptions
from pulumi_aws import rolesanywhere

from components.code import ROOT

SETTING = "sync.certificateAuthority"
# The second one is for the time in which an authority is replaced.
# https://docs.aws.amazon.com/rolesanywhere/latest/userguide/quotas.html
MOST_CERTIFICATES = 2
LARGEST_FILE = 64 * 1024  # bytes; two certificates have some 4,000
_BEGIN = "-----BEGIN"
_WEAK = {
    x509.SignatureAlgorithmOID.RSA_WITH_MD5: "MD5",
    x509.SignatureAlgorithmOID.RSA_WITH_SHA1: "SHA-1",
    x509.SignatureAlgorithmOID.ECDSA_WITH_SHA1: "SHA-1",
}


@dataclass(frozen=True, kw_only=True)
class AuthorityArgs:
    """The authority's certificate: its PEM text, or a file of it, seen from the checkout."""

    source: str

    def __post_init__(self) -> None:
        self.read()

    def read(self) -> str:
        """Return the certificates in PEM, and nothing else that stood beside them.

        Raise ValueError for what IAM Roles Anywhere would not take, and for a private key.
        """
        text = self._text()
        if "PRIVATE KEY-----" in text:
            raise ValueError(
                f"{SETTING}: there is a private key in it, and nobody but the authority itself may "
                "hold that. Give its certificate alone; if the key has been in the stack's "
                "configuration, make a new authority"
            )
        try:
            found = x509.load_pem_x509_certificates(text.encode())
        except ValueError:
            raise ValueError(
                f"{SETTING}: no certificate can be read in it; give PEM, {_BEGIN} CERTIFICATE-----"
            ) from None
        if len(found) > MOST_CERTIFICATES:
            raise ValueError(
                f"{SETTING}: IAM Roles Anywhere takes {MOST_CERTIFICATES} certificates at most, "
                f"got {len(found)}; give those of the authority that issues, without its chain"
            )
        for one in found:
            if faults := ", ".join(_faults(one)):
                name = one.subject.rfc4514_string()
                raise ValueError(f"{SETTING}: {name} is no authority's certificate: {faults}")
        return "".join(one.public_bytes(Encoding.PEM).decode() for one in found)

    def _text(self) -> str:
        if _BEGIN in self.source:
            return self.source
        path = ROOT / self.source
        try:
            with path.open("rb") as file:
                data = file.read(LARGEST_FILE + 1)
        except (OSError, ValueError):
            raise ValueError(
                f"{SETTING}: {self.source[:80]!r} is neither a certificate in PEM nor a file that "
                f"can be read from {ROOT}"
            ) from None
        if len(data) > LARGEST_FILE:
            raise ValueError(
                f"{SETTING}: {self.source!r} has more than {LARGEST_FILE} bytes; give the "
                "certificate in PEM alone"
            )
        return data.decode("utf-8", "replace")


class CertificateAuthority(ComponentResource):
    """A trust anchor: what this authority issues may be shown to AWS.

    Which role a certificate opens is each role's own decision.
    """

    anchor_arn: Output[str]

    def __init__(self, name: str, args: AuthorityArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("labsight:security:CertificateAuthority", name, None, opts)
        anchor = rolesanywhere.TrustAnchor(
            f"{name}-anchor",
            enabled=True,
            source={
                "source_type": "CERTIFICATE_BUNDLE",
                "source_data": {"x509_certificate_data": args.read()},
            },
            opts=ResourceOptions(parent=self),
        )
        self.anchor_arn = anchor.arn
        self.register_outputs({"anchor_arn": self.anchor_arn})


def _faults(certificate: x509.Certificate) -> Iterator[str]:
    """Return what a trust anchor's certificate has to have and this one has not.

    https://docs.aws.amazon.com/rolesanywhere/latest/userguide/trust-model.html
    """
    if certificate.version != x509.Version.v3:
        yield "it is not of X.509 version 3"
        return
    try:
        extensions = certificate.extensions
    except ValueError as error:
        yield f"its extensions cannot be read ({error})"
        return
    try:
        authority = extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        authority = False
    if not authority:
        yield "its basic constraints lack CA:TRUE"
    try:
        signs = extensions.get_extension_for_class(x509.KeyUsage).value.key_cert_sign
    except x509.ExtensionNotFound:
        signs = False
    if not signs:
        yield "its key usage lacks keyCertSign"
    weak = _WEAK.get(certificate.signature_algorithm_oid)
    if weak:
        yield f"it is signed with {weak}, and SHA-256 is the least"
