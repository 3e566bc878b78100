"""The admin API against its own OpenAPI document: schemathesis asks what it likes, and finds nothing."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import AuthContext, Case, GenerationMode
from schemathesis.checks import load_all_checks
from schemathesis.specs.openapi import checks
from starlette.types import ASGIApp, Receive, Scope, Send

from tests.unit.admin.kit import TOKEN, Admin, made, open_admin

OPENAPI = "/admin/v1/openapi.json"
EXAMPLES = settings().max_examples // 6
"""A request takes far longer to make up than a value; of each kind, and at each of 40 operations, there are so many."""
CHECKS = [
    schemathesis.checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
    checks.response_headers_conformance,
    checks.negative_data_rejection,
    checks.missing_required_header,
    checks.unsupported_method,
    checks.ignored_auth,
    checks.use_after_free,
    checks.ensure_resource_availability,
]
"""All but the one that wants valid requests to be carried out: a team that is not there is a conflict."""

load_all_checks()


@pytest.fixture(scope="module")
def admin(tmp_path_factory: pytest.TempPathFactory) -> Admin:
    """The API with something in it, so that not everything is a 404."""
    found = open_admin(tmp_path_factory.mktemp("schema"))
    client = found.client()
    made(client.post("/admin/v1/organizations", json={"name": "acme"}))
    made(client.post("/admin/v1/teams", json={"name": "shop", "parent": "acme"}))
    made(client.post("/admin/v1/users", json={"name": "ann", "parent": "shop"}))
    made(client.post("/admin/v1/keys", json={"name": "till", "team": "shop"}))
    return found


def operations() -> list[tuple[str, str]]:
    """Every path of the document with each of its methods."""
    with TemporaryDirectory() as folder:
        admin = open_admin(Path(folder))
        paths = made(admin.client().get(OPENAPI))["paths"]
        admin.database.close()
    return [(path, method) for path, methods in paths.items() for method in methods]


class Bearer:
    """Gives requests their token by schemathesis's own way, so that its checks can take it away again."""

    def get(self, _case: Case[Any], _context: AuthContext) -> str:
        """The token."""
        return TOKEN

    def set(self, case: Case[Any], data: str, _context: AuthContext) -> None:
        """Puts it on."""
        case.headers["Authorization"] = f"Bearer {data}"


def opened(app: ASGIApp) -> schemathesis.BaseSchema:
    """The document of an application."""
    schema = schemathesis.openapi.from_asgi(OPENAPI, app, headers={"authorization": f"Bearer {TOKEN}"})
    schema.auth()(Bearer)
    return schema


@pytest.fixture(scope="module")
def document(admin: Admin) -> schemathesis.BaseSchema:
    """The document of the API."""
    return opened(admin.app)


@pytest.mark.parametrize(("path", "method"), operations())
def test_the_api_is_what_its_document_says(path: str, method: str, document: schemathesis.BaseSchema) -> None:
    operation = document[path][method]

    @given(case=operation.as_strategy(generation_mode=GenerationMode.POSITIVE))
    @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
    def asks_rightly(case: Case[Any]) -> None:
        case.call_and_validate(checks=CHECKS)

    @given(case=operation.as_strategy(generation_mode=GenerationMode.NEGATIVE))
    @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
    def asks_wrongly(case: Case[Any]) -> None:
        case.call_and_validate(checks=CHECKS)

    asks_rightly()
    if operation.body or operation.query or operation.headers:
        asks_wrongly()


def test_an_api_that_lets_everybody_in_would_be_found(admin: Admin) -> None:
    async def without_a_gate(scope: Scope, receive: Receive, send: Send) -> None:
        others = [pair for pair in scope.get("headers", ()) if pair[0] != b"authorization"]
        scope["headers"] = [*others, (b"authorization", f"Bearer {TOKEN}".encode())]
        await admin.app(scope, receive, send)

    @given(case=opened(without_a_gate)["/admin/v1/status"]["GET"].as_strategy())
    @settings(max_examples=1, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    def asks(case: Case[Any]) -> None:
        case.call_and_validate(checks=CHECKS)

    with pytest.raises(BaseExceptionGroup, match="distinct failure"):
        asks()
