"""The log in a Postgres database: one transaction for all that waits, one notification for all that it wrote."""

from .store import PostgresRows

__all__ = ["PostgresRows"]
