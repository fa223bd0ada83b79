"""When a parcel comes that is not there yet, by what was learned of others that went its way.

With F the probability that a parcel by its way has arrived so many minutes after its node was asked
for it (table.py), and a the minutes that this one has been out by now,

    (1)  P(by t | not by a)  =  (F(t) − F(a)) / (1 − F(a))           for t ≥ a
    (2)  quantile(p)  =  F⁻¹(F(a) + p (1 − F(a)))

so a parcel that stays out is compared with those that stayed out as long. Beyond the highest level
that was learned nothing can be told.
"""

from dataclasses import asdict, dataclass

from omnisource.solvers.leadtime.table import LeadTimes


@dataclass(frozen=True)
class Way:
    """What the lead time of a parcel depends on."""

    service: int
    node: int
    km: float  # NaN: not known
    weekday: int  # on which its node was asked for it; 0 is Monday
    region: int
    at: int  # minute of that day

    def arrived(self, times: LeadTimes, minutes: float) -> float:
        """Return F after so many minutes."""
        return times.probability_by(**asdict(self), minutes=minutes)


def chance_by(times: LeadTimes, way: Way, out: float, minutes: float) -> float | None:
    """Return the probability of having arrived by then, (1); None where nothing can be told.

    Args:
        times: learned.
        way: of the parcel.
        out: minutes that it has been out.
        minutes: from when its node was asked to then.
    """
    known = way.arrived(times, out)
    if known >= times.probability[-1]:
        return None
    return max(way.arrived(times, minutes) - known, 0.0) / (1 - known)


def minutes_at(times: LeadTimes, way: Way, out: float, p: float) -> float | None:
    """Return the minutes by which it has arrived with a probability, (2); None: not known."""
    known = way.arrived(times, out)
    level = known + p * (1 - known)
    if level > times.probability[-1]:
        return None
    return max(times.quantile(**asdict(way), p=level), out)
