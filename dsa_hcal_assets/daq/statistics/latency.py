"""Latencies in fixed logarithmic buckets, as in Gil Tene's HdrHistogram.

Every histogram has the same buckets, so any two can be added or subtracted: over jobs, machines and
incarnations of a process, or to get the last second out of two cumulative records.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

_BITS = 5
_PER_OCTAVE = 1 << _BITS
"""Buckets between a time and its double: a quantile is right to half a bucket, 1.6 %."""


@dataclass(slots=True)
class LatencyHistogram:
    """How long messages took from `send` to their consumer.

    Attributes
    ----------
    count
        Latencies added.
    sum_ns, max_ns
        Their sum and the largest one, nanoseconds, exact.
    ahead
        How many were negative and counted as 0: the sender's clock is ahead of this machine's.
    buckets
        Bucket number (`bucket_of`) to how many fell into it; empty ones are left out.
    """

    count: int = 0
    sum_ns: int = 0
    max_ns: int = 0
    ahead: int = 0
    buckets: dict[int, int] = field(default_factory=dict)

    def add(self, latency_ns: int) -> None:
        """Count one latency, nanoseconds."""
        if latency_ns < 0:
            self.ahead += 1
            latency_ns = 0
        self.count += 1
        self.sum_ns += latency_ns
        self.max_ns = max(self.max_ns, latency_ns)
        bucket = bucket_of(latency_ns)
        self.buckets[bucket] = self.buckets.get(bucket, 0) + 1

    @property
    def mean_ns(self) -> float:
        """Mean, nanoseconds; NaN when there is none."""
        return self.sum_ns / self.count if self.count else math.nan

    def quantile_ns(self, fraction: float) -> float:
        """Return the latency that `fraction` of all do not exceed, nanoseconds; NaN when there is none."""
        wanted = max(1, math.ceil(fraction * self.count))
        seen = 0
        for bucket in sorted(self.buckets):
            seen += self.buckets[bucket]
            if seen >= wanted:
                return min(middle_of(bucket), float(self.max_ns))
        return math.nan

    def copy(self) -> "LatencyHistogram":
        """Return one that no longer changes with this one."""
        return LatencyHistogram(self.count, self.sum_ns, self.max_ns, self.ahead, dict(self.buckets))

    def __add__(self, other: "LatencyHistogram") -> "LatencyHistogram":
        return LatencyHistogram(
            self.count + other.count,
            self.sum_ns + other.sum_ns,
            max(self.max_ns, other.max_ns),
            self.ahead + other.ahead,
            _combined(self.buckets, other.buckets, 1),
        )

    def __sub__(self, earlier: "LatencyHistogram") -> "LatencyHistogram":
        """Return what came after `earlier`, a record of the same histogram.

        The largest is then known only as well as the buckets say (3 %).
        """
        buckets = _combined(self.buckets, earlier.buckets, -1)
        highest = upper_end_of(max(buckets)) if buckets else 0
        return LatencyHistogram(
            self.count - earlier.count,
            self.sum_ns - earlier.sum_ns,
            min(self.max_ns, highest),
            self.ahead - earlier.ahead,
            buckets,
        )


def bucket_of(latency_ns: int) -> int:
    """Return the number of the bucket of a latency of 0 or more nanoseconds."""
    if latency_ns < _PER_OCTAVE:
        return latency_ns
    shift = latency_ns.bit_length() - _BITS - 1
    return (shift << _BITS) + (latency_ns >> shift)


def lower_end_of(bucket: int) -> int:
    """Return the smallest latency of a bucket, nanoseconds."""
    if bucket < _PER_OCTAVE:
        return bucket
    shift = (bucket >> _BITS) - 1
    return (_PER_OCTAVE + bucket % _PER_OCTAVE) << shift


def upper_end_of(bucket: int) -> int:
    """Return the largest latency of a bucket, nanoseconds."""
    return lower_end_of(bucket + 1) - 1


def middle_of(bucket: int) -> float:
    """Return the latency that stands for a bucket, nanoseconds."""
    return (lower_end_of(bucket) + upper_end_of(bucket)) / 2


def _combined(first: Mapping[int, int], second: Mapping[int, int], sign: int) -> dict[int, int]:
    sums = {
        bucket: first.get(bucket, 0) + sign * second.get(bucket, 0) for bucket in first.keys() | second.keys()
    }
    return {bucket: count for bucket, count in sums.items() if count}
