"""Embeddings by a model at a provider's address, over any wire: batches, side by side, in order."""

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace

import anyio

from ...events.usage import Usage
from ..address import url_of
from ..auth import Auth, NoAuth
from ..errors import BackendError, ContextOverflow, Refused
from ..transport import HttpRequest, Transport
from ..transports import default_transport
from ..wire.account import Account
from ..wire.failure import failure, failure_of_reply
from ..wire.objects import read_object, write_object
from .batches import batches
from .contract import Embeddings, Purpose
from .errors import BadText, TextTooLong
from .retries import DEFAULT_RETRIES, Retries
from .texts import check_texts
from .wire.wire import Answer, Ask, EmbeddingWire, read_answer

logger = logging.getLogger(__name__)

MAX_BODY_BYTES = 256 * 1024 * 1024
MAX_ERROR_BYTES = 64 * 1024
HEADERS: Mapping[str, str] = {
    "content-type": "application/json",
    "accept": "application/json",
    "user-agent": "loopbus",
}
PERHAPS_ONE_TEXT = (400, 413, 422)
"""What is said of a request that is too long or has a bad text in it. Half of it may be fine."""


class HostedEmbedder:
    """An ``Embedder`` for one model at ``base_url``, over ``wire``.

    Texts are sent in as few requests as the wire allows, ``concurrency`` of them at a time. A request that fails for
    now is sent again as ``retries`` say. One that is refused is halved, until what remains is sent or the one text that
    is to blame is found. The first failure stops the rest. ``auth``, ``headers``, ``query`` and ``transport`` are those
    of ``Hosted``; the embedder closes the transport.

    :raises NotConfigured: ``base_url`` is no http:// or https:// address.
    """

    def __init__(
        self,
        wire: EmbeddingWire,
        base_url: str,
        model: str,
        auth: Auth | None = None,
        *,
        provider: str,
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, str] | None = None,
        transport: Transport | None = None,
        concurrency: int = 4,
        retries: Retries = DEFAULT_RETRIES,
    ) -> None:
        self._wire = wire
        self._model = model
        self._auth = auth or NoAuth()
        self._account = Account(provider, key_variable=self._auth.variable, secrets=self._auth.secrets)
        self._url = url_of(base_url, wire.path(model), query or {})
        self._headers = {name.lower(): value for name, value in (headers or {}).items()}
        self._transport = transport or default_transport()
        self._concurrency = max(1, concurrency)
        self._retries = retries

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.model!r})"

    @property
    def model(self) -> str:
        """Provider and model, such as ``openai:text-embedding-3-small``."""
        return f"{self._account.provider}:{self._model}"

    async def embed(
        self,
        texts: Sequence[str],
        *,
        purpose: Purpose = "document",
        dimensions: int | None = None,
        truncate: bool = False,
    ) -> Embeddings:
        """See ``Embedder.embed``.

        :raises Refused: the wire has no way to ask for ``dimensions`` or ``truncate``.
        """
        checked = check_texts(texts)
        self._check_options(dimensions, truncate)
        answers = await self._answers(Ask(checked, self._model, purpose, dimensions, truncate))
        vectors = tuple(vector for answer in answers for vector in answer.vectors)
        return Embeddings(vectors, self.model, Usage(sum(answer.input_tokens for answer in answers)))

    async def aclose(self) -> None:
        """See ``Embedder.aclose``."""
        await self._transport.aclose()

    def _check_options(self, dimensions: int | None, truncate: bool) -> None:
        provider = self._account.provider
        if dimensions is not None and not self._wire.dimensions:
            raise Refused(f"{self.model} has vectors of one length: leave dimensions out", provider=provider)
        if truncate and not self._wire.truncates:
            raise Refused(f"{provider} does not truncate: cut long texts into passages yourself", provider=provider)

    async def _answers(self, ask: Ask) -> list[Answer]:
        parts = list(batches(ask.texts, self._wire.limits))
        answers: dict[int, Sequence[Answer]] = {}
        failures: list[BackendError] = []
        pending = iter(parts)

        async def work() -> None:
            try:
                # All workers take from the one iterator.
                for part in pending:
                    answers[part.start] = await self._halving(ask, part)
            except BackendError as exc:
                failures.append(exc)
                workers.cancel_scope.cancel()

        async with anyio.create_task_group() as workers:
            for _ in range(min(self._concurrency, len(parts))):
                workers.start_soon(work)
        if failures:
            raise failures[0]
        return [answer for part in parts for answer in answers[part.start]]

    async def _halving(self, ask: Ask, part: range) -> list[Answer]:
        """The answers for the texts at ``part``: one, or those of its halves if it is refused whole."""
        try:
            return [await self._patiently(replace(ask, texts=ask.texts[part.start : part.stop]))]
        except Refused as exc:
            if exc.status not in PERHAPS_ONE_TEXT and not isinstance(exc, ContextOverflow):
                raise
            if len(part) == 1:
                raise _blame(part.start, exc) from exc
        middle = len(part) // 2
        return [*await self._halving(ask, part[:middle]), *await self._halving(ask, part[middle:])]

    async def _patiently(self, ask: Ask) -> Answer:
        attempt = 0
        while True:
            attempt += 1
            try:
                return await self._once(ask)
            except BackendError as exc:
                exc.provider = exc.provider or self._account.provider
                delay_s = self._retries.delay_s(exc, attempt)
                if delay_s is None:
                    raise
                logger.warning("asking %s again in %.1f s (texts: %d): %s", self.model, delay_s, len(ask.texts), exc)
                await self._retries.sleep(delay_s)

    async def _once(self, ask: Ask) -> Answer:
        request = HttpRequest(self._url, headers=HEADERS, body=write_object(self._wire.encode(ask)))
        headers = {**HEADERS, **await self._auth.headers(request), **self._headers}
        async with self._transport.open(replace(request, headers=headers)) as reply:
            if not 200 <= reply.status < 300:
                body = await reply.read(MAX_ERROR_BYTES, cut=True)
                raise failure_of_reply(self._account, reply.status, reply.headers, body, now_s=time.time())
            answer = read_object(await reply.read(MAX_BODY_BYTES))
        if answer.get("error"):
            raise failure(self._account, answer)
        return read_answer(self._wire, answer, reply.headers, len(ask.texts))


def _blame(index: int, exc: Refused) -> BadText:
    kind = TextTooLong if isinstance(exc, ContextOverflow) or exc.status == 413 else BadText
    return kind(f"texts[{index}]: {exc}", index=index, provider=exc.provider, status=exc.status, code=exc.code)
