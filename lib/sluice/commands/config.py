"""List the settings of all jobs: dotted path, value, type and meaning.

Without --all, only the common ones are listed. --conf and --set change the values shown.
Exit codes: 0 done, 2 bad configuration or unknown section.

examples:
  sluice config
  sluice config train.optim
  sluice config train.optim.lr
  sluice config dedup --all
  sluice config train --conf conf/cc-base.yaml --set train.run.epochs=3
"""

import argparse
import textwrap

from sluice.commands.configuration import read_file
from sluice.core.cli import add_settings
from sluice.core.config.keys import known_paths, suggestions
from sluice.core.config.load import load_config, names, one_line
from sluice.core.config.settings import COMMON, Setting, section_meaning, settings
from sluice.core.errors import ConfigError

WIDTH = 100


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments of `sluice config`."""
    parser.add_argument("section", nargs="?", default="", metavar="SECTION", help="a section or one setting")
    parser.add_argument("--all", action="store_true", help="also list settings that are rarely changed")
    parser.add_argument("--names", action="store_true", help="print only the paths of all settings, one per line")
    add_settings(parser)


def run(options: argparse.Namespace) -> int:
    """Prints the settings. Raises ConfigError for a section that does not exist."""
    section = options.section.rstrip(".")
    if section and section not in known_paths():
        near = suggestions(section)
        hint = f"Did you mean {names(near, 'or')}?" if near else f"Sections: {names(_top_level())}."
        raise ConfigError(f"There is no section or setting {section!r}. {hint}")
    config = load_config(options.conf, options.set, read_file)
    found = [setting for setting in settings(config) if _is_below(setting.path, section)]
    if options.names:
        print("\n".join(setting.path for setting in found))
        return 0
    is_whole = options.all or [setting.path for setting in found] == [section]
    shown = found if is_whole else [setting for setting in found if setting.path in COMMON]
    group = None
    for setting in shown:
        top = setting.path.partition(".")[0]
        if top != group and "." in setting.path:
            print(f"# {top}: {section_meaning(top)}\n")
        group = top
        print(_entry(setting))
    if hidden := len(found) - len(shown):
        print(f"{hidden} more settings: sluice config {section + ' ' if section else ''}--all")
    return 0


def _entry(setting: Setting) -> str:
    """Formats path and value as for --set, then the type, and the meaning below."""
    lines = textwrap.wrap(setting.meaning, WIDTH, initial_indent="    ", subsequent_indent="    ")
    return "\n".join([f"{setting.path}={one_line(setting.value)}    ({setting.type})", *lines, ""])


def _is_below(path: str, section: str) -> bool:
    return not section or path == section or path.startswith(f"{section}.")


def _top_level() -> list[str]:
    return [path for path in known_paths() if "." not in path]
