"""New assets of a real RT 5, told by its overlay or found by polling, get their tags from the real worker."""

import signal
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from datetime import UTC, datetime

import pytest

from conftest import RT5, needing
from services.web_form import WebForm
from syncd.host.circuit import CircuitState
from syncd.jobs.tagging.naming import LOOKED_AHEAD
from syncd.state.store import open_store
from system.new_assets import CHROMEBOOKS, NETWORK, TAG, Listener, NewAssets, new_assets
from system.site import wait_until

BY_REST, BY_FORM = 80, 5
TAKEN = range(10020, 10060)
"""Numbers in a row that people have given out: more than the worker looks at together."""


@pytest.fixture(scope="module")
def started(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[NewAssets, Listener]]:
    with ExitStack() as stack:
        with needing(request.config, RT5):
            found = stack.enter_context(new_assets(tmp_path_factory.mktemp("new-assets")))
        yield found


@pytest.fixture
def site(started: tuple[NewAssets, Listener]) -> Iterator[NewAssets]:
    """Return the site with all events done or dropped, and with a plain configuration."""
    site, _ = started
    site.configure()
    yield site
    site.stop_workers()
    for event in site.inbox.list(("waiting", "dead", "working")):
        site.inbox.drop(event.id, datetime.now(UTC))


@pytest.fixture
def listener(started: tuple[NewAssets, Listener]) -> Listener:
    return started[1]


# -- all together


def test_all_new_assets_get_a_tag_of_their_own_within_seconds_with_the_listener_down_in_between(
    site: NewAssets, listener: Listener
) -> None:
    assert len(TAKEN) > LOOKED_AHEAD
    site.syncd("tags", "set", "W12-", "10000")
    assert site.syncd("poll", "asset-created", "--json")["first"]
    before = site.names()
    # Somebody has named assets by hand, in the way of the sequence.
    taken = {site.create(name): name for name in ("W12-10003", "w12-10007", *(f"W12-{number}" for number in TAKEN))}
    workers = [site.start_worker(), site.start_worker()]
    began = time.monotonic()
    with ThreadPoolExecutor(3) as pool:
        created = list(pool.map(lambda n: site.create(f"Cart {n}"), range(BY_REST // 2)))
        listener.stop()
        lost = list(pool.map(lambda _: site.create(), range(BY_REST // 4)))
        listener.start()
        created += pool.map(lambda _: site.create("Cart"), range(BY_REST // 4))
    with closing(WebForm(site.rt5)) as form:
        by_form = [form.create_asset(CHROMEBOOKS, f"By a person {n}") for n in range(BY_FORM)]
    by_hand = site.create("W12-10200")
    made = time.monotonic() - began
    site.until_done(site.told())
    after = time.monotonic() - began - made
    names = site.names()
    assert {asset for asset in (*created, *lost, *by_form) if not TAG.fullmatch(names[asset])} == {*lost}
    assert site.syncd("poll", "asset-created", "--json")["new"] == len(lost)
    site.until_done(site.told() + len(lost))
    assert [worker.poll() for worker in workers] == [None, None]
    assert site.stop_workers() == [0, 0]
    names = site.names()
    tags = [names[asset] for asset in (*created, *lost, *by_form)]
    assert len(tags) == BY_REST + BY_FORM
    assert all(TAG.fullmatch(tag) for tag in tags)
    assert max(tags) > f"W12-{TAKEN[-1]}"
    assert set(Counter(tag.upper() for tag in names.values() if tag.upper().startswith("W12-")).values()) == {1}
    assert {asset: names[asset] for asset in taken} == taken
    assert names[by_hand] == "W12-10200"
    assert {asset: names[asset] for asset in before} == before
    assert site.states()["dead"] == 0
    # What RT takes to make them says how fast the machine is today.
    assert after < 10 + 2 * made, f"made in {made:.1f} s, tagged {after:.1f} s after that"


# -- what gets a tag, and what does not


def test_an_asset_that_has_a_tag_is_left_alone(site: NewAssets) -> None:
    asset = site.create("w12-77001")
    (event,) = site.tell(asset)
    site.work()
    assert site.result(event) == {"asset": asset, "state": "has_tag", "tag": "w12-77001"}
    assert site.name(asset) == "w12-77001"


def test_the_same_event_again_gives_no_second_tag(site: NewAssets) -> None:
    asset = site.create("Cart")
    (event,) = site.tell(asset)
    site.work()
    first = site.name(asset)
    assert site.tell(asset) == [event]
    site.inbox.requeue(event, datetime.now(UTC))
    site.work()
    assert site.name(asset) == first


def test_assets_of_other_catalogs_and_deleted_ones_are_left_alone(site: NewAssets) -> None:
    switch = site.create("Switch", NETWORK)
    gone = site.create("Gone")
    site.rt.put(f"/asset/{gone}", Status="deleted")
    events = site.tell(switch, gone)
    site.work()
    assert [site.result(event)["state"] for event in events] == ["no_sequence", "deleted"]
    assert site.name(switch) == "Switch"


def test_assets_that_the_api_user_may_not_see_are_left_alone(site: NewAssets) -> None:
    site.configure(user="rt-catalog")
    switch, ours = site.create("Switch", NETWORK), site.create("Cart")
    events = site.tell(switch, ours)
    site.work()
    assert [site.result(event)["state"] for event in events] == ["hidden", "tagged"]


def test_a_new_asset_gets_the_fields_that_it_lacks_along_with_its_tag(site: NewAssets) -> None:
    fields = '{ Status = "in-use", "CF.{Funding Source}" = "district", "CF.{Location}" = "Store" }'
    site.configure(sequence=f"fields = {fields}")
    asset = site.create("Cart", CustomFields={"Location": "Room 5"})
    (event,) = site.tell(asset)
    site.work()
    found = site.asset(asset)
    values = {entry["name"]: entry["values"] for entry in found["CustomFields"]}
    assert (found["Status"], values["Funding Source"], values["Location"]) == ("in-use", ["District"], ["Room 5"])
    run = site.syncd("show", site.result(event)["run"], "--json")
    (each,) = run["actions"]
    assert each["action"]["before"] == {"Name": "Cart", "Status": "new", "CF.{Funding Source}": None}
    assert each["result"]["state"] == "verified"
    assert run["run"]["requests"]["rt"] <= 12


IPADS = """
when = { "CF.{Type}" = "ipad" }
[[events.asset-created.sequences]]
catalog = "Chromebooks"
prefix = "CB-"
width = 3
when = { "CF.{Type}" = ["Chromebook", "Laptop"] }
"""


def test_the_sequence_depends_on_the_type_and_waits_for_it_to_be_filled_in(site: NewAssets) -> None:
    site.configure(sequence=IPADS, fill=12)
    ipad = site.create("x", CustomFields={"Type": "iPad"})
    laptop = site.create("x", CustomFields={"Type": "Laptop"})
    switch = site.create("x", CustomFields={"Type": "Switch"})
    late, never = site.create("x"), site.create("x")
    before = site.states()["done"]
    events = site.tell(ipad, laptop, switch, late, never)
    site.start_worker()
    wait_until("a first try", lambda: site.event(events[3]).code == "asset.not_filled")
    site.rt.put(f"/asset/{late}", CustomFields={"Type": "Chromebook"})
    site.until_done(before + 5)
    assert TAG.fullmatch(site.name(ipad))
    assert site.name(laptop).startswith("CB-")
    assert site.name(late).startswith("CB-")
    assert len(site.name(late)) == len("CB-001")
    assert [site.result(events[place])["state"] for place in (2, 4)] == ["no_sequence", "no_sequence"]


def test_an_asset_that_never_appears_is_a_dead_letter_and_one_that_is_late_is_not(site: NewAssets) -> None:
    number = max(site.names()) + 1
    never, late = site.tell(number + 5000, number)
    site.start_worker()
    time.sleep(0.5)
    assert site.create("Late") == number
    wait_until("both ends", lambda: (site.event(never).state, site.event(late).state) == ("dead", "done"))
    event = site.event(never)
    assert (event.code, event.attempts) == ("asset.never_appeared", 1)
    assert f"asset {number + 5000} has not appeared in RT" in event.error
    assert TAG.fullmatch(site.name(number))


# -- trouble


def test_what_rt_refuses_is_a_dead_letter_at_once_and_can_be_tried_again(site: NewAssets) -> None:
    site.configure(sequence='fields = { Status = "bogus" }')
    asset = site.create("Cart")
    (event,) = site.tell(asset)
    log = site.work()
    dead = site.event(event)
    assert (dead.state, dead.attempts, dead.code) == ("dead", 1, "rt.refused")
    assert "isn't a valid status" in dead.error
    assert f"asset-created of asset:{asset} is a dead letter" in log
    assert [each["id"] for each in site.syncd("events", "list", "--state", "dead", "--json")] == [event]
    site.configure()
    assert site.syncd("events", "retry", "--dead", "--json") == {"events": [event]}
    site.work()
    assert site.event(event).state == "done"


def test_a_dead_letter_that_was_dropped_is_not_tried_again(site: NewAssets) -> None:
    site.configure(sequence='fields = { Status = "bogus" }')
    (event,) = site.tell(site.create("Cart"))
    site.work()
    assert site.syncd("events", "drop", event, "--json") == {"events": [event]}
    site.work()
    assert site.syncd("events", "show", event, "--json")["state"] == "dropped"


def test_credentials_that_rt_refuses_end_the_worker_and_cost_no_event_a_try(site: NewAssets) -> None:
    (event,) = site.tell(site.create("Cart"))
    (site.directory / "credentials" / "rt-token").write_text("1-27-wrong")
    log = site.syncd("work", "--until-idle", expect=77)
    assert "RT does not accept the credentials" in log
    assert (site.event(event).state, site.event(event).attempts) == ("waiting", 0)
    site.configure()
    site.work()
    assert site.event(event).state == "done"


def test_a_field_that_rt_does_not_have_ends_the_worker_and_costs_no_event_a_try(site: NewAssets) -> None:
    site.configure(sequence='fields = { "CF.{Funding Sauce}" = "District", "CF.{Battery Cycle Count}" = "many" }')
    (event,) = site.tell(site.create("Cart"))
    log = site.syncd("work", "--until-idle", expect=78)
    assert "CF.{Funding Sauce} is not applied to the catalog" in log
    assert (site.event(event).state, site.event(event).attempts) == ("waiting", 0)


@pytest.mark.parametrize(
    ("user", "catalog", "status", "told"),
    [
        ("rt-blind", "Chromebooks", 77, "RT is not ready for this job"),
        ("rt-catalog", "Network Gear", 78, "there is no catalog"),
        ("rt-sync", "Chrome Books", 78, "there is no catalog"),
    ],
    ids=["a right is missing", "all assets are hidden", "the catalog has another name"],
)
def test_no_event_passes_for_done_where_the_api_user_or_the_catalog_is_another(
    site: NewAssets, user: str, catalog: str, status: int, told: str
) -> None:
    site.configure(user=user, catalog=catalog)
    (event,) = site.tell(site.create("Cart"))
    assert told in site.syncd("work", "--until-idle", expect=status)
    assert (site.event(event).state, site.event(event).attempts) == ("waiting", 0)


def test_while_rt_is_down_events_wait_without_losing_a_try(site: NewAssets) -> None:
    asset = site.create("Cart")
    (event,) = site.tell(asset)
    site.configure(url="http://127.0.0.1:9", events="tries = 2")
    worker = site.start_worker()
    log = site.directory / "worker-0.log"
    wait_until("that RT is found down", lambda: "all asset-created wait" in log.read_text())
    time.sleep(3)  # in which both tries would be over
    assert worker.poll() is None
    assert site.stop_workers() == [0]
    assert (site.event(event).state, site.event(event).attempts) == ("waiting", 0)
    with open_store(site.state) as store:
        store.circuits.save("rt", CircuitState())
    site.configure()
    site.work()
    assert TAG.fullmatch(site.name(asset))


def test_a_worker_stops_politely_and_leaves_what_it_has_not_begun(site: NewAssets) -> None:
    events = site.tell(*(site.create("Cart") for _ in range(8)))
    site.start_worker()
    wait_until("the first end", lambda: "done" in {site.event(event).state for event in events}, seconds=60)
    assert site.stop_workers() == [0]
    assert {(site.event(event).state, site.event(event).attempts) for event in events} == {("done", 1), ("waiting", 0)}


# -- killed at each boundary

KILLING = """-c import os, signal, sys
import syncd.cli, syncd.state.tags, syncd.systems.rt.write, syncd.state.inbox.store, syncd.state.ledger
places = {{
    "reserve": (syncd.state.tags.Tags, "reserve"),
    "write": (syncd.systems.rt.write.AssetWriter, "update_asset"),
    "read": (syncd.systems.rt.write.AssetWriter, "read_assets"),
    "close": (syncd.state.ledger.AuditLog, "finish"),
    "finish": (syncd.state.inbox.store.Inbox, "finish"),
}}
owner, name = places["{place}"]
real = getattr(owner, name)
def deadly(*arguments, **more):
    if "{when}" == "before":
        os.kill(os.getpid(), signal.SIGKILL)
    real(*arguments, **more)
    os.kill(os.getpid(), signal.SIGKILL)
setattr(owner, name, deadly)
syncd.cli.main()
"""


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("place", ["reserve", "write", "read", "close", "finish"])
def test_a_worker_that_is_killed_gives_an_asset_no_second_tag_and_no_tag_twice(
    site: NewAssets, place: str, when: str
) -> None:
    first, second = site.create("Cart"), site.create("Cart")
    site.tell(first)
    killed = site.start_worker(KILLING.format(place=place, when=when))
    assert killed.wait(30) == -signal.SIGKILL
    site.workers.clear()
    named = site.name(first)
    with open_store(site.state) as store:
        open_runs = store.ledger.abandoned("asset-created")
    (other,) = site.tell(second)
    end = site.states()["done"] + (1 if (place, when) == ("finish", "after") else 2)
    site.start_worker()
    site.until_done(end)
    tags = [site.name(first), site.name(second)]
    assert all(TAG.fullmatch(tag) for tag in tags)
    assert len(set(tags)) == 2
    if TAG.fullmatch(named):
        assert tags[0] == named
    assert site.event(other).attempts == 1
    assert Counter(site.names().values())[tags[0]] == 1
    with open_store(site.state) as store:
        assert [
            run for run in store.ledger.abandoned("asset-created") if run.id in {each.id for each in open_runs}
        ] == []


# -- polling


def test_a_poll_finds_what_was_not_told_and_nothing_from_before_the_first(site: NewAssets, listener: Listener) -> None:
    site.syncd("poll", "asset-created", "--json")
    listener.stop()
    lost = [site.create("Cart") for _ in range(3)]
    listener.start()
    told = site.create("Cart")
    found = site.syncd("poll", "asset-created", "--json")
    assert found["new"] == 3
    assert site.syncd("poll", "asset-created", "--json")["new"] == 0
    site.work()
    assert all(TAG.fullmatch(site.name(asset)) for asset in (*lost, told))
    assert site.name(1) == "W12-0001"
