"""What every error of the taxonomy does by itself."""

from syncd.host.credentials import Secret
from syncd.host.errors import WriteRefused


def test_a_sentence_that_quotes_a_system_that_quotes_a_secret_does_not_have_it() -> None:
    Secret("1-27-0123456789abcdef")
    error = WriteRefused("RT refused: you sent token 1-27-0123456789abcdef.", code="rt.refused")
    assert error.sentence == str(error) == "RT refused: you sent token ***."
