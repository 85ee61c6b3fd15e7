import json
import subprocess
import sys
from pathlib import Path

import pytest

from fc_model.errors import UserError
from fc_pipeline.catalogue.kinds.package_index import IndexFile, find_file, index_urls, pip_settings

HTML = b"""<!DOCTYPE html><html><body>
<a href="../../files/demo-1.0.tar.gz#sha256=aaaa">demo-1.0.tar.gz</a><br/>
<a href="../../files/demo%2Blocal-1.0-py3-none-any.whl#sha256=bbbb" data-yanked="">other text</a>
</body></html>"""


def test_html_index(loopback) -> None:
    loopback.files["/simple/demo-package/"] = (HTML, {"Content-Type": "text/html"})
    urls = [loopback.url + "/simple"]
    link = find_file("Demo_Package", "demo-1.0.tar.gz", urls=urls)
    assert link == IndexFile("demo-1.0.tar.gz", loopback.url + "/files/demo-1.0.tar.gz", "aaaa")
    assert find_file("demo.package", "demo+local-1.0-py3-none-any.whl", urls=urls).sha256 == "bbbb"


def test_json_index(loopback) -> None:
    page = {"files": [{"filename": "demo-1.0.tar.gz", "url": "/files/x.tar.gz", "hashes": {"sha256": "cccc"}}]}
    kind = {"Content-Type": "application/vnd.pypi.simple.v1+json"}
    loopback.files["/simple/demo/"] = (json.dumps(page).encode(), kind)
    link = find_file("demo", "demo-1.0.tar.gz", urls=[loopback.url + "/simple/"])
    assert link == IndexFile("demo-1.0.tar.gz", loopback.url + "/files/x.tar.gz", "cccc")


def test_index_on_disk(tmp_path: Path) -> None:
    (tmp_path / "demo").mkdir()
    (tmp_path / "demo" / "index.html").write_text('<a href="demo-1.0.tar.gz">demo</a>')
    link = find_file("demo", "demo-1.0.tar.gz", urls=[tmp_path.as_uri()])
    assert link.url == (tmp_path / "demo" / "demo-1.0.tar.gz").as_uri()


def test_what_no_index_lists_is_one_line_with_the_remedy_and_without_credentials(loopback) -> None:
    loopback.files["/simple/demo/"] = (HTML, {"Content-Type": "text/html"})
    secret = loopback.url.replace("http://", "http://user:password@") + "/simple"
    gone = "http://127.0.0.1:9/simple"
    with pytest.raises(UserError) as error:
        find_file("demo", "demo-2.0.tar.gz", urls=[secret, gone])
    message = str(error.value)
    assert message.startswith("demo-2.0.tar.gz: not in the download cache")
    assert "not listed" in message and "ConnectionError" in message and "pin another version" in message
    assert "password" not in message and "\n" not in message


def test_pips_own_settings_are_used(monkeypatch, tmp_path: Path) -> None:
    config = tmp_path / "pip.conf"
    config.write_text("[global]\nindex-url = http://127.0.0.1:1/root\nextra-index-url =\n  file:///a\n  http://b\n")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(config))
    monkeypatch.delenv("PIP_INDEX_URL", raising=False)
    monkeypatch.delenv("PIP_EXTRA_INDEX_URL", raising=False)
    pip_settings.cache_clear()
    try:
        assert index_urls() == ["file:///a", "http://127.0.0.1:1/root", "http://b"]
        monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:2/env")
        pip_settings.cache_clear()
        assert "http://127.0.0.1:2/env" in index_urls()
    finally:
        pip_settings.cache_clear()


def test_default_index_leaves_this_process_without_pip() -> None:
    """With pip imported, setuptools would refuse to be, and with it torch's compiler."""
    code = (
        "from fc_pipeline.catalogue.kinds.package_index import _default_index; print(_default_index());"
        "import setuptools"
    )
    done = subprocess.run([sys.executable, "-W", "error::UserWarning", "-c", code], capture_output=True, text=True)
    assert done.stdout.startswith("https://") and done.stderr == ""
