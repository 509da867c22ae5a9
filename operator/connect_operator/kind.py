"""The kinds of objects that the operator watches, and where the API server keeps them."""

from dataclasses import dataclass
from enum import Enum

from connect_operator.core.names import GROUP, MANAGED_BY_LABEL, MANAGER, PLURAL, RUN_PLURAL, VERSION

OWN = f"{MANAGED_BY_LABEL}={MANAGER}"
"""The label selector of what belongs to ConnectJobs: other people's Jobs and pods never reach this process."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Resource:
    """A kind as the API server knows it; `selector` is the label selector of what is watched, empty for all."""

    group: str
    version: str
    plural: str
    selector: str = OWN

    def path(self, namespace: str | None, name: str = "") -> str:
        """The URL's path of one object, of a namespace's objects, or (namespace None) of all."""
        base = f"/apis/{self.group}/{self.version}" if self.group else f"/api/{self.version}"
        within = f"/namespaces/{namespace}" if namespace else ""
        return f"{base}{within}/{self.plural}" + (f"/{name}" if name else "")


class Kind(Enum):
    """What is watched."""

    CONNECT_JOB = Resource(group=GROUP, version=VERSION, plural=PLURAL, selector="")
    CONNECT_RUN = Resource(group=GROUP, version=VERSION, plural=RUN_PLURAL, selector="")
    CRON_JOB = Resource(group="batch", version="v1", plural="cronjobs")
    JOB = Resource(group="batch", version="v1", plural="jobs")
    POD = Resource(group="", version="v1", plural="pods")
