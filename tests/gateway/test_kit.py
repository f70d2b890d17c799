"""The kit itself: what must hold before a gateway is started."""

from pathlib import Path

import pytest

from tests.gateway.kit import real_gateway, stub_model
from tests.gateway.kit.real_gateway import NotInstalled, install


def test_the_locked_tree_names_no_registry() -> None:
    """Any registry may serve it; the integrity hashes say whether it is the right tree."""
    lock = (Path(real_gateway.__file__).parent / "package-lock.json").read_text(encoding="utf-8")

    assert '"resolved"' not in lock
    assert "://" not in lock
    assert lock.count('"integrity"') > 300


def test_without_npm_the_install_says_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tools = tmp_path / "bin"
    tools.mkdir()
    for tool in ("bash", "cat", "dirname", "env", "mkdir", "sed", "sha256sum", "uname"):
        found = next(p for p in (Path("/usr/bin"), Path("/bin")) if (p / tool).exists())
        (tools / tool).symlink_to(found / tool)
    monkeypatch.setenv("PATH", str(tools))

    with pytest.raises(NotInstalled, match="npm is needed"):
        install(tmp_path / "openclaw")


def test_the_last_directive_of_the_newest_words_steers_the_stub() -> None:
    body = {
        "messages": [
            {"role": "user", "content": "[[stub words=9]]"},
            {"role": "assistant", "content": "w1"},
            {
                "role": "user",
                "content": 'a [[stub words=1]] b [[stub text="Hm ]] \\"so\\"." delay=0.1]]',
            },
        ]
    }
    seen = stub_model.read_request(1, {}, body)

    assert seen.directives == {"text": 'Hm ]] "so".', "delay": "0.1"}
    assert seen.user_turns == 2
