/** Reads the part of MessagePack that a trace uses. An array `{shape, dtype, data}` becomes a `Float32Array` with `shape`. */

const text = new TextDecoder();

/** The value that `buffer` holds. */
export function decode(buffer) {
  const view = new DataView(buffer);
  let at = 0;

  const number = (bytes, read) => {
    const value = read.call(view, at);
    at += bytes;
    return value;
  };
  const u8 = () => number(1, view.getUint8);
  const u16 = () => number(2, view.getUint16);
  const u32 = () => number(4, view.getUint32);

  const string = (length) => {
    const value = text.decode(new Uint8Array(buffer, at, length));
    at += length;
    return value;
  };
  const bytes = (length) => {
    const value = buffer.slice(at, at + length);
    at += length;
    return value;
  };
  const list = (length) => Array.from({ length }, value);
  const map = (length) => {
    const result = {};
    for (let i = 0; i < length; i += 1) {
      const key = value();
      result[key] = value();
    }
    return "dtype" in result && "data" in result ? floats(result) : result;
  };

  const SIZED = {
    0xc0: () => null,
    0xc2: () => false,
    0xc3: () => true,
    0xc4: () => bytes(u8()),
    0xc5: () => bytes(u16()),
    0xc6: () => bytes(u32()),
    0xca: () => number(4, view.getFloat32),
    0xcb: () => number(8, view.getFloat64),
    0xcc: u8,
    0xcd: u16,
    0xce: u32,
    0xcf: () => Number(number(8, view.getBigUint64)),
    0xd0: () => number(1, view.getInt8),
    0xd1: () => number(2, view.getInt16),
    0xd2: () => number(4, view.getInt32),
    0xd3: () => Number(number(8, view.getBigInt64)),
    0xd9: () => string(u8()),
    0xda: () => string(u16()),
    0xdb: () => string(u32()),
    0xdc: () => list(u16()),
    0xdd: () => list(u32()),
    0xde: () => map(u16()),
    0xdf: () => map(u32()),
  };

  function value() {
    const kind = u8();
    if (kind < 0x80) return kind;
    if (kind < 0x90) return map(kind & 0x0f);
    if (kind < 0xa0) return list(kind & 0x0f);
    if (kind < 0xc0) return string(kind & 0x1f);
    if (kind >= 0xe0) return kind - 0x100;
    const read = SIZED[kind];
    if (!read) throw new TypeError(`MessagePack type 0x${kind.toString(16)} is not read here`);
    return read();
  }

  return value();
}

function floats({ shape, dtype, data }) {
  const array = dtype === "<f2" ? Float32Array.from(new Uint16Array(data), half) : new Float32Array(data);
  array.shape = shape;
  return array;
}

/** The number that these sixteen bits are: a sign, five bits of exponent, ten of fraction. */
function half(bits) {
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  const size = exponent === 31 ? (fraction ? NaN : Infinity)
    : exponent ? (1024 + fraction) * 2 ** (exponent - 25) : fraction * 2 ** -24;
  return bits & 0x8000 ? -size : size;
}
