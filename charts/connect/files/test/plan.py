"""What `helm test` runs: orders a run of mode Plan, which writes to no directory, and says how it ended.

It speaks with the API server by what stands in every pod with a service account, and ends with 0 if the run succeeded.
"""

import json
import os
import ssl
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
PAUSE_SECONDS = 2.0
OVER = {"Finished", "Cancelled"}


def main() -> int:
    """Order the run of the ConnectJob that is named, and wait for it as long as is said."""
    job, seconds = os.environ["CONNECT_TEST_JOB"], float(os.environ["CONNECT_TEST_SECONDS"])
    run = ask("POST", "connectruns", order(job))
    name = run["metadata"]["name"]
    print(f"connectrun/{name} created, a plan for {job}", flush=True)
    end = time.monotonic() + seconds
    while run.get("status", {}).get("phase") not in OVER:
        if time.monotonic() > end:
            print(f"connectrun/{name} has not ended after {seconds:g} s: {run.get('status', 'nobody has seen it')}")
            return 1
        time.sleep(PAUSE_SECONDS)
        run = ask("GET", f"connectruns/{name}")
    return verdict(name, run["status"])


def order(job: str) -> dict[str, Any]:
    """The ConnectRun."""
    return {
        "apiVersion": "schoolconnect.io/v1alpha1",
        "kind": "ConnectRun",
        "metadata": {"generateName": f"{job}-test-"},
        "spec": {"jobName": job, "mode": "Plan", "reason": "helm test"},
    }


def verdict(name: str, status: dict[str, Any]) -> int:
    """Say how it ended; 0 if its condition Succeeded is True."""
    conditions = {each["type"]: each for each in status.get("conditions", [])}
    succeeded = conditions.get("Succeeded", {}).get("status") == "True"
    words = (status.get(field, "") for field in ("result", "reason", "message", "todo"))
    print(f"connectrun/{name} has ended:", *filter(None, words))
    return 0 if succeeded else 1


def ask(verb: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    """What the API server answers about an object of this namespace."""
    namespace, token = ((ACCOUNT / name).read_text().strip() for name in ("namespace", "token"))
    host = f"https://{os.environ['KUBERNETES_SERVICE_HOST']}:{os.environ['KUBERNETES_SERVICE_PORT']}"
    request = urllib.request.Request(
        f"{host}/apis/schoolconnect.io/v1alpha1/namespaces/{namespace}/{path}",
        method=verb,
        headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
        data=None if body is None else json.dumps(body).encode(),
    )
    context = ssl.create_default_context(cafile=str(ACCOUNT / "ca.crt"))
    try:
        with urllib.request.urlopen(request, context=context, timeout=30) as answer:
            found: dict[str, Any] = json.load(answer)
            return found
    except urllib.error.HTTPError as error:
        with error:
            sys.exit(f"the API server refuses to {verb} {path}: {json.load(error)['message']}")


if __name__ == "__main__":
    sys.exit(main())
