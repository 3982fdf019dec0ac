"""A page forbids all that it does not name, and text in it is text."""

from __future__ import annotations

import pytest

from course_lib import pages


def test_what_is_not_allowed_is_forbidden():
    html = pages.page("a", "<p>b</p>", css="p { color: red; }\n", allowed="style-src 'unsafe-inline'")
    assert "content=\"default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'\"" in html
    assert "<style>\np { color: red; }\n</style>" in html
    assert "<body>\n<p>b</p>\n</body>" in html


@pytest.mark.parametrize("title", ["</title><script>1</script>", "a\nb", "\u202eowl"])
def test_a_title_is_text(title):
    head = pages.page(title, "", css="", allowed="img-src data:").partition("</head>")[0]
    assert "<script" not in head
    assert f"<title>{pages.in_html(title)}</title>" in head
    assert "\u202e" not in head


def test_another_script_has_another_digest():
    assert pages.only_this("1") == pages.only_this("1") != pages.only_this("2")
    assert pages.only_this("1").startswith("'sha256-")
