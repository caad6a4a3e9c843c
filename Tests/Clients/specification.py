"""The client-server API as the specification's data has it: operations, and the schemas of their answers."""

import functools
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urljoin

import jsonschema
import yaml
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

REPOSITORY = Path(__file__).resolve().parents[2]
SPECIFICATION = REPOSITORY / "Fixtures" / "matrix-spec"
CLIENT_SERVER = SPECIFICATION / "api" / "client-server"
METHODS = ("get", "put", "post", "delete")


@functools.cache
def read(path: Path):
    return yaml.load(path.read_text(encoding="utf-8"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))


def retrieve(uri: str) -> Resource:
    path = Path(uri.removeprefix("file://")).resolve()
    assert path.is_relative_to(SPECIFICATION), f"{path} is outside of the specification"
    return Resource(contents=read(path), specification=DRAFT202012)


REGISTRY = Registry(retrieve=retrieve)


@dataclass(frozen=True)
class Operation:
    """One operation of the API: what is called by a method at a path."""

    id: str
    method: str
    path: str
    # As its file has it.
    written_path: str
    file: Path
    summary: str
    is_deprecated: bool
    needs_token: bool
    answers: tuple[str, ...]

    @property
    def key(self) -> str:
        """Method and path with the parameters' names left out, by which the server's routes are found."""
        return f"{self.method} {normalized(self.path)}"

    def filled(self, **values: str) -> str:
        """The path with its parameters, encoded."""
        names = re.findall(r"{(\w+)}", self.path)
        assert set(names) == set(values), f"{self.id} needs {names}"
        return re.sub(r"{(\w+)}", lambda match: quote(values[match[1]], safe=""), self.path)

    def check(self, status: int, body) -> None:
        """Checks an answer's body against the schema of its status, which the specification has to have."""
        assert str(status) in self.answers, f"{self.id}: the specification has no answer {status}"
        pointer = f"#/paths/{escape(self.written_path)}/{self.method.lower()}/responses/{status}"
        uri = f"file://{self.file}{pointer}"
        resolved = REGISTRY.resolver().lookup(uri)
        answer = resolved.contents
        if "$ref" in answer:
            uri = urljoin(uri, answer["$ref"])
            uri = uri if "#" in uri else f"{uri}#"
            answer = resolved.resolver.lookup(answer["$ref"]).contents
        content = answer.get("content", {}).get("application/json")
        if content is None or "schema" not in content:
            return
        # The schema stands in a file of its own, so references in it are resolved beside that.
        wrapper = {"$ref": f"{uri}/content/application~1json/schema"}
        validator = jsonschema.Draft202012Validator(wrapper, registry=REGISTRY)
        problems = [f"{'/'.join(map(str, error.absolute_path))}: {error.message}" for error in validator.iter_errors(body)]
        assert not problems, f"{self.id} {status}:\n" + "\n".join(problem[:600] for problem in problems[:5])


def escape(part: str) -> str:
    return quote(part.replace("~", "~0").replace("/", "~1"), safe="~")


def normalized(path: str) -> str:
    return re.sub(r"{\w+}", "{}", path)


def base_path(document: dict) -> str:
    return document["servers"][0]["variables"].get("basePath", {"default": ""})["default"]


@functools.cache
def operations() -> dict[str, Operation]:
    """All operations by their IDs."""
    found = {}
    for file in sorted(CLIENT_SERVER.glob("*.yaml")):
        document = read(file)
        for path, item in document.get("paths", {}).items():
            for method in METHODS:
                if method not in item:
                    continue
                operation = item[method]
                found[operation["operationId"]] = Operation(
                    id=operation["operationId"],
                    method=method.upper(),
                    # Two operations of one method and path are told apart by a space at the end.
                    path=base_path(document) + path.strip(),
                    written_path=path,
                    file=file,
                    summary=" ".join(operation["summary"].split()),
                    is_deprecated=operation.get("deprecated", False),
                    needs_token=any("accessTokenBearer" in way for way in operation.get("security", []))
                    and {} not in operation.get("security", []),
                    answers=tuple(str(status) for status in operation["responses"]),
                )
    return found
