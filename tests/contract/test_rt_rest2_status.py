"""RT 5's status codes, and its conditional requests."""

import pytest

from services.rest2 import Rest2

JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize(
    ("method", "path", "status", "message"),
    [
        ("GET", "/nope", 404, "Not Found"),
        ("GET", "", 404, "Not Found"),
        ("GET", "/", 404, "Not Found"),
        ("GET", "/rt/", 404, "Not Found"),
        ("GET", "/asset", 404, "Not Found"),
        ("GET", "/asset/999", 404, "Not Found"),
        ("GET", "/asset/abc", 404, "Not Found"),
        ("GET", "/user/nope", 404, "Not Found"),
        ("GET", "/user/999", 404, "Not Found"),
        ("GET", "/catalog/99", 404, "Not Found"),
        ("GET", "/catalog/chromebooks", 404, "Not Found"),
        ("GET", "/catalog/Chromebooks/customfields", 404, "Not Found"),
        ("GET", "/customfield/99", 404, "Not Found"),
        ("GET", "/customfield/Type", 404, "Not Found"),
        ("GET", "/transaction/99999", 500, "Internal Server Error"),
        ("DELETE", "/asset/1", 500, "Internal Server Error"),
        ("DELETE", "/user/nope", 404, "Not Found"),
        ("PATCH", "/asset/1", 501, "Not Implemented"),
    ],
)
def test_a_request_for_nothing_that_is_there(rt: Rest2, method: str, path: str, status: int, message: str) -> None:
    answer = rt.send(method, path)
    assert (answer.status_code, answer.json()) == (status, {"message": message})


@pytest.mark.parametrize(
    ("method", "path", "status", "message"),
    [
        ("PUT", "/asset/999", 404, "Resource does not exist; use POST to create"),
        ("PUT", "/user/nope", 404, "Resource does not exist; use POST to create"),
        ("POST", "/asset/1", 409, "Resource already exists; use PUT to update"),
        ("POST", "/user/s1001", 409, "Resource already exists; use PUT to update"),
        ("POST", "/assets/bulk", 404, "Not Found"),
        ("PUT", "/users/bulk", 404, "Not Found"),
    ],
)
def test_a_write_to_the_wrong_place(rt: Rest2, method: str, path: str, status: int, message: str) -> None:
    answer = rt.send(method, path, json={})
    assert (answer.status_code, answer.json()) == (status, {"message": message})


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [("DELETE", "/rt", "GET"), ("PUT", "/assets", "GET, POST"), ("POST", "/transaction/1", "GET, HEAD")],
)
def test_a_method_that_a_path_lacks_is_405_with_the_ones_it_has(rt: Rest2, method: str, path: str, allow: str) -> None:
    answer = rt.send(method, path, json=[])
    assert (answer.status_code, answer.headers["Allow"]) == (405, allow)


def test_without_the_right_to_see_it_an_object_is_403(rt: Rest2) -> None:
    other = rt.create("asset", Catalog=3, Name="switch")
    for path in (f"/asset/{other}", "/catalog/3", "/customfield/2", "/customfield/4/values"):
        answer = rt.send("GET", path, "rt-catalog")
        assert (answer.status_code, answer.json()) == (403, {"message": "Forbidden"}), path
    assert rt.send("PUT", f"/asset/{other}", "rt-catalog", json={"Description": "x"}).status_code == 403


def test_without_the_right_to_create_an_asset_is_403_and_a_user_400(rt: Rest2) -> None:
    asset = rt.send("POST", "/asset", "rt-readonly", json={"Catalog": "Chromebooks"})
    assert (asset.status_code, asset.json()) == (403, {"message": "Permission Denied"})
    user = rt.send("POST", "/user", "rt-readonly", json={"Name": "nobody-new"})
    assert (user.status_code, user.json()) == (400, {"message": "Permission Denied"})


def test_a_body_of_another_kind_is_415(rt: Rest2) -> None:
    for method, path in (("POST", "/asset"), ("PUT", "/asset/1"), ("POST", "/user")):
        answer = rt.send(method, path, headers={"Content-Type": "text/plain"}, data=b"{}")
        assert (answer.status_code, answer.json()) == (415, {"message": "Unsupported Media Type"})


def test_a_body_that_is_not_the_json_it_should_be_is_400(rt: Rest2) -> None:
    for method, path in (("POST", "/asset"), ("PUT", "/asset/1"), ("POST", "/assets")):
        answer = rt.send(method, path, headers=JSON, data=b"{nope")
        assert answer.status_code == 400
        assert answer.json()["message"].startswith("JSON parse error: ")
    for method, path, data, kind in (("PUT", "/asset/1", b"[]", "HASH"), ("POST", "/assets", b"{}", "ARRAY")):
        answer = rt.send(method, path, headers=JSON, data=data)
        assert (answer.status_code, answer.json()) == (400, {"message": f"JSON object must be a {kind}"})


def test_broken_utf8_and_a_broken_query_are_500_with_an_empty_body(rt: Rest2) -> None:
    broken = [
        rt.send("PUT", "/asset/1", headers=JSON, data=b'{"Name":"\xff"}'),
        rt.send("POST", "/asset", headers=JSON, data=b'{"Name":"\xff"}'),
        rt.send("GET", "/assets", params=[("query", '[{"field":')]),
        rt.send("GET", "/users", params=[("query", '[{"field":')]),
        rt.send("POST", "/assets", json=["x"]),
    ]
    for answer in broken:
        assert (answer.status_code, answer.content) == (500, b"")
        assert answer.headers["Content-Type"].startswith("application/json")


def test_html_is_not_to_be_had(rt: Rest2) -> None:
    assert rt.send("GET", "/asset/1", headers={"Accept": "text/html"}).status_code == 406


def test_the_etag_is_the_newest_transaction(rt: Rest2) -> None:
    first = rt.send("GET", "/asset/2")
    assert first.headers["Last-Modified"] == first.json()["LastUpdated"]
    assert rt.put("/asset/2", Description=first.json()["Description"]) == []
    assert rt.send("GET", "/asset/2").headers["ETag"] == first.headers["ETag"]
    rt.put("/asset/2", Description="moved on")
    newest = rt.get("/asset/2/history", orderby="id", order="DESC", per_page="1")["items"][0]["id"]
    assert rt.send("GET", "/asset/2").headers["ETag"] == f'"{newest}"' != first.headers["ETag"]


def test_a_reader_that_has_the_present_state_gets_304(rt: Rest2) -> None:
    etag = rt.send("GET", "/asset/1").headers["ETag"]
    answer = rt.send("GET", "/asset/1", headers={"If-None-Match": etag})
    assert (answer.status_code, answer.content, answer.headers["ETag"]) == (304, b"", etag)
    assert rt.send("GET", "/asset/1", headers={"If-None-Match": '"1"'}).status_code == 200


def test_a_write_can_be_bound_to_a_state(rt: Rest2) -> None:
    etag = rt.send("GET", "/asset/1").headers["ETag"]
    for match in (etag, etag.strip('"'), "*"):
        assert rt.send("PUT", "/asset/1", headers={"If-Match": match}, json={}).status_code == 200
    stale = rt.send("PUT", "/asset/1", headers={"If-Match": '"1"'}, json={"Description": "too late"})
    assert (stale.status_code, stale.json()) == (412, {"message": "Precondition Failed"})
    assert rt.get("/asset/1")["Description"] == "Chromebook 1"
    assert rt.send("PUT", "/asset/999", headers={"If-Match": "*"}, json={}).status_code == 412


def test_conditions_by_date_crash(rt: Rest2) -> None:
    for header in ("If-Modified-Since", "If-Unmodified-Since"):
        answer = rt.send("GET", "/asset/1", headers={header: "Fri, 20 Nov 2020 00:00:00 GMT"})
        assert (answer.status_code, answer.content) == (500, b"")


def test_a_user_whose_history_is_hidden_has_a_useless_etag(rt: Rest2) -> None:
    assert rt.send("GET", "/user/s1001", "rt-readonly").headers["ETag"] == '"1970-01-01T00:00:00Z"'
    assert rt.send("GET", "/user/s1001").headers["ETag"].strip('"').isdigit()
