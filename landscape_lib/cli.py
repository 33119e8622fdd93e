"""The `landscape` command: prepare data for a classroom without network, and print what the book claims, run sweeps."""

import argparse
from collections.abc import Sequence
from importlib.metadata import version

from landscape_lib import _sweep_command
from landscape_lib._sweep_command import fail as _fail


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; 0 if it did what was asked, 1 if not (the reason on stderr), 2 for a wrong command line.

    >>> main(["data", "fetch", "digits"])
    digits: embedded, nothing to fetch
    0
    """
    parser = _parser()
    try:
        arguments = parser.parse_args(argv)
    except SystemExit as end:  # argparse has printed the help, the version or what is wrong
        return int(end.code or 0)
    if arguments.run is None:
        arguments.help_of.print_help()
        return 0
    try:
        return int(arguments.run(arguments))
    except KeyboardInterrupt:
        return _fail("interrupted")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="landscape", description="Loss Landscapes: data, claims and sweeps of the course."
    )
    parser.add_argument("--version", action="version", version=f"landscape-lib {version('landscape-lib')}")
    parser.set_defaults(run=None, help_of=parser)
    commands = parser.add_subparsers(title="commands")

    data = commands.add_parser("data", help="what images are here, and fetch others")
    data.set_defaults(help_of=data)
    actions = data.add_subparsers(title="commands")
    listing = actions.add_parser("list", help="what is here of each source")
    listing.set_defaults(run=_list)
    fetching = actions.add_parser("fetch", help="download sources into the cache, unless they are here")
    fetching.add_argument("names", nargs="+", metavar="NAME", help="digits, mnist1d, mnist, fashion_mnist, cifar10")
    fetching.set_defaults(run=_fetch)

    claims = commands.add_parser("claims", help="print the verdicts of the last build")
    claims.add_argument("path", nargs="?", metavar="PATH", help="the records, by default those of the last `make book`")
    claims.add_argument("--json", action="store_true", help="as JSON")
    claims.set_defaults(run=_claims)

    _sweep_command.add(commands)
    return parser


# The library is imported where it is needed: torch takes seconds, and help should not.


def _list(arguments: argparse.Namespace) -> int:
    from landscape_lib.data import DataError, status

    try:
        rows = status()
    except DataError as error:
        return _fail(str(error))
    lines = [("name", "where", "points", "test", "sha256", "size")]
    for row in rows:
        counts = (str(row.points), str(row.test_points)) if row.points else ("-", "-")
        size = f"{row.size / 1e6:.1f} MB" if row.size else "-"
        lines.append((row.name, "faulty, see below" if row.fault else row.where, *counts, row.sha256[:8] or "-", size))
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        cells = [f"{cell:{'<' if i < 2 else '>'}{widths[i]}}" for i, cell in enumerate(line)]
        print("  ".join(cells).rstrip())
    return max([_fail(row.fault) for row in rows if row.fault], default=0)


def _fetch(arguments: argparse.Namespace) -> int:
    from landscape_lib.data import DataError, fetch

    failed = 0
    for name in arguments.names:
        try:
            paths = fetch(name)
        except (DataError, ValueError) as error:
            failed = _fail(str(error))
        else:
            print(f"{name}: {paths[0].parent}" if paths else f"{name}: embedded, nothing to fetch")
    return failed


def _claims(arguments: argparse.Namespace) -> int:
    from landscape_lib.report import print_records

    try:
        print_records(arguments.path, as_json=arguments.json)
    except (OSError, ValueError) as error:
        return _fail(str(error))
    except (LookupError, TypeError):
        return _fail(f"{arguments.path}: not the records that `make book` writes")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
