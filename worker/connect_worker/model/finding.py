"""A finding of the validation."""

from dataclasses import dataclass

from connect_worker.model.directory import ObjectKey


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One rule's finding on one record: the seed's «Warnung».

    Codes 1 to 9 are the seed's and block everything; from 101 on, Connect's own, which block their object only
    (ruling 32). `found` says what was found in the record `name`. `blocks` is False for rows on their way out
    (ruling 31).
    """

    key: ObjectKey
    code: int
    name: str
    found: str
    blocks: bool = True
