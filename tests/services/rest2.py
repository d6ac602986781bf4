"""A plain client of REST2 for tests: who asks is said per request, and nothing is followed or retried."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import requests

Json = dict[str, Any]


class Rest2:
    """One RT server. ``who`` is a seeded user (signed in by token), ``root`` (by password), or empty for nobody."""

    def __init__(self, url: str, tokens: Mapping[str, str], root: tuple[str, str] = ("root", "password")) -> None:
        self.url = url
        self.api = f"{url}/REST/2.0"
        self.tokens = tokens
        self.root = root
        self._session = requests.Session()
        self._session.trust_env = False

    def send(
        self,
        method: str,
        path: str,
        who: str = "rt-sync",
        *,
        params: Sequence[tuple[str, str]] = (),
        headers: Mapping[str, str] | None = None,
        json: object = None,
        data: bytes | Mapping[str, str] | None = None,
    ) -> requests.Response:
        """Send a request to a path below the REST2 root."""
        self._session.cookies.clear()
        sent = dict(headers or {})
        if who in self.tokens:
            sent["Authorization"] = f"token {self.tokens[who]}"
        return self._session.request(
            method,
            f"{self.api}{path}",
            params=list(params),
            headers=sent,
            json=json,
            data=data,
            auth=self.root if who == "root" else None,
            allow_redirects=False,
            timeout=120,
        )

    def get(self, path: str, who: str = "rt-sync", **params: str) -> Any:  # noqa: ANN401
        """Return the JSON of a GET that must succeed."""
        return self._ok(self.send("GET", path, who, params=list(params.items())))

    def search(self, path: str, *criteria: Json, who: str = "rt-sync", **params: str) -> Json:
        """Return the answer to a JSON query."""
        found = self._ok(self.send("POST", path, who, params=list(params.items()), json=list(criteria)))
        assert isinstance(found, dict)
        return found

    def put(self, path: str, who: str = "rt-sync", /, **fields: object) -> list[str | None]:
        """Return the sentences of a PUT that must succeed."""
        sentences = self._ok(self.send("PUT", path, who, json=fields))
        assert isinstance(sentences, list)
        return sentences

    def create(self, kind: str, who: str = "rt-sync", /, **fields: object) -> str:
        """Create an object and return its id."""
        answer = self.send("POST", f"/{kind}", who, json=fields)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    def values(self, asset: str, who: str = "rt-sync") -> dict[str, list[str | None]]:
        """Return the custom fields of an asset that have a value, by name."""
        fields = self.get(f"/asset/{asset}", who)["CustomFields"]
        return {field["name"]: field["values"] for field in fields if field["values"]}

    def close(self) -> None:
        self._session.close()

    @staticmethod
    def _ok(answer: requests.Response) -> Any:  # noqa: ANN401
        assert answer.status_code == 200, f"{answer.status_code} {answer.text[:500]}"
        return answer.json()


def told(sentences: Sequence[str | None]) -> list[str | None]:
    """Return sentences without the object they begin with: RT names it by name or by id, as its caches have it."""
    return [s and re.sub(r"^(?:Asset|User) (?:[^:]*): ", "", s) for s in sentences]


def criterion(field: str, value: object, operator: str = "=", **more: str) -> Json:
    """Return one criterion of a JSON query."""
    return {"field": field, "operator": operator, "value": value, **more}


def ids(answer: Json) -> list[str]:
    """Return the ids of the items of a list."""
    return [item["id"] for item in answer["items"]]
