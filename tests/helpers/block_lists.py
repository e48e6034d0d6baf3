"""Small block lists for tests."""

from sluice.text.lists.blocklist import BlockList
from sluice.text.lists.blocklist_build import build


def write_list(folder, *lines, allow=None, category="spam"):
    """Builds a block list of some lines in one category, and opens it."""
    (folder / "list.txt").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    build([f"{category}={folder}/list.txt"], f"{folder}/list.bin")
    if allow is None:
        return BlockList.open(f"{folder}/list.bin")
    (folder / "allow.txt").write_text("".join(f"{line}\n" for line in allow), encoding="utf-8")
    return BlockList.open(f"{folder}/list.bin", f"{folder}/allow.txt")


def is_blocked(blocklist, *urls):
    return [blocklist.match(url) is not None for url in urls]
