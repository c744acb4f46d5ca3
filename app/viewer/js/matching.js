// Which tokens hold a text or match a regular expression. A pattern runs in a worker, which is ended if it takes too long.

const PATTERN_SECONDS = 1.5; // a pattern like (a+)+$ can take years
export const PATTERN = /^\/(.+)\/([imsu]*)$/s; // as it is typed: /pattern/ or /pattern/i

/** Runs in the worker: hears the tokens once, then patterns; answers with the ids that match. */
function answerPatterns() {
  let tokens = [];
  onmessage = ({ data }) => {
    if (data.tokens) return void (tokens = data.tokens);
    const pattern = new RegExp(data.source, data.flags);
    const ids = [];
    for (let id = 0; id < tokens.length; id += 1) if (pattern.test(tokens[id])) ids.push(id);
    postMessage(ids);
  };
}

export class Matching {
  /** From now on `tokens` are searched. */
  over(tokens) {
    if (tokens === this.tokens) return;
    this.end();
    this.tokens = tokens;
    this.lower = tokens.map((token) => token.toLowerCase());
  }

  /** Returns the ids of tokens that hold a text, whatever its case; those that are the text itself come first. */
  text(text) {
    const [wanted, own] = [text.toLowerCase(), text.trim()];
    const groups = [[], [], []];
    this.lower.forEach((token, id) => {
      if (!token.includes(wanted)) return;
      const whole = token.trim() === own.toLowerCase();
      groups[whole ? (this.tokens[id].trim() === own ? 0 : 1) : 2].push(id);
    });
    return groups.flat();
  }

  /** Resolves to the ids of tokens that match; rejects with a sentence. A later call ends an earlier one, which stays open. */
  pattern(source, flags) {
    try {
      new RegExp(source, flags);
    } catch (error) {
      return Promise.reject(new Error("Not yet a regular expression: " + error.message.split(": ").at(-1).toLowerCase()));
    }
    if (this.busy) this.end();
    return new Promise((found, failed) => {
      this.busy = true;
      const late = setTimeout(() => {
        this.end();
        failed(new Error("Stopped: this pattern takes more than " + PATTERN_SECONDS + " s; make it simpler."));
      }, PATTERN_SECONDS * 1000);
      this.forget = () => clearTimeout(late);
      try {
        this.start();
      } catch {
        this.end();
        return failed(new Error("This browser lets no pattern be searched for; type a text."));
      }
      this.worker.onmessage = ({ data }) => {
        clearTimeout(late);
        this.busy = false;
        found(data);
      };
      this.worker.postMessage({ source, flags });
    });
  }

  start() {
    if (this.worker) return;
    const address = URL.createObjectURL(new Blob(["(" + answerPatterns + ")()"], { type: "text/javascript" }));
    this.worker = new Worker(address);
    URL.revokeObjectURL(address);
    this.worker.postMessage({ tokens: this.tokens });
  }

  end() {
    if (this.forget) this.forget();
    if (this.worker) this.worker.terminate();
    this.worker = null;
    this.busy = false;
  }
}
