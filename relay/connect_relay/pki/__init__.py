"""Certificates and SSH keys of the relay, its bridges and its workers: issued, renewed, listed, revoked."""
