"""The solves, by CASA: delay (diagnostic), pre-bandpass phase, bandpass, gains, flux transfer."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dsa_hcal_assets.errors import BadInput
from dsa_hcal_assets.radio.calibration.description import FluxDensity, TableKind
from dsa_hcal_assets.radio.calibration.fields import Field, Roles
from dsa_hcal_assets.radio.profiles.processing import Calibration


class SolveFailed(BadInput):
    """CASA found no solution: too little unflagged data or too weak a calibrator."""


@dataclass(frozen=True)
class Chain:
    """One run of solves over a working copy whose models are set.

    Attributes
    ----------
    work
        Working copy with flags and MODEL_DATA.
    roles
        Its fields.
    choices
        The profile's parameters.
    reference
        Name of the reference antenna.
    tables
        Directory the caltables are written to.
    windows
        Number of spectral windows.
    """

    work: Path
    roles: Roles
    choices: Calibration
    reference: str
    tables: Path
    windows: int

    def delay(self) -> Path:
        """Solve antenna delays (K) on the bandpass calibrator; a diagnostic unless asked for."""
        return self._gaincal("delay.cal", self._primary, gaintype="K", solint="inf", combine="scan,field")

    def prebandpass_phase(self, delay: Path) -> Path:
        """Solve phases in short intervals, so that drifts do not smear the bandpass.

        With the delays taken out: over a wide window they would cost the coherence of the solve.
        """
        interval = self.choices.prebandpass_solint
        return self._gaincal(
            "prebandpass.cal", self._primary, [delay], calmode="p", solint=interval, combine=""
        )

    def bandpass(self, before: list[Path]) -> Path:
        """Solve the complex bandpass of each antenna and spectral window."""
        import casatasks

        target = self.tables / "bandpass.cal"
        casatasks.bandpass(
            caltable=str(target),
            bandtype="B",
            field=self._primary,
            solint="inf",
            combine="scan,field",
            minsnr=self.choices.bandpass_minsnr,
            fillgaps=self.choices.fillgaps,
            solnorm=False,
            **self._common(before),
        )
        return _require(target)

    def gain(self, before: list[Path]) -> Path:
        """Solve amplitude and phase of all calibrators with the bandpass applied.

        A solution each spectral window: the pre-bandpass solve took a phase out of each that the
        bandpass therefore does not hold.
        """
        fields = ",".join([self._primary, *(str(field.number) for field in self.roles.gain)])
        interval = self.choices.gain_solint
        return self._gaincal("gain.cal", fields, before, calmode="ap", solint=interval, combine="")

    def short_gain(self, before: list[Path], solint: str) -> Path:
        """Solve what drifts within the group, in short intervals, over all windows together."""
        return self._gaincal(
            "short_gain.cal", self._primary, before, calmode="ap", solint=solint, combine=self._joined
        )

    def transfer_flux(self, gains: Path, frequency_hz: float) -> tuple[Path, list[FluxDensity]]:
        """Scale the gains of the secondary calibrators to the flux standard.

        Returns
        -------
        path
            The scaled table.
        list of FluxDensity
            Flux density of each secondary calibrator.

        Raises
        ------
        SolveFailed
            If one of them got no flux density.
        """
        import casatasks

        target = self.tables / "fluxscale.cal"
        reply = casatasks.fluxscale(
            vis=str(self.work),
            caltable=str(gains),
            fluxtable=str(target),
            reference=self._primary,
            transfer=",".join(str(field.number) for field in self.roles.gain),
            incremental=False,
        )
        found = [_transferred(reply, field, frequency_hz) for field in self.roles.gain]
        return _require(target), found

    @property
    def _joined(self) -> str:
        # bandpass and gain took the shape of each window; what is left is common to them
        return "spw" if self.windows > 1 else ""

    @property
    def _primary(self) -> str:
        return ",".join(str(field.number) for field, _ in self.roles.bandpass)

    def _gaincal(self, name: str, field: str, before: list[Path] | None = None, **options: str) -> Path:
        import casatasks

        target = self.tables / name
        minsnr = self.choices.gain_minsnr
        casatasks.gaincal(
            caltable=str(target), field=field, minsnr=minsnr, **options, **self._common(before or [])
        )
        return _require(target)

    def _common(self, before: list[Path]) -> dict[str, Any]:
        shortest = self.choices.uvrange_lambda
        return {
            "vis": str(self.work),
            "refant": self.reference,
            "uvrange": f">{shortest:g}lambda" if shortest else "",
            "minblperant": self.choices.minblperant,
            "gaintable": [str(path) for path in before],
            "parang": False,
        }


def solve_tables(chain: Chain, frequency_hz: float) -> tuple[dict[TableKind, Path], list[FluxDensity]]:
    """Run all solves of a chain in order.

    Returns
    -------
    dict
        Caltable by kind.
    list of FluxDensity
        Those transferred to secondary calibrators.
    """
    choices = chain.choices
    delay = chain.delay()
    before = [delay] if choices.delay else []
    phase = chain.prebandpass_phase(delay)
    bandpass = chain.bandpass([*before, phase])
    before.append(bandpass)
    gain = chain.gain(before)
    tables: dict[TableKind, Path] = {"delay": delay, "bandpass": bandpass, "gain": gain}
    transferred: list[FluxDensity] = []
    if chain.roles.gain:
        tables["gain"], transferred = chain.transfer_flux(gain, frequency_hz)
    if choices.short_solint:
        tables["short_gain"] = chain.short_gain([*before, gain], choices.short_solint)
    return tables, transferred


def _require(target: Path) -> Path:
    """Return the caltable CASA was to write; CASA itself does not fail when it found nothing."""
    if not (target / "table.dat").is_file():
        raise SolveFailed(
            f"CASA found no solution for {target.name}",
            remedy="look at the flags and the SNR of the calibrator; take another calibrator or set",
        )
    return target


def _transferred(reply: Mapping[str, Any] | None, field: Field, frequency_hz: float) -> FluxDensity:
    entry = (reply or {}).get(str(field.number), {})
    values = [
        (float(window["fluxd"][0]), float(window["fluxdErr"][0]))
        for window in (value for number, value in entry.items() if number.isdigit())
        if float(window["fluxd"][0]) > 0
    ]
    if not values:
        raise SolveFailed(f"no flux density could be transferred to {field.name}", found=repr(entry)[:200])
    jy = sum(value for value, _ in values) / len(values)
    return FluxDensity(
        field=field.name,
        ra_deg=field.ra_deg,
        dec_deg=field.dec_deg,
        jy=jy,
        apparent_jy=jy,
        error_jy=max(spread for _, spread in values),
        frequency_hz=frequency_hz,
        origin="transfer",
    )
