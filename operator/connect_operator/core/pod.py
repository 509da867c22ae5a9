"""The worker's pod: no token, no rights, no writable file but /tmp, Secrets as files."""

from datetime import timedelta

from connect_operator.core.facts import SecretRole
from connect_operator.core.names import CONTAINER
from connect_operator.core.spec import ConnectJob, Mode, Transport
from connect_protocol.environment import Variable

SECRETS_FOLDER = "/run/secrets/connect"
USER = 10001
POD_EXTRA = timedelta(minutes=1)
"""The worker ends itself at its timeout; the pod's deadline is the hard stop, which keeps pod, log and report."""
GRACE_SECONDS = 60
TMP_SIZE = "64Mi"
OWNER_READS = 0o400

_COMMANDS = {Mode.SYNC: "run", Mode.PLAN: "plan", Mode.VALIDATE: "validate"}

Document = dict[str, object]


def arguments(mode: Mode) -> tuple[str, ...]:
    """What the worker is told to do."""
    return (_COMMANDS[mode],)


def approval(checksum: str, *, by: str, comment: str) -> tuple[str, ...]:
    """Has the worker let a stopped plan through, and carry it out."""
    comments = (f"--comment={comment}",) if comment else ()
    return ("approve", f"--by={by}", *comments, checksum)


def pod_spec(
    job: ConnectJob,
    *,
    told: tuple[str, ...],
    image: str,
    time_zone: str,
    image_pull_secrets: tuple[str, ...] = (),
) -> Document:
    """The spec of the pod's template, within the restricted Pod Security Standard; the worker is `told` what to do."""
    document: Document = {
        "restartPolicy": "Never",
        "activeDeadlineSeconds": int((job.timeout + POD_EXTRA).total_seconds()),
        "terminationGracePeriodSeconds": GRACE_SECONDS,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": USER,
            "runAsGroup": USER,
            "fsGroup": USER,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [_container(job, told, image, time_zone)],
        "volumes": [
            *(_secret_volume(role, name) for role, name in _mounted(job).items()),
            {"name": "tmp", "emptyDir": {"sizeLimit": TMP_SIZE}},
        ],
    }
    wishes: Document = {
        "imagePullSecrets": [{"name": name} for name in image_pull_secrets],
        "nodeSelector": dict(job.pod.node_selector),
        "tolerations": list(job.pod.tolerations),
        "affinity": dict(job.pod.affinity),
        "priorityClassName": job.pod.priority_class,
    }
    return document | {name: wish for name, wish in wishes.items() if wish}


def _container(job: ConnectJob, told: tuple[str, ...], image: str, time_zone: str) -> Document:
    return {
        "name": CONTAINER,
        "image": image,
        # Kubernetes puts variables in the place of $(NAME), and one dollar in the place of two.
        "args": [argument.replace("$", "$$") for argument in told],
        "env": [{"name": Variable.RUN_ID.value, "valueFrom": {"fieldRef": {"fieldPath": "metadata.uid"}}}]
        + [{"name": name.value, "value": value} for name, value in _variables(job, time_zone).items()],
        "resources": dict(job.pod.resources),
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "terminationMessagePolicy": "File",
        "volumeMounts": [
            *(
                {"name": role.value, "mountPath": f"{SECRETS_FOLDER}/{role}", "readOnly": True}
                for role in _mounted(job)
            ),
            {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108 - the pod's own, an emptyDir
        ],
    }


def _variables(job: ConnectJob, time_zone: str) -> dict[Variable, str]:
    variables = {
        Variable.REALM: job.realm,
        Variable.SECRETS_DIR: SECRETS_FOLDER,
        Variable.TIME_ZONE: time_zone,
        Variable.TIMEOUT: _duration(job.timeout),
        Variable.TERMINATION_MESSAGE: "/dev/termination-log",
        Variable.PLAN_IN_LOG: "yes",
    }
    if job.relay.transport is not Transport.NONE:
        variables[Variable.RELAY_TRANSPORT] = job.relay.transport
        variables[Variable.RELAY_ADDRESS] = job.relay.address
    if job.safety.max_deletes is not None:
        variables[Variable.MAX_DELETES] = str(job.safety.max_deletes)
    if job.safety.max_delete_percent is not None:
        variables[Variable.MAX_DELETE_PERCENT] = str(job.safety.max_delete_percent)
    return variables


def _duration(duration: timedelta) -> str:
    """No number of it has more than the four digits that the worker reads."""
    minutes, seconds = divmod(int(duration.total_seconds()), 60)
    return f"{minutes}m{seconds}s"


def _mounted(job: ConnectJob) -> dict[SecretRole, str]:
    names = job.secrets
    mounted = {SecretRole.CUSTOMER: names.customer, SecretRole.DATABASE: names.database}
    if names.directory is not None:
        mounted[SecretRole.DIRECTORY] = names.directory
    if names.relay is not None and job.relay.transport is not Transport.NONE:
        mounted[SecretRole.RELAY] = names.relay
    return mounted


def _secret_volume(role: SecretRole, name: str) -> Document:
    return {"name": role.value, "secret": {"secretName": name, "defaultMode": OWNER_READS}}
