"""The command lines of Kubernetes' components, as they run on a machine: all paths are the machine's."""

from tests.cluster.identities import API_SERVICE_NAMES, NODE_NAME
from tests.cluster.machine import NODE_ADDRESS

PROGRAMS = "/run/programs"
CONFIGURATION = "/run/configuration"
CLUSTER = "/run/cluster"
KUBECONFIG = f"{CLUSTER}/kubeconfig"
PKI = f"{CLUSTER}/pki"
API_PORT = 6443
ETCD_URL = "http://127.0.0.1:2379"

ETCD = (
    f"{PROGRAMS}/etcd",
    "--data-dir=/var/lib/etcd",
    f"--listen-client-urls={ETCD_URL}",
    f"--advertise-client-urls={ETCD_URL}",
    "--listen-peer-urls=http://127.0.0.1:2380",
    "--unsafe-no-fsync",
)
API_SERVER = (
    f"{PROGRAMS}/kube-apiserver",
    f"--etcd-servers={ETCD_URL}",
    f"--advertise-address={NODE_ADDRESS}",
    f"--secure-port={API_PORT}",
    f"--tls-cert-file={PKI}/api/server.crt",
    f"--tls-private-key-file={PKI}/api/server.key",
    f"--client-ca-file={PKI}/ca.crt",
    "--authorization-mode=Node,RBAC",
    "--enable-admission-plugins=NodeRestriction",
    "--allow-privileged",
    f"--service-account-key-file={PKI}/accounts.pub",
    f"--service-account-signing-key-file={PKI}/accounts.key",
    f"--service-account-issuer=https://{API_SERVICE_NAMES[-1]}",
    "--service-cluster-ip-range=10.96.0.0/16",
    f"--kubelet-certificate-authority={PKI}/ca.crt",
    f"--kubelet-client-certificate={PKI}/api/client.crt",
    f"--kubelet-client-key={PKI}/api/client.key",
    "--kubelet-preferred-address-types=InternalIP",
    f"--audit-policy-file={CONFIGURATION}/audit-policy.yaml",
    f"--audit-log-path={CLUSTER}/log/audit",
)
CONTROLLER_MANAGER = (
    f"{PROGRAMS}/kube-controller-manager",
    f"--kubeconfig={KUBECONFIG}/controller-manager",
    "--leader-elect=false",
    "--bind-address=127.0.0.1",
    "--use-service-account-credentials",
    f"--service-account-private-key-file={PKI}/accounts.key",
    f"--root-ca-file={PKI}/ca.crt",
    # Its defaults: the host's folder, and a rate at which its dozens of controllers take five seconds to start.
    "--flex-volume-plugin-dir=/var/lib/kubelet/volume-plugins",
    "--kube-api-qps=500",
    "--kube-api-burst=1000",
)
SCHEDULER = (
    f"{PROGRAMS}/kube-scheduler",
    f"--kubeconfig={KUBECONFIG}/scheduler",
    "--leader-elect=false",
    "--bind-address=127.0.0.1",
)
PROXY = (f"{PROGRAMS}/kube-proxy", f"--config={CONFIGURATION}/proxy.yaml")
CONTAINERD = ("containerd", f"--config={CONFIGURATION}/containerd.toml")


def kubelet(control_group: str) -> tuple[str, ...]:
    """The kubelet, with all its pods below a control group of the cluster's own."""
    return (
        f"{PROGRAMS}/kubelet",
        f"--config={CONFIGURATION}/kubelet.yaml",
        f"--kubeconfig={KUBECONFIG}/kubelet",
        f"--hostname-override={NODE_NAME}",
        f"--node-ip={NODE_ADDRESS}",
        f"--cgroup-root=/{control_group}",
    )
