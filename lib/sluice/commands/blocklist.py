"""Build a block list of domains and URLs, or look up URLs in one.

  sluice blocklist build OUT SOURCE...   one file of sorted hashes, shared by all workers of a host
  sluice blocklist check FILE URL...     the category that blocks each URL, or "-"

SOURCE is one of
  a directory or .tar.gz of UT1 (https://dsi.ut-capitole.fr/blacklists/): a folder per category with files `domains`
        and `urls`; files `expressions` are not used. UT1 has harmless categories too (bank, press, child): select the
        categories you want with --only
  a list, one domain or URL per line, # comments; its category is the name of the file, or NAME=FILE
  a .jsonl file of {"category": …, "domain": … or "url": …}
Plain and JSON lists may end in .gz.

A domain blocks itself and its subdomains; a URL blocks itself and everything after a following /, ? or #;
www.example.com blocks only that site, with and without www. If several entries match a URL, the longest one determines
the category.
Exit codes: 0 done, 2 wrong command line, 3 missing file or invalid line.

examples:
  sluice blocklist build blocked.bin blacklists.tar.gz --only adult,gambling,malware --skip-broken
  sluice blocklist build blocked.bin blacklists.tar.gz spam=our-spam.txt --only adult,spam
  sluice blocklist check blocked.bin http://www.example.com/a 例子.中国
"""

import argparse

from sluice.core.errors import ConfigError
from sluice.text.lists.blocklist import BlockList
from sluice.text.lists.blocklist_build import build


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the two actions."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="build|check")
    making = actions.add_parser("build", help="build a block list")
    making.add_argument("out", metavar="OUT", help="the file to write")
    making.add_argument("sources", nargs="+", metavar="SOURCE", help="lists; see sluice blocklist --help")
    making.add_argument("--only", default="", metavar="A,B", help="categories to include (all)")
    making.add_argument("--skip-broken", action="store_true", help="skip invalid lines, count them and show some")
    asking = actions.add_parser("check", help="look up URLs in a block list")
    asking.add_argument("file", metavar="FILE", help="file written by `sluice blocklist build`")
    asking.add_argument("urls", nargs="+", metavar="URL", help="URLs or hosts")
    asking.add_argument("--allow", metavar="FILE", help="list of domains and URLs that are never blocked")


def run(options: argparse.Namespace) -> int:
    """Builds or checks. Prints the entries by category, or one line per URL: category, domain or url, and the URL."""
    if options.action == "check":
        blocklist = BlockList.open(options.file, options.allow)
        for url in options.urls:
            match = blocklist.match(url)
            print(f"{match.category}\t{match.kind}\t{url}" if match else f"-\t-\t{url}")
        return 0
    only = [name.strip() for name in options.only.split(",") if name.strip()]
    if options.only and not only:
        raise ConfigError(f"--only {options.only!r} names no category. Use --only adult,gambling, or omit it.")
    built = build(options.sources, options.out, only=only, skip_broken=options.skip_broken)
    for line in built.broken:
        print(f"skipped: {line}")
    for name in built.unused:
        print(f"not used: {name} (regular expressions)")
    description = built.description
    for category, entries in description.categories.items():
        print(f"{entries:>12,}  {category}")
    lines = sum(source.entries for source in description.sources)
    skipped = sum(source.skipped for source in description.sources)
    print(f"{description.entries:>12,}  entries of {lines:,} valid lines, {skipped:,} invalid skipped: {options.out}")
    return 0
