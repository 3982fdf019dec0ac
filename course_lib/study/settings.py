"""What a run is given: settings that know which of them were read, and what it gives back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from .. import checks


class Settings(Mapping):
    """All that decides a run besides its seed. It notes what the run reads.

    A run that asks for a setting that is not there gets a `KeyError` that lists those there are. A setting that no run
    reads would make two runs differ in name only, so `Task.measure` refuses it.

    >>> settings = Settings({"epochs": 3, "rate": 0.1})
    >>> settings["rate"], settings.unread
    (0.1, {'epochs'})
    """

    def __init__(self, settings: Mapping[str, object]):
        self._settings = dict(settings)
        self._read: set[str] = set()

    def __getitem__(self, name: str) -> object:
        if name not in self._settings:
            raise KeyError(f"no setting is called {name!r}. There are: {', '.join(self._settings) or 'none'}.")
        self._read.add(name)
        return self._settings[name]

    def __contains__(self, name: object) -> bool:
        return name in self._settings

    def __iter__(self) -> Iterator[str]:
        return iter(self._settings)

    def __len__(self) -> int:
        return len(self._settings)

    def __repr__(self) -> str:
        return f"Settings({self._settings})"

    @property
    def unread(self) -> set[str]:
        """Names that nobody has asked for yet."""
        return set(self._settings) - self._read


@dataclass(frozen=True)
class Result:
    """What a run gives where a mapping {metric: value} does not say it all.

    Attributes:
        metrics: name → value, finite, in the metric's unit (shares 0–1).
        n: pictures that the metrics were measured on, one number or one a metric; 0 where they are no shares.
        source: "real", "stand-in" or "generated".
        seconds: wall time, where it is not that of the call; None takes the call's.
        device: what it ran on, where that is not all that the process could have used (`running.hardware`); "" takes
            that.
    """

    metrics: Mapping[str, float]
    n: int | Mapping[str, int] = 0
    source: str = "generated"
    seconds: float | None = None
    device: str = ""
    counted: dict[str, int] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        bad = {name: value for name, value in self.metrics.items() if not checks.is_number(value)}
        if bad or not self.metrics:
            raise ValueError(
                f"a run gave {bad or 'no metric'}; it gives a finite number for each of its metrics. "
                "One that diverged gives what guessing would."
            )
        n = self.n if isinstance(self.n, Mapping) else dict.fromkeys(self.metrics, self.n)
        if set(n) != set(self.metrics):
            raise ValueError(
                f"a run gave n for {sorted(n)} and metrics {sorted(self.metrics)}; it wants one n a metric."
            )
        # NumPy's numbers are not JSON's.
        object.__setattr__(self, "metrics", {name: float(value) for name, value in self.metrics.items()})
        object.__setattr__(self, "counted", {name: int(count) for name, count in n.items()})
