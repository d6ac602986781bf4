"""Secrets, and where they come from: systemd's credentials, then the keyring, then the environment."""

import json
import logging
import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal, NoReturn, TypeAlias

from syncd.host.errors import ConfigurationError, NotPermitted
from syncd.host.redaction import SHOWN, hide

log = logging.getLogger(__name__)

KEYRING_SERVICE = "syncd"
Source: TypeAlias = Literal["systemd", "keyring", "environment"]

_VARIABLES = {"rt-token": "RT_TOKEN", "rt-password": "RT_PASSWORD"}
_FILE_VARIABLES = {"google-service-account": "GOOGLE_CREDENTIALS_PATH"}
_KEY_FIELD = re.compile(r"(^|_)(private_key|private_key_id|secret|token|password)$")


class Secret:
    """A text that shows itself only when asked: ``reveal``.

    Printing, formatting, copying out and encoding give ``***`` or fail. Two secrets are equal only when they are the
    same object. The text, and what is commonly made of it, is kept out of the log from now on (``redact``).
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        # In a closure, so that a dump of the slots shows a function.
        self._text: Callable[[], str] = lambda: text
        hide((text, *_parts(text)))

    def reveal(self) -> str:
        """Return the text."""
        return self._text()

    def __repr__(self) -> str:
        return SHOWN

    def __format__(self, spec: str) -> str:
        return SHOWN

    def __copy__(self) -> "Secret":
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> "Secret":
        return self

    def __getstate__(self) -> NoReturn:
        raise TypeError("a secret cannot be pickled")

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a secret cannot be pickled")


def _parts(secret: str) -> set[str]:
    """Return what is secret in a JSON document, such as a service account key."""
    try:
        document = json.loads(secret) if secret.lstrip().startswith("{") else {}
    except ValueError:
        return set()
    return {value for key, value in document.items() if isinstance(value, str) and _KEY_FIELD.search(key)}


class Credentials:
    """The chain of sources; the first that has a credential gives it. A source that has a broken one is an error."""

    def __init__(self, environ: Mapping[str, str] = os.environ, *, keyring: bool = True) -> None:
        self._environ = environ
        self._keyring = keyring

    def get(self, name: str) -> Secret:
        """Return a credential.

        Raises NotPermitted: ``credentials.missing``, ``credentials.unreadable``, ``credentials.empty``.
        """
        found = self._look_up(name)
        if found is None:
            raise NotPermitted(
                f"credential {name} is not there: {self._places(name)}; give it to the unit with"
                f" LoadCredential={name}:FILE, or store it with 'keyring set {KEYRING_SERVICE} {name}'",
                code="credentials.missing",
                object=name,
            )
        return found[1]

    def find(self, name: str) -> Secret | None:
        """Return a credential, or None where no source has it; an unreadable or empty one raises like ``get``."""
        found = self._look_up(name)
        return found[1] if found else None

    def has(self, name: str) -> bool:
        """Return whether a source has a credential, though it may be unreadable or empty."""
        try:
            return self.find(name) is not None
        except NotPermitted:
            return True

    def source(self, name: str) -> Source | None:
        """Return which source has a credential; an unreadable or empty one raises like ``get``."""
        found = self._look_up(name)
        return found[0] if found else None

    def place(self, name: str) -> Path | str | None:
        """Return the file that a credential is read from, or the variable that holds it; None in the keyring."""
        source = self.source(name)
        if source == "systemd":
            return Path(self._environ["CREDENTIALS_DIRECTORY"], name)
        if source == "environment" and name in _FILE_VARIABLES:
            return Path(self._environ[_FILE_VARIABLES[name]])
        return _variable(name) if source == "environment" else None

    def _look_up(self, name: str) -> tuple[Source, Secret] | None:
        if not re.fullmatch(r"[A-Za-z0-9_.-]+", name) or name in {".", ".."}:
            raise ConfigurationError(
                f"{name!r} is no name for a credential; use letters, digits, '_', '.' and '-'",
                code="credentials.bad_name",
                object=name,
            )
        chain: tuple[tuple[Source, Callable[[str], str | None]], ...] = (
            ("systemd", self._from_systemd),
            ("keyring", self._from_keyring),
            ("environment", self._from_environment),
        )
        for source, read in chain:
            text = read(name)
            if text is not None:
                return source, _checked(name, source, text)
        return None

    def _from_systemd(self, name: str) -> str | None:
        directory = self._environ.get("CREDENTIALS_DIRECTORY")
        return _read_file(name, Path(directory, name)) if directory else None

    def _from_keyring(self, name: str) -> str | None:
        """Ask the keyring. It is a convenience: without a backend that works, it just has nothing."""
        if not self._keyring:
            return None
        try:
            import keyring  # noqa: PLC0415 - slow, and most units never come here
            from keyring.backends import fail  # noqa: PLC0415

            backend = keyring.get_keyring()
            return None if isinstance(backend, fail.Keyring) else backend.get_password(KEYRING_SERVICE, name)
        except Exception as error:  # noqa: BLE001 - backends raise anything, their own system's errors included
            extra = {"message_id": "KEYRING_SKIPPED"}
            log.debug("the keyring was passed over: %s", type(error).__name__, extra=extra)
            return None

    def _from_environment(self, name: str) -> str | None:
        if name in _FILE_VARIABLES:
            path = self._environ.get(_FILE_VARIABLES[name])
            text = _read_file(name, Path(path)) if path else None
            if path and text is None:
                raise _unreadable(name, path, "there is no such file")
            return text
        return self._environ.get(_variable(name)) or None

    def _places(self, name: str) -> str:
        directory = self._environ.get("CREDENTIALS_DIRECTORY")
        return ", ".join(
            (
                f"no file in {directory}" if directory else "$CREDENTIALS_DIRECTORY is not set",
                f"not in the keyring (service {KEYRING_SERVICE})" if self._keyring else "the keyring is not used",
                f"${_variable(name)} is not set",
            )
        )


def _variable(name: str) -> str:
    known = _VARIABLES.get(name) or _FILE_VARIABLES.get(name)
    return known or "SYNCD_" + re.sub(r"[.-]", "_", name).upper()


def _checked(name: str, source: Source, text: str) -> Secret:
    """Return the secret without the one newline that editors and ``echo`` put at its end."""
    text = text.removesuffix("\n").removesuffix("\r")
    if not text.strip():
        raise NotPermitted(
            f"credential {name} from {source} is empty; write the secret there, or remove it",
            code="credentials.empty",
            object=name,
        )
    return Secret(text)


def _read_file(name: str, path: Path) -> str | None:
    try:
        return path.read_bytes().decode()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise _unreadable(name, str(path), error.strerror or type(error).__name__) from None
    except UnicodeDecodeError:
        raise _unreadable(name, str(path), "it is not UTF-8 text") from None


def _unreadable(name: str, path: str, why: str) -> NotPermitted:
    return NotPermitted(
        f"credential {name} cannot be read from {path}: {why}", code="credentials.unreadable", object=name
    )
