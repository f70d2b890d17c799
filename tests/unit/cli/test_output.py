"""What commands print."""

import json

import pytest

from bridge.cli import output


def test_columns_are_as_wide_as_their_widest_cell() -> None:
    table = output.render_table(("name", "value"), [("a", "1"), ("longer", "")])

    assert table.splitlines() == ["name    value", "a       1", "longer"]


def test_wide_and_combining_characters_keep_columns_straight() -> None:
    table = output.render_table(("a", "b"), [("日本", "1"), ("e\u0301e", "2"), ("four", "3")])

    assert table.splitlines() == ["a     b", "日本  1", "e\u0301e    2", "four  3"]


def test_a_cell_stays_on_its_line_and_moves_no_cursor() -> None:
    assert output.render_table(("a",), [("x\ny\x1b[2J",)]) == "a\nx y [2J"


def test_a_table_without_rows_is_its_headers() -> None:
    assert output.render_table(("a", "b"), []) == "a  b"


def test_data_goes_to_standard_output_and_words_to_standard_error(
    capsys: pytest.CaptureFixture[str],
) -> None:
    output.show_json({"name": "日本"})
    output.show_table(("a",), [("b",)])
    output.say("done")

    shown = capsys.readouterr()
    assert shown.out == '{\n  "name": "日本"\n}\na\nb\n'
    assert shown.err == "done\n"


def test_json_for_programs_is_one_value(capsys: pytest.CaptureFixture[str]) -> None:
    output.show_json([1, None, "x"])

    assert json.loads(capsys.readouterr().out) == [1, None, "x"]
