"""A system without fork, named pipes and the modules of Unix, as far as this package can see.

Made for the processes of a test by putting `SITE_CUSTOMIZATION` first on their path as `sitecustomize`.
"""

SITE_CUSTOMIZATION = """
import builtins
import os

_import = builtins.__import__


def _bare_import(name, globals=None, locals=None, fromlist=(), level=0):
    asking = str((globals or {}).get("__name__", ""))
    if name in ("fcntl", "resource", "pwd", "grp") and asking.startswith("dsa_hcal_assets"):
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)
    return _import(name, globals, locals, fromlist, level)


builtins.__import__ = _bare_import
del os.fork, os.forkpty, os.mkfifo, os.posix_fallocate
"""
