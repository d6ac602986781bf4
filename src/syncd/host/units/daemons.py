"""Units of what runs for long, and of what looks after it: the listener, the worker, the poll, the dead letters."""

from collections.abc import Iterator, Mapping
from typing import Any

from syncd.host.units import render
from syncd.host.units.lines import Section, Unit, one_line, text
from syncd.host.units.render import NEVER, STATE, Daemons, Host, filled, unit_data

WEBHOOKS, WORKER = "webhooks", "worker"


def units(host: Host) -> dict[str, str]:
    """Return the text of each unit file by its name. Raises ConfigurationError ``units.bad_value``."""
    return {name: text(unit) for name, unit in _units(host)}


def _units(host: Host) -> Iterator[tuple[str, Unit]]:
    daemons = host.daemons
    if daemons.listen:
        socket = _data(WEBHOOKS)["socket"]
        listen = {"ListenStream": one_line(daemons.listen, "webhooks.listen")}
        yield "syncd-webhooks.socket", {**socket, "Socket": {**socket["Socket"], **listen}}
        yield _service(host, WEBHOOKS)
    if daemons.worker:
        yield _service(host, WORKER)
    for name, usual in daemons.schedules.items():
        yield _service(host, name)
        when = host.schedules.get(name, usual)
        if when != NEVER:
            yield f"syncd-{name}.timer", _timer(name, when)


def _service(host: Host, name: str) -> tuple[str, Unit]:
    data = _data(name)
    more = render.load_credentials(host, _names(name, host.daemons))
    if data["credentials"] and name != WEBHOOKS:
        more |= render.environment(host)
    service = render.task_service(host, name, data, more)
    install: Section = data["service"].get("Install", {})
    return f"syncd-{name}.service", {**service, **({"Install": install} if install else {})}


def _timer(name: str, when: str) -> Unit:
    timer = unit_data("job")["timer"]
    schedule = {"OnCalendar": one_line(when, "schedule"), **timer["Timer"], **unit_data("daemons")["timer"]}
    return {"Unit": filled(timer["Unit"], _data(name)), "Timer": schedule, "Install": timer["Install"]}


def _names(name: str, daemons: Daemons) -> list[str]:
    data = _data(name)
    return [*data["credentials"], *(data.get("chromebooks_credentials", []) if daemons.chromebooks else [])]


def _data(name: str) -> Mapping[str, Any]:
    words = {"name": STATE.rpartition("/")[2], "private": STATE.replace("/lib/", "/lib/private/")}
    known: Mapping[str, Any] = filled(unit_data("daemons")[name], words)
    return known
