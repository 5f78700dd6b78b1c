// The metadata of a data set: the pickled text, the record, validation, merging, steps of work, the configuration in it.

import { modelConfig, trainingConfig } from "../../src/config/original/canonical.js";
import type { Given } from "../../src/config/original/dataclass.js";
import { trainingConfigFromMetadata } from "../../src/config/original/from-metadata.js";
import { readMetadata } from "../../src/data/metadata.js";
import {
  makeMetadata,
  mergeMetadata,
  metadataMismatches,
  photonsStated,
  withTransformation,
} from "../../src/data/metadata-record.js";
import { readNpyHeader } from "../../src/formats/npy-header.js";
import { parseNpz } from "../../src/formats/npz.js";
import { readPickledString } from "../../src/formats/pickled-string.js";
import type { CaseArrays, CaseCheck, CaseJson, CheckResult } from "./check.js";
import { compareFields, compareOrder, compareOutcome, opened, plain, resultOf } from "./config-compare.js";

const silent = () => {};

export const checkMetadataCase: CaseCheck = async ({ expected }, arrays) => {
  const { metadata, json_text: text, validate, merge, transformation, get_nphotons: photons } = expected;
  const config = trainingConfigFromMetadata(metadata, silent);
  const { timestamp, script, hostname, ptychopinn_version: version } = metadata.creation_info;
  const made = makeMetadata(config, { timestamp, script, hostname, version }, metadata.additional_parameters);
  const [step] = transformation.data_transformations;
  const asked = [
    photonsStated(undefined),
    photonsStated(metadata),
    photonsStated({}),
    photonsStated({ physics_parameters: {} }, 5),
  ];
  return [
    ...checkBytes(arrays, JSON.parse(text)),
    compareOrder("record order", Object.keys(made), Object.keys(metadata)),
    compareFields("record", made, metadata),
    compareFields("record as text", JSON.parse(JSON.stringify(made, null, 2)), JSON.parse(text)),
    ...validate.map((given: CaseJson, i: number) => checkMismatches(`validate ${i}`, given, metadata)),
    ...merge.map((given: CaseJson, i: number) => checkMerge(`merge ${i}`, given, metadata)),
    compareFields("transformation", withTransformation(undefined, step), transformation),
    compareFields("photons", { asked }, { asked: photons }),
    compareFields("load_config", opened(config as never), expected.load_config), // a record, whatever its class
    compareFields(
      "load_config empty",
      opened(trainingConfigFromMetadata({}, silent) as never),
      expected.load_config_empty,
    ),
  ];
};

function checkBytes(arrays: CaseArrays, wanted: CaseJson): CheckResult[] {
  const bytesOf = (name: string) => Buffer.from((arrays[name] as { data: Uint8Array }).data); // uint8 by the case
  const warnings: string[] = [];
  const archive = readMetadata("case", parseNpz(bytesOf("metadata_npz_bytes"), "case"), warnings);
  const member = bytesOf("metadata_npy_bytes");
  const found = readPickledString(member.subarray(readNpyHeader(member, "case").dataOffset));
  const single = found.kind === "refused" ? { refused: found.reason } : JSON.parse(found.text);
  return [
    compareFields("pickled text of the archive", archive ?? {}, wanted),
    compareFields("pickled text of the member", single, wanted),
    resultOf("pickled text, warnings", warnings),
  ];
}

/** "nphotons mismatch: dataset=250000000.0, config=1000000000.0", numbers by value. */
function checkMismatches(name: string, { config, warnings }: CaseJson, metadata: Given): CheckResult {
  const { model, ...own } = plain(config) as Given;
  const given = trainingConfig({ ...own, model: modelConfig(model as Given) }, silent);
  const parse = (text: string) =>
    [/^(\w+) mismatch: dataset=(\S+), config=(\S+)$/.exec(text) ?? []].map(([, key, a, b]) => [
      key,
      Number(a),
      Number(b),
    ]);
  const ours = metadataMismatches(metadata, given).flatMap(parse);
  return compareFields(name, { warnings: ours }, { warnings: warnings.flatMap(parse) });
}

/** The list that was merged, as the answer tells it: how many records, and which value of which record differs. */
function checkMerge(name: string, { n, strategy, status, value }: CaseJson, metadata: CaseJson): CheckResult {
  const present = status === "ok" ? value.merge_info.source_count : n;
  const records = Array.from({ length: n }, (_, i) => (i < present ? metadata : undefined));
  const differs = /^Inconsistent (\w+) in metadata (\d+): (\S+) vs/.exec(value.message ?? "");
  if (differs !== null) {
    const physics = { ...metadata.physics_parameters, [differs[1]]: Number(differs[3]) };
    records[Number(differs[2])] = { ...metadata, physics_parameters: physics };
  }
  const error = status === "ok" ? undefined : value;
  return compareOutcome(
    name,
    () => mergeMetadata(records, strategy, "T"),
    { status, error },
    (made) => compareFields(name, made as Given, value),
  );
}
