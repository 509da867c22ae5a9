"""Secrets as cert-manager writes them, mounted as Kubernetes mounts them.

A chain with an intermediate authority: tls.crt holds the leaf and the intermediate, ca.crt the root. Leaves without a
common name have an empty subject and critical alternative names; only authorities have key identifiers of their own.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

RSA_PKCS1 = ("RSA", PrivateFormat.TraditionalOpenSSL)
RSA_PKCS8 = ("RSA", PrivateFormat.PKCS8)
ECDSA_PKCS1 = ("ECDSA", PrivateFormat.TraditionalOpenSSL)
ECDSA_PKCS8 = ("ECDSA", PrivateFormat.PKCS8)
"""`privateKey.algorithm` and `privateKey.encoding` of a Certificate."""

Algorithm = tuple[str, PrivateFormat]
PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
Secret = dict[str, bytes]


@dataclass(frozen=True, kw_only=True)
class Issuer:
    """A CA issuer whose own certificate is an intermediate one."""

    key: PrivateKey
    certificate: x509.Certificate
    root: x509.Certificate

    @classmethod
    def create(cls) -> Self:
        """A root, and an intermediate of it."""
        root_key, key = _key("RSA"), _key("ECDSA")
        root = _authority("root", "root", root_key, root_key)
        return cls(key=key, certificate=_authority("issuer", "root", key, root_key), root=root)

    def server(self, algorithm: Algorithm, *addresses: x509.GeneralName) -> Secret:
        """For `usages: [server auth]`."""
        return self._secret(algorithm, addresses, ExtendedKeyUsageOID.SERVER_AUTH)

    def client(self, algorithm: Algorithm, uri: str) -> Secret:
        """For `uris: [uri]` and `usages: [client auth]`."""
        return self._secret(algorithm, [x509.UniformResourceIdentifier(uri)], ExtendedKeyUsageOID.CLIENT_AUTH)

    def _secret(self, algorithm: Algorithm, names: Sequence[x509.GeneralName], usage: x509.ObjectIdentifier) -> Secret:
        kind, encoding = algorithm
        key = _key(kind)
        leaf = (
            _builder("", self.certificate.subject, key)
            .add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
            .add_extension(_usage(authority=False), critical=True)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False)
            .add_extension(x509.SubjectAlternativeName(names), critical=True)
            .sign(self.key, hashes.SHA256())
        )
        return {
            "tls.crt": leaf.public_bytes(Encoding.PEM) + self.certificate.public_bytes(Encoding.PEM),
            "tls.key": key.private_bytes(Encoding.PEM, encoding, NoEncryption()),
            "ca.crt": self.root.public_bytes(Encoding.PEM),
        }


@dataclass(frozen=True, kw_only=True)
class Mounted:
    """A Secret's volume: its files are links through `..data`, which is moved when the Secret changes."""

    folder: Path

    def put(self, secret: Secret) -> Path:
        """Mount a Secret, or let the mounted one change; returns the folder."""
        self.folder.mkdir(exist_ok=True)
        version = self.folder / f"..{len(list(self.folder.iterdir()))}"
        version.mkdir()
        for name, content in secret.items():
            (version / name).write_bytes(content)
            if not (self.folder / name).is_symlink():
                (self.folder / name).symlink_to(Path("..data", name))
        (self.folder / "..data_tmp").symlink_to(version.name)
        (self.folder / "..data_tmp").rename(self.folder / "..data")
        return self.folder


def _key(kind: str) -> PrivateKey:
    return rsa.generate_private_key(65537, 2048) if kind == "RSA" else ec.generate_private_key(ec.SECP256R1())


def _authority(name: str, issuer: str, key: PrivateKey, signer: PrivateKey) -> x509.Certificate:
    return (
        _builder(name, _name(issuer), key)
        .add_extension(_usage(authority=True), critical=True)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
        .sign(signer, hashes.SHA256())
    )


def _builder(name: str, issuer: x509.Name, key: PrivateKey) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(_name(name))
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=1))
        .not_valid_after(now + timedelta(days=90))
    )


def _name(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)] if name else [])


def _usage(*, authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=not authority,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=authority,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
