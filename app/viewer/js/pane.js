// The lower part of the reading column: what is looked at closely, one page at a time; a page has a tab while it shows something.

import { make, write } from "./tokens.js";

export class Pane {
  constructor(root) {
    this.element = root.querySelector(".pane");
    this.tabs = this.element.querySelector(".pane-tabs");
    this.pages = [];
    this.open = null;
    this.element.querySelector(".pane-close").addEventListener("click", () => this.open && this.open.close());
  }

  /** Returns a new page: `body` to fill, `show(title, what)`; `close` lets go of what it shows. */
  page(name, close) {
    const page = { name, close, what: null, on: false, body: make("div", "pane-page of-" + name), tab: make("button", "quiet") };
    page.tab.type = "button";
    page.tab.addEventListener("click", () => this.turnTo(page));
    page.show = (title, what) => this.show(page, title, what);
    page.tab.hidden = page.body.hidden = true;
    this.pages.push(page);
    this.tabs.append(page.tab);
    this.element.append(page.body);
    return page;
  }

  /** Gives a page a title, null for none; when `what` it shows is another than before, the page is turned to. */
  show(page, title, what) {
    if (title !== null) write(page.tab, title);
    const on = title !== null;
    if (page.on === on && page.what === what) return;
    page.on = on;
    page.what = what;
    page.tab.hidden = !on;
    if (on) this.turnTo(page);
    else if (this.open === page) this.turnTo(this.pages.findLast((other) => other.on) || null);
  }

  turnTo(page) {
    this.open = page;
    this.element.hidden = !page;
    for (const one of this.pages) {
      one.body.hidden = one !== page;
      one.tab.setAttribute("aria-pressed", String(one === page));
    }
    if (page) this.element.scrollTop = 0;
  }
}
