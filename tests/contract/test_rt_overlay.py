"""What RT 5 tells of new assets through the overlay that syncd ships, whoever makes them and whatever goes wrong."""

import json
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from conftest import RT5, needing
from services import rt5 as service
from services.rest2 import Rest2
from services.rt5 import Rt5, Telling
from services.web_form import WebForm
from unit.http_server import Answer, Seen, Stub, serving

CATALOG = 2
TIMEOUT = 1.0
TOKEN = "synthetic-token-for-the-webhook"


@dataclass
class Listener:
    """What the overlay posts to. ``answer`` is given to each post, ``found`` has RT's own answer about the asset."""

    rt: Rest2 | None = None
    answer: Answer = field(default_factory=lambda: Answer(202))
    posts: list[Seen] = field(default_factory=list)
    found: list[int] = field(default_factory=list)

    def __call__(self, seen: Seen) -> Answer:
        self.posts.append(seen)
        if self.rt is not None:
            path = f"/asset/{json.loads(seen.body)['asset_id']}"
            self.found.append(self.rt.send("GET", path).status_code)
        return self.answer

    def assets(self) -> list[int]:
        return [json.loads(seen.body)["asset_id"] for seen in self.posts]


@dataclass
class Telltale:
    """An RT that tells of its new assets."""

    rt5: Rt5
    rt: Rest2
    listener: Listener
    stub: Stub
    token_file: Path


@pytest.fixture(scope="module")
def started(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Telltale]:
    folder = tmp_path_factory.mktemp("rt5-overlay")
    token_file = folder / "token"
    listener = Listener()
    with serving(listener) as stub:
        telling = Telling(f"{stub.url}/webhook/asset-created", token_file, TIMEOUT)
        with needing(request.config, RT5):
            rt5 = service.start(folder / "data", telling)
        with closing(Rest2(rt5.url, rt5.tokens, rt5.root)) as rt:
            yield Telltale(rt5, rt, listener, stub, token_file)
        rt5.stop()


@pytest.fixture
def telltale(started: Telltale) -> Telltale:
    started.listener.posts.clear()
    started.listener.found.clear()
    started.listener.rt, started.listener.answer = None, Answer(202)
    started.token_file.write_text(f"{TOKEN}\n")
    return started


def create(telltale: Telltale, name: str = "", **more: object) -> tuple[int, float]:
    """Create an asset by REST; return its number and how long RT took (s)."""
    began = time.monotonic()
    asset = int(telltale.rt.create("asset", Name=name, Catalog="Chromebooks", **more))
    return asset, time.monotonic() - began


def logged(telltale: Telltale, asset: int) -> str:
    """Return what RT logged about not telling of an asset."""
    lines = [line for line in telltale.rt5.log.splitlines() if f"syncd was not told of asset {asset}:" in line]
    assert len(lines) == 1, lines
    return lines[0]


def test_an_asset_made_by_rest_is_told_with_the_token_and_nothing_about_anybody(telltale: Telltale) -> None:
    asset, _ = create(telltale, "Cart 5", Owner="s1001")
    (post,) = telltale.listener.posts
    assert (post.method, post.path) == ("POST", "/webhook/asset-created")
    assert post.headers["authorization"] == f"Bearer {TOKEN}"
    assert post.headers["content-type"] == "application/json"
    body = json.loads(post.body)
    assert abs(body.pop("timestamp") - time.time()) < 60
    assert body == {"event": "asset-created", "asset_id": asset}


def test_an_asset_made_by_the_web_form_is_told(telltale: Telltale) -> None:
    with closing(WebForm(telltale.rt5)) as form:
        asset = form.create_asset(CATALOG, "By a person")
    assert telltale.listener.assets() == [asset]


def test_the_post_comes_after_the_commit(telltale: Telltale) -> None:
    telltale.listener.rt = telltale.rt
    create(telltale)
    assert telltale.listener.found == [200]


def test_a_refused_create_is_not_told(telltale: Telltale) -> None:
    answer = telltale.rt.send("POST", "/asset", json={"Name": "12345", "Catalog": "Chromebooks"})
    assert answer.status_code == 400
    assert telltale.listener.posts == []


IN_TRANSACTION = """
my $asset = RT::Asset->new(RT->SystemUser);
RT->DatabaseHandle->BeginTransaction;
my ($id) = $asset->Create(Name => 'In a transaction', Catalog => 2);
print "$id\\n";
RT->DatabaseHandle->%s;
my $next = RT::Asset->new(RT->SystemUser);
my $other = $next->Create(Name => 'After it', Catalog => 2);
print $next->id, "\\n";
"""


def test_of_a_transaction_around_the_create_only_what_is_committed_is_told_and_after_it(telltale: Telltale) -> None:
    telltale.listener.rt = telltale.rt
    committed = [int(line) for line in telltale.rt5.perl(IN_TRANSACTION % "Commit").split()]
    assert telltale.listener.assets() == committed
    assert telltale.listener.found == [200, 200]
    telltale.listener.posts.clear()
    _, after = (int(line) for line in telltale.rt5.perl(IN_TRANSACTION % "Rollback").split())
    assert telltale.listener.assets() == [after]


def test_a_create_in_scalar_context_returns_what_it_does_without_the_overlay(telltale: Telltale) -> None:
    program = "my $r = RT::Asset->new(RT->SystemUser)->Create(Name => '12', Catalog => 2); print $r;"
    assert telltale.rt5.perl(program).startswith("Invalid Name")


def test_an_alarm_of_somebody_else_still_goes_off(telltale: Telltale) -> None:
    program = (
        "my $rang = 0; $SIG{ALRM} = sub { $rang = 1 }; alarm 2;"
        "RT::Asset->new(RT->SystemUser)->Create(Name => 'Clock', Catalog => 2);"
        "select undef, undef, undef, 2.5; print $rang;"
    )
    assert telltale.rt5.perl(program) == "1"


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (Answer(500), "500"),
        (Answer(401), "401"),
        (Answer(302, headers={"Location": "/elsewhere"}), "302"),
        (Answer(202, reset=True), "500"),
    ],
    ids=["broken", "wrong token", "redirect", "reset"],
)
def test_a_listener_that_refuses_costs_a_line_in_the_log_and_nothing_else(
    telltale: Telltale, answer: Answer, told: str
) -> None:
    telltale.listener.answer = answer
    asset, _ = create(telltale)
    assert len(telltale.listener.posts) == 1
    line = logged(telltale, asset)
    assert told in line
    assert TOKEN not in line


@pytest.mark.parametrize(
    ("answer", "seconds"),
    [(Answer(202, delay=4), 4), (Answer(202, body=b"x" * 60, drip=0.2), 12)],
    ids=["slow", "drip"],
)
def test_a_slow_listener_holds_a_create_up_no_longer_than_the_timeout(
    telltale: Telltale, answer: Answer, seconds: float
) -> None:
    telltale.listener.answer = answer
    asset, took = create(telltale)
    assert TIMEOUT <= took < seconds, "the create waited for the whole answer"
    assert "no answer within 1 s" in logged(telltale, asset)


@pytest.mark.parametrize("content", ["", "two words\n", None], ids=["empty", "no token", "missing"])
def test_without_a_usable_token_nothing_is_posted(telltale: Telltale, content: str | None) -> None:
    if content is None:
        telltale.token_file.unlink()
    else:
        telltale.token_file.write_text(content)
    asset, _ = create(telltale)
    assert telltale.listener.posts == []
    assert "token file" in logged(telltale, asset)


def test_with_nobody_listening_the_asset_is_made_all_the_same(telltale: Telltale) -> None:
    telltale.stub.server.shutdown()
    telltale.stub.server.server_close()
    asset, _ = create(telltale)
    assert "500 Can't connect" in logged(telltale, asset)
    assert telltale.rt.send("GET", f"/asset/{asset}").status_code == 200
