"""What a domain asks of passwords."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class PasswordRules:
    """One policy. `name` is "" for the domain's own; a fine-grained one holds for the users and groups in `applies_to`.

    `history`: how many former passwords may not come back. `max_age_days` None: passwords do not expire.
    """

    name: str = ""
    shortest: int
    complex: bool
    history: int
    max_age_days: int | None
    applies_to: tuple[str, ...] = ()

    def __str__(self) -> str:
        complexity = ", of three kinds of signs" if self.complex else ""
        age = f", new ones every {self.max_age_days} days" if self.max_age_days is not None else ""
        return f"{self.shortest} signs at least{complexity}{age}, none of the last {self.history}"
