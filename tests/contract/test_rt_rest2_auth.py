"""How RT 5 tells who asks, and how it refuses."""

from base64 import b64encode

import pytest
import requests

from services.rest2 import Rest2, criterion, told


def _cookie(rt: Rest2, password: str) -> str:
    form = {"user": "rt-sync", "pass": password}
    answer = requests.post(f"{rt.url}/NoAuth/Login.html", data=form, timeout=30, allow_redirects=False)
    assert answer.status_code == 200
    return answer.headers["Set-Cookie"].partition(";")[0]


def test_a_token_in_the_header_signs_in_and_its_word_ignores_case(rt: Rest2) -> None:
    for word in ("token", "Token", "TOKEN"):
        answer = rt.send("GET", "/rt", "", headers={"Authorization": f"{word} {rt.tokens['rt-sync']}"})
        assert answer.status_code == 200
        assert answer.headers["Content-Type"] == 'application/json; charset="utf-8"'
        assert answer.json()["Version"].startswith("5.0.")


def test_a_token_in_the_query_signs_in(rt: Rest2) -> None:
    assert rt.send("GET", "/rt", "", params=[("token", rt.tokens["rt-sync"])]).status_code == 200


def test_name_and_password_sign_in(rt: Rest2) -> None:
    login = b64encode(b"rt-sync:rt-sync-password").decode()
    assert rt.send("GET", "/rt", "", headers={"Authorization": f"Basic {login}"}).status_code == 200


def test_only_a_wide_right_shows_the_plugins(rt: Rest2) -> None:
    assert "Plugins" not in rt.get("/rt")
    assert rt.get("/rt", "root")["Plugins"] == []


def test_the_cookie_of_the_login_page_signs_in_for_writes_too(rt: Rest2) -> None:
    headers = {"Cookie": _cookie(rt, "rt-sync-password")}
    assert rt.send("GET", "/rt", "", headers=headers).status_code == 200
    written = rt.send("PUT", "/asset/3", "", headers=headers, json={"Description": "by cookie"})
    assert told(written.json()) == ["Description changed from 'Chromebook 3' to 'by cookie'"]


def test_only_a_login_with_a_next_page_tells_by_its_status_whether_it_worked(rt: Rest2) -> None:
    answers = {}
    for password in ("rt-sync-password", "wrong"):
        for more in ({}, {"next": "anything"}):
            form = {"user": "rt-sync", "pass": password, **more}
            answer = requests.post(f"{rt.url}/NoAuth/Login.html", data=form, allow_redirects=False, timeout=30)
            answers[password, bool(more)] = answer.status_code
            assert answer.headers["Set-Cookie"].startswith("RT_SID_")
    expected = {("rt-sync-password", False): 200, ("rt-sync-password", True): 302}
    assert answers == {**expected, ("wrong", False): 200, ("wrong", True): 200}


@pytest.mark.parametrize("authorization", ["", "token 1-27-0", "token nonsense", "Bearer {token}", "Basic {wrong}"])
def test_whoever_is_not_signed_in_gets_401_and_no_challenge(rt: Rest2, authorization: str) -> None:
    wrong = b64encode(b"rt-sync:wrong").decode()
    headers = {"Authorization": authorization.format(token=rt.tokens["rt-sync"], wrong=wrong)}
    answer = rt.send("GET", "/rt", "", headers=headers if authorization else {})
    assert answer.status_code == 401
    assert answer.json() == {"message": "Unauthorized"}
    assert "WWW-Authenticate" not in answer.headers


def test_a_disabled_user_is_not_signed_in(rt: Rest2) -> None:
    assert rt.put("/user/rt-blind", Disabled=1) == ["User disabled"]
    assert rt.send("GET", "/rt", "rt-blind").status_code == 401
    assert rt.put("/user/rt-blind", Disabled=0) == ["User enabled"]
    assert rt.send("GET", "/rt", "rt-blind").status_code == 200


def test_a_stale_cookie_or_a_browsers_name_is_sent_to_the_login_page(rt: Rest2) -> None:
    refused = _cookie(rt, "wrong")
    for headers in ({"Cookie": "some=thing"}, {"Cookie": refused}, {"User-Agent": "Mozilla/5.0"}):
        answer = rt.send("GET", "/rt", "", headers=headers)
        assert (answer.status_code, answer.headers["Location"]) == (302, "/")
        assert answer.text == "Login required"


def test_a_cookie_beside_a_good_token_does_no_harm(rt: Rest2) -> None:
    assert rt.send("GET", "/rt", "rt-sync", headers={"Cookie": "some=thing"}).status_code == 200


def test_who_asks_is_settled_before_what_is_asked(rt: Rest2) -> None:
    assert rt.send("GET", "/nope", "").status_code == 401
    assert rt.send("POST", "/assets", "", json=[criterion("id", 1)]).status_code == 401
