"""The frame of the sandbox: what it mounts, counts, keeps, and how it fails when told to."""

import http.client
import json
import threading
import time
from collections.abc import Iterator

import pytest
import requests

from syncd.host.errors import ConfigurationError
from syncd.sandbox.faults import Faults, Rule
from syncd.sandbox.server import Answer, Call, Server, json_answer


class Echo:
    """Answers what it was asked, and counts how often it was asked."""

    def __init__(self) -> None:
        self.calls = 0

    def handle(self, call: Call) -> Answer:
        self.calls += 1
        if call.path == "/fails":
            raise RuntimeError("the app fails")
        said = {"path": call.path, "query": call.query, "body": call.body.decode(), "root": call.root}
        return json_answer(said, route="echo")

    def route(self, call: Call) -> str:
        return "echo" if call.path != "/fails" else ""


@pytest.fixture
def echo() -> Echo:
    return Echo()


@pytest.fixture
def server(echo: Echo) -> Iterator[Server]:
    with Server({"": echo, "/rt": echo}) as running:
        yield running


@pytest.fixture
def client() -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.trust_env = False
        yield session


def test_a_port_that_is_taken_is_named(server: Server, echo: Echo) -> None:
    with pytest.raises(ConfigurationError, match=f"port {server.port} of 127.0.0.1 cannot be used"):
        Server({"": echo}, port=server.port)


def test_the_longest_prefix_decides_and_paths_arrive_as_sent(server: Server, client: requests.Session) -> None:
    said = client.post(f"{server.url}/rt/a%2Fb?x=1&y=&x=%C3%BC", data=b"body", timeout=5).json()
    assert said == {
        "path": "/a%2Fb",
        "query": [["x", "1"], ["y", ""], ["x", "ü"]],
        "body": "body",
        "root": f"{server.url}/rt",
    }
    assert client.get(f"{server.url}/rtx", timeout=5).json()["path"] == "/rtx"
    assert client.get(f"{server.url}/rt", timeout=5).json()["path"] == "/"


def test_only_loopback_is_bound(server: Server) -> None:
    assert server._listener.server_address[0] == "127.0.0.1"


def test_one_connection_serves_many_requests(server: Server) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=5)
    for _ in range(3):
        connection.request("GET", "/x")
        assert connection.getresponse().read()
    assert len(server._connections) == 1
    connection.close()


def test_an_app_that_raises_gives_500_and_is_kept(server: Server, client: requests.Session) -> None:
    assert client.get(f"{server.url}/fails", timeout=5).status_code == 500
    assert [str(error) for error in server.failures] == ["the app fails"]


def test_an_observer_that_objects_is_kept_too(server: Server, client: requests.Session) -> None:
    def object_to(call: Call, answer: Answer) -> None:
        raise AssertionError(f"{call.method} {call.path} {answer.status}")

    server.observers.append(object_to)
    assert client.get(f"{server.url}/x", timeout=5).status_code == 500
    assert [str(error) for error in server.failures] == ["GET /x 200"]


def test_requests_are_counted_by_the_name_of_their_route_also_when_a_fault_answers(
    server: Server, client: requests.Session
) -> None:
    server.faults.add(Rule(status=503, times=1))
    for path in ("/a", "/b", "/c"):
        client.get(f"{server.url}{path}", timeout=5)
    assert server.counts == {("GET", "echo"): 3}
    assert [line.status for line in server.log] == [503, 200, 200]
    listed = client.get(f"{server.url}/_requests", timeout=5).json()
    assert listed == {"requests": [{"method": "GET", "route": "echo", "count": 3}], "busiest": 1}
    client.delete(f"{server.url}/_requests", timeout=5)
    assert server.requests() == 0


def test_the_largest_number_of_requests_at_once_is_known(server: Server) -> None:
    both = threading.Barrier(2)

    def wait_for_both() -> None:
        both.wait(5)

    server.observers.append(lambda _call, _answer: wait_for_both())
    threads = [
        threading.Thread(target=requests.get, args=(f"{server.url}/x",), kwargs={"timeout": 5}) for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(5)
    assert server.busiest == 2
    assert server.failures == []


def test_a_reset_before_has_no_effect_and_one_during_has(server: Server, client: requests.Session, echo: Echo) -> None:
    server.faults.add(Rule(reset="before", times=1), Rule(reset="during", times=1))
    for calls in (0, 1):
        with pytest.raises(requests.ConnectionError, match="Connection reset by peer"):
            client.get(f"{server.url}/x", timeout=5)
        assert echo.calls == calls
    assert client.get(f"{server.url}/x", timeout=5).ok


def test_a_cut_body_is_shorter_than_announced(server: Server, client: requests.Session) -> None:
    server.faults.add(Rule(cut=True, times=1))
    with pytest.raises(requests.exceptions.ChunkedEncodingError, match="IncompleteRead"):
        client.get(f"{server.url}/x", timeout=5)


def test_a_status_replaces_the_answer_and_the_app_is_asked_only_where_the_effect_is_wanted(
    server: Server, client: requests.Session, echo: Echo
) -> None:
    server.faults.add(Rule(status=429, headers={"Retry-After": "7"}, body='{"a": 1}', times=1))
    answer = client.get(f"{server.url}/x", timeout=5)
    assert (answer.status_code, answer.headers["Retry-After"], answer.json(), echo.calls) == (429, "7", {"a": 1}, 0)
    server.faults.add(Rule(status=502, body="<html>", effect=True))
    answer = client.get(f"{server.url}/x", timeout=5)
    assert (answer.status_code, answer.headers["Content-Type"], echo.calls) == (502, "text/html; charset=UTF-8", 1)


def test_a_request_that_is_held_goes_on_when_the_rules_are_cleared(server: Server, echo: Echo) -> None:
    server.faults.add(Rule(delay=60))
    held = threading.Thread(target=requests.get, args=(f"{server.url}/held",), kwargs={"timeout": 30})
    held.start()
    deadline = time.monotonic() + 10
    while not server.faults.listing()[0]["used"]:
        assert time.monotonic() < deadline
        time.sleep(0.005)
    assert echo.calls == 0
    server.faults.clear()
    held.join(10)
    assert echo.calls == 1


def test_a_server_that_stops_does_not_wait_for_the_requests_it_holds(echo: Echo) -> None:
    with Server({"": echo}, Faults([Rule(delay=60)])) as server, pytest.raises(requests.ReadTimeout):
        requests.get(f"{server.url}/held", timeout=0.2)
    assert server.connections == 0


@pytest.mark.parametrize("rule", [Rule(delay=0.2), Rule(slow=0.2)])
def test_a_delay_and_a_drip_take_their_time_and_lose_nothing(
    server: Server, client: requests.Session, rule: Rule
) -> None:
    server.faults.add(rule)
    started = time.monotonic()
    assert client.get(f"{server.url}/x", timeout=5).json()["path"] == "/x"
    assert time.monotonic() - started >= 0.2


def test_faults_are_set_listed_and_cleared_over_http(server: Server, client: requests.Session) -> None:
    url = f"{server.url}/_faults"
    assert client.post(url, json={"route": "^/x", "status": 500, "after": 1, "times": 1}, timeout=5).ok
    assert client.post(url, json=[{"method": "POST", "status": 418}], timeout=5).ok
    statuses = [client.get(f"{server.url}/x", timeout=5).status_code for _ in range(3)]
    assert statuses == [200, 500, 200]
    listed = client.get(url, timeout=5).json()
    assert [(each["seen"], each["used"]) for each in listed] == [(3, 1), (0, 0)]
    assert client.post(f"{server.url}/y", timeout=5).status_code == 418
    assert client.delete(url, timeout=5).json() == []
    assert client.post(f"{server.url}/y", timeout=5).ok


@pytest.mark.parametrize("body", ['{"rout": "x"}', '{"route": "("}', '{"times": 0}', '{"status": 99}', "[1]", "{"])
def test_a_rule_that_is_none_is_refused_with_the_reason(server: Server, client: requests.Session, body: str) -> None:
    answer = client.post(f"{server.url}/_faults", data=body, timeout=5)
    assert answer.status_code == 400
    assert answer.json()["error"]
    assert server.faults.listing() == []


def test_stop_closes_connections_and_frees_the_port(echo: Echo) -> None:
    server = Server({"": echo}).start()
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=5)
    connection.request("GET", "/x")
    connection.getresponse().read()
    server.stop()
    connection.sock.settimeout(5)
    assert connection.sock.recv(1) == b""
    connection.close()
    with Server({"": echo}, port=server.port) as again, requests.Session() as session:
        session.trust_env = False
        assert session.get(f"{again.url}/x", timeout=5).ok


def test_a_path_that_no_app_has_is_an_html_404() -> None:
    with Server({"/rt": Echo()}) as server, requests.Session() as session:
        session.trust_env = False
        answer = session.get(f"{server.url}/elsewhere", timeout=5)
        assert (answer.status_code, answer.headers["Content-Type"]) == (404, "text/html; charset=UTF-8")


def test_the_first_rule_that_strikes_decides() -> None:
    faults = Faults([Rule(route="a", times=1, status=500), Rule(status=503)])
    statuses = [rule.status for path in ("/a", "/a", "/b") if (rule := faults.pick("GET", path)) is not None]
    assert statuses == [500, 503, 503]
    faults.clear()
    assert faults.pick("GET", "/a") is None


def test_an_answer_without_content_has_no_body_and_the_connection_lives_on() -> None:
    class Silent:
        def handle(self, call: Call) -> Answer:
            return Answer(204 if call.path == "/none" else 200, {"Date": "Thu, 01 Jan 2026 00:00:00 GMT"}, b"")

    with Server({"": Silent()}) as server:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=5)
        for path, status in (("/none", 204), ("/empty", 200)):
            connection.request("GET", path)
            answer = connection.getresponse()
            assert (answer.status, answer.read()) == (status, b"")
            assert answer.headers.get_all("Date") == ["Thu, 01 Jan 2026 00:00:00 GMT"]
        connection.close()


def test_json_answers_are_utf_8() -> None:
    answer = json_answer({"name": "Ñandú"}, 201, headers={"Location": "/x"})
    assert (answer.status, json.loads(answer.body)) == (201, {"name": "Ñandú"})
    assert answer.headers["Location"] == "/x"
