"""Whose a realm is: the oldest ConnectJob's that the operator watches."""

from collections.abc import Iterable

from connect_operator.core.facts import RealmClaim


def rival(claim: RealmClaim, claims: Iterable[RealmClaim]) -> RealmClaim | None:
    """Who holds the realm instead of this ConnectJob; None if it is its own. `claims` may hold the claim itself."""
    holder = min([claim, *(other for other in claims if other.realm == claim.realm)], key=_age)
    return None if holder.uid == claim.uid else holder


def _age(claim: RealmClaim) -> tuple[float, str]:
    return claim.created.timestamp(), claim.uid
