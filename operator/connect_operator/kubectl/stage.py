"""Where a running worker is, read in the end of its log: one line of JSON for each event, with its stage."""

import json

LINES = 200
"""So many lines of the end are looked at; the worker tells of its progress every few seconds."""


def stage_of(log: str) -> str:
    """Such as `apply 120/480`; empty if the log does not tell."""
    stage, progress = "", ""
    for line in log.splitlines():
        event = _event(line)
        if event.get("stage") and event["stage"] != stage:
            stage, progress = str(event["stage"]), ""
        if event.get("event") == "progress":
            progress = f" {event.get('done')}/{event.get('total')}"
    return stage + progress if stage else ""


def _event(line: str) -> dict[str, object]:
    try:
        event = json.loads(line)
    except ValueError:
        return {}
    return event if isinstance(event, dict) else {}
