"""Passwords of the demonstration's own servers and accounts."""

import secrets


def new_password() -> str:
    """One that every server accepts and that needs no quoting anywhere."""
    return f"Aa1-{secrets.token_urlsafe(18)}"
