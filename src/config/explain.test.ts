import { expect, it } from "vitest";
import { explainField } from "./explain.js";
import { allFields } from "./fields.js";
import { fixedFields } from "./fixed-fields.js";
import { REFUSED_NAMES } from "./not-built.js";
import { switches } from "./switches.js";

const text = (name: string) => explainField(name).join("\n");

it("tells all of a field: what it takes, defaults here and in both layers of the original, other names, refusals", () => {
  expect(text("neighbor_count")).toBe(
    [
      "neighbor_count: neighbours K from which the members of a group are drawn",
      "  takes:               an integer >= 1",
      "  default:             train: 6; infer: 4",
      "  section:             data",
      "  also called:         K",
      "  legacy key:          neighbor_count",
      "  original, canonical: TrainingConfig.neighbor_count 4; InferenceConfig.neighbor_count 4",
      "  original, PyTorch:   DataConfig.K 6",
    ].join("\n"),
  );
  expect(text("scheduler")).toMatch(/refused: +MultiStage: /);
  expect(text("scheduler")).toMatch(/also spelled: +CosineAnnealing \(WarmupCosine\)/);
  expect(text("plateau_factor")).toMatch(/effect when: +scheduler is ReduceLROnPlateau/);
});

it("knows options as they are written, aliases, switches, fixed settings and refused names", () => {
  expect(text("--max-epochs")).toMatch(/^nepochs \(asked for as max_epochs\): /);
  expect(text("--no-object-big")).toMatch(/^object_big: /);
  expect(text("quiet")).toMatch(/sets: +enable_progress_bar false, console_level WARNING/);
  expect(text("mae_weight")).toMatch(/value: +0\n.*torch_loss_mode[\s\S]*TrainingConfig\.mae_weight 0/);
  expect(text("run_id")).toMatch(/refused\n.*--model_path/);
  expect(() => explainField("learning_rat")).toThrow(
    "unknown setting 'learning_rat'; did you mean 'learning_rate'?",
  );
});

it("has something to say of every name there is", () => {
  const names = allFields().flatMap(({ name, field }) => [
    name,
    ...(field.aliases ?? []).map((alias) => alias.name),
  ]);
  for (const name of [
    ...names,
    ...Object.keys(switches),
    ...Object.keys(fixedFields),
    ...Object.keys(REFUSED_NAMES),
  ])
    expect(explainField(name).length).toBeGreaterThan(1);
});
