// What only the backbone's own space can tell, asked of the server once somebody has looked at a thing for a moment.

import { ordinal, short, thousands, three } from "./tokens.js";

export const REST = 200; // milliseconds without a move before the server is asked
const KEPT = 500; // answers
const ATTEMPTS = 5; // each waits some seconds for a backbone that is being loaded

export class Truths {
  constructor(ask) {
    this.ask = ask; // {truth, token_neighbours}: functions that return promises
    this.answers = new Map();
  }

  /** Returns the server's answer if it is here already, else undefined. */
  known(about) {
    const answer = this.answers.get(JSON.stringify(about));
    return answer && answer.value;
  }

  /** Resolves to the server's answer, asked once; rejects with a sentence. `about.what` is the function's name. */
  fetch(about) {
    const key = JSON.stringify(about);
    if (!this.answers.has(key)) {
      const { what, ...question } = about;
      const answer = { promise: this.send(what, question) };
      answer.promise.then((value) => { answer.value = value; }, () => this.answers.delete(key));
      this.answers.set(key, answer);
      if (this.answers.size > KEPT) this.answers.delete(this.answers.keys().next().value);
    }
    return this.answers.get(key).promise;
  }

  /** Asks, and again while the server says that it needs a moment. */
  async send(what, question) {
    for (let left = ATTEMPTS; ; left -= 1) {
      let answer;
      try {
        answer = await this.ask[what](question);
      } catch {
        throw new Error("The server does not answer; check that the app is still running.");
      }
      if (!answer.error) return answer;
      if (!answer.again || left <= 1) throw new Error(answer.error);
      await new Promise((later) => setTimeout(later, 500));
    }
  }
}

/** What is asked of the server about a token and a position at a step. */
export function truthAbout(run, view, position, id) {
  return { what: "truth", key: run.meta.key, kind: view.kind, step: view.step, position, token: id };
}

/** Returns the server's answer about a token and a position in words. */
export function truthWords({ distance, rank, cosine, cosine_rank, dimensions, tokens }) {
  return (
    "in truth " + three(distance) + " in the " + thousands.format(dimensions) + "-dimensional space, the " + ordinal(rank) +
    " nearest of " + thousands.format(tokens) + " (cosine " + short(cosine) + ", the " + ordinal(cosine_rank) + ")"
  );
}
