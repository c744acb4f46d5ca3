// A run as typed arrays, read from packed safetensors files that are fetched once.

import { addressOf } from "../../page/addresses.js";

const NUMBER_TYPES = { F32: Float32Array, I32: Int32Array, U32: Uint32Array, U16: Uint16Array, U8: Uint8Array };

/** Returns {name: {shape, values}} of a safetensors file: 8 bytes of header length, a JSON header, the numbers. */
function readSafetensors(buffer) {
  const headerLength = Number(new DataView(buffer).getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 8, headerLength)));
  const coded = JSON.parse((header.__metadata__ || {}).coded || "{}");
  const arrays = {};
  for (const [name, entry] of Object.entries(header)) {
    if (name === "__metadata__") continue;
    const NumberType = NUMBER_TYPES[entry.dtype];
    if (!NumberType) throw new Error("This view holds numbers of an unknown type: " + entry.dtype + ".");
    const [from, to] = entry.data_offsets;
    const bytes = buffer.slice(8 + headerLength + from, 8 + headerLength + to); // a copy is always aligned
    const values = new NumberType(bytes);
    arrays[name] = coded[name] ? decoded(values, coded[name]) : { shape: entry.shape, values };
  }
  return arrays;
}

/** Returns numbers that were packed as the low, then the high bytes of differences to the row before: see coded.py. */
function decoded(bytes, { shape, low, size }) {
  const count = bytes.length / 2;
  const columns = shape[shape.length - 1];
  const row = count / shape[0];
  const levels = new Uint16Array(count); // its numbers go round at 65,536, as the packed ones do
  const values = new Float32Array(count);
  for (let i = 0; i < count; i += 1) {
    levels[i] = (bytes[i] | (bytes[count + i] << 8)) + (i < row ? 0 : levels[i - row]);
    const column = i % columns;
    values[i] = levels[i] === 65535 ? NaN : low[column] + levels[i] * size[column];
  }
  return { shape, values };
}

/** Returns what a file holds that may be compressed with gzip; a server on the way may have unpacked it. */
async function unpacked(buffer) {
  const [one, other] = new Uint8Array(buffer, 0, 2);
  if (one !== 0x1f || other !== 0x8b) return buffer;
  return new Response(new Blob([buffer]).stream().pipeThrough(new DecompressionStream("gzip"))).arrayBuffer();
}

/** Returns a file of the app, unpacked; rejects with a sentence that can be shown. */
export async function fetchFile(path, as) {
  let response;
  try {
    response = await fetch(addressOf(path));
  } catch {
    throw new Error("The server does not answer; what was asked for is shown once it does.");
  }
  if (!response.ok) throw new Error("The server has no data for this view (" + response.status + "); open the run again.");
  const buffer = await unpacked(await response.arrayBuffer());
  return as === "json" ? JSON.parse(new TextDecoder().decode(buffer)) : buffer;
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

const sharedFiles = new Map(); // address -> promise: runs of one backbone share the vocabulary and its places

function fetchShared(path, read) {
  if (!sharedFiles.has(path)) {
    const file = read(path);
    file.catch(() => sharedFiles.delete(path));
    sharedFiles.set(path, file);
  }
  return sharedFiles.get(path);
}

const fetchTokens = (path) => fetchShared(path, (from) => fetchFile(from, "json"));
const fetchMap = (path) => fetchShared(path, (from) => fetchFile(from).then(readSafetensors));

/** One run: S + 1 steps, P positions. `kind` is "state" or "estimate", `method` is "pca", "own" or "umap". */
export class Run {
  static async open(meta) {
    const { files } = meta;
    const [tokens, map, buffer] = await Promise.all([fetchTokens(files.tokens), fetchMap(files.map), fetchFile(files.run)]);
    const run = new Run();
    run.meta = meta;
    run.tokens = tokens.tokens;
    run.kinds = Uint8Array.from(tokens.kinds);
    run.kindNames = tokens.kind_names;
    run.arrays = { ...map, ...readSafetensors(buffer) };
    run.steps = run.arrays.timesteps.values.length - 1;
    run.positions = run.arrays["state.ids"].shape[1];
    run.neighbours = run.arrays["state.ids"].shape[2];
    run.locks = {};
    run.losses = {}; // of each kind of vector, once measured
    run.codes = null; // of the examples, once fetched
    run.loading = {};
    run.shippedUmap = Array.isArray(files.umap) ? { files, quality: meta.quality } : undefined;
    return run;
  }

  /** Fetches the arrays of another part, once: "estimate", "own", or "umap", which may be a shared file and the run's. */
  load(part) {
    if (!this.loading[part]) {
      const paths = [this.meta.files[part]].flat();
      const own = fetchSoon(paths.at(-1)).then(readSafetensors);
      this.loading[part] = Promise.all([...paths.slice(0, -1).map(fetchMap), own]).then(
        (found) => void Object.assign(this.arrays, ...found),
        (error) => { delete this.loading[part]; throw error; },
      );
    }
    return this.loading[part];
  }

  /** The address of the map that the run shares with others; undefined for one that is its own. */
  shared(method) {
    const { map, umap } = this.meta.files;
    return { pca: map, umap: Array.isArray(umap) ? umap[0] : undefined }[method];
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

  /** Whether a token has a place on the map; UMAP may place a sample of the vocabulary. */
  placed(method, id) {
    const { values, shape } = this.arrays[method + ".vocabulary"];
    return values[id * shape[1]] === values[id * shape[1]]; // only NaN differs from itself
  }

  topId(kind, step, position, rank = 0) {
    return this.arrays[kind + ".ids"].values[(step * this.positions + position) * this.neighbours + rank];
  }

  score(kind, step, position, rank = 0) {
    return this.arrays[kind + ".scores"].values[(step * this.positions + position) * this.neighbours + rank];
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
