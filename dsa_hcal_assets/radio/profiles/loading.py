"""Read the telescope profiles and find the one a header means."""

import tomllib
from collections.abc import Iterable, Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from pydantic import ValidationError

from dsa_hcal_assets.errors import BadInput, ConfigurationError
from dsa_hcal_assets.radio.profiles.model import Profile


class UnknownTelescope(BadInput):
    """No profile knows the telescope a header names."""


def load_profiles(extra_dir: Path | None = None) -> dict[str, Profile]:
    """Return the shipped profiles by name, joined or replaced by the TOML files of `extra_dir`.

    Raises
    ------
    ConfigurationError
        For a file that is not TOML, an unknown or missing key or a wrong value (names file and
        key), two extra profiles of one name, or two
        profiles that claim one telescope name.
    """
    shipped = files("dsa_hcal_assets.radio.profiles")
    sources: list[Traversable] = sorted(
        (entry for entry in shipped.iterdir() if entry.name.endswith(".toml")), key=lambda entry: entry.name
    )
    if extra_dir is not None and not extra_dir.is_dir():
        raise ConfigurationError(f"profile directory {extra_dir} does not exist")
    profiles = {profile.name: profile for profile in map(read_profile, sources)}
    if extra_dir is not None:
        extra: dict[str, Profile] = {}
        for path in sorted(extra_dir.glob("*.toml")):
            profile = _with_own_stations(read_profile(path), path)
            if profile.name in extra:
                raise ConfigurationError(
                    f"{path.name}: another file of {extra_dir} is profile {profile.name}"
                )
            extra[profile.name] = profile
        profiles |= extra
    _require_distinct_names(profiles.values())
    return profiles


def read_profile(source: Traversable) -> Profile:
    """Read one profile.

    Raises
    ------
    ConfigurationError
        Naming the file and the key that is wrong.
    """
    try:
        return Profile.model_validate(tomllib.loads(source.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"profile {source.name} cannot be read", found=str(error)) from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"profile {source.name} is not TOML", found=str(error)) from error
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(step) for step in first["loc"])
        raise ConfigurationError(
            f"profile {source.name}: {key or 'file'} is not valid",
            expected=first["msg"],
            found=repr(first["input"])[:200],
        ) from error


def profile_named(name: str, extra_dir: Path | None = None) -> Profile:
    """Return the profile called `name`.

    Raises
    ------
    ConfigurationError
        If there is none, or from `load_profiles`.
    """
    profiles = load_profiles(extra_dir)
    if name not in profiles:
        raise ConfigurationError(
            f"there is no profile {name!r}", expected=f"one of {', '.join(sorted(profiles))}"
        )
    return profiles[name]


def match(profiles: Mapping[str, Profile], telescope_name: str) -> Profile:
    """Return the profile that lists `telescope_name` (case does not count).

    Raises
    ------
    UnknownTelescope
        If no profile lists it.
    """
    for profile in profiles.values():
        if telescope_name.lower() in profile.header_names:
            return profile
    known = sorted(name for profile in profiles.values() for name in profile.telescope_names)
    raise UnknownTelescope(
        f"no profile for telescope {telescope_name!r}",
        expected=f"one of {', '.join(known)}",
        found=repr(telescope_name),
        remedy="add a profile (TOML) for it, or its name to telescope_names of an existing one",
    )


def _with_own_stations(profile: Profile, path: Path) -> Profile:
    """Return the profile with its station file by full path when that lies beside it."""
    if profile.stations is None or not (path.parent / profile.stations.file).is_file():
        return profile
    file = str((path.parent / profile.stations.file).absolute())
    return profile.model_copy(update={"stations": profile.stations.model_copy(update={"file": file})})


def _require_distinct_names(profiles: Iterable[Profile]) -> None:
    owner: dict[str, str] = {}
    for profile in profiles:
        for name in profile.header_names:
            if name in owner:
                raise ConfigurationError(
                    f"telescope name {name!r} is claimed by profiles {owner[name]} and {profile.name}"
                )
            owner[name] = profile.name
