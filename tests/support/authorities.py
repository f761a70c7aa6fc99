"""Certificate authorities of a test: what they are told to be, they are."""

import datetime as dt

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID

START = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
YEARS_10 = dt.timedelta(days=3650)
# DER of 1.2.840.113549.1.1.11 and .5, RSA with SHA-256 and with SHA-1 (RFC 8017, A.2.4).
SHA_256 = bytes.fromhex("06092a864886f70d01010b")
SHA_1 = bytes.fromhex("06092a864886f70d010105")


def certificate(
    name: str = "labsight scanners",
    *,
    authority: bool | None = True,
    signs: bool | None = True,
    key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | None = None,
) -> str:
    """A certificate in PEM that signed itself; None leaves an extension out."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(START)
        .not_valid_after(START + YEARS_10)
    )
    if authority is not None:
        limits = x509.BasicConstraints(ca=authority, path_length=None)
        builder = builder.add_extension(limits, critical=True)
    if signs is not None:
        builder = builder.add_extension(_usage(signs=signs), critical=True)
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM).decode()


def weakly_signed() -> str:
    """An authority's certificate that says it is signed with SHA-1, which nothing signs today."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    made = x509.load_pem_x509_certificate(certificate(key=key).encode())
    data = made.public_bytes(Encoding.DER).replace(SHA_256, SHA_1)
    return x509.load_der_x509_certificate(data).public_bytes(Encoding.PEM).decode()


def private_key() -> str:
    """A private key in PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def _usage(*, signs: bool) -> x509.KeyUsage:
    """A key that signs certificates, or one that signs messages."""
    return x509.KeyUsage(
        digital_signature=not signs,
        key_cert_sign=signs,
        crl_sign=signs,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
