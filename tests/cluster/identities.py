"""Who is who in a cluster: certificates and kubeconfigs of its components and of its administrator."""

import base64
import json
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.cluster.machine import NODE_ADDRESS
from tests.support.certificates import Authority, create_authority, issue, issue_client, key_pem

NODE_NAME = "local"
API_SERVICE_ADDRESS = "10.96.0.1"
API_SERVICE_NAMES = ("kubernetes", "kubernetes.default", "kubernetes.default.svc")
API_URL = f"https://{NODE_ADDRESS}:6443"


@dataclass(frozen=True, kw_only=True, slots=True)
class Identity:
    """Somebody as Kubernetes' authorization knows him: a user's name, and perhaps a group."""

    user: str
    group: str = ""


ADMINISTRATOR = Identity(user="admin", group="system:masters")
API_SERVER = Identity(user="kube-apiserver", group="system:masters")
COMPONENTS = {
    "controller-manager": Identity(user="system:kube-controller-manager"),
    "scheduler": Identity(user="system:kube-scheduler"),
    "kubelet": Identity(user=f"system:node:{NODE_NAME}", group="system:nodes"),
    "proxy": Identity(user="system:kube-proxy"),
}


def write_identities(folder: Path, api_url_on_host: str) -> Path:
    """Fill `pki` and `kubeconfig` in a machine's folder; the administrator's kubeconfig, which is for the host."""
    pki, kubeconfigs = folder / "pki", folder / "kubeconfig"
    for made in (pki, pki / "api", pki / "kubelet", kubeconfigs):
        made.mkdir(mode=0o700)
    authority = create_authority("Test cluster CA")
    (pki / "ca.crt").write_text(authority.pem)
    issue(
        authority,
        pki / "api",
        dns_names=API_SERVICE_NAMES,
        addresses=[NODE_ADDRESS, API_SERVICE_ADDRESS, "127.0.0.1"],
    )
    issue(authority, pki / "kubelet", addresses=[NODE_ADDRESS])
    _write_account_keys(pki)
    # What `kubectl logs` and `kubectl exec` show, the API server asks of the kubelet.
    client = issue_client(authority, name=API_SERVER.user, organization=API_SERVER.group)
    (pki / "api" / "client.crt").write_text(client.certificate)
    (pki / "api" / "client.key").write_text(client.key)
    for component, identity in COMPONENTS.items():
        (kubeconfigs / component).write_text(_kubeconfig(API_URL, authority, identity))
    administrator = kubeconfigs / "administrator"
    administrator.write_text(_kubeconfig(api_url_on_host, authority, ADMINISTRATOR))
    return administrator


def _write_account_keys(pki: Path) -> None:
    """The keys that service accounts' tokens are signed and verified with."""
    key = ec.generate_private_key(ec.SECP256R1())
    (pki / "accounts.key").write_bytes(key_pem(key))
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (pki / "accounts.pub").write_bytes(public)


def _kubeconfig(url: str, authority: Authority, identity: Identity) -> str:
    client = issue_client(authority, name=identity.user, organization=identity.group)
    cluster = {"server": url, "certificate-authority-data": _base64(authority.pem)}
    user = {"client-certificate-data": _base64(client.certificate), "client-key-data": _base64(client.key)}
    return json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "test", "cluster": cluster}],
            "users": [{"name": identity.user, "user": user}],
            "contexts": [{"name": "test", "context": {"cluster": "test", "user": identity.user}}],
            "current-context": "test",
        }
    )


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
