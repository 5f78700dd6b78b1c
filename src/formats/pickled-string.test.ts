import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readPickledString } from "./pickled-string.js";

// What numpy.save wrote (NumPy 1.26, protocol 3) and pickle.dumps of the same arrays (protocols 4 and 5).
const PROTOCOL_3 =
  "8003636e756d70792e636f72652e6d756c746961727261790a5f7265636f6e7374727563740a7100636e756d70790a6e6461727261790a71" +
  "014b008571024301627103877104527105284b0129636e756d70790a64747970650a710658020000004f3871078988877108527109284b03" +
  "58010000007c710a4e4e4e4affffffff4affffffff4b3f74710b62895d710c580b0000007b2261223a2022c3a9227d710d6174710e622e";
const ONE_ELEMENT =
  "8003636e756d70792e636f72652e6d756c746961727261790a5f7265636f6e7374727563740a7100636e756d70790a6e6461727261790a71" +
  "014b008571024301627103877104527105284b014b01857106636e756d70790a64747970650a710758020000004f38710889888771095271" +
  "0a284b0358010000007c710b4e4e4e4affffffff4affffffff4b3f74710c62895d710d58080000007b2261223a20317d710e6174710f622e";
const PROTOCOL_4 =
  "80049593000000000000008c156e756d70792e636f72652e6d756c74696172726179948c0c5f7265636f6e7374727563749493948c056e75" +
  "6d7079948c076e6461727261799493944b0085944301629487945294284b012968038c0564747970659493948c024f389489888794529428" +
  "4b038c017c944e4e4e4affffffff4affffffff4b3f749462895d948c0b7b2261223a2022c3a9227d94617494622e";
const OF_DICTIONARY =
  "8003636e756d70792e636f72652e6d756c746961727261790a5f7265636f6e7374727563740a7100636e756d70790a6e6461727261790a71" +
  "014b008571024301627103877104527105284b0129636e756d70790a64747970650a710658020000004f3871078988877108527109284b03" +
  "58010000007c710a4e4e4e4affffffff4affffffff4b3f74710b62895d710c7d710d580100000061710e4b01736174710f622e";
const OF_TWO =
  "8003636e756d70792e636f72652e6d756c746961727261790a5f7265636f6e7374727563740a7100636e756d70790a6e6461727261790a71" +
  "014b008571024301627103877104527105284b014b02857106636e756d70790a64747970650a710758020000004f38710889888771095271" +
  "0a284b0358010000007c710b4e4e4e4affffffff4affffffff4b3f74710c62895d710d28580100000078710e580100000079710f65747110" +
  "622e";
const bytes = (hex: string) => Buffer.from(hex, "hex");

describe("accepted", () => {
  test.each([
    ["protocol 3", PROTOCOL_3, '{"a": "é"}'],
    ["protocol 4", PROTOCOL_4, '{"a": "é"}'],
    ["protocol 5", PROTOCOL_4.replace("8004", "8005"), '{"a": "é"}'],
    ["one element", ONE_ELEMENT, '{"a": 1}'],
  ])("%s", (_, hex, text) => {
    expect(readPickledString(bytes(hex))).toEqual({ kind: "text", text });
  });
});

describe("refused", () => {
  const refused = (hex: string) => {
    const result = readPickledString(bytes(hex));
    if (result.kind === "text") throw new Error(`gave ${result.text}`);
    return result.reason;
  };
  const hexOf = (text: string) => Buffer.from(text, "latin1").toString("hex");

  test("other objects", () => {
    expect(refused(OF_DICTIONARY)).toMatch(/opcode 0x7d/);
    expect(refused(OF_TWO)).toMatch(/opcode 0x65/);
    expect(refused(ONE_ELEMENT.replace("284b014b0185", "284b014b0285"))).toMatch(/more than one element/);
  });

  test("attacks: calls of other functions, alone or in the place of NumPy's own", () => {
    expect(refused(hexOf("\x80\x03cos\nsystem\nq\x00X\x04\x00\x00\x00trueq\x01\x85q\x02Rq\x03."))).toMatch(
      /not that of/,
    );
    const numpyName = hexOf("numpy.core.multiarray\n_reconstruct\n");
    expect(refused(PROTOCOL_3.replace(numpyName, hexOf("os\nsystem\n")))).toMatch(/not that of/);
    expect(refused(PROTOCOL_3.replace(hexOf("cnumpy\ndtype\n"), hexOf("cbuiltins\neval\n")))).toMatch(
      /not that of/,
    );
    expect(refused(PROTOCOL_4.replace(hexOf("ndarray"), hexOf("ndarraz")))).toMatch(/not that of/);
    expect(refused(hexOf("(dp0\nS'a'\n."))).toMatch(/no pickle of protocol 3 to 5/);
    expect(refused(`${PROTOCOL_3}2e`)).toMatch(/bytes follow/);
  });

  test("cut at every byte", () => {
    for (const hex of [PROTOCOL_3, PROTOCOL_4])
      for (let length = 0; length < hex.length; length += 2) refused(hex.slice(0, length));
  });

  test("a flipped byte gives a refusal or the bytes of the string as they stand, never another thing", () => {
    const original = bytes(PROTOCOL_4);
    const textStart = original.indexOf('{"a"');
    fc.assert(
      fc.property(fc.nat({ max: original.length - 1 }), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const changed = Buffer.from(original);
        changed[at] ^= flip;
        const result = readPickledString(changed);
        if (result.kind === "text" && (at < textStart || at >= textStart + 11))
          expect(result.text).toBe('{"a": "é"}');
      }),
      { numRuns: 3000 },
    );
  });
});
