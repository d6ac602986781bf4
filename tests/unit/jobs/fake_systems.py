"""Google and RT as the job sees them, in memory."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from types import SimpleNamespace
from typing import Any, cast

from syncd.host.credentials import Credentials
from syncd.jobs.chromebooks import ChromebookJob
from syncd.jobs.context import RunContext
from syncd.jobs.sides.options import ChromebooksOptions
from syncd.state.store import Store
from syncd.systems.google.devices import Device
from syncd.systems.google.options import GoogleOptions
from syncd.systems.rt.assets import Asset, part_class
from syncd.systems.rt.options import RtOptions
from syncd.systems.rt.schema import Need, Schema
from syncd.systems.rt.snapshot import AssetSnapshot
from unit.jobs.sample import PEOPLE
from unit.rt.fake_rt import NOW, schema
from unit.virtual_clock import VirtualClock

MAC_FIELD = "CF.{IP}"


class FakeGoogle:
    def __init__(self, devices: Sequence[Device]) -> None:
        self.devices = SimpleNamespace(list=self._list)
        self.client = SimpleNamespace(stats=SimpleNamespace(requests=2, retries=1, by_code={"200": 1, "503": 1}))
        self.listed: dict[str, Any] = {}
        self._devices = list(devices)

    def _list(self, **asked: Any) -> list[Device]:  # noqa: ANN401
        self.listed = asked
        asked["progress"]("Google devices", len(self._devices), None)
        return self._devices


class FakeRt:
    def __init__(self, assets: Sequence[Asset]) -> None:
        self.client = SimpleNamespace(stats=SimpleNamespace(requests=7, retries=0, by_code={"200": 7}))
        self.reader = SimpleNamespace(read=self._read)
        self.needs: list[Need] = []
        self.full: list[bool] = []
        self.assets = list(assets)
        self.elsewhere: dict[str, list[int]] = {}
        self.looked_up: list[set[str]] = []

    def preflight(self, need: Need) -> Schema:
        self.needs.append(need)
        return schema(need=need)

    def writer(self, _: Schema) -> Any:  # noqa: ANN401
        return SimpleNamespace(find_assets=self._find, people=PEOPLE)

    def users_by_email(self, addresses: Iterable[str]) -> Mapping[str, str]:
        self.looked_up.append({address for address in addresses if address})
        return {person.email.casefold(): person.email for person in PEOPLE.values() if person.email}

    def _read(self, schema: Schema, *, full: bool, progress: Any) -> AssetSnapshot:  # noqa: ANN401
        self.full.append(full)
        progress("RT assets", len(self.assets), None)
        assets = cast("Any", FakeAssets(self.assets, schema))
        return AssetSnapshot(assets=assets, people=PEOPLE, as_of=NOW, full=NOW, how="cold", re_read=0)

    def _find(self, _: int, values: Collection[str], *, anywhere: bool) -> Mapping[str, list[int]]:
        assert anywhere
        return {value: ids for value, ids in self.elsewhere.items() if value in values}


class FakeAssets:
    """Assets that, as those in the store, have what is asked of them and nothing else."""

    def __init__(self, assets: Sequence[Asset], schema: Schema) -> None:
        self._assets = assets
        self._schema = schema

    def __len__(self) -> int:
        return len(self._assets)

    def select(self, fields: Iterable[str]) -> Iterator[Asset]:
        kind = part_class(self._schema, fields)
        return (kind(**{name: getattr(asset, name) for name in kind.__struct_fields__}) for asset in self._assets)

    def some(self, ids: Iterable[int], fields: Iterable[str]) -> Iterator[Asset]:
        wanted = {*ids}
        return (asset for asset in self.select(fields) if asset.id in wanted)


class World:
    """A job between a fake Google and a fake RT, with a store of its own."""

    def __init__(self, store: Store, devices: Sequence[Device] = (), assets: Sequence[Asset] = ()) -> None:
        self.google = FakeGoogle(devices)
        self.rt = FakeRt(assets)
        self.store = store
        self.progress: set[str] = set()

    def _show(self, what: str, done: int, total: int | None) -> None:  # noqa: ARG002
        self.progress.add(what)

    def job(self, *, full_read: bool = False, **options: Any) -> ChromebookJob:  # noqa: ANN401
        given = {"catalogs": ("Chromebooks",), "mac_fields": (MAC_FIELD,), **options}
        context = RunContext(
            google=GoogleOptions(delegated_user="admin@example.org", concurrency=8),
            rt=RtOptions(url="http://rt.invalid", concurrency=4),
            credentials=Credentials({}, keyring=False),
            store=self.store,
            clock=VirtualClock(NOW),
            progress=self._show,
            full_read=full_read,
        )
        return ChromebookJob(ChromebooksOptions(**given), context, cast("Any", self.google), cast("Any", self.rt))
