"""The ledger as somebody plays with it: filters, a link of its own for each claim, and all of it without JavaScript."""

from __future__ import annotations

import pytest

from course_lib.study import ledger


@pytest.fixture(scope="module")
def address(tmp_path_factory) -> str:
    path = tmp_path_factory.mktemp("ledger") / "advice.html"
    path.write_text(ledger.page(ledger.rows()), encoding="utf-8")
    return path.as_uri()


@pytest.fixture
def open_page(chromium):
    contexts = []

    def open_it(url: str, **settings):
        contexts.append(chromium.new_context(**settings))
        page = contexts[-1].new_page()
        page.goto(url)
        return page

    yield open_it
    for context in contexts:
        context.close()


def shown(page) -> int:
    return page.locator(".ledger tbody tr:visible").count()


def test_filters_leave_what_was_asked_for(open_page, address):
    page = open_page(address)
    everything = shown(page)
    page.get_by_label("Notebook").select_option("1a")
    in_1a = shown(page)
    page.get_by_label("Verdict").select_option("refuted")
    words = page.locator(".ledger tbody tr:visible strong").all_inner_texts()
    assert 0 < len(words) <= in_1a < everything
    assert set(words) == {"refuted"}
    page.get_by_label("Words").fill("no such word anywhere")
    assert shown(page) == 0
    assert page.get_by_role("status").inner_text().startswith(f"0 of {everything}")


def test_a_link_shows_its_claim_whatever_is_chosen(open_page, address):
    page = open_page(address)
    last = page.locator(".ledger tbody tr").last
    name = last.get_attribute("id")
    page.get_by_label("Words").fill("no such word anywhere")
    page.evaluate(f"location.hash = '{name}'")
    last.wait_for(state="visible")
    assert last.locator("details").get_attribute("open") is not None


@pytest.mark.parametrize(("width", "scheme"), [(360, "dark"), (1200, "light")])
def test_it_fits(open_page, address, width, scheme):
    page = open_page(address, viewport={"width": width, "height": 700}, color_scheme=scheme)
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_without_javascript_the_table_is_there(open_page, address):
    page = open_page(address, java_script_enabled=False)
    assert page.locator(".ledger form").count() == 0
    assert shown(page) == len(ledger.rows())
