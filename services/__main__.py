"""frontdesk: run the services, replay deliveries, be an agent, ask why.

frontdesk serve                      everything in one process, on an embedded log
frontdesk serve router --log kafka   one service on Kafka
frontdesk replay delivery.json ...   what intake makes of recorded deliveries
frontdesk read-queue-log FILE ...    what Asterisk's queue_log tells, or the queues' totals
frontdesk read-mail question.eml     what intake makes of mails in files
frontdesk agent --desk acme ana      be an agent in this terminal
frontdesk train-topics               a topic model from the desk's own labels
frontdesk desk check FILE            what is wrong with a desk's file; apply puts one in force, show prints it
frontdesk explain CONTACT            why a contact went where it went
frontdesk letters                    what could not be read, and why
frontdesk health                     whether a running process is ready
frontdesk kpis                       how well it goes, in plain words
frontdesk backfill FILE              the past of every measure, for Prometheus
frontdesk regenerate                 more partitions, by a new generation of the log
frontdesk demo                       play a morning and watch it
frontdesk simulate A                 judge routing on synthetic days
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence

from services.runtime.settings import SettingsError


def _serve(argv: Sequence[str]) -> int:
    from services.cli.serve import main

    return main(argv)


def _replay(argv: Sequence[str]) -> int:
    from services.intake.replay import main

    return main(argv)


def _read_queue_log(argv: Sequence[str]) -> int:
    from services.cli.read_queue_log import main

    return main(argv)


def _read_mail(argv: Sequence[str]) -> int:
    from services.intake.read_mail import main

    return main(argv)


def _agent(argv: Sequence[str]) -> int:
    from services.cli.agent import main

    return main(argv)


def _desk(argv: Sequence[str]) -> int:
    from services.cli.desk import main

    return main(argv)


def _explain(argv: Sequence[str]) -> int:
    from services.cli.explain import main

    return main(argv)


def _letters(argv: Sequence[str]) -> int:
    from services.cli.letters import main

    return main(argv)


def _health(argv: Sequence[str]) -> int:
    from services.cli.health import main

    return main(argv)


def _kpis(argv: Sequence[str]) -> int:
    from services.cli.kpis import main

    return main(argv)


def _backfill(argv: Sequence[str]) -> int:
    from services.cli.backfill import main

    return main(argv)


def _regenerate(argv: Sequence[str]) -> int:
    from services.cli.regenerate import main

    return main(argv)


def _train_topics(argv: Sequence[str]) -> int:
    from services.cli.train_topics import main

    return main(argv)


def _demo(argv: Sequence[str]) -> int:
    from services.cli.demo.command import main

    return main(argv)


def _simulate(argv: Sequence[str]) -> int:
    from simulator.command import main

    return main(argv)


COMMANDS: dict[str, tuple[Callable[[Sequence[str]], int], str]] = {
    "serve": (_serve, "run the services"),
    "replay": (_replay, "what intake makes of recorded deliveries, one JSON line a case"),
    "read-queue-log": (_read_queue_log, "what Asterisk's queue_log tells, as events or as totals"),
    "read-mail": (_read_mail, "what intake makes of mails in files, one JSON line a mail"),
    "agent": (_agent, "be an agent in this terminal"),
    "desk": (_desk, "check a desk's file, put it in force, show what is"),
    "explain": (_explain, "why a contact went where it went"),
    "letters": (_letters, "what could not be read, and why"),
    "health": (_health, "whether a running process is ready, for container health checks"),
    "kpis": (_kpis, "how well it goes, in plain words"),
    "backfill": (_backfill, "the past of every measure, for Prometheus"),
    "regenerate": (_regenerate, "more partitions, by a new generation of the log"),
    "train-topics": (_train_topics, "a topic model from the desk's own labels, with honest figures"),
    "demo": (_demo, "play a morning of contacts against simulated agents"),
    "simulate": (_simulate, "judge routing on synthetic days"),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command; answers the exit status (2 for a wrong call or wrong settings)."""
    argv = list(sys.argv[1:] if arguments is None else arguments)
    if not argv or argv[0] in {"-h", "--help"}:
        sys.stdout.write((__doc__ or "") + "\nEach command has --help.\n")
        return 0 if argv else 2
    if argv[0] not in COMMANDS:
        sys.stderr.write(f"frontdesk: no command {argv[0]!r}; there are {', '.join(COMMANDS)}\n")
        return 2
    try:
        return COMMANDS[argv[0]][0](argv[1:])
    except SettingsError as error:
        sys.stderr.write("frontdesk: the settings have faults:\n")
        sys.stderr.writelines(f"  - {fault}\n" for fault in error.faults)
        return 2
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # the reader of our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


if __name__ == "__main__":
    sys.exit(main())
