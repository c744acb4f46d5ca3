"""What the confined interpreter starts with: reads its job, confines itself, says so, and takes up its role.

Started by supervisor.py as a script, with a job as JSON on its standard input. Everything of this package is
imported before confinement, since afterwards its files cannot be read any more.
"""

import builtins
import json
import os
import sys

PROJECT_FOLDER = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))


def main() -> None:
    """Runs one job: {role, setup, code, tests, report, incoming, outgoing, confinement}."""
    with open(0, encoding="utf-8") as file:
        job = json.load(file)
    os.open(os.devnull, os.O_RDONLY)  # becomes descriptor 0, which was just closed
    sys.path.insert(0, PROJECT_FOLDER)
    from ddpt_core.errors import SandboxUnavailable
    from ddpt_core.evaluation.sandbox.confinement import confine
    from ddpt_core.evaluation.sandbox.wire import Line

    line = Line(job["incoming"], job["outgoing"])
    report = Line(-1, job["report"])
    if job["role"] == "program":
        from ddpt_core.evaluation.sandbox.program import Program

        take_up = Program(line, job["setup"], job["code"]).serve
    else:
        from ddpt_core.evaluation.sandbox.judge import Judge

        take_up = Judge(line, report, job["setup"], job["tests"]).run
    sys.path.remove(PROJECT_FOLDER)
    for name in [name for name in sys.modules if name.partition(".")[0] == "ddpt_core"]:
        del sys.modules[name]
    builtins.__dict__.update(exit=sys.exit, quit=sys.exit)  # what `import site`, left out here, would add
    sys.argv[:] = ["program.py"]
    try:
        confine(**job["confinement"])
    except SandboxUnavailable as reason:
        report.send(["refused", str(reason)])
        return
    report.send(["ready"])
    if job["role"] == "program":
        os.close(job["report"])
    take_up()
    os._exit(0)


main()
