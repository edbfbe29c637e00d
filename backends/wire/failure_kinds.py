"""What a provider's status or word for an error means: tables. A row teaches us a new one."""

import re
from collections.abc import Mapping

from ..errors import BackendError, Broken, Busy, ContextOverflow, Refused

STATUSES: Mapping[int, type[BackendError]] = {
    408: Broken,
    409: Busy,
    424: Broken,
    425: Busy,
    429: Busy,
    503: Busy,
    529: Busy,
}
"""Statuses that say more than their hundred. 409 is a lock that times out, 424 a model behind Bedrock that broke, 529
Anthropic's overload."""

HUNDREDS: Mapping[int, type[BackendError]] = {3: Refused, 4: Refused, 5: Broken}

CODES: Mapping[str, type[BackendError]] = {
    "context_length_exceeded": ContextOverflow,
    "exceed_context_size_error": ContextOverflow,
    "model_max_prompt_tokens_exceeded": ContextOverflow,
    "tokens_limit_reached": ContextOverflow,
    "too_many_prompt_tokens": ContextOverflow,
    "billing_hard_limit_reached": Refused,
    "billing_not_active": Refused,
    "insufficient_quota": Refused,
    "ServiceQuotaExceededException": Busy,
}
"""Words of a provider that say more than the status beside them: an empty purse is a 429 that waiting won't end."""

KINDS: Mapping[str, int] = {
    "api_error": 500,
    "authentication_error": 401,
    "billing_error": 402,
    "insufficient_quota": 429,
    "internalServerException": 500,
    "internal_server_error": 500,
    "invalid_api_key": 401,
    "invalid_request_error": 400,
    "modelErrorException": 424,
    "modelStreamErrorException": 424,
    "modelTimeoutException": 408,
    "model_not_found": 404,
    "not_found_error": 404,
    "overloaded_error": 529,
    "permission_error": 403,
    "rate_limit_error": 429,
    "rate_limit_exceeded": 429,
    "request_too_large": 413,
    "server_error": 500,
    "serviceUnavailableException": 503,
    "service_unavailable": 503,
    "throttlingException": 429,
    "timeout_error": 504,
    "tokens": 429,
    "requests": 429,
    "validationException": 400,
    # https://platform.openai.com/docs/api-reference/responses/object, of a response that failed
    "bio_policy": 400,
    "content_filter": 400,
    "cyber_policy": 400,
    "data_residency_mismatch": 400,
    "empty_image_file": 400,
    "failed_to_download_image": 400,
    "image_content_policy_violation": 400,
    "image_file_not_found": 400,
    "image_file_too_large": 400,
    "image_parse_error": 400,
    "image_too_large": 400,
    "image_too_small": 400,
    "invalid_base64_image": 400,
    "invalid_image": 400,
    "invalid_image_format": 400,
    "invalid_image_mode": 400,
    "invalid_image_url": 400,
    "invalid_prompt": 400,
    "misalignment_policy_violation": 400,
    "server_is_overloaded": 503,
    "slow_down": 429,
    "unsupported_image_media_type": 400,
    "vector_store_timeout": 504,
    # https://cloud.google.com/apis/design/errors#handling_errors
    "ABORTED": 409,
    "ALREADY_EXISTS": 409,
    "CANCELLED": 499,
    "DATA_LOSS": 500,
    "DEADLINE_EXCEEDED": 504,
    "FAILED_PRECONDITION": 400,
    "INTERNAL": 500,
    "INVALID_ARGUMENT": 400,
    "NOT_FOUND": 404,
    "OUT_OF_RANGE": 400,
    "PERMISSION_DENIED": 403,
    "RESOURCE_EXHAUSTED": 429,
    "UNAUTHENTICATED": 401,
    "UNAVAILABLE": 503,
    "UNIMPLEMENTED": 501,
    "UNKNOWN": 500,
}
"""The status that goes with an error told inside a stream, whose own status was 200."""

REASONS: Mapping[str, int] = {"API_KEY_INVALID": 401, "API_KEY_SERVICE_BLOCKED": 403, "SERVICE_DISABLED": 403}
"""The status that a reason of Google's means, whatever stands beside it: a wrong key is a 400 there."""

HINTS: Mapping[int, str] = {
    401: "check the key{key}",
    403: "check what the key{key} may do",
    404: "check the model's name and the base URL",
    301: "redirects are not followed: use the new address as base URL",
    302: "redirects are not followed: use the new address as base URL",
    307: "redirects are not followed: use the new address as base URL",
    308: "redirects are not followed: use the new address as base URL",
}

OVERFLOW = re.compile(
    r"context (length|size|window)|maximum (prompt|input) length|(prompt|input|messages) (is|are|was) too long"
    r"|too many (input |prompt )?tokens|length of all messages|reduce the length|input tokens exceed"
    r"|exceeds? (the )?(context limit|maximum (length|number of tokens))",
    re.IGNORECASE,
)
"""How providers say that a request is too long, where they have no word of its own for it."""
