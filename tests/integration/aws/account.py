"""An account at moto, which plays AWS: users, roles, and whose credentials are whose. moto checks every signature."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import boto3  # type: ignore[import-untyped]
import httpx2

from stellwerk.cloud.aws_credentials import Credentials
from tests.integration.child import child

REGION = "eu-central-1"
_ASSUME: dict[str, Any] = {"Effect": "Allow", "Action": "sts:AssumeRole"}


class Account:
    """An account with a user who may assume roles, one who may not, and two roles that lead from one to the other."""

    def __init__(self, url: str) -> None:
        self.url = url
        with closing(self._client("iam", Credentials("AKIAROOT", "root"))) as iam:
            self.user, self.stranger = (_user(iam, name) for name in ("gateway", "stranger"))
            iam.put_user_policy(UserName="gateway", PolicyName="may-assume", PolicyDocument=_policy(Resource="*"))
            self.first, self.role = (_role(iam, name) for name in ("first", "bedrock"))
            iam.put_role_policy(RoleName="first", PolicyName="may-assume", PolicyDocument=_policy(Resource=self.role))
        self.check_signatures(is_on=True)

    def check_signatures(self, *, is_on: bool) -> None:
        """Moto looks for a signature at what is asked without one, too, so for that it has to look away."""
        count = b"0" if is_on else b"inf"
        httpx2.post(f"{self.url}/moto-api/reset-auth", content=count).raise_for_status()

    def owner(self, credentials: Credentials) -> str:
        """Whose credentials these are; they have to be whole for that."""
        with closing(self._client("sts", credentials)) as sts:
            arn: str = sts.get_caller_identity()["Arn"]
            return arn

    def _client(self, service: str, credentials: Credentials) -> Any:
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name=REGION,
            aws_access_key_id=credentials.access_key_id,
            aws_secret_access_key=credentials.secret_access_key,
            aws_session_token=credentials.session_token or None,
        )


@contextmanager
def an_account(folder: Path) -> Iterator[Account]:
    """The account, for as long as moto serves."""
    with child(Path(__file__).with_name("serve.py"), log=folder / "moto.log") as url:
        yield Account(url)


def _user(iam: Any, name: str) -> Credentials:
    iam.create_user(UserName=name)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return Credentials(key["AccessKeyId"], key["SecretAccessKey"])


def _role(iam: Any, name: str) -> str:
    trusted = iam.create_role(RoleName=name, AssumeRolePolicyDocument=_policy(Principal={"AWS": "*"}))
    arn: str = trusted["Role"]["Arn"]
    return arn


def _policy(**members: object) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [_ASSUME | members]})
