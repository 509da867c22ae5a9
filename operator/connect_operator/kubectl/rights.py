"""Which rights each command needs; docs/reference/kubectl-connect.md lists them, and `doctor` asks for each."""

from dataclasses import dataclass

from connect_operator.core.names import GROUP


@dataclass(frozen=True, kw_only=True, slots=True, order=True)
class Right:
    """A verb on a resource of a namespace; the group of Kubernetes' oldest resources is empty."""

    group: str
    resource: str
    verb: str
    subresource: str = ""

    @property
    def name(self) -> str:
        """The resource as a Role names it."""
        return f"{self.resource}/{self.subresource}" if self.subresource else self.resource

    def __str__(self) -> str:
        return f"{self.verb} {self.name}" + (f".{self.group}" if self.group else "")


GET_JOB = Right(group=GROUP, resource="connectjobs", verb="get")
LIST_JOBS = Right(group=GROUP, resource="connectjobs", verb="list")
PATCH_JOB = Right(group=GROUP, resource="connectjobs", verb="patch")
CREATE_JOB = Right(group=GROUP, resource="connectjobs", verb="create")
GET_RUN = Right(group=GROUP, resource="connectruns", verb="get")
CREATE_RUN = Right(group=GROUP, resource="connectruns", verb="create")
CREATE_SECRET = Right(group="", resource="secrets", verb="create")
LIST_PODS = Right(group="", resource="pods", verb="list")
GET_LOG = Right(group="", resource="pods", subresource="log", verb="get")
LIST_DEPLOYMENTS = Right(group="apps", resource="deployments", verb="list")
LIST_STATEFUL_SETS = Right(group="apps", resource="statefulsets", verb="list")

NEEDED: dict[str, tuple[Right, ...]] = {
    "status": (GET_JOB, LIST_JOBS, LIST_PODS, GET_LOG),
    "logs": (GET_JOB, LIST_PODS, GET_LOG),
    "lock": (GET_JOB, PATCH_JOB),
    "unlock": (GET_JOB, PATCH_JOB),
    "run": (GET_JOB, CREATE_RUN, GET_RUN),
    "plan": (GET_JOB, LIST_PODS, GET_LOG, CREATE_RUN, GET_RUN),
    "approve": (GET_JOB, LIST_PODS, GET_LOG, CREATE_RUN, GET_RUN),
    "new --apply": (CREATE_SECRET, CREATE_JOB),
    "doctor": (LIST_JOBS, LIST_DEPLOYMENTS, LIST_STATEFUL_SETS),
}
