"""The words by which the operator's objects are found: API group, labels, annotations, the CronJob's name."""

GROUP = "schoolconnect.io"
VERSION = "v1alpha1"
API_VERSION = f"{GROUP}/{VERSION}"
KIND = "ConnectJob"
PLURAL = "connectjobs"
MANAGER = "connect-operator"
"""The field manager of every write, and the value of the label managed-by."""

MANAGED_BY_LABEL = "app.kubernetes.io/managed-by"
CONNECT_JOB_LABEL = f"{GROUP}/connectjob"
REALM_LABEL = f"{GROUP}/realm"
MODE_ANNOTATION = f"{GROUP}/mode"
"""On Jobs: the ConnectJob's mode when the Job's template was written, for the template may have changed since."""
INSTANTIATE_ANNOTATION = "cronjob.kubernetes.io/instantiate"
"""Set to `manual` by `kubectl create job --from=cronjob/…`."""
CONTAINER = "worker"
"""In the pod of a run. Others may stand beside it, such as a service mesh puts there."""


def cron_job_name(connect_job: str) -> str:
    """Kubernetes allows 52 characters, hence a ConnectJob's 44."""
    return f"connect-{connect_job}"
