// The event files of TensorBoard: records framed as TFRecord (tensorflow/core/lib/io/record_writer.h), each a protobuf
// message Event (tensorflow/core/util/event.proto) with a Summary of scalars (tensorflow/core/framework/summary.proto).

export interface ScalarEvent {
  readonly wallTimeS: number;
  readonly step: number;
  readonly scalars: readonly (readonly [tag: string, value: number])[];
}

/** The record that every event file begins with. */
export function versionRecord(wallTimeS: number): Buffer {
  return framed(Buffer.concat([double(1, wallTimeS), bytesField(3, Buffer.from("brain.Event:2"))]));
}

/** Values are stored as float32. */
export function scalarRecord({ wallTimeS, step, scalars }: ScalarEvent): Buffer {
  const values = scalars.map(([tag, value]) =>
    bytesField(1, Buffer.concat([bytesField(1, Buffer.from(tag)), float(2, value)])),
  );
  return framed(
    Buffer.concat([double(1, wallTimeS), varintField(2, step), bytesField(5, Buffer.concat(values))]),
  );
}

/**
 * Length of the leading records of an event file that are whole and of steps below `steps`, and how many epochs they
 * hold. The rest was written of epochs that a resumed run does again, or is damaged.
 */
export function usablePart(file: Buffer, steps: number): { readonly bytes: number; readonly steps: number } {
  let [from, held] = [0, 0];
  while (from + HEADER_BYTES + TAIL_BYTES <= file.length) {
    const length = file.readBigUInt64LE(from);
    const end = from + HEADER_BYTES + Number(length) + TAIL_BYTES;
    if (end > file.length) break;
    const data = file.subarray(from + HEADER_BYTES, end - TAIL_BYTES);
    if (file.readUInt32LE(from + 8) !== maskedCrc(file.subarray(from, from + 8))) break;
    if (file.readUInt32LE(end - TAIL_BYTES) !== maskedCrc(data)) break;
    const step = from === 0 ? -1 : stepOf(data);
    if (step === undefined || step >= steps) break;
    held = Math.max(held, step + 1);
    from = end;
  }
  return { bytes: from, steps: held };
}

const HEADER_BYTES = 12;
const TAIL_BYTES = 4;

/** length (uint64), masked CRC of the length (uint32), data, masked CRC of the data (uint32); little-endian. */
function framed(data: Buffer): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeBigUInt64LE(BigInt(data.length));
  header.writeUInt32LE(maskedCrc(header.subarray(0, 8)), 8);
  const tail = Buffer.alloc(TAIL_BYTES);
  tail.writeUInt32LE(maskedCrc(data));
  return Buffer.concat([header, data, tail]);
}

/** Rotated right by 15 bits plus a constant, so that the CRC of data that holds CRCs stays a good one. */
function maskedCrc(bytes: Uint8Array): number {
  const crc = crc32c(bytes);
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}

const CASTAGNOLI_REVERSED = 0x82f63b78;

/** CRC-32C, RFC 3720 appendix B.4. */
export function crc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? CASTAGNOLI_REVERSED : 0);
  }
  return (crc ^ 0xffffffff) >>> 0;
}

const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;
const FIXED32 = 5;

const key = (field: number, wire: number): Buffer => Buffer.from([(field << 3) | wire]);

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80);
  return Buffer.from([...bytes, rest]);
}

const varintField = (field: number, value: number): Buffer =>
  Buffer.concat([key(field, VARINT), varint(value)]);

const bytesField = (field: number, bytes: Uint8Array): Buffer =>
  Buffer.concat([key(field, BYTES), varint(bytes.length), bytes]);

function double(field: number, value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(value);
  return Buffer.concat([key(field, FIXED64), bytes]);
}

function float(field: number, value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeFloatLE(value);
  return Buffer.concat([key(field, FIXED32), bytes]);
}

/** Step of an event as `scalarRecord` lays it out: wall time first, then the step. Undefined for another layout. */
function stepOf(event: Buffer): number | undefined {
  if (event.length < 11 || event[0] !== 0x09 || event[9] !== 0x10) return undefined;
  let [step, scale] = [0, 1];
  for (let i = 10; i < Math.min(event.length, 18); i++, scale *= 0x80) {
    step += (event[i] & 0x7f) * scale;
    if (event[i] < 0x80) return step;
  }
  return undefined;
}
