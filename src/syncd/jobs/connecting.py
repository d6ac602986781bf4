"""The systems of a job, connected as its context says; no request is made yet."""

from collections.abc import Sequence
from contextlib import ExitStack

from syncd.jobs.context import RunContext
from syncd.systems.google import Google, open_google
from syncd.systems.rt.client import RequestTracker, open_rt


def google_of(stack: ExitStack, context: RunContext, job: str, scopes: Sequence[str]) -> Google:
    """Return Google for a job, with the scopes that it needs; ``stack`` closes it."""
    google = open_google(
        context.need_google(job),
        context.credentials,
        scopes=scopes,
        state_dir=context.store.path.parent,
        circuit_memory=context.store.circuits,
        clock=context.clock,
    )
    stack.callback(google.close)
    return google


def rt_of(stack: ExitStack, context: RunContext, job: str) -> RequestTracker:
    """Return Request Tracker for a job; ``stack`` closes it."""
    rt = open_rt(
        context.need_rt(job),
        context.credentials,
        snapshots=context.store.snapshots,
        state_dir=context.store.path.parent,
        circuit_memory=context.store.circuits,
        clock=context.clock,
    )
    stack.callback(rt.close)
    return rt
