"""A file of metrics for node_exporter's textfile collector, replaced whole.

Format: the Prometheus text format 0.0.4, written by prometheus_client. The collector reads ``*.prom`` of its folder at
every scrape and takes no time stamps; a series must not be in two files (node_exporter, "Textfile Collector").
"""

import errno
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from syncd.host.errors import ConfigurationError, IntegrationError, NotPermitted, Unavailable
from syncd.host.whole_file import replaced

if TYPE_CHECKING:
    from prometheus_client import Metric as Exposed

READABLE = 0o644
"""The exporter is another user."""


@dataclass(frozen=True, slots=True)
class Metric:
    """A name with its labels. A counter's name ends in ``_total``."""

    name: str
    kind: Literal["counter", "gauge"]
    help: str
    labels: tuple[str, ...]


Samples = Mapping[tuple[str, ...], float]
"""Values by those of the labels, in the metric's order."""


def exposition(samples: Mapping[Metric, Samples]) -> bytes:
    """Return the text of metrics; one without a sample is left out."""
    from prometheus_client import CollectorRegistry, generate_latest  # noqa: PLC0415 - for hosts that want metrics

    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Collector(samples))
    return generate_latest(registry)


def write_textfile(directory: Path, job: str, text: bytes) -> None:
    """Put a text in the place of a job's file: the old one or the new one is there, whole, at any time.

    One run of a job writes at a time. Raises ConfigurationError, NotPermitted or Unavailable (``metrics.unwritable``).
    """
    # The unfinished file has the name of no metrics file to the exporter.
    try:
        with replaced(directory / f"syncd-{job}.prom", READABLE) as file:
            file.write(text)
    except OSError as error:
        raise _explained(directory, job, error) from error


class _Collector:
    """What prometheus_client asks for metrics."""

    def __init__(self, samples: Mapping[Metric, Samples]) -> None:
        self._samples = samples

    def collect(self) -> Iterator["Exposed"]:
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily  # noqa: PLC0415 - as above

        for metric, samples in self._samples.items():
            family = CounterMetricFamily if metric.kind == "counter" else GaugeMetricFamily
            exposed = family(metric.name, metric.help, labels=metric.labels)
            for labels, value in samples.items():
                exposed.add_metric(labels, value)
            if samples:
                yield exposed


_WRONG_FOLDER = {errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG, errno.ELOOP}
_FORBIDDEN = {errno.EACCES, errno.EPERM, errno.EROFS}


def _explained(directory: Path, job: str, problem: OSError) -> IntegrationError:
    kind: type[IntegrationError] = Unavailable
    remedy = "look at the disk that it is on"
    if problem.errno in _WRONG_FOLDER:
        kind, remedy = ConfigurationError, "make the folder, or correct metrics.textfile_directory"
    elif problem.errno in _FORBIDDEN:
        kind = NotPermitted
        remedy = (
            "let the user that syncd runs as write there; a unit also needs the folder in ReadWritePaths= "
            "(docs/monitoring says how)"
        )
    return kind(
        f"the metrics of {job} cannot be written to {directory}: {problem.strerror}; {remedy}.",
        code="metrics.unwritable",
        object=str(directory),
    )
