import re
import shutil
import subprocess
from pathlib import Path

import pytest
from cryptography import x509

from components.certificate_authority import (
    LARGEST_FILE,
    AuthorityArgs,
    CertificateAuthority,
)
from components.code import ROOT
from tests.support.authorities import certificate, private_key, weakly_signed
from tests.support.pulumi_recorder import Declare, Recorded

ANCHOR = "aws:rolesanywhere/trustAnchor:TrustAnchor"
PAGE = ROOT / "docs" / "sync-credentials.md"


def refused(source: str) -> str:
    with pytest.raises(ValueError, match=r"^sync\.certificateAuthority: ") as caught:
        AuthorityArgs(source=source)
    return str(caught.value)


def test_the_anchor_holds_the_certificate_and_is_switched_on(
    declare: Declare, recorded: Recorded
) -> None:
    pem = certificate()
    declare(lambda: CertificateAuthority("scanners", AuthorityArgs(source=pem)).anchor_arn)
    anchor = recorded.one(ANCHOR).inputs
    assert anchor["source"] == {
        "sourceType": "CERTIFICATE_BUNDLE",
        "sourceData": {"x509CertificateData": pem},
    }
    assert anchor["enabled"] is True  # AWS makes one that is switched off


def test_a_certificate_may_lie_in_a_file(tmp_path: Path) -> None:
    pem = certificate()
    (tmp_path / "authority.pem").write_text(f"subject=CN = x\n{pem}", encoding="utf-8")
    assert AuthorityArgs(source=str(tmp_path / "authority.pem")).read() == pem


def test_two_certificates_are_taken_while_one_replaces_the_other() -> None:
    both = certificate("first") + certificate("second")
    assert AuthorityArgs(source=both).read() == both
    assert "takes 2 certificates at most, got 3" in refused(both + certificate("third"))


def test_a_private_key_is_refused_and_not_repeated() -> None:
    secret = private_key()
    message = refused(certificate() + secret)
    assert "there is a private key in it" in message
    assert secret.splitlines()[1] not in message
    assert secret.splitlines()[1] not in refused(secret)


@pytest.mark.parametrize(
    ("pem", "fault"),
    [
        (certificate("leaf", authority=False), "CN=leaf is no authority's certificate: its basic"),
        (certificate(authority=None), "basic constraints lack CA:TRUE"),
        (certificate(signs=False), "key usage lacks keyCertSign"),
        (certificate(signs=None), "key usage lacks keyCertSign"),
        (weakly_signed(), "signed with SHA-1, and SHA-256 is the least"),
    ],
)
def test_what_aws_would_not_trust_is_refused_with_its_fault(pem: str, fault: str) -> None:
    assert fault in refused(pem)


def test_text_without_a_readable_certificate_is_refused() -> None:
    assert "no certificate can be read in it" in refused("-----BEGIN NOTHING-----\nabc\n")
    cut = certificate()[:200]
    assert "no certificate can be read in it" in refused(cut)


def test_a_file_that_is_not_there_or_no_certificate_is_refused(tmp_path: Path) -> None:
    assert "'./none-here.pem' is neither a certificate in PEM nor a file" in refused(
        "./none-here.pem"
    )
    assert "is neither" in refused(str(tmp_path))
    (tmp_path / "large").write_bytes(b"x" * (LARGEST_FILE + 1))
    assert f"more than {LARGEST_FILE} bytes" in refused(str(tmp_path / "large"))
    (tmp_path / "binary").write_bytes(bytes(range(256)))
    assert "no certificate can be read" in refused(str(tmp_path / "binary"))


@pytest.mark.skipif(shutil.which("openssl") is None, reason="there is no openssl on this machine")
def test_the_commands_of_the_page_make_what_aws_takes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUTHORITY_PASSPHRASE", "a long one")
    blocks = re.findall(r"^```\n(.*?)^```", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    commands = [block for block in blocks if "openssl" in block]
    assert len(commands) == 2
    for block in commands:
        subprocess.run(["bash", "-euc", block], cwd=tmp_path, check=True, capture_output=True)
    pem = AuthorityArgs(source=str(tmp_path / "authority.crt")).read()
    authority = x509.load_pem_x509_certificate(pem.encode())
    issued = x509.load_pem_x509_certificate((tmp_path / "scanner-1.crt").read_bytes())
    issued.verify_directly_issued_by(authority)
    assert issued.subject.rfc4514_string() == "CN=scanner-1"
    extensions = issued.extensions
    assert extensions.get_extension_for_class(x509.BasicConstraints).value.ca is False
    assert extensions.get_extension_for_class(x509.KeyUsage).value.digital_signature
    digest = issued.signature_hash_algorithm
    assert digest is not None
    assert digest.name == "sha256"
