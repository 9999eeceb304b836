"""The flag product: one packed bit for each visibility of an immutable Measurement Set."""

import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dsa_hcal_assets.errors import BadInput
from dsa_hcal_assets.radio.flagging.visibilities import READ_ONLY

FILE_NAME = "flags.npz"
ROW_BLOCK = 100_000


@dataclass(frozen=True)
class FlagSet:
    """Flags by data description id; each array has the shape (n_row, n_channel, n_correlation).

    Rows are those of the data description in the order of the main table.
    """

    masks: dict[int, NDArray[np.bool_]]

    def save(self, directory: Path) -> Path:
        """Write the flags packed (eight to a byte) and compressed; returns the file."""
        arrays: dict[str, NDArray[np.uint8] | NDArray[np.int64]] = {}
        for description, mask in self.masks.items():
            arrays[f"bits_{description}"] = np.packbits(mask)
            arrays[f"shape_{description}"] = np.array(mask.shape, dtype=np.int64)
        path = directory / FILE_NAME
        np.savez_compressed(path, **arrays)  # type: ignore[arg-type]
        return path

    @classmethod
    def load(cls, path: Path) -> "FlagSet":
        """Read a flag product (the file, or the directory that holds it).

        Raises
        ------
        BadInput
            If it is not one.
        """
        path = path / FILE_NAME if path.is_dir() else path
        try:
            with np.load(path, allow_pickle=False) as stored:
                masks = {}
                for key in stored.files:
                    if key.startswith("bits_"):
                        description = int(key.removeprefix("bits_"))
                        shape = tuple(int(n) for n in stored[f"shape_{description}"])
                        bits = np.unpackbits(stored[key], count=int(np.prod(shape)))
                        masks[description] = bits.reshape(shape).astype(bool)
                return cls(masks)
        except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile, zlib.error) as error:
            raise BadInput(
                f"flag product {path} cannot be read",
                found=str(error),
                remedy="make the flags of the group again",
            ) from error

    @classmethod
    def of_ms(cls, ms: Path) -> "FlagSet":
        """Return the flags that are in a Measurement Set."""
        from casacore.tables import table

        with table(str(ms), **READ_ONLY) as main:
            descriptions = main.getcol("DATA_DESC_ID")
            masks = {}
            for description in np.unique(descriptions):
                with main.selectrows(np.flatnonzero(descriptions == description)) as chosen:
                    masks[int(description)] = chosen.getcol("FLAG")
        return cls(masks)

    def apply_to(self, ms: Path) -> None:
        """Replace the flags of a (working copy of a) Measurement Set by these.

        Raises
        ------
        BadInput
            If the set does not have the rows, channels and correlations the flags were made for;
            nothing is written then.
        """
        from casacore.tables import table

        with table(str(ms), readonly=False, ack=False, lockoptions="auto") as main:
            descriptions = main.getcol("DATA_DESC_ID")
            rows = {number: np.flatnonzero(descriptions == number) for number in self.masks}
            self._require_same_shape(
                ms, {n: (r.size, *main.getcell("DATA", int(r[0])).shape) for n, r in rows.items() if r.size}
            )
            for number, mask in self.masks.items():
                for start in range(0, mask.shape[0], ROW_BLOCK):
                    part = slice(start, start + ROW_BLOCK)
                    with main.selectrows(rows[number][part]) as chosen:
                        chosen.putcol("FLAG", mask[part])
                        chosen.putcol("FLAG_ROW", mask[part].all(axis=(1, 2)))
            main.flush()

    def _require_same_shape(self, ms: Path, found: dict[int, tuple[int, ...]]) -> None:
        expected = {number: mask.shape for number, mask in self.masks.items()}
        if expected != found:
            raise BadInput(
                f"flags do not belong to {ms.name}",
                expected=f"(rows, channels, correlations) by data description: {expected}",
                found=str(found),
                kept="the set was not altered",
                remedy="make the flags again from this version of the Measurement Set",
            )
