// Measures, inside a page, the main thread's work from asking for something until it is drawn. Runs before the page's
// own scripts, so that in every frame its animation callback is the first.

window.frameMeter = (() => {
  /** Returns a function whose promise resolves in a task of its own, after all that was begun before it. */
  const tasksEnd = (() => {
    const channel = new MessageChannel();
    const waiting = [];
    channel.port1.onmessage = () => waiting.shift()();
    return () => new Promise((resolve) => { waiting.push(resolve); channel.port2.postMessage(0); });
  })();

  let hear = []; // called with every frame {from, to} once it is drawn

  /** A message sent from the first animation callback arrives after the others, style, layout and paint. */
  function eachFrame() {
    requestAnimationFrame(eachFrame);
    const from = performance.now();
    tasksEnd().then(() => {
      const drawn = { from, to: performance.now() };
      const heard = hear;
      hear = [];
      for (const tell of heard) tell(drawn);
    });
  }
  requestAnimationFrame(eachFrame);

  /** Returns the next frame {from, to} that is drawn, in the page's milliseconds. */
  const nextFrame = () => new Promise((resolve) => hear.push(resolve));

  /**
   * Returns what `act`, which may return a promise, takes: `work`, the milliseconds of the call with its microtasks
   * and of the frames up to the one in which its promise has resolved, without the waiting between; `call`, those of
   * the call alone; `frames`, how many there were.
   */
  async function measure(act) {
    await nextFrame(); // begins right after a frame, so that the call ends before the next
    let settled = false;
    const from = performance.now();
    const result = Promise.resolve(act()).finally(() => { settled = true; });
    await tasksEnd();
    const called = performance.now();
    let [work, frames] = [called - from, 0];
    do {
      const drawn = await nextFrame();
      work += drawn.to - Math.max(drawn.from, called);
      frames += 1;
    } while (!settled && frames < 600);
    await result;
    return { work, call: called - from, frames };
  }

  /** Returns what `act(item)` takes for every item, one after the other. */
  async function each(items, act) {
    const found = [];
    for (const item of items) found.push(await measure(() => act(item)));
    return found;
  }

  /** Returns the milliseconds of work of every frame that is drawn within `duration` milliseconds. */
  async function during(duration) {
    const found = [];
    const end = performance.now() + duration;
    while (performance.now() < end) {
      const drawn = await nextFrame();
      found.push(drawn.to - drawn.from);
    }
    return found;
  }

  return { nextFrame, measure, each, during };
})();
