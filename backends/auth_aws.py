"""AWS signature version 4, computed by botocore (extra ``[bedrock]``)."""

from collections.abc import Mapping
from typing import Any

import anyio
from anyio import to_thread
from pydantic import SecretStr

from .errors import Broken, NotConfigured
from .extras import load
from .transport import HttpRequest

MISSING = "signing requests to AWS needs botocore: pip install 'loopbus[bedrock]'"
NO_REGION = "signing requests to AWS needs a region: set AWS_REGION"
NOT_SIGNED_IN = (
    "no AWS credentials were found: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, "
    "or a Bedrock API key in AWS_BEARER_TOKEN_BEDROCK"
)


class SigV4:
    """Signs for one ``service`` in one ``region``.

    The credentials are those that botocore finds, for ``profile`` or by its usual chain (environment, shared files,
    SSO, container, instance). They are looked for when the first request is signed, and renewed before they expire,
    in a thread, for both may ask the network.

    :raises NotConfigured: botocore is not installed, or no region is given.
    """

    variable = "AWS_ACCESS_KEY_ID"

    def __init__(self, region: str, *, service: str = "bedrock", profile: str | None = None) -> None:
        if not region:
            raise NotConfigured(NO_REGION)
        self._auth = load("botocore.auth", MISSING)
        self._errors = load("botocore.exceptions", MISSING)
        self._request = load("botocore.awsrequest", MISSING).AWSRequest
        self._region = region
        self._service = service
        self._profile = profile
        self._credentials: Any = None
        self._lock = anyio.Lock()
        self.secrets: list[SecretStr] = []

    async def headers(self, request: HttpRequest) -> Mapping[str, str]:
        """``authorization``, ``x-amz-date`` and, for temporary credentials, ``x-amz-security-token``.

        :raises NotConfigured: botocore finds no credentials, or cannot renew them.
        :raises Broken: where they come from could not be reached.
        """
        frozen = await self._wait_credentials()
        unsigned = self._request(request.method, request.url, data=request.body, headers=_signed_headers(request))
        self._auth.SigV4Auth(frozen, self._service, self._region).add_auth(unsigned)
        return {name.lower(): str(value) for name, value in unsigned.headers.items()}

    async def _wait_credentials(self) -> Any:
        async with self._lock:
            if self._credentials is None or _is_stale(self._credentials):
                self._credentials, frozen = await to_thread.run_sync(self._find, abandon_on_cancel=True)
            else:
                frozen = self._credentials.get_frozen_credentials()
        self.secrets[:] = [SecretStr(part) for part in (frozen.secret_key, frozen.token, frozen.access_key) if part]
        return frozen

    def _find(self) -> tuple[Any, Any]:
        try:
            session = load("botocore.session", MISSING).Session(profile=self._profile)
            credentials = self._credentials or session.get_credentials()
            if credentials is None:
                raise NotConfigured(NOT_SIGNED_IN)
            return credentials, credentials.get_frozen_credentials()
        except (self._errors.HTTPClientError, self._errors.ConnectionError) as exc:
            raise Broken(f"no AWS credentials could be fetched: {exc}") from exc
        except self._errors.BotoCoreError as exc:
            raise NotConfigured(f"no AWS credentials can be had: {exc}") from exc


def _signed_headers(request: HttpRequest) -> dict[str, str]:
    # What a proxy may change on the way is better left out of the signature.
    return {name: value for name, value in request.headers.items() if name == "content-type"}


def _is_stale(credentials: Any) -> bool:
    return bool(getattr(credentials, "refresh_needed", lambda: False)())
