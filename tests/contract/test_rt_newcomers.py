"""New assets as RT shows them to the worker, and as its transactions tell of them; on both servers."""

import pytest

from contract.rt_trackers import Connect
from services.rest2 import Rest2
from syncd.host.errors import NotPermitted
from syncd.systems.rt import births
from syncd.systems.rt.births import Births
from syncd.systems.rt.newcomers import Newcomers
from syncd.systems.rt.pages import HIDDEN
from syncd.systems.rt.schema import Need

NEED = Need(catalogs=("Chromebooks",), read=("Name", "Status", "CF.{Type}"), write=("Name",))


def create(rt: Rest2, name: str, catalog: str = "Chromebooks", **fields: object) -> int:
    return int(rt.create("asset", Name=name, Catalog=catalog, **fields))


def test_an_asset_is_found_with_its_catalog_and_read_with_the_fields_of_a_schema(rt: Rest2, connect: Connect) -> None:
    number = create(rt, "Cart", CustomFields={"Type": "iPad"})
    opened = connect()
    found = Newcomers(opened.rest).find(number)
    assert found is not None
    assert (found.id, found.name, found.status, found.catalog, found.catalog_id) == (
        number,
        "Cart",
        "new",
        "Chromebooks",
        2,
    )
    schema = opened.preflight(NEED)
    asset = found.read(schema)
    assert (asset.id, asset.name, getattr(asset, schema.custom_field("CF.{Type}").attribute)) == (
        number,
        "Cart",
        "iPad",
    )


def test_what_is_not_found_is_absent_deleted_or_hidden(rt: Rest2, connect: Connect) -> None:
    gone, hidden = create(rt, "Gone"), create(rt, "Switch", "Network Gear")
    rt.put(f"/asset/{gone}", Status="deleted")
    newcomers = Newcomers(connect("rt-catalog").rest)
    assert [newcomers.find(number) for number in (gone, hidden, 999_999)] == [None, None, None]
    assert [newcomers.status(number) for number in (gone, hidden, 999_999)] == ["deleted", HIDDEN, ""]


def test_credentials_that_are_refused_are_not_a_hidden_asset(rt: Rest2, connect: Connect) -> None:  # noqa: ARG001
    newcomers = Newcomers(connect("rt-sync", secret="1-27-wrong").rest)
    with pytest.raises(NotPermitted, match="does not accept the credentials"):
        newcomers.status(1)
    with pytest.raises(NotPermitted, match="does not accept the credentials"):
        newcomers.check()


def test_names_in_use_are_told_in_whatever_case_and_catalog(rt: Rest2, connect: Connect) -> None:
    own = create(rt, "W12-70001")
    create(rt, "w12-70002")
    create(rt, "W12-70003", "Network Gear")
    newcomers = Newcomers(connect().rest)
    names = [f"W12-{number}" for number in range(70001, 70034)]
    assert newcomers.names_in_use(names, but=own) == {"W12-70002", "W12-70003"}
    assert newcomers.names_in_use(names, but=0) == {"W12-70001", "W12-70002", "W12-70003"}
    assert newcomers.names_in_use(["W12-7000"], but=0) == set()


def test_names_that_very_many_have_are_told_all_the_same(rt: Rest2, connect: Connect, page_size: int) -> None:
    for _ in range(page_size + 1):
        create(rt, "W12-71000")
    create(rt, "W12-71001")
    assert Newcomers(connect().rest).names_in_use(["W12-71000", "W12-71001"], but=0) == {"W12-71000", "W12-71001"}


def test_creates_are_told_from_a_moment_on_and_not_from_before_it(rt: Rest2, connect: Connect) -> None:
    found = Births(connect().rest)
    create(rt, "Before")
    start = found.newest()
    assert found.since(start, start) == births.Found(frozenset(), start)
    first, second = create(rt, "Cart"), create(rt, "Switch", "Network Gear")
    rt.put(f"/asset/{first}", Name="Changed")
    now = found.since(start, start)
    assert now.assets == {first, second}
    assert now.newest > start
    again = found.since(now.newest, start)
    assert again.assets == {first, second}, "those of the overlap are told again"
    assert found.since(now.newest, now.newest).assets == frozenset()


def test_many_creates_are_told_page_by_page(rt: Rest2, connect: Connect, page_size: int) -> None:
    found = Births(connect().rest)
    start = found.newest()
    made = {create(rt, "Cart") for _ in range(2 * page_size + 1)}
    assert found.since(start, start).assets == made


def test_creates_that_the_api_user_may_not_see_hide_no_others(rt: Rest2, connect: Connect, page_size: int) -> None:
    found = Births(connect("rt-catalog").rest)
    start = found.newest()
    ours = create(rt, "Cart")
    for _ in range(page_size + 1):  # an empty page before the one with ours
        create(rt, "Switch", "Network Gear")
    assert found.since(start, start).assets == {ours}


def test_an_rt_that_has_less_than_it_told_of_is_noticed(rt: Rest2, connect: Connect) -> None:  # noqa: ARG001
    found = Births(connect().rest)
    newest = found.newest()
    assert found.since(newest + 10_000, newest + 5_000) == births.Found(frozenset(), newest, rewound=True)
