"""The policy by which on-call stops and resumes, and changes nothing else."""

import re

from connect_operator.kubectl.rights import NEEDED
from tests.support.chart import one, read_documents, render
from tests.support.repository import ROOT

WRITES = re.compile(r"kubectl (delete|patch|create|scale|set) (\w+)([^`]*?)(?:`|\n```|(?<=}}')\n)", re.DOTALL)
ONLY_STOPS = {"suspend", "suspendReason", "suspendedBy"}


def test_the_policy_guards_every_field_of_the_definition_but_three() -> None:
    (definition,) = read_documents(ROOT / "manifests/crd/connectjobs.schoolconnect.io.yaml")
    (version,) = definition["spec"]["versions"]
    fields = set(version["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"])
    policy = one(render(), "ValidatingAdmissionPolicy", "connect-connect-on-call")
    guarded = [
        found[1]
        for each in policy["spec"]["validations"]
        if (found := re.fullmatch(r"object\.spec\.\?(\w+) == oldObject\.spec\.\?\1", each["expression"]))
    ]
    assert set(guarded) == fields - ONLY_STOPS
    assert len(guarded) == len(set(guarded))
    assert policy["spec"]["failurePolicy"] == "Fail"


def granted_rights() -> set[tuple[str, str, str]]:
    """Group, resource and verb of all that the role for on-call may do."""
    return {
        (group, resource, verb)
        for rule in one(render(), "ClusterRole", "connect-connect-on-call")["rules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }


def test_the_role_has_what_the_commands_of_on_call_need() -> None:
    """All of `kubectl connect` but making a customer."""
    granted = granted_rights()
    needed = {right for command, rights in NEEDED.items() if command != "new --apply" for right in rights}
    lacking = {right for right in needed if (right.group, right.name, right.verb) not in granted}
    assert lacking == set()


def test_the_page_for_on_call_says_what_needs_more_than_the_role() -> None:
    """Its commands that change what the role may not; a patch of anything but `suspend` is refused by the policy."""
    writable = {(resource, verb) for _, resource, verb in granted_rights()}
    sections = (ROOT / "docs/how-to/on-call.md").read_text(encoding="utf-8").split("\n## ")
    commands = [(section, *found) for section in sections for found in WRITES.findall(section)]
    assert len(commands) >= 8, "the page has lost its commands, or they are written otherwise"
    unsaid = [
        f"kubectl {verb} {resource}{rest}"
        for section, verb, resource, rest in commands
        if ((f"{resource}s", verb) not in writable or ('"spec"' in rest and '"suspend"' not in rest))
        and "eeds `edit`" not in section
    ]
    assert unsaid == []


def test_who_wants_neither_role_nor_policy_gets_none() -> None:
    names = {each["metadata"]["name"] for each in render({"rbac": {"onCall": False}})}
    assert "connect-connect-on-call" not in names


def test_a_release_in_one_namespace_binds_nobody_elsewhere() -> None:
    binding = one(render(), "ValidatingAdmissionPolicyBinding", "connect-connect-on-call")
    selected = binding["spec"]["matchResources"]["namespaceSelector"]["matchLabels"]
    assert selected == {"kubernetes.io/metadata.name": "connect"}
    everywhere = one(
        render({"watchAllNamespaces": True}), "ValidatingAdmissionPolicyBinding", "connect-connect-on-call"
    )
    assert "matchResources" not in everywhere["spec"]
