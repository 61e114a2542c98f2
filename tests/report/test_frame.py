"""What all pages share: day and night, and what is printed."""

import re

import pytest
from support.pages import chromium, opened

from mathcode.report import browser, summary
from mathcode.report.frame import framed

PRINTED = """
<details open><summary>a</summary>seen</details><details><summary>b</summary>folded</details>
<script>
const open = () => [...document.querySelectorAll("details")].map((one) => one.open).join();
const before = open();
dispatchEvent(new Event("beforeprint"));
const printed = open();
dispatchEvent(new Event("afterprint"));
document.body.dataset.folds = [before, printed, open()].join(" ");
</script>
"""


@pytest.mark.parametrize("template", [summary.TEMPLATE, browser.TEMPLATE], ids=["summary", "responses"])
def test_every_page_has_its_colours_from_one_place(template):
    text = framed(template)
    assert text.count("prefers-color-scheme: dark") >= text.count("color-scheme: light dark") == text.count("--paper: #fff") == 1
    assert text.count("@media print") >= text.count('addEventListener("beforeprint"') == 1
    known, asked = (set(re.findall(pattern, text)) for pattern in (r"(--\w[\w-]*):", r"var\((--\w[\w-]*)\)"))
    assert asked <= known


@pytest.mark.stage
def test_what_is_folded_is_open_while_it_is_printed(tmp_path):
    (tmp_path / "page.html").write_text(framed(summary.TEMPLATE).replace("{{body}}", PRINTED))
    document, console, _ = opened(chromium(), tmp_path / "page.html", tmp_path)
    assert console == []
    assert 'data-folds="true,false true,true true,false"' in document
