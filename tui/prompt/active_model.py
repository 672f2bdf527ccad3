"""Who writes: the voice in use, while another is being read, and when there is none."""

import asyncio

from charloom.core.errors import CharloomError
from charloom.core.store.ref import CheckpointRef
from charloom.tui.formatting.run_status import LIVE
from charloom.tui.services.background import run_in_background
from charloom.tui.services.model_cache import LoadedModel, load_model
from charloom.tui.services.run_manager import RunManager


class ActiveModel:
    """Has one voice at a time; ``runs`` tells which models are learning meanwhile."""

    def __init__(self, runs: RunManager) -> None:
        self._runs = runs
        self.voice: LoadedModel | None = None
        self._wanted: CheckpointRef | None = None  # that is being read, or was at last
        self._settled = asyncio.Event()

    @property
    def asked(self) -> bool:
        """Whether a voice was asked for, whatever came of that."""
        return self._wanted is not None

    def resolve(self, ref: CheckpointRef) -> CheckpointRef:
        """Return ``ref``, or its last checkpoint if none is chosen and it is being trained."""
        follow = not ref.which and self.trains(ref.name)
        return CheckpointRef(ref.name, "last") if follow else ref

    def trains(self, name: str) -> bool:
        """Whether the model ``name`` is being trained."""
        run = self._runs.get(name)
        return run is not None and run.status in LIVE

    async def read(self, ref: CheckpointRef) -> LoadedModel | None:
        """Have the voice ``ref`` from now on; None when another was asked for meanwhile.

        :class:`CharloomError` when it cannot be had: then the one before stays.
        """
        self._wanted = ref
        self._settled.clear()
        try:
            voice = await run_in_background(lambda: load_model(ref))
        except CharloomError:
            if ref != self._wanted:
                return None
            self._settled.set()
            raise
        if ref != self._wanted:
            return None
        self.take(voice)
        return voice

    def take(self, voice: LoadedModel) -> None:
        """Have this voice from now on."""
        self.voice, self._wanted = voice, voice.ref
        self._settled.set()

    async def ready(self) -> LoadedModel:
        """Return the voice, once it is read; :class:`CharloomError` when there is none."""
        await self._settled.wait()
        if self.voice is None:
            raise CharloomError("There is no model to write with; choose one.")
        return self.voice

    def newer(self) -> str:
        """Return what the model in use has learnt since, in a few words; nothing if nothing."""
        voice = self.voice
        run = self._runs.get(voice.name) if voice else None
        if voice is None or run is None or run.checkpoint is None:
            return ""
        follows = run.status in LIVE or voice.ref.which == "last"
        step = run.checkpoint.step
        return f"{voice.name} has learnt on: step {step:,}" * (follows and step > voice.step)
