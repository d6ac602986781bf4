"""A person at RT's web interface: signs in by the form, makes assets by the form, and looks at pages."""

import html
import re

import requests

from services.rt5 import Rt5


class WebForm:
    """A browser's session of RT's administrator, as far as forms and pages go."""

    def __init__(self, rt5: Rt5) -> None:
        self._url = rt5.url
        self._session = requests.Session()
        self._session.trust_env = False
        # RT takes forms and arguments from its own pages only.
        self._session.headers["Referer"] = f"{rt5.url}/"
        name, password = rt5.root
        self._post("/NoAuth/Login.html", {"user": name, "pass": password})

    def create_asset(self, catalog: int, name: str = "", **fields: str) -> int:
        """Make an asset by the form, and return its number from the page that the form leads to."""
        filled = {"id": "new", "Catalog": str(catalog), "Name": name, "Status": "new", **fields}
        answer = self._post("/Asset/Create.html", filled)
        found = re.search(r"/Asset/Display\.html\?.*?\bid=(\d+)", answer.url)
        assert found is not None, (answer.url, answer.text[:2000])
        return int(found[1])

    def page(self, path: str) -> str:
        """Return the text of a page."""
        answer = self._session.get(f"{self._url}{path}", timeout=60)
        answer.raise_for_status()
        return html.unescape(answer.text)

    def close(self) -> None:
        self._session.close()

    def _post(self, path: str, form: dict[str, str]) -> requests.Response:
        answer = self._session.post(f"{self._url}{path}", data=form, timeout=60)
        answer.raise_for_status()
        return answer
