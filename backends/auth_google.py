"""Access tokens for Google Cloud, fetched and renewed by google-auth (extra ``[vertex]``)."""

from collections.abc import Mapping
from typing import Any

import anyio
from anyio import to_thread
from pydantic import SecretStr

from .errors import Broken, NotConfigured
from .extras import load
from .transport import HttpRequest

SCOPE = "https://www.googleapis.com/auth/cloud-platform"
MISSING = (
    "signing in to Google Cloud needs google-auth: pip install 'loopbus[vertex]', "
    "or set GOOGLE_OAUTH_ACCESS_TOKEN to a token of your own"
)
NOT_SIGNED_IN = (
    "no Google Cloud credentials can be had: set GOOGLE_APPLICATION_CREDENTIALS to a key file, or run "
    "'gcloud auth application-default login'"
)


class GoogleAuth:
    """Sends the access token of the application default credentials, or of ``credentials`` of google-auth.

    A token is fetched when the first request is signed, and anew once it is about to expire: in a thread, for that
    asks the network.

    :raises NotConfigured: google-auth is not installed.
    """

    variable = "GOOGLE_APPLICATION_CREDENTIALS"

    def __init__(self, credentials: Any = None) -> None:
        self._google = load("google.auth", MISSING)
        self._session = load("google.auth.transport.requests", MISSING).Request
        self._errors = load("google.auth.exceptions", MISSING)
        self._credentials: Any = credentials
        self._lock = anyio.Lock()
        self.secrets: list[SecretStr] = []

    async def headers(self, request: HttpRequest) -> Mapping[str, str]:
        """``authorization``, and the project that is charged where the credentials name one.

        :raises NotConfigured: there are no credentials, or Google refuses them.
        :raises Broken: Google could not be reached.
        """
        async with self._lock:
            credentials = self._credentials
            if credentials is None or not credentials.valid:
                credentials = self._credentials = await to_thread.run_sync(self._renewed, abandon_on_cancel=True)
        self.secrets[:] = [SecretStr(credentials.token)]
        charged = getattr(credentials, "quota_project_id", None)
        return {"authorization": f"Bearer {credentials.token}"} | ({"x-goog-user-project": charged} if charged else {})

    def _renewed(self) -> Any:
        try:
            credentials = self._credentials or self._google.default(scopes=[SCOPE])[0]
            credentials.refresh(self._session())
            return credentials
        except self._errors.TransportError as exc:
            raise Broken(f"no access token could be fetched from Google: {exc}") from exc
        except self._errors.GoogleAuthError as exc:
            raise NotConfigured(f"{NOT_SIGNED_IN} ({exc})") from exc
