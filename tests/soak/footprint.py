"""What a process holds of this machine, and whether it has grown."""

from dataclasses import dataclass
from pathlib import Path

GROWTH = 1.25
MARGIN_BYTES = 16 << 20
MARGIN_DESCRIPTORS = 4


@dataclass(frozen=True, kw_only=True, slots=True)
class Footprint:
    """Memory in bytes, and open files and sockets."""

    memory: int
    descriptors: int

    @classmethod
    def of(cls, process: int) -> "Footprint":
        """As the kernel tells it now."""
        place = Path("/proc", str(process))
        resident = place.joinpath("status").read_text(encoding="ascii").split("VmRSS:")[1].split()[0]
        return cls(memory=int(resident) * 1024, descriptors=len(list(place.joinpath("fd").iterdir())))

    def grown_from(self, before: "Footprint") -> str | None:
        """In what it is more than what chance explains."""
        if self.descriptors > before.descriptors + MARGIN_DESCRIPTORS:
            return f"{self.descriptors} files and sockets, {before.descriptors} before"
        if self.memory > before.memory * GROWTH + MARGIN_BYTES:
            return f"{self.memory >> 20} MB, {before.memory >> 20} MB before"
        return None

    def __str__(self) -> str:
        return f"{self.memory >> 20} MB, {self.descriptors} files"
