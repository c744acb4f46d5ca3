"""The list of runs in the Explore tab: what can be done to each, and a zip that brings one in."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import gradio as gr

from app.explore.run_list import SCRIPT, run_list_html, style
from app.explore.runs.library import UPLOAD_LIMIT, Library
from app.explore.runs.run_entry import RunEntry
from app.explore.runs.runs import Runs
from app.page.addresses import SAVE
from app.page.services import Services, as_toast
from app.page.sessions import SAYS_WHO, visitor_of
from app.page.stream import Note, sentence_of, stream
from app.viewer.view import key_of
from ddpt_core.errors import DDPTError


def build(panel: "LibraryPanel", explore, viewer: gr.HTML, window: gr.Textbox) -> gr.HTML:
    """Adds the fold-away list with its events to the page that is being built, and returns the list.

    explore: the tab's events, which open runs in `viewer`. window: the hidden box that says who is looking.
    """
    with gr.Accordion("Runs", open=False, elem_id="runs-panel") as fold:
        listing = gr.HTML(css_template=style(), js_on_load=SCRIPT, apply_default_css=False, elem_id="run-list")
        with gr.Row(elem_classes="task-file"):
            upload = gr.UploadButton(
                "Upload a run", file_types=[".zip"], size="sm", elem_id="upload-run", min_width=140, scale=0
            )
            gr.HTML(f'<p class="run-status">{UPLOAD_LIMIT}</p>', apply_default_css=False)
        parcel = gr.File(visible=False)
    hidden = {"api_visibility": "private", "show_progress": "hidden", "js": SAYS_WHO}
    several = {"concurrency_limit": 8, **hidden}
    fold.expand(panel.refresh, window, listing, queue=False, **hidden)
    listing.open_run(as_toast(explore.chosen), window, viewer, **several)
    for act in ("keep_run", "rename_run", "delete_run", "restore_run"):
        change = panel.changing(getattr(panel, act), explore)
        getattr(listing, act)(change, window, [listing, viewer], **several)
    packed = listing.download_run(as_toast(panel.download), window, [listing, parcel], **several)
    packed.success(None, parcel, None, js=SAVE)
    upload.upload(panel.uploading(explore), [upload, window], [listing, viewer], trigger_mode="once", **several)
    return listing


@dataclass(frozen=True)
class Change:
    """What an action came to, in words; the run as it is now; and the word that undoes it, if it can be undone."""

    said: str
    entry: RunEntry | None = None
    undo: str = ""


class LibraryPanel:
    """The list's events; what an action came to is said in the list."""

    def __init__(self, services: Services):
        self.library = Library(services)
        self.runs = services.of(Runs)

    def refresh(self, request: gr.Request, window: str = "") -> str:
        """Returns the list as it is now."""
        return self.shown(visitor_of(window, request))

    def shown(self, visitor: str, said: str = "", undo: str = "", failed: bool = False) -> str:
        """Returns the list as HTML, with what was said last."""
        entries = self.runs.entries(visitor).values()
        return run_list_html(entries, self.library.thumbnail, said, undo, failed)

    def keep_run(self, event: gr.EventData, visitor: str) -> Change:
        """Keeps a run."""
        entry = self.library.keep(str(event.name), visitor)
        return Change(f"{entry.name} is kept.", entry)

    def rename_run(self, event: gr.EventData, visitor: str) -> Change:
        """Gives a run another name."""
        entry = self.library.rename(str(event.name), str(event.to), visitor)
        return Change(f"{event.name} is now called {entry.name}.", entry)

    def delete_run(self, event: gr.EventData, visitor: str) -> Change:
        """Deletes a run, which can be undone."""
        name = str(event.name)
        return Change(f"{name} is deleted.", undo=self.library.delete(name, visitor))

    def restore_run(self, event: gr.EventData, visitor: str) -> Change:
        """Brings a deleted run back."""
        entry = self.library.restore(str(event.undo), visitor)
        return Change(f"{entry.name} is back.", entry)

    def changing(self, change: Callable[[gr.EventData, str], Change], explore) -> Callable:
        """Returns the event of an action: it shows the list, and tells the viewer which runs there are."""

        def changed(event: gr.EventData, request: gr.Request, window: str = "") -> list[Any]:
            visitor = visitor_of(window, request)
            try:
                done = change(event, visitor)
            except DDPTError as error:
                return [self.shown(visitor, str(error), failed=True), gr.skip()]
            run = done.entry and done.entry.describe() | {"key": key_of(done.entry.folder)}
            return [self.shown(visitor, done.said, done.undo), explore.value("runs", visitor, run=run)]

        return as_toast(changed)

    def download(self, event: gr.EventData, request: gr.Request, window: str = "") -> Iterator[list[Any]]:
        """Packs the run as a zip; says in the list that a recipe is made again first, and how far that is."""
        visitor, said = visitor_of(window, request), False
        try:
            for message in stream(lambda tell: self.library.pack(str(event.name), visitor, tell)):
                if isinstance(message, Note):
                    said = True
                    yield [self.shown(visitor, message.text), gr.skip()]
                else:
                    yield [self.shown(visitor) if said else gr.skip(), str(message.result)]
        except Exception:
            if said:
                yield [self.shown(visitor), gr.skip()]
            raise

    def uploading(self, explore) -> Callable:
        """Returns the event of an upload: it checks the zip, then opens the run; a refusal is said in the list."""

        def upload(path: str, request: gr.Request, window: str = "") -> Iterator[list[Any]]:
            visitor = visitor_of(window, request)
            try:
                entry, new = None, True
                for message in stream(lambda tell: self.library.take_in(path, visitor, tell)):
                    if isinstance(message, Note):
                        yield [self.shown(visitor, message.text), gr.skip()]
                    else:
                        entry, new = message.result
            except Exception as error:
                sentence = sentence_of(error)
                yield [self.shown(visitor, sentence, failed=True), gr.skip()]
                if not isinstance(error, DDPTError):
                    raise
                return
            said = f"{entry.name} is taken in; it is yours alone until you keep it."
            said = said if new else f"This run is here already, as {entry.name}."
            yield [self.shown(visitor, said), gr.skip()]
            for value in explore.opening(entry.name, -1, visitor):
                yield [gr.skip(), value]
            yield [self.shown(visitor, said), gr.skip()]

        return as_toast(upload)
