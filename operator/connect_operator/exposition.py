"""Gauges in the text that Prometheus reads.

Written here rather than by prometheus_client, which makes an object of every series and looks at each of its labels
several times: for thousands of ConnectJobs that takes more than a second.

https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format
"""

from dataclasses import dataclass

_ESCAPES = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Family:
    """A gauge's name, its meaning (one line), and the names of labels whose values differ within an object."""

    name: str
    meaning: str
    labels: tuple[str, ...] = ()

    @property
    def head(self) -> str:
        """What stands before its series."""
        return f"# HELP {self.name} {self.meaning}\n# TYPE {self.name} gauge\n"

    def line(self, labels: str, values: tuple[str, ...], value: float) -> str:
        """One series: `labels` are the object's, ready-made, `values` those of the family's own labels."""
        own = "".join(f',{name}="{escaped(text)}"' for name, text in zip(self.labels, values, strict=True))
        return f"{self.name}{{{labels}{own}}} {float(value)!r}\n"


def labelled(**labels: str) -> str:
    """Labels ready-made, separated by commas."""
    return ",".join(f'{name}="{escaped(text)}"' for name, text in labels.items())


def escaped(text: str) -> str:
    """A label's value as it stands between quotes."""
    return text.translate(_ESCAPES)
