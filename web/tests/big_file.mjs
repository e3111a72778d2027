// Model files of gigabytes that take no room on the disk: a committed model whose tensors are moved apart or widened,
// with holes between them. A hole reads as zeros, which every block format takes for zeros.
import { open, readFile } from 'node:fs/promises';

const F32 = 0;
const ALIGNMENT = 32;
const aligned = (n) => Math.ceil(n / ALIGNMENT) * ALIGNMENT;

/** The bytes of each scalar metadata type by its number; strings and arrays are read by themselves. */
const SCALAR_BYTES = { 0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8 };
const STRING = 8;
const ARRAY = 9;

/** Metadata and tensor table of a GGUF file (version 3): enough to write it again with other tensors. */
export async function read(path) {
  const bytes = await readFile(path);
  let at = 8;
  const u32 = () => bytes.readUInt32LE((at += 4) - 4);
  const u64 = () => Number(bytes.readBigUInt64LE((at += 8) - 8));
  const text = () => {
    const length = u64();
    return bytes.toString('utf8', at, (at += length));
  };
  const skip = (type) => {
    if (type === STRING) text();
    else if (type === ARRAY) for (let [item, n] = [u32(), u64()]; n > 0; n--) skip(item);
    else at += SCALAR_BYTES[type];
  };
  const [nTensors, nEntries] = [u64(), u64()];
  const start = at;
  const values = {};
  for (let i = 0; i < nEntries; i++) {
    const key = text();
    const type = u32();
    values[key] = { at: at - start, type };
    skip(type);
  }
  const metadata = Buffer.from(bytes.subarray(start, at));
  const tensors = [];
  for (let i = 0; i < nTensors; i++) {
    const name = text();
    const dimensions = Array.from({ length: u32() }, u64);
    tensors.push({ name, dimensions, type: u32(), offset: u64() });
  }
  const data = bytes.subarray(aligned(at));
  // A tensor ends where the next one begins; its own length is not in the table.
  const starts = tensors.map(({ offset }) => offset).concat(data.length).sort((a, b) => a - b);
  for (const tensor of tensors) {
    const end = starts.find((offset) => offset > tensor.offset);
    tensor.data = data.subarray(tensor.offset, end);
    tensor.bytes = tensor.data.length;
  }
  return { metadata, values, nEntries, tensors };
}

/** Writes the file; a tensor without `data` becomes a hole. Returns the file's length. */
export async function write(path, { metadata, nEntries, tensors }) {
  const parts = [];
  const u32 = (n) => parts.push(Buffer.from(Uint32Array.of(n).buffer));
  const u64 = (n) => parts.push(Buffer.from(BigUint64Array.of(BigInt(n)).buffer));
  parts.push(Buffer.from('GGUF'));
  u32(3);
  u64(tensors.length);
  u64(nEntries);
  parts.push(metadata);
  let offset = 0;
  const places = tensors.map(({ name, dimensions, type, bytes }) => {
    u64(Buffer.byteLength(name));
    parts.push(Buffer.from(name));
    u32(dimensions.length);
    dimensions.forEach(u64);
    u32(type);
    u64(offset);
    const place = offset;
    offset = aligned(offset + bytes);
    return place;
  });
  const header = Buffer.concat(parts);
  const start = aligned(header.length);
  const file = await open(path, 'w');
  try {
    await file.write(header, 0, header.length, 0);
    for (const [i, { data }] of tensors.entries()) {
      if (data) await file.write(data, 0, data.length, start + places[i]);
    }
    await file.truncate(start + offset);
  } finally {
    await file.close();
  }
  return start + offset;
}

/** The same model with a hole of `bytes` before its tensors, so that all of them lie beyond it. */
export function movedBehind(model, bytes) {
  const hole = { name: 'v.unused.weight', dimensions: [bytes / 4], type: F32, bytes };
  return { ...model, tensors: [hole, ...model.tensors] };
}

/** The same model with a feed-forward width of `width` in every layer, whose weights are holes of type F32. */
export function widened(model, width) {
  const metadata = Buffer.from(model.metadata);
  const { at, type } = model.values['gemma4.feed_forward_length'];
  // Either one number, or an array: item type, count, items.
  if (type !== ARRAY) metadata.writeUInt32LE(width, at);
  else for (let i = 0, n = Number(metadata.readBigUInt64LE(at + 4)); i < n; i++) metadata.writeUInt32LE(width, at + 12 + 4 * i);
  const tensors = model.tensors.map((tensor) => {
    const role = /\.ffn_(gate|up|down)\.weight$/.exec(tensor.name)?.[1];
    if (!role) return tensor;
    const hidden = tensor.dimensions[role === 'down' ? 1 : 0];
    const dimensions = role === 'down' ? [width, hidden] : [hidden, width];
    return { name: tensor.name, dimensions, type: F32, bytes: 4 * hidden * width };
  });
  return { ...model, metadata, tensors };
}
