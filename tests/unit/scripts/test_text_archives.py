"""Plain texts become documents of an archive."""

import gzip
import json
import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).parents[3] / "scripts" / "data" / "text_archives.py"
CHINESE = "梵文是古代印度的一种语言，在欧洲有许多人研究它，也有许多人翻译用它写成的书。" * 4
OTHER = CHINESE.replace("印度", "希腊")


def test_each_line_is_a_document_with_its_address_and_archives_are_reproducible(tmp_path: Path) -> None:
    lines = [{"title": "梵文", "text": CHINESE}, {"url": "http://a.example/1", "raw_content": OTHER}]
    with gzip.open(tmp_path / "texts.jsonl.gz", "wt", encoding="utf-8") as stream:
        stream.writelines(json.dumps(line) + "\n" for line in lines)
    for name in ("one", "two"):
        subprocess.run([sys.executable, str(SCRIPT), tmp_path / name, tmp_path / "texts.jsonl.gz"], check=True)
    archive = tmp_path / "one" / "texts.warc.wet.gz"
    assert archive.read_bytes() == (tmp_path / "two" / "texts.warc.wet.gz").read_bytes()

    said = subprocess.run(
        [sys.executable, "-m", "sluice.commands.main", "pages", str(archive)],
        capture_output=True,
        text=True,
        check=True,
    )
    pages = [json.loads(line) for line in said.stdout.splitlines()]
    assert [page["url"] for page in pages] == ["http://texts.invalid/0/%E6%A2%B5%E6%96%87", "http://a.example/1"]
    assert [page["text"] for page in pages] == [CHINESE, OTHER]
