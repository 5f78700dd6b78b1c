// Framing and CRC against published vectors; events decoded by a reader that shares nothing with the writer.
import { describe, expect, it } from "vitest";
import { crc32c, scalarRecord, usablePart, versionRecord } from "./event-file.js";

describe("crc32c", () => {
  // RFC 3720, appendix B.4.
  const ascending = Uint8Array.from({ length: 32 }, (_, i) => i);
  it.each([
    ["32 bytes of zeros", new Uint8Array(32), 0x8a9136aa],
    ["32 bytes of ones", new Uint8Array(32).fill(0xff), 0x62a8ab43],
    ["32 ascending bytes", ascending, 0x46dd794e],
    ["32 descending bytes", ascending.slice().reverse(), 0x113fdb5c],
    ["the check value", Buffer.from("123456789"), 0xe3069283],
  ])("%s", (_, bytes, crc) => expect(crc32c(bytes)).toBe(crc));
});

it("begins with the version record that TensorFlow writes", () => {
  // The first 24 + 16 bytes of an event file of TensorFlow at wall time 0: length 24, its masked CRC, the event.
  const record = versionRecord(0);
  expect(record.readBigUInt64LE(0)).toBe(24n);
  expect(record.subarray(8, 12).toString("hex")).toBe("a37f4b22"); // masked CRC of the length 24, known from TFRecord files
  expect(record.subarray(12, -4).toString("hex")).toBe(
    `09${"00".repeat(8)}1a0d${Buffer.from("brain.Event:2").toString("hex")}`,
  );
});

it("an event holds wall time, step and scalars", () => {
  const scalars = [
    ["train_loss", 0.25],
    ["learning_rate", 1e-3],
  ] as const;
  const [event] = decode(scalarRecord({ wallTimeS: 1.5e9, step: 300, scalars }));
  expect(event).toEqual({
    wallTime: 1.5e9,
    step: 300,
    values: [
      ["train_loss", 0.25],
      ["learning_rate", Math.fround(1e-3)],
    ],
  });
});

describe("the usable part of a file", () => {
  const rows = [0, 1, 2].map((step) => scalarRecord({ wallTimeS: 7, step, scalars: [["train_loss", step]] }));
  const file = Buffer.concat([versionRecord(7), ...rows]);
  const upTo = (records: number) => Buffer.concat([versionRecord(7), ...rows.slice(0, records)]).length;

  it("ends before the first step that is done again", () => {
    expect(usablePart(file, 9)).toEqual({ bytes: file.length, steps: 3 });
    expect(usablePart(file, 2)).toEqual({ bytes: upTo(2), steps: 2 });
    expect(usablePart(file, 0)).toEqual({ bytes: upTo(0), steps: 0 });
  });

  it("ends before a record that is cut off or damaged, wherever", () => {
    for (let length = 0; length < file.length; length++) {
      const { bytes, steps } = usablePart(file.subarray(0, length), 9);
      expect(bytes).toBeLessThanOrEqual(length);
      expect(steps).toBe([3, 2, 1].find((count) => length >= upTo(count)) ?? 0);
    }
    for (let at = upTo(1); at < upTo(2); at++) {
      const damaged = Buffer.from(file);
      damaged[at] ^= 1;
      expect(usablePart(damaged, 9), `byte ${at}`).toEqual({ bytes: upTo(1), steps: 1 });
    }
  });
});

interface Decoded {
  readonly wallTime: number;
  readonly step: number;
  readonly values: readonly (readonly [string, number])[];
}

/** Events of TFRecord bytes, by a general walk over protobuf fields. */
function decode(bytes: Buffer): Decoded[] {
  const events: Decoded[] = [];
  for (let from = 0; from < bytes.length; ) {
    const length = Number(bytes.readBigUInt64LE(from));
    const event = fieldsOf(bytes.subarray(from + 12, from + 12 + length));
    const [summary] = event.bytes(5);
    events.push({
      wallTime: event.bytes(1)[0].readDoubleLE(),
      step: event.number(2),
      values: fieldsOf(summary)
        .bytes(1)
        .map((value) => {
          const parts = fieldsOf(value);
          return [parts.bytes(1)[0].toString(), parts.bytes(2)[0].readFloatLE()] as const;
        }),
    });
    from += 12 + length + 4;
  }
  return events;
}

/** The fields of a protobuf message by number: varints as numbers, all others as their bytes. */
function fieldsOf(message: Buffer) {
  const fields: { readonly number: number; readonly value: Buffer | number }[] = [];
  let at = 0;
  const varint = (): number => {
    for (let value = 0, scale = 1; ; scale *= 128) {
      const byte = message[at++];
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  };
  const take = (count: number): Buffer => {
    at += count;
    return message.subarray(at - count, at);
  };
  const wire = new Map<number, () => Buffer | number>([
    [0, varint],
    [1, () => take(8)],
    [2, () => take(varint())],
    [5, () => take(4)],
  ]);
  while (at < message.length) {
    const key = varint();
    const read = wire.get(key & 7);
    if (read === undefined) throw new Error(`wire type ${key & 7}`);
    fields.push({ number: key >> 3, value: read() });
  }
  const named = (number: number) =>
    fields.filter((field) => field.number === number).map(({ value }) => value);
  return {
    bytes: (number: number): Buffer[] =>
      named(number).filter((value): value is Buffer => value instanceof Buffer),
    number: (number: number): number => Number(named(number)[0]),
  };
}
