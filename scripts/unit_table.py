"""Who may do what: a row for each service, read from the unit files of ``syncd units`` with everything on."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from syncd.host.units.daemons import units as daemon_units
from syncd.host.units.lines import text
from syncd.host.units.render import (
    Alerts,
    Daemons,
    Host,
    known_jobs,
    known_kinds,
    operator_script,
    unit_data,
    units,
)

METRICS = "/var/lib/metrics"
HOST = Host(
    program="/usr/bin/syncd",
    drop_zones={kind: data["drop_zone"] for kind, data in known_kinds("imports").items()},
    exports=[*known_kinds("exports")],
    daemons=Daemons(listen="127.0.0.1:8470", worker=True, poll=True, chromebooks=True),
    alerts=Alerts(mail_to="it@example.org", command=["/usr/bin/logger"], ping_url="credential"),
    metrics_directory=METRICS,
)
HEADER = ["unit", "runs as", "secrets", "network", "writes"]

Directives = Mapping[str, Sequence[str]]


def rows() -> Iterator[list[str]]:
    """Yield the cells of each service, and of the operator's command."""
    files = units(HOST, [*known_jobs()]) | daemon_units(HOST)
    for name, content in sorted(files.items()):
        if name.endswith(".service"):
            yield [f"`{name}`", *_cells(_directives(content.splitlines()))]
    catalog = text({"Service": {**unit_data("hardening")["Service"], **unit_data("catalog")["Service"]}})
    yield ["`syncd-catalog.service`", *_cells(_directives(catalog.splitlines()))]
    script = operator_script(HOST).splitlines()
    found = _directives(line.removeprefix("  --property='").removesuffix("' \\") for line in script)
    loaded = [line.split()[2].strip("'") for line in script if line.startswith("load Load")]
    yield ["`sudo syncd`", *_cells({**found, "LoadCredential": loaded})]


def _directives(lines: Iterator[str] | Sequence[str]) -> Directives:
    found = defaultdict(list)
    for line in lines:
        name, equals, value = line.partition("=")
        if equals:
            found[name].append(value)
    return found


def _cells(unit: Directives) -> list[str]:
    secrets = [value.partition(":")[0] for value in unit.get("LoadCredential", ())]
    return [
        f"`{unit['User'][0]}`" if unit.get("User") else "root, without capabilities",
        ", ".join(f"`{name}`" for name in secrets) or "none",
        _network(unit),
        ", ".join(f"`{path}`" if path.startswith("/") else path for path in _written(unit)) or "nothing",
    ]


def _network(unit: Directives) -> str:
    if "yes" not in unit.get("PrivateNetwork", ()):
        return "yes"
    return "its socket alone" if "syncd-webhooks.socket" in unit.get("Requires", ()) else "no"


def _written(unit: Directives) -> Iterator[str]:
    """Yield the folders that a unit may write to; the listener sees one of those of its state alone."""
    if "BindPaths" in unit:
        yield unit["BindPaths"][0].partition(":")[0].replace("/private/", "/")
    else:
        state = [name for value in unit.get("StateDirectory", ()) for name in value.split()]
        yield from ("a folder of its own" if name == "%p" else f"/var/lib/{name}" for name in state[:1])
    yield from (f"/run/{name}" for name in unit.get("RuntimeDirectory", ()))
    for value in unit.get("ReadWritePaths", ()):
        yield from (path.removeprefix("-") for path in value.split() if path != f"-{METRICS}")
    if f"-{METRICS}" in unit.get("ReadWritePaths", ()):
        yield "the folder of metrics"
