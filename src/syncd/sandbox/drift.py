"""The ways in which Google and RT disagree about a Chromebook; ``make_fleet`` says what each one is."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from syncd.sandbox.district import Maker
from syncd.sandbox.records import NETWORK_GEAR, NOBODY, Asset, CfValue, Device

Built = tuple[list[Device], list[Asset]]
Build = Callable[[Maker], Built]

_PLACEHOLDERS = ("To be filled by O.E.M.", "0000000000", "Default string", "N/A")
_SCRIPT_NAMES = ("Ноутбук", "ノートパソコン", "حاسوب", "लैपटॉप", "Φορητός")


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of disagreement: one case for every ``every`` devices, at least one.

    ``google_fields`` would be changed by a mapping of Name, the Owner's address and Location to Google (with clearing
    allowed for the user); ``rt_fields`` by a mapping of all that Google reports to RT.
    """

    every: int
    google_fields: tuple[str, ...]
    rt_fields: tuple[str, ...]
    build: Build


def _with(asset: Asset, values: Mapping[str, CfValue]) -> Asset:
    return replace(asset, custom_fields={**asset.custom_fields, **values})


def _google_has(**values: str | None) -> Build:
    """Return a builder of owned pairs whose device has other values (None: no value)."""

    def build(maker: Maker) -> Built:
        device, asset = maker.pair(owned=True)
        device |= {name: value.format(maker.number) for name, value in values.items() if value is not None}
        for name, value in values.items():
            if value is None:
                del device[name]
        return [device], [asset]

    return build


def _user_differs(maker: Maker) -> Built:
    device, asset = maker.pair(owned=True)
    device["annotatedUser"] = maker.user().email
    return [device], [asset]


def _returned(maker: Maker) -> Built:
    device, asset = maker.pair(owned=True)
    return [device], [replace(asset, owner=NOBODY, held_by=(), status="allocated")]


def _stale_in_rt(maker: Maker) -> Built:
    device, asset = maker.pair(owned=True)
    old = maker.user().email
    stale: dict[str, CfValue] = {
        "OS Version": "139.0.7258.66",
        "Last Sync": "2026-06-01T08:00:00Z",
        "Last User": old,
        "Recent Users": (old,),
    }
    return [device], [_with(asset, stale)]


def _only_in_google(maker: Maker) -> Built:
    return [maker.pair()[0]], []


def _only_in_rt(maker: Maker) -> Built:
    return [], [maker.pair()[1].without("Google Device ID")]


def _other_catalog(maker: Maker) -> Built:
    device, asset = maker.pair(owned=False)
    gear = {name: asset.custom_fields[name] for name in ("Serial Number", "Location")}
    return [device], [Asset(f"AP-{maker.number:05d}", NETWORK_GEAR, custom_fields=gear)]


def _duplicate_in_google(maker: Maker) -> Built:
    (first, asset), (second, _) = maker.pair(owned=True), maker.pair(owned=False)
    return [
        first,
        second | {"serialNumber": first["serialNumber"]},
    ], [asset.without("MAC Address", "Google Device ID")]


def _duplicate_in_rt(maker: Maker) -> Built:
    device, asset = maker.pair(owned=True)
    asset = asset.without("MAC Address", "Google Device ID")
    return [device], [asset, replace(asset, name=f"{asset.name}-B", owner=NOBODY, held_by=())]


def _reenrolled(maker: Maker) -> Built:
    device, asset = maker.pair(owned=True)
    old = maker.pair(owned=False)[0] | {
        "serialNumber": device["serialNumber"],
        "macAddress": device["macAddress"],
        "status": "DEPROVISIONED",
        "lastSync": "2025-06-20T09:00:00.000Z",
        "lastDeprovisionTimestamp": "2025-06-21T10:00:00.000Z",
        "deprovisionReason": "DEPROVISION_REASON_SAME_MODEL_REPLACEMENT",
    }
    return [device, old], [asset]


def _strangers(serials: Iterable[str]) -> Build:
    """Return a builder of a device and an asset that share a useless serial and nothing else."""
    pool = tuple(serials)

    def build(maker: Maker) -> Built:
        serial = pool[maker.number % len(pool)]
        device, asset = maker.pair()[0], maker.pair()[1]
        if not serial:
            del device["serialNumber"]
            return [device], [asset.without("Serial Number", "Google Device ID")]
        device["serialNumber"] = serial
        return [device], [_with(asset.without("Google Device ID"), {"Serial Number": serial})]

    return build


def _mac_only(maker: Maker) -> Built:
    device, asset = maker.pair(owned=True)
    mac = device["macAddress"].upper()
    colons = ":".join(mac[place : place + 2] for place in range(0, 12, 2))
    return [device], [_with(asset.without("Serial Number", "Google Device ID"), {"MAC Address": colons})]


def _untidy_serial(maker: Maker) -> Built:
    device, asset = maker.pair(owned=True)
    return [device], [
        _with(asset, {"Serial Number": f" {device['serialNumber'].lower()[:6]} {device['serialNumber'][6:]} "})
    ]


def _named(pattern: str, google: str = "OLD-{0}") -> Build:
    def build(maker: Maker) -> Built:
        device, asset = maker.pair(owned=True)
        device["annotatedAssetId"] = google.format(maker.number)
        script = maker.random.choice(_SCRIPT_NAMES)
        return [device], [replace(asset, name=pattern.format(maker.number, script=script))]

    return build


def _long_text(maker: Maker) -> Built:
    device, asset = maker.pair(owned=True)
    name = f"{asset.name} {'long ' * 60}"[:254] + "."
    place = f"Building {maker.number}, {'second floor, ' * 30}"[:299] + "."
    return [device], [_with(replace(asset, name=name), {"Location": place})]


def _owner_without_email(maker: Maker) -> Built:
    device, asset = maker.pair(owned=True)
    owner = maker.user(email=False).login
    return [device], [replace(asset, owner=owner, held_by=(owner,))]


def _two_holders(maker: Maker) -> Built:
    device, asset = maker.pair(owned=True)
    return [device], [replace(asset, held_by=(*asset.held_by, maker.user().login))]


_OFTEN, _RARE = 1_000, 5_000
_ID, _USER = ("annotatedAssetId",), ("annotatedUser",)
_STALE = ("OS Version", "Last Sync", "Last User", "Recent Users")
KINDS: Mapping[str, Kind] = {
    "asset_id_differs": Kind(_OFTEN, _ID, (), _google_has(annotatedAssetId="OLD-{:07d}")),
    "asset_id_missing": Kind(_OFTEN, _ID, (), _google_has(annotatedAssetId=None)),
    "user_differs": Kind(_OFTEN, _USER, (), _user_differs),
    "user_missing": Kind(_OFTEN, _USER, (), _google_has(annotatedUser=None)),
    "returned": Kind(_RARE, _USER, (), _returned),
    "stale_in_rt": Kind(_RARE, (), _STALE, _stale_in_rt),
    "only_in_google": Kind(_RARE, (), (), _only_in_google),
    "only_in_rt": Kind(_RARE, (), (), _only_in_rt),
    "other_catalog": Kind(_RARE, (), (), _other_catalog),
    "duplicate_in_google": Kind(_RARE, (), (), _duplicate_in_google),
    "duplicate_in_rt": Kind(_RARE, (), (), _duplicate_in_rt),
    "reenrolled": Kind(_RARE, (), (), _reenrolled),
    "blank_serial": Kind(_RARE, (), (), _strangers([""])),
    "short_serial": Kind(_RARE, (), (), _strangers(["AB1", "7"])),
    "placeholder_serial": Kind(_RARE, (), (), _strangers(_PLACEHOLDERS)),
    "mac_only": Kind(_RARE, (), ("Serial Number", "MAC Address", "Google Device ID"), _mac_only),
    "untidy_serial": Kind(_RARE, (), ("Serial Number",), _untidy_serial),
    "script_name": Kind(_RARE, _ID, (), _named("{script} {0}")),
    "emoji_name": Kind(_RARE, _ID, (), _named("Laptop 💻 {0} 👩🏽‍🏫")),
    "leading_zeros": Kind(_RARE, _ID, (), _named("000{0}-A", "{0}-A")),
    "long_text": Kind(_RARE, ("annotatedAssetId", "annotatedLocation"), (), _long_text),
    "owner_without_email": Kind(_RARE, (), (), _owner_without_email),
    "two_holders": Kind(_RARE, (), (), _two_holders),
}
