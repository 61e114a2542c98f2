"""Each version says when it was released and what it showed, and the files that name the newest agree."""

import re

import pytest
from support.running import ROOT

import mathcode

CHANGELOG = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
PARTS = re.findall(r"^## \[(.+?)\](?: - (.+))?\n((?:.*\n)*?)(?=^## \[|\Z)", CHANGELOG, flags=re.MULTILINE)
"""Version, date and text of each part of the changelog, newest first."""

RELEASES = [part for part in PARTS if part[0] != "Unreleased"]


def test_the_newest_version_is_that_of_the_package_and_of_the_citation():
    version, date, _ = RELEASES[0]
    cited = dict(re.findall(r"^(version|date-released): (.+)$", (ROOT / "CITATION.cff").read_text(encoding="utf-8"), flags=re.MULTILINE))
    assert mathcode.__version__ == cited["version"] == version
    assert cited["date-released"] == date


@pytest.mark.parametrize(("version", "date", "text"), RELEASES, ids=[version for version, _, _ in RELEASES])
def test_each_version_has_its_date_and_its_evidence(version, date, text):
    assert re.fullmatch(r"\d{4}-\d{2}-\d{2}", date)
    assert "\n| " in text.partition("### Evidence\n")[2].partition("\n### ")[0]


def test_versions_descend_and_what_is_not_released_stands_first():
    numbers = [tuple(map(int, version.split("."))) for version, _, _ in RELEASES]
    assert numbers == sorted(set(numbers), reverse=True)
    assert PARTS[-len(RELEASES) :] == RELEASES
    assert len(PARTS) - len(RELEASES) <= 1
