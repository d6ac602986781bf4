"""A person at RT's web interface: signs in by the form, and makes assets by the form."""

import re

import requests

from services.rt5 import Rt5


class WebForm:
    """A browser's session, as far as forms go."""

    def __init__(self, rt5: Rt5) -> None:
        self._url = rt5.url
        self._session = requests.Session()
        self._session.trust_env = False
        name, password = rt5.root
        self._post("/NoAuth/Login.html", {"user": name, "pass": password})

    def create_asset(self, catalog: int, name: str = "", **fields: str) -> int:
        """Make an asset by the form, and return its number from the page that the form leads to."""
        filled = {"id": "new", "Catalog": str(catalog), "Name": name, "Status": "new", **fields}
        answer = self._post("/Asset/Create.html", filled)
        found = re.search(r"/Asset/Display\.html\?.*?\bid=(\d+)", answer.url)
        assert found is not None, (answer.url, answer.text[:2000])
        return int(found[1])

    def close(self) -> None:
        self._session.close()

    def _post(self, path: str, form: dict[str, str]) -> requests.Response:
        # RT takes forms from its own pages only.
        headers = {"Referer": f"{self._url}{path}"}
        answer = self._session.post(f"{self._url}{path}", data=form, headers=headers, timeout=60)
        answer.raise_for_status()
        return answer
