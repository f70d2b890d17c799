"""What OpenClaw's own configuration says, written as people write it."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.errors import SettingsError
from bridge.settings.openclaw_config import Gateway, find, parse

AS_PEOPLE_WRITE_IT = r"""
// my gateway
{
  gateway: {
    mode: "local",
    port: 18901, /* moved:
                    the old one was taken */
    'auth': { "mode": 'token', token: 'it\'s "a" // token', },
  },
  agents: { list: [ "main", ], },
  note: "a \
long line \x41 \u0042",
}
"""


def test_json_as_people_write_it_is_read() -> None:
    assert parse(AS_PEOPLE_WRITE_IT) == {
        "gateway": {
            "mode": "local",
            "port": 18901,
            "auth": {"mode": "token", "token": 'it\'s "a" // token'},
        },
        "agents": {"list": ["main"]},
        "note": "a long line A B",
    }


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(JSON, st.booleans(), st.sampled_from([None, 2]))
def test_strict_json_is_read_as_json(value: object, ascii_only: bool, indent: int | None) -> None:
    assert parse(json.dumps(value, ensure_ascii=ascii_only, indent=indent)) == value


@given(st.text(alphabet="{}[]:,\"'/*\\ab1\n \u00e9", max_size=40))
def test_anything_else_is_a_value_error(text: str) -> None:
    try:
        parse(text)
    except ValueError:
        return


def test_the_gateway_is_where_the_file_says(tmp_path: Path) -> None:
    path = _write(tmp_path, '{gateway: {port: 18901, auth: {token: "t-1"}}}')

    assert find({"OPENCLAW_CONFIG_PATH": str(path)}) == Gateway(
        url="http://127.0.0.1:18901/v1",
        token="t-1",
        url_origin=str(path),
        token_origin=str(path),
    )


def test_the_state_folder_moves_the_file(tmp_path: Path) -> None:
    _write(tmp_path, "{}")

    assert find({"OPENCLAW_STATE_DIR": str(tmp_path)}) == Gateway(
        url="http://127.0.0.1:18789/v1",
        token="",
        url_origin=f"{tmp_path}/openclaw.json",
        token_origin=f"{tmp_path}/openclaw.json",
    )


def test_the_gateways_own_port_variable_wins_over_the_file(tmp_path: Path) -> None:
    path = _write(tmp_path, "{gateway: {port: 18901}}")

    gateway = find({"OPENCLAW_CONFIG_PATH": str(path), "OPENCLAW_GATEWAY_PORT": "18902"})

    assert gateway
    assert (gateway.url, gateway.url_origin) == (
        "http://127.0.0.1:18902/v1",
        "environment: OPENCLAW_GATEWAY_PORT",
    )


@pytest.mark.parametrize(
    ("token", "read"),
    [
        ('"${MY_TOKEN}"', "from-the-environment"),
        ('"${MISSING}"', ""),
        ("{source: 'exec'}", ""),
        ("17", ""),
        ("null", ""),
    ],
)
def test_a_token_may_be_named_by_a_variable(tmp_path: Path, token: str, read: str) -> None:
    path = _write(tmp_path, f"{{gateway: {{auth: {{token: {token}}}}}}}")

    gateway = find({"OPENCLAW_CONFIG_PATH": str(path), "MY_TOKEN": "from-the-environment"})

    assert gateway
    assert gateway.token == read


@pytest.mark.parametrize("config", ["[]", "1", "{gateway: 3}", "{gateway: {port: 'x'}}"])
def test_a_file_of_another_shape_leaves_the_defaults(tmp_path: Path, config: str) -> None:
    gateway = find({"OPENCLAW_CONFIG_PATH": str(_write(tmp_path, config))})

    assert gateway
    assert (gateway.url, gateway.token) == ("http://127.0.0.1:18789/v1", "")


def test_no_file_is_no_gateway(tmp_path: Path) -> None:
    assert find({"HOME": str(tmp_path)}) is None


@pytest.mark.parametrize("variable", ["HOME", "OPENCLAW_STATE_DIR", "OPENCLAW_CONFIG_PATH"])
def test_who_has_no_home_has_no_gateway(variable: str) -> None:
    assert find({variable: "~nobody-of-this-name/x"}) is None


@pytest.mark.parametrize("config", ['{gateway: {auth: {token: "s3cret"', '{"s3cret": /', "{a 'x}"])
def test_a_broken_file_says_which_and_where_without_quoting_it(tmp_path: Path, config: str) -> None:
    path = _write(tmp_path, config)

    with pytest.raises(SettingsError) as caught:
        find({"OPENCLAW_CONFIG_PATH": str(path)})

    assert str(path) in caught.value.message
    assert "line 1" in caught.value.message
    assert "s3cret" not in caught.value.message


@pytest.mark.parametrize(
    ("hooks", "token", "path"),
    [
        ("{enabled: true, token: 't-2', path: '/wakes'}", "t-2", "/wakes"),
        ("{enabled: true, token: '${MY_TOKEN}'}", "from-the-environment", ""),
        ("{enabled: true, token: {source: 'exec'}, path: 7}", "", ""),
        ("{enabled: false, token: 't-2'}", "", ""),
        ("{token: 't-2'}", "", ""),
        ("[]", "", ""),
    ],
)
def test_the_hooks_have_a_token_of_their_own_where_they_are_on(
    tmp_path: Path, hooks: str, token: str, path: str
) -> None:
    file = _write(tmp_path, f"{{gateway: {{auth: {{token: 't-1'}}}}, hooks: {hooks}}}")

    gateway = find({"OPENCLAW_CONFIG_PATH": str(file), "MY_TOKEN": "from-the-environment"})

    assert gateway
    assert (gateway.token, gateway.hooks_token, gateway.hooks_path) == ("t-1", token, path)


def test_a_gateway_does_not_show_its_tokens(tmp_path: Path) -> None:
    config = "{gateway: {auth: {token: 's3cret'}}, hooks: {enabled: true, token: 's3cret'}}"
    path = _write(tmp_path, config)

    assert "s3cret" not in repr(find({"OPENCLAW_CONFIG_PATH": str(path)}))


def _write(folder: Path, text: str) -> Path:
    path = folder / "openclaw.json"
    path.write_text(text)
    return path
