from charloom.core import paths
from charloom.core.store.read import find_model
from charloom.tui.launch import TerminalApp
from tests.helpers.factories import at_step, damage, save_model
from tests.tui.helpers.driving import until


def words(app: TerminalApp) -> str:
    return " ".join(note.message for note in app._notifications)


async def test_the_store_is_repaired_at_start_and_losses_are_reported() -> None:
    save_model("creature", at_step(100))
    newest = save_model("creature", at_step(200))
    damage(newest)
    torn = paths.models_dir() / ".creature.x.charloom.tmp"
    torn.mkdir()
    app = TerminalApp([])
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await until(pilot, lambda: "is damaged and set aside" in words(app))
        assert "creature@200" in words(app) and "@100 is used instead" in words(app)
    assert not torn.exists()
    assert [each.step for each in find_model("creature").checkpoints] == [100]
