// A run as typed arrays, read from safetensors files that are fetched once.

const NUMBER_TYPES = { F32: Float32Array, I32: Int32Array, U32: Uint32Array, U16: Uint16Array, U8: Uint8Array };

/** Returns {name: {shape, values}} of a safetensors file: 8 bytes of header length, a JSON header, the numbers. */
function readSafetensors(buffer) {
  const headerLength = Number(new DataView(buffer).getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 8, headerLength)));
  const arrays = {};
  for (const [name, entry] of Object.entries(header)) {
    if (name === "__metadata__") continue;
    const NumberType = NUMBER_TYPES[entry.dtype];
    if (!NumberType) throw new Error("This view holds numbers of an unknown type: " + entry.dtype + ".");
    const [from, to] = entry.data_offsets;
    const bytes = buffer.slice(8 + headerLength + from, 8 + headerLength + to); // a copy is always aligned
    arrays[name] = { shape: entry.shape, values: new NumberType(bytes) };
  }
  return arrays;
}

/** Returns a file of the app; rejects with a sentence that can be shown. */
async function fetchFile(path, as) {
  let response;
  try {
    response = await fetch(addressOf(path));
  } catch {
    throw new Error("The server does not answer; what was asked for is shown once it does.");
  }
  if (!response.ok) throw new Error("The server has no data for this view (" + response.status + "); open the run again.");
  return as === "json" ? response.json() : response.arrayBuffer();
}

/** Returns a file that may still be being made, if it is there within ten seconds. */
async function fetchSoon(path) {
  for (let tries = 0; tries < 20; tries += 1) {
    const response = await fetch(addressOf(path), { method: "HEAD" }).catch(() => null);
    if (!response || response.ok) break;
    await new Promise((later) => setTimeout(later, 500));
  }
  return fetchFile(path);
}

const tokenFiles = new Map(); // address -> promise: runs of one backbone share the vocabulary

function fetchTokens(path) {
  if (!tokenFiles.has(path)) {
    const file = fetchFile(path, "json");
    file.catch(() => tokenFiles.delete(path));
    tokenFiles.set(path, file);
  }
  return tokenFiles.get(path);
}

/** One run: S + 1 steps, P positions. `kind` is "state" or "estimate", `method` is "pca" or "umap". */
class Run {
  static async open(meta) {
    const [tokens, buffer] = await Promise.all([fetchTokens(meta.files.tokens), fetchFile(meta.files.run)]);
    const run = new Run();
    run.meta = meta;
    run.tokens = tokens.tokens;
    run.kinds = Uint8Array.from(tokens.kinds);
    run.kindNames = tokens.kind_names;
    run.arrays = readSafetensors(buffer);
    run.steps = run.arrays.timesteps.values.length - 1;
    run.positions = run.arrays["state.ids"].shape[1];
    run.neighbours = run.arrays["state.ids"].shape[2];
    run.locks = {};
    run.loading = {};
    return run;
  }

  /** Fetches the arrays of another file, once; `part` is "estimate" or "umap". */
  load(part) {
    if (!this.loading[part]) {
      this.loading[part] = fetchSoon(this.meta.files[part]).then(
        (buffer) => void Object.assign(this.arrays, readSafetensors(buffer)),
        (error) => { delete this.loading[part]; throw error; },
      );
    }
    return this.loading[part];
  }

  /** Takes in what a later description of the run says of a map; its arrays are fetched when it is shown. */
  take(part, { files, quality }) {
    for (const name of Object.keys(this.arrays)) if (name.startsWith(part + ".")) delete this.arrays[name];
    delete this.loading[part];
    this.meta = {
      ...this.meta,
      files: { ...this.meta.files, [part]: files[part] },
      quality: { ...this.meta.quality, [part]: quality[part] },
    };
  }

  has(name) { return name in this.arrays; }
  timestep(step) { return this.arrays.timesteps.values[step]; }
  noise(step) { return this.arrays.noise_level.values[step]; }
  manualId(position) { return this.has("manual.ids") ? this.arrays["manual.ids"].values[position] : -1; }

  /** Whether a token has a place on the map; UMAP places a sample of the vocabulary. */
  placed(method, id) {
    const { values, shape } = this.arrays[method + ".vocabulary"];
    return values[id * shape[1]] === values[id * shape[1]]; // only NaN differs from itself
  }

  topId(kind, step, position, rank = 0) {
    return this.arrays[kind + ".ids"].values[(step * this.positions + position) * this.neighbours + rank];
  }

  score(kind, step, position, rank = 0) {
    const [low, high] = this.arrays[kind + ".range"].values;
    const level = this.arrays[kind + ".scores"].values[(step * this.positions + position) * this.neighbours + rank];
    return low + (level / 65535) * (high - low);
  }

  /** Returns for every position the first step since which its nearest token has stayed up to the end. */
  lockedAt(kind) {
    if (!this.locks[kind]) {
      this.locks[kind] = Int32Array.from({ length: this.positions }, (_, position) => {
        const last = this.topId(kind, this.steps, position);
        let step = this.steps;
        while (step > 0 && this.topId(kind, step - 1, position) === last) step -= 1;
        return step;
      });
    }
    return this.locks[kind];
  }
}
