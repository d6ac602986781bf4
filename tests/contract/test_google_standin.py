"""What the stand-in answers, case by case, with Google's own words where they are known."""

from collections.abc import Iterator

import pytest
import requests

from contract.google_sandbox import Running, running, tenant
from syncd.sandbox.google import GoogleApp, Settings

FIRST = "00000000-0000-4000-8000-000000000001"
THIRD = "00000000-0000-4000-8000-000000000003"


@pytest.fixture
def google() -> Iterator[Running]:
    with running() as sandbox:
        yield sandbox


def error(answer: requests.Response) -> tuple[int, str, str]:
    body = answer.json()["error"]
    assert body["code"] == answer.status_code
    return answer.status_code, body["errors"][0]["reason"], body["message"]


def serials(google: Running, **query: str) -> list[str]:
    return [device["serialNumber"] for device in google.devices(**query)]


def pages(google: Running, size: int, **query: str) -> list[list[str]]:
    found: list[list[str]] = []
    token: dict[str, str] = {}
    while True:
        body = google.ask("GET", google.chromeos, params={"maxResults": size, **query, **token}).json()
        found.append([device["serialNumber"] for device in body["chromeosdevices"]])
        if "nextPageToken" not in body:
            return found
        token = {"pageToken": body["nextPageToken"]}


def test_a_list_comes_in_pages_and_every_device_once(google: Running) -> None:
    found = pages(google, 3)
    assert [len(page) for page in found] == [3, 3, 1]
    assert len({serial for page in found for serial in page}) == 7


def test_pages_stay_stable_while_devices_change_and_vanish(google: Running) -> None:
    query = {"maxResults": "3", "orderBy": "annotatedLocation", "orgUnitPath": "/", "includeChildOrgunits": "true"}
    first = google.ask("GET", google.chromeos, params=query).json()
    for device in google.devices():
        google.ask("PATCH", f"{google.chromeos}/{device['deviceId']}", json={"annotatedLocation": "Z"})
    seen = {device["deviceId"] for device in first["chromeosdevices"]}
    gone = next(device["deviceId"] for device in google.devices() if device["deviceId"] not in seen)
    google.app.remove(gone)
    second = google.ask("GET", google.chromeos, params={**query, "pageToken": first["nextPageToken"]}).json()
    third = google.ask("GET", google.chromeos, params={**query, "pageToken": second["nextPageToken"]}).json()
    rest = [device["deviceId"] for page in (second, third) for device in page.get("chromeosdevices", [])]
    assert len(rest) == 3
    assert not seen & set(rest)


def test_a_wrong_page_token_an_empty_one_and_an_old_sequence_are_refused(google: Running) -> None:
    assert error(google.ask("GET", google.chromeos, params={"pageToken": "0"})) == (400, "invalid", "Invalid Input: 0")
    unavailable = (503, "backendError", "Service unavailable. Please try again")
    assert error(google.ask("GET", google.chromeos, params={"pageToken": ""})) == unavailable
    token = google.ask("GET", google.chromeos, params={"maxResults": "3"}).json()["nextPageToken"]
    other = google.ask("GET", google.chromeos, params={"pageToken": token, "query": "status:disabled"})
    assert error(other)[:2] == (400, "invalid")
    google.app.settings.sequence_seconds = -1
    assert error(google.ask("GET", google.chromeos, params={"pageToken": token})) == unavailable


def test_max_results_above_the_range_is_refused_and_the_range_is_named(google: Running) -> None:
    message = "Invalid value '301'. Values must be within the range: [1, 300]"
    assert error(google.ask("GET", google.chromeos, params={"maxResults": "301"})) == (400, "invalidParameter", message)
    google.app.settings.page_limit = 2
    assert "[1, 2]" in error(google.ask("GET", google.chromeos, params={"maxResults": "3"}))[2]
    google.app.settings.clamp = True
    assert len(google.devices(maxResults="3")) == 2


def test_basic_leaves_out_what_only_full_shows(google: Running) -> None:
    basic, full, unnamed = (
        google.devices(**query)[0] for query in ({"projection": "BASIC"}, {"projection": "FULL"}, {})
    )
    assert {"deviceId", "serialNumber", "status", "annotatedUser"} <= set(basic)
    assert not {"model", "macAddress", "recentUsers", "osVersion"} & set(basic)
    assert full == unnamed
    assert "recentUsers" in full
    assert error(google.ask("GET", google.chromeos, params={"projection": "full"}))[:2] == (400, "invalidParameter")


def test_a_mask_keeps_what_it_names_and_no_token_that_it_does_not_name(google: Running) -> None:
    query = {"maxResults": "3", "fields": "chromeosdevices(deviceId,recentUsers/email)"}
    body = google.ask("GET", google.chromeos, params=query).json()
    assert set(body) == {"chromeosdevices"}
    assert body["chromeosdevices"][0] == {
        "deviceId": FIRST,
        "recentUsers": [{"email": "student1@example.org"}, {}],
    }
    query["fields"] = "nextPageToken,chromeosdevices(deviceId)"
    assert "nextPageToken" in google.ask("GET", google.chromeos, params=query).json()
    query["fields"] = "chromeosdevices(serial)"
    assert error(google.ask("GET", google.chromeos, params=query))[:2] == (400, "invalidParameter")


def test_an_empty_result_has_no_list(google: Running) -> None:
    assert "chromeosdevices" not in google.ask("GET", google.chromeos, params={"query": "id:NOSUCH"}).json()


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("status:disabled", ["SYN0005E"]),
        ("status:deprovisioned", ["SYN0004D"]),
        ("id:syn0003", ["SYN0003C"]),
        ("asset_id:EX-10006", ["SYN0006F"]),
        ("user:student1", ["SYN0001A"]),
        ('location:"Room 12"', ["SYN0001A"]),
        ("note:stolen", ["SYN0005E"]),
        ("ethernet_mac:0200000E0003", ["SYN0003C"]),
        ("sync:2026-11-02..2026-11-03", ["SYN0001A", "SYN0002B"]),
        ("sync:..2026-11-02", ["SYN0001A"]),
        ("sync:2026-11-08..", ["SYN0007G"]),
        ("status:provisioned user:student", ["SYN0001A", "SYN0002B", "SYN0007G"]),
    ],
)
def test_a_query_finds(google: Running, query: str, found: list[str]) -> None:
    assert serials(google, query=query) == found


@pytest.mark.parametrize("query", ["status:nonsense", "id:SY", "foo:bar", "hello", "sync:yesterday", "user:"])
def test_a_bad_query_is_refused(google: Running, query: str) -> None:
    answer = google.ask("GET", google.chromeos, params={"query": query})
    assert error(answer) == (400, "invalid", f"Invalid Input: {query}")


def test_org_units_are_found_in_any_case_with_and_without_their_children(google: Running) -> None:
    assert serials(google, orgUnitPath="/chromebooks") == ["SYN0004D"]
    assert len(serials(google, orgUnitPath="Chromebooks", includeChildOrgunits="true")) == 6
    assert len(serials(google, orgUnitPath="id:03ph8a2z1chrome", includeChildOrgunits="true")) == 6
    assert error(google.ask("GET", google.chromeos, params={"orgUnitPath": "/Nowhere"}))[:2] == (400, "invalid")
    assert error(google.ask("GET", google.chromeos, params={"includeChildOrgunits": "true"}))[:2] == (400, "invalid")


def test_order_is_as_asked(google: Running) -> None:
    up, down = (serials(google, orderBy="serialNumber", sortOrder=o) for o in ("ASCENDING", "DESCENDING"))
    assert up == sorted(up)
    assert down == up[::-1]


@pytest.mark.parametrize("method", ["PATCH", "PUT"])
def test_a_write_changes_what_it_names_clears_what_is_empty_and_gives_a_new_etag(google: Running, method: str) -> None:
    before = google.app.device(FIRST)
    body = {"annotatedAssetId": "00017 💻", "notes": "", "serialNumber": "IGNORED"}
    after = google.ask(method, f"{google.chromeos}/{FIRST}", json=body).json()
    assert after["annotatedAssetId"] == "00017 💻"
    assert "notes" not in after
    assert after["serialNumber"] == "SYN0001A"
    assert after["annotatedUser"] == before["annotatedUser"]
    assert after["etag"] != before["etag"]
    assert google.ask("GET", f"{google.chromeos}/{FIRST}").json() == after


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"annotated_user": "x"}, "badRequest"),
        ({"annotatedUser": 5}, "badRequest"),
        ({"annotatedUser": "x" * 101}, "invalid"),
        ({"annotatedLocation": "x" * 201}, "invalid"),
        ({"notes": "x" * 501}, "invalid"),
        ({"orgUnitPath": "/Nowhere"}, "invalid"),
        ([], "parseError"),
    ],
)
def test_a_bad_write_is_refused_and_changes_nothing(google: Running, body: object, reason: str) -> None:
    before = google.app.device(FIRST)
    assert error(google.ask("PATCH", f"{google.chromeos}/{FIRST}", json=body))[:2] == (400, reason)
    assert google.app.device(FIRST) == before


def test_an_org_unit_id_and_path_that_disagree_are_refused_in_googles_words(google: Running) -> None:
    body = {"orgUnitPath": "/Staff", "orgUnitId": "2130216"}
    answer = google.ask("PATCH", f"{google.chromeos}/{FIRST}", json=body)
    message = "Invalid Input: Inconsistent Orgunit id and path in request - 2130216, /Staff"
    assert error(answer) == (400, "invalid", message)
    moved = google.ask("PATCH", f"{google.chromeos}/{FIRST}", json={"orgUnitPath": "/staff"}).json()
    assert (moved["orgUnitPath"], moved["orgUnitId"]) == ("/Staff", "03ph8a2z4staff0")


def test_a_move_is_all_or_nothing(google: Running) -> None:
    url, query = f"{google.chromeos}/moveDevicesToOu", {"orgUnitPath": "/Staff"}
    assert google.ask("POST", url, params=query, json={"deviceIds": [FIRST, "nosuch"]}).status_code == 404
    assert google.ask("POST", url, params=query, json={"deviceIds": [FIRST] * 51}).status_code == 400
    assert google.app.device(FIRST)["orgUnitPath"] == "/Chromebooks/High School"
    answer = google.ask("POST", url, params=query, json={"deviceIds": [FIRST, THIRD]})
    assert (answer.status_code, answer.content) == (204, b"")
    assert {google.app.device(each)["orgUnitPath"] for each in (FIRST, THIRD)} == {"/Staff"}


def test_a_status_change_answers_200_with_failures_inside(google: Running) -> None:
    action = "CHANGE_CHROME_OS_DEVICE_STATUS_ACTION_"
    body = {"deviceIds": [FIRST, "nosuch"], "changeChromeOsDeviceStatusAction": f"{action}DISABLE"}
    results = google.ask("POST", f"{google.chromeos}:batchChangeStatus", json=body).json()
    good, bad = results["changeChromeOsDeviceStatusResults"]
    assert good == {"deviceId": FIRST, "response": {}}
    assert bad["error"]["code"] == 5
    assert google.app.device(FIRST)["status"] == "DISABLED"
    body = {"deviceIds": [FIRST], "changeChromeOsDeviceStatusAction": f"{action}DEPROVISION"}
    assert google.ask("POST", f"{google.chromeos}:batchChangeStatus", json=body).status_code == 400
    body["deprovisionReason"] = "DEPROVISION_REASON_RETIRING_DEVICE"
    assert google.ask("POST", f"{google.chromeos}:batchChangeStatus", json=body).status_code == 200
    assert google.app.device(FIRST)["deprovisionReason"] == "DEPROVISION_REASON_RETIRING_DEVICE"


def test_a_count_is_an_int64_string(google: Running) -> None:
    url = f"{google.chromeos}:countChromeOsDevices"
    assert google.ask("GET", url).json() == {"count": "7"}
    assert google.ask("GET", url, params={"filter": "status:disabled"}).json() == {"count": "1"}


def test_org_units_are_listed_below_one_with_it_or_only_its_children(google: Running) -> None:
    url = "/admin/directory/v1/customer/my_customer/orgunits"

    def paths(**query: str) -> list[str]:
        found = google.ask("GET", url, params=query).json().get("organizationUnits", [])
        return [unit["orgUnitPath"] for unit in found]

    assert paths() == ["/Chromebooks", "/Staff", "/Students"]
    assert len(paths(type="all")) == 5
    assert len(paths(type="allIncludingParent")) == 6
    assert paths(type="all", orgUnitPath="Chromebooks") == ["/Chromebooks/High School", "/Chromebooks/Elementary"]
    assert paths(orgUnitPath="/Staff") == []
    assert google.ask("GET", f"{url}/Chromebooks/High%20School").json()["orgUnitId"] == "id:03ph8a2z2hs0000"
    assert google.ask("GET", f"{url}/Nowhere").status_code == 404


def test_the_customer_can_be_read(google: Running) -> None:
    assert google.ask("GET", "/admin/directory/v1/customers/my_customer").json()["id"] == "C0synth01"


def test_bad_tokens_wrong_customers_and_unknown_paths_are_refused(google: Running) -> None:
    bad = google.ask("GET", google.chromeos, headers={"Authorization": "Bearer nonsense"})
    assert error(bad)[:2] == (401, "authError")
    assert error(google.ask("GET", google.chromeos, headers={"Authorization": ""}))[:2] == (401, "required")
    narrow = google.app.account.issue("admin@example.org", frozenset({"https://www.googleapis.com/auth/other"}))
    answer = google.ask("GET", google.chromeos, headers={"Authorization": f"Bearer {narrow}"})
    assert error(answer)[:2] == (403, "insufficientPermissions")
    pupil = google.app.account.issue("student1@example.org", google.app.settings.scopes)
    answer = google.ask("GET", google.chromeos, headers={"Authorization": f"Bearer {pupil}"})
    assert error(answer) == (403, "forbidden", "Not Authorized to access this resource/api")
    assert error(google.ask("GET", google.chromeos.replace("my_customer", "C0other")))[:2] == (403, "forbidden")
    lost = google.ask("GET", "/admin/directory/v2/nothing")
    assert (lost.status_code, lost.headers["Content-Type"]) == (404, "text/html; charset=UTF-8")
    assert error(google.ask("GET", f"{google.chromeos}/nosuch"))[:2] == (404, "notFound")
    assert error(google.ask("GET", google.chromeos, params={"maxresults": "3"}))[:2] == (400, "badRequest")


def test_read_only_scopes_do_not_write(google: Running) -> None:
    scope = frozenset({"https://www.googleapis.com/auth/admin.directory.device.chromeos.readonly"})
    token = google.app.account.issue("admin@example.org", scope)
    headers = {"Authorization": f"Bearer {token}"}
    assert google.ask("GET", google.chromeos, headers=headers).status_code == 200
    assert google.ask("PATCH", f"{google.chromeos}/{FIRST}", headers=headers, json={}).status_code == 403


def test_a_token_ends_and_an_if_match_is_honoured_where_switched_on() -> None:
    now = [1_000_000.0]
    app = GoogleApp.from_tenant(tenant(), settings=Settings(token_seconds=60, if_match=True, clock=lambda: now[0]))
    with running(app) as google:
        url = f"{google.chromeos}/{FIRST}"
        stale = google.ask("PATCH", url, json={"notes": "x"}, headers={"If-Match": '"other"'})
        assert error(stale)[:2] == (412, "conditionNotMet")
        fresh = {"If-Match": google.app.device(FIRST)["etag"]}
        assert google.ask("PATCH", url, json={"notes": "x"}, headers=fresh).status_code == 200
        now[0] += 61
        assert error(google.ask("GET", google.chromeos))[:2] == (401, "authError")
