// What a factory is asked, what it must know of the files, and what it answers. CONTRACTS 2.4.
import type { InferenceConfig, TrainingConfig } from "./canonical.js";
import type { Given, Warning } from "./dataclass.js";
import type { ExecutionConfig, Machine } from "./execution-config.js";
import type { GivenValue, Source } from "./layers.js";
import type { LegacyParams } from "./legacy.js";
import type { ProbeFact } from "./probe-size.js";
import type { TorchData, TorchInference, TorchModel, TorchTraining } from "./torch.js";

interface PayloadRequest {
  /** Folder for the results; written by the run, not by the factory. */
  readonly outputDir: string;
  /** Explicit values by the original's names; the strongest source. */
  readonly overrides?: Given | undefined;
  /** Its given fields come next; made with the defaults when absent. */
  readonly executionConfig?: ExecutionConfig | undefined;
  /** Values from a command line, weaker than the execution configuration. */
  readonly commandLine?: Given | undefined;
  /** The legacy record to start from; the original's defaults when absent. */
  readonly existingLegacyParams?: LegacyParams | undefined;
  /** Refuse a file that does not tell N instead of falling back to 64. */
  readonly strict?: boolean | undefined;
}

export interface TrainingPayloadRequest extends PayloadRequest {
  readonly trainDataFile: string;
  /** `ci`, the only profile of the original. */
  readonly profile?: string | undefined;
}

export interface InferencePayloadRequest extends PayloadRequest {
  /** Folder that holds `wts.h5.zip`. */
  readonly modelPath: string;
  readonly testDataFile: string;
}

/** What was found at the paths of a request. */
export interface TrainingFacts extends Machine {
  readonly trainFileExists: boolean;
  readonly probe: ProbeFact;
  /** Photons per pattern from the metadata of the file, where it states them. */
  readonly nphotons?: number | undefined;
}

export interface InferenceFacts extends Machine {
  readonly modelPathExists: boolean;
  readonly archiveExists: boolean;
  readonly testFileExists: boolean;
  readonly probe: ProbeFact;
}

/** One line of the audit. */
export interface AuditEntry {
  readonly name: string;
  /** The value that stands; for a line with `yieldsTo`, the one that was given. */
  readonly value: unknown;
  readonly source: Source;
  /** Values of weaker sources that had no effect. */
  readonly overruled: readonly GivenValue[];
  /** The value was given under this name and another name of the same thing won, or carries it on. */
  readonly yieldsTo?: string;
}

interface Payload {
  readonly ptDataConfig: TorchData;
  readonly ptInferenceConfig: TorchInference;
  readonly executionConfig: ExecutionConfig;
  /** What was given or found, in the original's order, with the source of each value. */
  readonly overridesApplied: readonly AuditEntry[];
  /** The legacy record, made before any data are read (CONFIG-001), without the execution configuration (CONFIG-002). */
  readonly legacyParams: LegacyParams;
  readonly warnings: readonly Warning[];
}

export interface TrainingPayload extends Payload {
  readonly tfTrainingConfig: TrainingConfig;
  readonly ptModelConfig: TorchModel;
  readonly ptTrainingConfig: TorchTraining;
}

export interface InferencePayload extends Payload {
  readonly tfInferenceConfig: InferenceConfig;
}
