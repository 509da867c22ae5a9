"""As whom a kubeconfig's user acts: kubectl knows `as`, the client library does not, and would act with his own rights.

https://kubernetes.io/docs/reference/access-authn-authz/authentication/#user-impersonation
"""

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

Header = tuple[str, str]


def impersonation(user: Mapping[str, Any]) -> list[Header]:
    """The headers that say so; none if a user of a kubeconfig acts as himself. Names may come several times."""
    return list(_headers(user))


def _headers(user: Mapping[str, Any]) -> Iterator[Header]:
    if name := user.get("as"):
        yield "Impersonate-User", str(name)
    if uid := user.get("as-uid"):
        yield "Impersonate-Uid", str(uid)
    for group in user.get("as-groups") or ():
        yield "Impersonate-Group", str(group)
    for key, values in (user.get("as-user-extra") or {}).items():
        for value in values or ():
            yield f"Impersonate-Extra-{quote(str(key).lower(), safe='')}", str(value)
