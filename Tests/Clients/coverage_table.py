"""Which operations of the client-server API are served, by which worker, and which tests call them."""

import ast
import subprocess
from pathlib import Path

import yaml

from specification import REPOSITORY, SPECIFICATION, Operation, normalized, operations

DOCUMENT = REPOSITORY / "docs" / "spec-coverage.md"
NOT_SERVED = SPECIFICATION / "not-served.yaml"
HEAD = """# Coverage of the client-server API

Written by `make coverage` from the data of Matrix v1.19, the routes in the code and the tests; a test fails when it is out
of date, and when an operation is neither served nor listed with a reason in `Fixtures/matrix-spec/not-served.yaml`. The tests
named are those of `Tests/Clients`, with the answers checked against the specification; callers without a token, and bad
input (`BadInputTable`), are tested for every endpoint.

"""


def routes(programs: Path) -> dict[str, str]:
    """The worker that serves each method and path, parameters without names."""
    listed = subprocess.run([str(programs / "apus"), "routes"], check=True, capture_output=True, text=True)
    words = [line.split() for line in listed.stdout.splitlines()]
    return {f"{method} {normalized(path)}": worker for method, path, worker, *_ in words}


def reasons() -> dict[str, str]:
    """Why an operation is not served, by its ID."""
    return {operation: reason for reason, listed in yaml.safe_load(NOT_SERVED.read_text()).items() for operation in listed}


def tests() -> dict[str, list[str]]:
    """The tests in which an operation's ID stands, by the ID."""
    found: dict[str, list[str]] = {}
    for file in sorted((REPOSITORY / "Tests" / "Clients").glob("test_*.py")):
        for function in ast.walk(ast.parse(file.read_text())):
            if isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef)) and function.name.startswith("test_"):
                for constant in ast.walk(function):
                    if isinstance(constant, ast.Constant) and constant.value in operations():
                        names = found.setdefault(constant.value, [])
                        if function.name not in names:
                            names.append(function.name)
    # The crowd's own ways: every test takes them.
    for operation in ("register", "createRoom", "sendMessage", "sync"):
        found.setdefault(operation, []).insert(0, "all of them")
    return found


def table(programs: Path) -> str:
    served, why, called = routes(programs), reasons(), tests()
    rows = [row(operation, served, why, called) for operation in operations().values()]
    count = sum(operation.key in served for operation in operations().values())
    head = f"{HEAD}{count} of {len(rows)} operations are served.\n\n"
    return head + "| operation | | served by | tests |\n|---|---|---|---|\n" + "\n".join(rows) + "\n"


def row(operation: Operation, served: dict[str, str], why: dict[str, str], called: dict[str, list[str]]) -> str:
    where = f"`{operation.method} {operation.path}`"
    if operation.key not in served:
        return f"| `{operation.id}` | {where} | – | not yet: {why.get(operation.id, '?')} |"
    return f"| `{operation.id}` | {where} | {served[operation.key]} | {', '.join(called.get(operation.id, []))} |"
