"""The model that Prompt uses, and the loading of another one."""

import asyncio
from dataclasses import replace

from charloom.core.errors import CharloomError
from charloom.core.store.ref import CheckpointRef
from charloom.tui.formatting.run_status import LIVE
from charloom.tui.services.background import run_in_background
from charloom.tui.services.model_cache import LoadedModel, first_usable, load_model
from charloom.tui.services.run_manager import RunManager


class ActiveModel:
    """Holds one loaded model; ``runs`` shows which models are being trained."""

    def __init__(self, runs: RunManager) -> None:
        self._runs = runs
        self.model: LoadedModel | None = None
        self._requested: CheckpointRef | None = None  # being loaded, or requested last
        self._ready = asyncio.Event()

    @property
    def requested(self) -> bool:
        """True if a model was requested, even if it could not be loaded."""
        return self._requested is not None

    @property
    def loading(self) -> bool:
        """True until the requested model is loaded or has failed to load."""
        return not self._ready.is_set()

    def resolve(self, ref: CheckpointRef) -> CheckpointRef:
        """Return ``ref``, with the last checkpoint if it names none and is being trained."""
        follow = not ref.which and self.is_training(ref.name)
        return CheckpointRef(ref.name, "last") if follow else ref

    def is_training(self, name: str) -> bool:
        """Return whether the model ``name`` is being trained."""
        run = self._runs.get(name)
        return run is not None and run.status in LIVE

    async def load(self, ref: CheckpointRef) -> LoadedModel | None:
        """Load and use the model ``ref``; None if another was requested in the meantime.

        If it cannot be loaded, the previous model stays in use and :class:`CharloomError` is
        raised; without a previous one, :func:`first_usable` has the model.
        """
        needed = self.model is None
        self._requested = ref
        self._ready.clear()
        try:
            model = await run_in_background(lambda: _load_any(ref) if needed else load_model(ref))
        except CharloomError:
            if ref != self._requested:
                return None
            self._ready.set()
            raise
        if ref != self._requested:
            return None
        self.use(model)
        return model

    def use(self, model: LoadedModel) -> None:
        """Use a loaded model."""
        self.model, self._requested = model, model.ref
        self._ready.set()

    async def wait(self) -> LoadedModel:
        """Return the model once it is loaded. Raises :class:`CharloomError` if there is none."""
        await self._ready.wait()
        if self.model is None:
            raise CharloomError("No model is loaded.")
        return self.model

    def newer_message(self) -> str:
        """Return a message if the model in use has a newer checkpoint, else nothing."""
        model = self.model
        run = self._runs.get(model.name) if model else None
        if model is None or run is None or run.checkpoint is None:
            return ""
        follows = run.status in LIVE or model.ref.which == "last"
        step = run.checkpoint.step
        return f"{model.name} has a newer checkpoint: step {step:,}" * (
            follows and step > model.step
        )


def _load_any(ref: CheckpointRef) -> LoadedModel:
    model, warning = first_usable(ref, load_model)
    return replace(model, warning=warning or model.warning)
