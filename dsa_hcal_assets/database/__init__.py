"""The one PostgreSQL: where it comes from, how it is reached, how its schema grows.

Belongs here: the embedded server (`embedded`), transactions with deadlines (`connection`), URLs
(`urls`) and the numbered migrations of `sql/` (`migrations`). Not here: any table's meaning; each
room reads and writes its own tables.
"""
