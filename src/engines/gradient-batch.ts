// The patterns of a batch before the gradient graph, and its answers. Loads ONNX Runtime: import it only where it runs.
import { compile } from "../compute/runtime.js";
import { float32, type NdArray } from "../core/ndarray.js";
import type { Wave } from "../numeric/wave-memory.js";
import { buildGradientProgram, type Variable } from "./gradient-graph.js";
import { measuredOf, movedOf } from "./project.js";
import { NUMBER, type Plan, type Workbench, windowStart } from "./workbench.js";

/** Pixels of exit waves in one run of the graph: what it keeps in between then fits into a processor's cache. */
const RUN_PIXELS = 2 ** 17;

export interface Answer {
  /** First slot of the batch, and number of slots. */
  readonly first: number;
  readonly count: number;
  /** Outputs of the graph; rows beyond `count` mean nothing. */
  readonly values: Readonly<Record<string, NdArray<"float32">>>;
}

export interface GradientRuns {
  /** The answers for all patterns of the present batch, whose probes have been moved. */
  ask(bench: Workbench): Promise<readonly Answer[]>;
  release(): Promise<void>;
}

export async function openGradient(
  { settings, modes, N, threads }: Plan,
  variables: readonly Variable[],
): Promise<GradientRuns> {
  const { batchSize, noise } = settings;
  const batch = Math.max(1, Math.min(batchSize, Math.floor(RUN_PIXELS / (modes * N * N))));
  const feeds = {
    window_re: float32([batch, 1, N, N]),
    window_im: float32([batch, 1, N, N]),
    probe_re: float32([batch, 1, modes, N, N]),
    probe_im: float32([batch, 1, modes, N, N]),
    measured: float32([batch, 1, N, N]),
  };
  const graph = await compile(buildGradientProgram({ batch, modes, N, noise, variables }), { threads });
  return {
    async ask(bench) {
      const total = bench.numbers[NUMBER.count];
      const answers: Answer[] = [];
      for (let first = 0; first < total; first += batch) {
        const count = Math.min(batch, total - first);
        feeds.measured.data.fill(-1);
        for (let k = 0; k < count; k++) feed(bench, feeds, k, first + k);
        const values = (await graph.run(feeds)) as Answer["values"]; // the graph is float32 throughout
        answers.push({ first, count, values });
      }
      return answers;
    },
    release: () => graph.release(),
  };
}

type Feeds = Readonly<
  Record<"window_re" | "window_im" | "probe_re" | "probe_im" | "measured", NdArray<"float32">>
>;

/** Copies the pattern of a slot into row k. */
function feed(bench: Workbench, feeds: Feeds, k: number, slot: number): void {
  const { plan, batch, canvas } = bench;
  const { N, modes, width } = plan;
  const [size, half] = [N * N, N / 2];
  const pattern = batch[slot];
  const start = windowStart(bench, pattern);
  const frame = measuredOf(bench, slot, pattern);
  const { re, im } = canvas;
  const [windowRe, windowIm, measured] = [feeds.window_re.data, feeds.window_im.data, feeds.measured.data];
  for (let r = 0, to = k * size; r < N; r++) {
    // The physics has zero frequency at N/2, the workbench at 0.
    const row = ((r + half) % N) * N;
    for (let c = 0, from = start + r * width; c < N; c++, from++, to++) {
      windowRe[to] = re[from];
      windowIm[to] = im[from];
      measured[to] = frame[row + ((c + half) % N)];
    }
  }
  movedOf(bench, slot, pattern).forEach((probe, p) => {
    feeds.probe_re.data.set(probe.re, (k * modes + p) * size);
    feeds.probe_im.data.set(probe.im, (k * modes + p) * size);
  });
}

/** Copies a gradient into the waves of every slot, by mode. */
export function spreadGradient(
  answers: readonly Answer[],
  variable: Variable,
  into: readonly (readonly Wave[])[],
): void {
  for (const { first, count, values } of answers) {
    const [re, im] = [values[`${variable}_re_gradient`].data, values[`${variable}_im_gradient`].data];
    for (let k = 0; k < count; k++)
      into[first + k].forEach((wave, p, { length }) => {
        const size = wave.re.length;
        const at = (k * length + p) * size;
        wave.re.set(re.subarray(at, at + size));
        wave.im.set(im.subarray(at, at + size));
      });
  }
}

/** Notes how far every pattern of the batch is from its model. */
export function noteMisfits(answers: readonly Answer[], { batch, misfit }: Workbench): void {
  for (const { first, count, values } of answers)
    for (let k = 0; k < count; k++) misfit[batch[first + k]] = values.misfit.data[k];
}
