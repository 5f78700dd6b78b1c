// The original's object API: the same results as the library's own functions, and by name what it cannot do.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { trainSettings } from "../src/api/original/settings.js";
import {
  ConfigManager,
  InferenceEngine,
  infer,
  loadBundle,
  PtychoDataLoader,
  PtychoModel,
  readScan,
  Trainer,
  train,
} from "../src/index.js";
import { writeSmallScan } from "./scan-file.js";

const folder = mkdtempSync(join(tmpdir(), "ptychopinn-objects-"));
const at = (name: string) => join(folder, name);
const quiet = () => {};
const n = 16;

beforeAll(async () => {
  mkdirSync(at("data"));
  await writeSmallScan(join(at("data"), "scan.npz"), n);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const configs = {
  data_config: { N: 64, C: 4, grid_size: [2, 2], K: 4, n_subsample: 7 },
  model_config: { n_filters_scale: 1, C_model: 4, C_forward: 4, mode: "Unsupervised", probe_mask: null },
  training_config: { epochs: 1, batch_size: 4, n_groups: 8, nll: true, device: "cpu", n_devices: 1 },
  inference_config: { batch_size: 8, patch_weighting: "uniform", varpro_scaling: false, window: 20 },
} as const;
const manager = () => new ConfigManager({ ...configs, onWarning: quiet });

function weightsOf(path: string) {
  return new Map([...loadBundle(path).weights].map(([name, { data }]) => [name, Array.from(data, Number)]));
}

test("train, save, load, predict and stitch: the bits of train() and infer()", async () => {
  const config_manager = manager();
  const dataloader = new PtychoDataLoader({
    ...{ config_manager, data_dir: at("data"), output_dir: at("runs"), timestamp: "20250131_235959" },
    data_format: "lightning_only_module",
  });
  const model = PtychoModel._new_model({ config_manager });
  const trainer = Trainer._from_lightning({ model, dataloader, orchestration: "lightning" });
  const { outputDir, history } = await trainer.train({ experiment_name: "" }).result;
  expect(outputDir).toBe(join(at("runs"), "run_20250131_235959"));
  expect(history.trainLoss).toHaveLength(1);

  const scan = join(at("data"), "scan.npz");
  const settings = { nepochs: 1, batch_size: 4, n_groups: 8, neighbor_count: 4, n_filters_scale: 1 };
  await train({ data: scan, outputDir: at("own"), settings }).result;
  expect(weightsOf(outputDir)).toEqual(weightsOf(at("own")));

  const copy = model.save(at("copy"));
  expect(basename(copy)).toBe("wts.h5.zip");
  const loaded = PtychoModel._load({ strategy: "lightning", run_path: at("copy"), config_manager });
  const engine = new InferenceEngine({ ptycho_model: loaded, config_manager });
  const temporary = readdirSync(tmpdir()).filter((name) => name.startsWith("ptychopinn-predict-"));
  const stitched = await engine.predict_and_stitch(dataloader).result;
  expect(readdirSync(tmpdir()).filter((name) => name.startsWith("ptychopinn-predict-"))).toEqual(temporary);
  const own = await infer({
    ...{ model: at("own"), data: scan, outputDir: at("picture") },
    settings: { patch_weighting: "uniform", inference_batch_size: 8 },
  }).result;
  expect(stitched.object).toEqual(own.object);

  const { raw } = await readScan(scan, { domain: "amplitude" });
  const fromNp = PtychoDataLoader.from_np({
    diff_patterns: raw.diffraction.array.data,
    probe: raw.probe,
    positions: Array.from(raw.xPx, (x, i) => [raw.yPx[i], x]).flat(),
    data_config: { measurement_domain: "normalized_amplitude" },
    onWarning: quiet,
  });
  expect((await engine.predict_and_stitch(fromNp).result).object).toEqual(own.object);
});

test("ConfigManager keeps what was given, updates it, and reads it from JSON", () => {
  const config_manager = manager();
  config_manager.update({ training_config: { epochs: 3 } });
  expect(config_manager.training_config).toEqual({ ...configs.training_config, epochs: 3 });
  expect(config_manager.to_tuple()).toHaveLength(5);
  expect(config_manager.to_tuple()[1]).toEqual(configs.model_config);
  const json = { data_config: { N: 64 }, training_config: { epochs: 2, learning_rate: 0.01 } };
  writeFileSync(at("config.json"), JSON.stringify(json));
  const read = ConfigManager._from_json(at("config.json"), quiet);
  expect(trainSettings(read)).toEqual({ N: 64, epochs: 2, learning_rate: 0.01 });
  mkdirSync(join(at("old-run"), "configs"), { recursive: true });
  writeFileSync(join(at("old-run"), "configs", "data_config.json"), '{"C": 9}');
  expect(trainSettings(ConfigManager._from_lightning_json(at("old-run"), quiet))).toEqual({ gridsize: 3 });
});

test("names are translated; what asks for nothing is left out, what cannot be had is passed on to be refused", () => {
  const settingsOf = (given: ConstructorParameters<typeof ConfigManager>[0]) =>
    trainSettings(new ConfigManager({ ...given, onWarning: quiet }));
  expect(settingsOf(configs)).toEqual({
    ...{ N: 64, gridsize: 2, K: 4, n_filters_scale: 1, mode: "Unsupervised", epochs: 1 },
    ...{ batch_size: 4, n_groups: 8, nll: true, device: "cpu" },
  });
  expect(settingsOf({ data_config: { x_bounds: [0.1, 0.9] } })).toEqual({});
  expect(settingsOf({ data_config: { x_bounds: [0.2, 0.8] } })).toEqual({ x_bounds: [0.2, 0.8] });
});

test("refused, each by its name", async () => {
  const run = async (given: ConstructorParameters<typeof ConfigManager>[0]) => {
    const config_manager = new ConfigManager({ ...given, onWarning: quiet });
    const dataloader = new PtychoDataLoader({ config_manager, data_dir: at("data"), output_dir: at("no") });
    const model = new PtychoModel({ config_manager });
    await Trainer._from_lightning({ model, dataloader }).train().result;
  };
  await expect(run({ data_config: { x_bounds: [0.2, 0.8] } })).rejects.toThrow("x_bounds");
  await expect(run({ data_config: { n_subsample: 3 } })).rejects.toThrow("DataConfig.n_subsample");
  await expect(run({ data_config: { grid_size: [2, 3] } })).rejects.toThrow("groups are square here");
  await expect(run({ data_config: { C: 4 }, model_config: { C_model: 9 } })).rejects.toThrow("C_model");
  await expect(run({ data_config: { C: 5 } })).rejects.toThrow("give 1, 4, 9");
  await expect(run({ model_config: { edge_pad: 4 } })).rejects.toThrow("edge_pad");
  await expect(run({ training_config: { output_dir: "x" } })).rejects.toThrow("PtychoDataLoader");
  await expect(run({ training_config: { strategy: "ddp_spawn" } })).rejects.toThrow("strategy");
  await expect(run({ datagen_config: { image_size: [9, 9] } })).rejects.toThrow("DatagenConfig.image_size");
  expect(existsSync(at("no"))).toBe(false);

  const wrong = (given: object) => () => new ConfigManager({ ...given, onWarning: quiet });
  expect(wrong({ data_config: { nphoton: 1 } })).toThrow("did you mean 'nphotons'?");
  expect(wrong({ training_config: { epochs: "5" } })).toThrow("epochs must be an integer");
  expect(wrong({ dataconfig: {} })).toThrow("unknown member 'dataconfig'");
  expect(() => ConfigManager._from_mlflow("abc")).toThrow("not fetched from MLflow");
  expect(() => ConfigManager._flexible_load({ run_id: "abc", json_path: "x.json" })).toThrow("MLflow");
  expect(() => ConfigManager._from_json(at("nowhere.json"))).toThrow("nowhere.json");
  writeFileSync(at("broken.json"), "{");
  expect(() => ConfigManager._from_json(at("broken.json"))).toThrow("is not JSON");

  const config_manager = manager();
  const model = new PtychoModel({ config_manager });
  expect(() => model.save(at("x"))).toThrow("has no weights yet");
  expect(() => model.save(at("x"), "mlflow")).toThrow("not kept in MLflow");
  const engine = new InferenceEngine({ ptycho_model: model });
  expect(() => engine.predict()).toThrow("call predict_and_stitch");
  const loader = new PtychoDataLoader({ config_manager, data_dir: at("data") });
  await expect(engine.predict_and_stitch(loader).result).rejects.toThrow("has no weights yet");
  await expect(Trainer._from_lightning({ model, dataloader: loader }).train().result).rejects.toThrow(
    "has no output_dir",
  );
  expect(() => loader.module_train_dataloader()).toThrow("batches are made inside");
  expect(() => Trainer._from_pytorch()).toThrow("one training loop");
  writeFileSync(join(at("data"), "b.npz"), "");
  expect(() => new PtychoDataLoader({ config_manager, data_dir: at("data") })).toThrow("2 .npz files");
  const arrays = { diff_patterns: [1], probe: { re: [1], im: [0] }, positions: [0, 0] };
  expect(() => PtychoDataLoader.from_np({ ...arrays, config_manager })).toThrow("measurement_domain");
});

test("the notice of deprecation comes once for each manager with onWarning", () => {
  const told: string[] = [];
  const config_manager = new ConfigManager({ onWarning: (text) => told.push(text) });
  new PtychoModel({ config_manager });
  config_manager.update({});
  expect(told).toHaveLength(1);
  expect(told[0]).toContain("deprecated; call train(), loadBundle() and infer()");
});
