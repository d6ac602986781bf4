"""What the listener says of itself is what it does: schemathesis asks all that its document allows, and more."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import BaseSchema, Case, GenerationMode

from syncd.daemons.webhooks import bodies
from syncd.daemons.webhooks.openapi import document as described
from syncd.state.inbox.store import open_inbox
from unit.webhooks.listener import BEARER, Listener

EXAMPLES = 25


@pytest.fixture(scope="module")
def listener(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Listener]:
    """A listener; at the end all that it kept is as it should be."""
    with Listener(tmp_path_factory.mktemp("openapi"), "rate = 0.0") as running:
        yield running
        with open_inbox(running.inbox) as inbox:
            kept = inbox.list(limit=100_000)
    assert {event.kind for event in kept} == {"asset-created", "student-check"}
    for event in kept:
        bodies.read(bodies.AssetCreated if event.kind == "asset-created" else bodies.StudentCheck, event.body)


@pytest.fixture(scope="module")
def document(listener: Listener) -> BaseSchema:
    return schemathesis.openapi.from_url(f"http://127.0.0.1:{listener.port}/openapi.json")


OPERATIONS = [(path, method) for path, item in described()["paths"].items() for method in item]


@pytest.mark.parametrize("mode", GenerationMode)
@pytest.mark.parametrize(("path", "method"), OPERATIONS)
def test_every_answer_is_one_that_the_document_has(
    document: BaseSchema, path: str, method: str, mode: GenerationMode
) -> None:
    @given(document[path][method].as_strategy(generation_mode=mode))
    @settings(max_examples=EXAMPLES, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    def ask(case: Case[Any]) -> None:
        case.call_and_validate(headers=BEARER)

    with suppress(Unsatisfiable):  # a path without parameters cannot be asked wrongly
        ask()
