"""`kubectl connect`, given by somebody who has the rights that its page tells of and no others."""

import json
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from tests.cluster.cluster import Cluster
from tests.e2e.operator.conftest import Site, make_site
from tests.support.kubectl_connect import PAGE, Person, person
from tests.support.operator_process import connect_job, secrets
from tests.support.shown import Page

NAMESPACE = "connect"
LOOKING = ("status", "logs", "doctor")
ON_CALL = (*LOOKING, "lock", "unlock", "run", "plan", "approve")
SECRET = "Very-Secret-1"


@pytest.fixture(scope="module")
def connect(operator_cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A namespace with an operator and three customers, of which one is well."""
    site = make_site(operator_cluster, NAMESPACE, tmp_path_factory.mktemp("connect"), "Role")
    with site.operator():
        site.apply_with_secrets(connect_job("well"))
        site.apply_with_secrets(connect_job("closed"))
        site.apply(connect_job("incomplete"), secrets("incomplete")[0])
        site.wait_for_ready("well")
        site.wait_for_ready("closed")
        site.wait_for_ready("incomplete", "False", "SecretMissing")
        yield site


def one_who_gives(connect: Site, name: str, commands: Sequence[str]) -> Person:
    return person(connect.cluster, connect.namespace, name, commands, connect.folder)


@pytest.fixture(scope="module")
def on_call(connect: Site) -> Iterator[Person]:
    """Somebody on call; at the end the proof that he was never told that he may not."""
    made = one_who_gives(connect, "k.muster", ON_CALL)
    yield made
    assert [e for e in connect.cluster.audit_events(lambda event: event.user == made.user) if e.forbidden] == []


@pytest.fixture(scope="module")
def nobody(connect: Site) -> Person:
    """Somebody without any right in the namespace."""
    return one_who_gives(connect, "nobody", ())


@pytest.fixture(scope="module")
def page() -> Page:
    return Page(path=PAGE)


def test_status_tells_who_needs_a_person_and_why(on_call: Person, page: Page) -> None:
    """Those who need somebody come first."""
    shown = on_call("status").output
    lines = [line.split() for line in shown.splitlines()]
    assert [line[0] for line in lines] == ["NAME", "incomplete", "closed", "well"]
    assert lines[1][1:4] == ["Idle", "NotReady", "SecretMissing"]
    page.shows("status", shown)
    page.shows("status of one", on_call("status", "well").output)
    one = on_call("status", "incomplete").output
    assert "incomplete-database" in one
    page.shows("status of one that is not ready", one)


def test_a_kubeconfig_may_say_as_whom_it_acts(connect: Site, nobody: Person) -> None:
    """As kubectl does: the administrator who acts as somebody without rights has none."""
    config = json.loads(connect.cluster.kubectl("config", "view", "--raw", "--minify", "--output=json"))
    config["users"][0]["user"] |= {"as": nobody.user, "as-groups": ["system:authenticated"]}
    kubeconfig = connect.folder / "kubeconfig-acting"
    kubeconfig.write_text(json.dumps(config))
    acting = replace(nobody, kubeconfig=kubeconfig)
    assert nobody.user in acting("status", f"--namespace={connect.namespace}", code=7).errors


def test_status_for_machines(on_call: Person) -> None:
    told = {each["name"]: each for each in on_call("status", "--output=json").document}
    assert {name: each["reason"] for name, each in told.items()} == {
        "incomplete": "SecretMissing",
        "well": "",
        "closed": "",
    }
    assert [trouble["type"] for trouble in told["incomplete"]["troubles"]] == ["Ready"]
    assert on_call("status", "well", "-o", "json").document["troubles"] == []


def test_nothing_is_coloured_where_nobody_looks(on_call: Person) -> None:
    assert "\x1b" not in on_call("status").output


def test_a_customer_is_locked_in_ones_own_name_and_unlocked(on_call: Person, connect: Site, page: Page) -> None:
    page.shows("lock", on_call("lock", "closed", "--reason=two classes are merged until Friday").output)
    spec = connect.get("connectjob", "closed")["spec"]
    assert (spec["suspend"], spec["suspendedBy"]) == (True, on_call.user)
    connect.cluster.wait_until(
        "the operator has seen it", lambda: connect.condition("closed", "Suspended"), lambda seen: seen[0] == "True"
    )
    locked = on_call("status", "closed").output
    assert "two classes are merged until Friday" in locked
    page.shows("status of one that is locked", locked)
    page.shows("unlock", on_call("unlock", "closed").output)
    spec = connect.get("connectjob", "closed")["spec"]
    assert (spec["suspend"], spec.get("suspendReason"), spec.get("suspendedBy")) == (False, None, None)
    assert on_call("unlock", "closed").output == "closed was not locked\n"


def test_somebody_else_can_be_named(on_call: Person, connect: Site) -> None:
    on_call("lock", "closed", "--reason=holidays", "--by=the office")
    assert connect.get("connectjob", "closed")["spec"]["suspendedBy"] == "the office"
    again = on_call("lock", "closed", "--reason=holidays", "--by=the office").output
    assert again.splitlines()[1:] == ["It was locked already by the office, holidays"]
    assert on_call("unlock", "closed").output == "closed is unlocked; it was locked by the office, holidays\n"


def test_without_a_run_there_is_no_log(on_call: Person) -> None:
    said = on_call("logs", "well", code=8)
    assert said.errors == "Error: well has had no run yet\n→ Start one with kubectl connect run well\n"


def test_the_doctor_says_what_is_wrong_and_what_one_may_do(on_call: Person, connect: Site, page: Page) -> None:
    said = on_call("doctor", code=11)
    assert "✗ connect/incomplete: Ready is False: SecretMissing" in said.output
    assert "✓ connect/well" in said.output
    assert f"you are {on_call.user}, in namespace {connect.namespace}" in said.output
    assert "! rights: new --apply: you may not create secrets" in said.output
    page.shows("doctor", said.output)


def test_a_customer_that_is_not_there(on_call: Person) -> None:
    said = on_call("status", "nowhere", code=8)
    assert f'connectjobs.schoolconnect.io "nowhere" not found in namespace {NAMESPACE}' in said.errors
    assert "→ Look with kubectl connect status" in said.errors


@pytest.mark.parametrize("command", [("status",), ("logs",), ("lock", "--reason=x"), ("run",)])
def test_an_empty_variable_is_no_name(on_call: Person, command: Sequence[str]) -> None:
    said = on_call(*command, "", code=2)
    assert "'' cannot be a ConnectJob's name" in said.errors


def test_what_others_wrote_cannot_move_the_cursor(on_call: Person) -> None:
    on_call("lock", "closed", "--reason=holi\x1b[2Jdays", "--by=the\noffice")
    assert "closed is locked by the office, holi [2Jdays\n" in on_call("run", "closed", code=3).errors
    assert on_call("unlock", "closed").output == "closed is unlocked; it was locked by the office, holi [2Jdays\n"


@pytest.mark.parametrize("arguments", [("status", "well", "--all-namespaces"), ("run", "well", "--plan", "--validate")])
def test_options_that_exclude_each_other_are_refused(on_call: Person, arguments: tuple[str, ...]) -> None:
    assert "Usage: kubectl connect" in on_call(*arguments, code=2).errors


def test_without_rights_one_is_told_which(nobody: Person) -> None:
    said = nobody("status", code=7)
    assert 'cannot list resource "connectjobs"' in said.errors
    assert "kubectl connect doctor" in said.errors
    assert nobody("lock", "well", "--reason=x", code=7).output == ""
    assert "! customers: they cannot be looked at" in nobody("doctor").output


def test_a_cluster_that_does_not_answer(on_call: Person, tmp_path: Path) -> None:
    config = json.loads(on_call.kubeconfig.read_text())
    config["clusters"][0]["cluster"]["server"] = "https://127.0.0.1:1"
    (tmp_path / "away").write_text(json.dumps(config))
    said = on_call("status", f"--kubeconfig={tmp_path / 'away'}", code=9)
    assert "the API server does not answer" in said.errors
    assert "Traceback" not in said.errors


def test_a_token_that_is_not_known(on_call: Person, tmp_path: Path) -> None:
    config = json.loads(on_call.kubeconfig.read_text())
    config["users"][0]["user"]["token"] = "expired"
    (tmp_path / "expired").write_text(json.dumps(config))
    said = on_call("status", f"--kubeconfig={tmp_path / 'expired'}", code=7)
    assert "Sign in to the cluster again" in said.errors


def test_a_context_that_is_not_there(on_call: Person) -> None:
    said = on_call("status", "--context=elsewhere", code=2)
    assert "elsewhere" in said.errors


def answers(folder: Path) -> Path:
    """What would be typed, and files for what is not asked then."""
    for key, value in {
        "directory/ca.crt": "-----BEGIN\nCA\n",
        "directory/password": SECRET,
        "database/sslmode": "verify-ca",
    }.items():
        (folder / key).parent.mkdir(parents=True, exist_ok=True)
        (folder / key).write_text(value)
    return folder


TYPED = ["", "H 3 * * *", "Europe/Nowhere", "Europe/Zurich", "Plan", "None", "4711", "db.school.test", "", "school"]
TYPED += ["connect", SECRET, "", "ldaps://dc1.school.test", "CN=connect,DC=school,DC=test"]


def test_a_new_customer_is_asked_for_and_stands_in_files_that_nobody_else_reads(
    on_call: Person, connect: Site, tmp_path: Path
) -> None:
    """A wrong answer is asked again; the files are what the cluster takes."""
    folder = tmp_path / "fresh"
    options = (f"--from={answers(tmp_path / 'known')}", f"--to={folder}")
    said = on_call("new", "fresh", *options, source="\n".join([*TYPED, ""]))
    assert "Europe/Nowhere" in said.output
    assert SECRET not in said.output + said.errors
    assert {path.name: path.stat().st_mode & 0o777 for path in folder.iterdir()} == {
        "connectjob.yaml": 0o600,
        "secrets.yaml": 0o600,
    }
    connect.kubectl("apply", f"--filename={folder}")
    connect.wait_for_ready("fresh")
    (database,) = [
        each
        for each in yaml.safe_load_all((folder / "secrets.yaml").read_text())
        if each["metadata"]["name"] == "fresh-database"
    ]
    assert (database["stringData"]["password"], database["stringData"]["sslmode"]) == (SECRET, "verify-ca")
    again = on_call("new", "fresh", *options, source="\n".join([*TYPED, ""]), code=2)
    assert "is there already" in again.errors


def test_a_new_customer_is_created_by_somebody_who_may(connect: Site, tmp_path: Path) -> None:
    maker = one_who_gives(connect, "maker", ("new --apply",))
    known = f"--from={answers(tmp_path)}"
    said = maker("new", "made", known, "--apply", source="\n".join([*TYPED, ""]))
    *_, made, look, keep, command = said.output.splitlines()
    assert (made, look) == ("connectjob/made created", "Look with kubectl connect status made")
    assert "Keep a copy of the encryption key" in keep
    assert command.startswith("  kubectl get secret made-customer ")
    connect.wait_for_ready("made")
    again = maker("new", "made", known, "--apply", source="\n".join([*TYPED, ""]), code=10)
    assert 'secrets "made-customer" already exists' in again.errors


def test_of_a_new_customer_who_would_be_refused_nothing_is_made(connect: Site, tmp_path: Path) -> None:
    maker = one_who_gives(connect, "careless", ("new --apply",))
    typed = ["Muster Wil", *TYPED[1:], ""]
    said = maker("new", "refused", f"--from={answers(tmp_path)}", "--apply", source="\n".join(typed), code=10)
    assert "realm must be a DNS label" in said.errors
    assert "created" not in said.output
    assert not [name for name in connect.names("secrets") if name.startswith("refused-")]


def test_a_new_customer_needs_rights(on_call: Person, tmp_path: Path, nobody: Person) -> None:
    typed = "\n".join([*TYPED, ""])
    said = nobody("new", "other", f"--from={answers(tmp_path)}", "--apply", source=typed, code=7)
    assert 'cannot create resource "secrets"' in said.errors
    assert on_call("new", "Not_A_Name", code=2).errors.startswith("Error: Not_A_Name cannot be")


def test_it_ends_at_once_where_nothing_is_typed(on_call: Person) -> None:
    done = subprocess.run(
        ["kubectl", "connect", "new", "typed"],
        env=on_call.environment,
        stdin=subprocess.DEVNULL,
        timeout=30,
        check=False,
    )
    assert done.returncode == 1


def test_kubectl_completes_its_commands_and_options(on_call: Person) -> None:
    def offered(*words: str) -> list[str]:
        done = subprocess.run(
            ["kubectl", "__complete", "connect", *words],
            env=on_call.environment,
            capture_output=True,
            text=True,
            timeout=30,
            check=True,
        )
        return [line.split("\t")[0] for line in done.stdout.splitlines()]

    assert offered("un")[0] == "unlock"
    assert "--all-namespaces" in offered("status", "--a")


def test_a_run_that_has_not_started_has_no_log_yet(on_call: Person, connect: Site) -> None:
    """Nobody has its image."""
    connect.kubectl("create", "job", "closed-by-hand", "--from=cronjob/connect-closed")
    pods = ("pods", "--selector=batch.kubernetes.io/job-name=closed-by-hand", f"--namespace={connect.namespace}")
    connect.cluster.wait_until("the pod is there", lambda: connect.cluster.get_json(*pods)["items"])
    said = on_call("logs", "closed", "--run=closed-by-hand", code=8)
    assert "Has its pod started?" in said.errors
    connect.kubectl("delete", "job", "closed-by-hand")
