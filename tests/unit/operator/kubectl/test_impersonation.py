"""A kubeconfig's user may act as somebody else, as kubectl does."""

from connect_operator.kubectl.impersonation import impersonation


def test_whoever_acts_as_himself_says_nothing() -> None:
    assert impersonation({"token": "secret"}) == []


def test_each_group_and_each_value_is_a_header_of_its_own() -> None:
    user = {
        "as": "k.muster",
        "as-uid": "4711",
        "as-groups": ["on-call", "system:authenticated"],
        "as-user-extra": {"Reason/why": ["night", "alert"]},
    }
    assert impersonation(user) == [
        ("Impersonate-User", "k.muster"),
        ("Impersonate-Uid", "4711"),
        ("Impersonate-Group", "on-call"),
        ("Impersonate-Group", "system:authenticated"),
        ("Impersonate-Extra-reason%2Fwhy", "night"),
        ("Impersonate-Extra-reason%2Fwhy", "alert"),
    ]
