"""`make links`: what counts as an address, and as a dead one. Nobody is asked but a server of the test's own."""

from __future__ import annotations

import pytest

from tests.data.server import Behaviour, serving
from tools import addresses


def test_addresses_are_found_without_the_marks_behind_them():
    text = "[a](https://a.org/x), **https://b.org**. <https://c.org/y?z=1>; `http://127.0.0.1:1/` https://e.invalid/"
    assert addresses.addresses(text) == {"https://a.org/x", "https://b.org", "https://c.org/y?z=1"}


def test_the_course_leads_somewhere():
    places = addresses.texts()
    assert len(places) > 20
    assert all(address.startswith("http") and files for address, files in places.items())


@pytest.mark.parametrize(("status", "dead"), [(200, False), (403, False), (404, True), (500, True)])
def test_dead_address_is_named_with_its_file(status, dead, capsys):
    with serving(Behaviour(b"page", status=status)) as url:
        assert addresses.main({url: ["README.md"]}) == dead
    assert ("(in README.md)" in capsys.readouterr().out) is dead


def test_host_that_is_gone_is_a_dead_address():
    with serving(Behaviour(b"")) as url:
        pass
    assert addresses.fault(url) == "ConnectionError"
