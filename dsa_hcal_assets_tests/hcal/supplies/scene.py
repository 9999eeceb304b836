"""Supplies whose every value is known, for the tests of loading and after."""

from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from dsa_hcal_assets.errors import TransientError
from dsa_hcal_assets.hcal.supplies.output_status import OutputStatus
from dsa_hcal_assets.hcal.supplies.readings import CrateReading, SupplyChannel, SupplySnapshot
from dsa_hcal_assets.hcal.supplies.snapshot import SUPPLIES
from dsa_hcal_assets.simulation.supplies import physics

DAY = "2025-06-05"
START = datetime(2025, 6, 5, tzinfo=UTC)
NOW = datetime(2025, 6, 5, 14, 30, tzinfo=UTC)
STEP = timedelta(minutes=1)
SEED = 7
LV_EVERY = 10
ON = int(OutputStatus.ON | OutputStatus.CONSTANT_VOLTAGE | OutputStatus.ADJUSTING)

Change = Callable[[SupplyChannel], SupplyChannel]


def cycle(number: int) -> datetime:
    """Return the time of the day's `number`-th snapshot."""
    return START + number * STEP


def truth(sector: int, moment: datetime) -> physics.BiasTruth:
    """Return what the bias channel of a sector really did, always on."""
    return physics.bias_channel(SEED, sector).truth(moment)


def snapshot(
    number: int = 0,
    *,
    down: Collection[str] = (),
    without_sectors: Collection[int] = (),
    change: Change = lambda channel: channel,
    main_switch: bool = True,
    lv_off: Collection[int] = (),
    acquisition_id: str = "acquisition-1",
) -> SupplySnapshot:
    """Return the snapshot of a cycle; `change` is applied to every bias channel that is there."""
    moment = cycle(number)
    bias = [change(_bias(sector, moment)) for sector in range(64) if sector not in without_sectors]
    boards = [_crate("mpod", "mpod", bias, moment, main_switch)]
    if number % LV_EVERY == 0:
        boards.append(_crate("lv", "lv_crate", _low_voltage(lv_off), moment))
    boards.append(_crate("keithley", "meter", [SupplyChannel(0, 0, v_meas=65.0, i_meas=1.2e-4)], moment))
    boards = [_down(board) if board.board in down else board for board in boards]
    return SupplySnapshot(moment, number, acquisition_id, 52000, tuple(boards))


def land(incoming: Path, *snapshots: SupplySnapshot) -> list[Path]:
    """Write snapshots where they land."""
    return [SUPPLIES.write(incoming, one) for one in snapshots]


def _bias(sector: int, moment: datetime) -> SupplyChannel:
    real = truth(sector, moment)
    slot, channel = divmod(sector, 8)
    return SupplyChannel(
        slot, channel, real.v_set, real.v_meas, real.i_limit, real.i_meas, real.switched_on, real.status
    )


def _low_voltage(off: Collection[int]) -> list[SupplyChannel]:
    return [
        SupplyChannel(slot, value, v_meas=0.0 if slot in off else volts, i_meas=amperes)
        for slot in range(1, 17)
        for value, (volts, amperes) in enumerate(
            zip(physics.lv_slot(SEED, slot).volts, physics.lv_slot(SEED, slot).amperes, strict=True)
        )
    ]


def _crate(
    name: str, kind: str, channels: Sequence[SupplyChannel], moment: datetime, main_switch: bool | None = None
) -> CrateReading:
    sampled = moment + timedelta(seconds=1)
    return CrateReading(name, kind, "ok", sampled, None, {}, main_switch, tuple(channels))  # type: ignore[arg-type]


def _down(board: CrateReading) -> CrateReading:
    record = TransientError(f"{board.board} did not answer").as_record()
    return CrateReading(board.board, board.kind, "down", None, record, {"outputTable": record})
