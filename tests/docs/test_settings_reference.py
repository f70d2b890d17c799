"""The manual's page of settings is what the program says of itself."""

from pathlib import Path

from bridge.settings.page import render_settings_markdown

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "settings.md"


def test_the_settings_page_is_up_to_date() -> None:
    """If not: `python -m bridge.settings.page > docs/reference/settings.md`."""
    assert PAGE.read_text(encoding="utf-8") == render_settings_markdown()
