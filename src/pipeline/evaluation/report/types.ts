/** What a trained model is worth on a test set: `evaluation.json`. Shares go from 0 to 1. */
export interface EvaluationReport {
  /** Changes when a key changes its meaning or goes; new keys do not change it. */
  readonly version: 1;
  /** The run's id: the name of its folder. */
  readonly run: string;
  /** The weights that were evaluated; see `weightsSha256`. */
  readonly weightsSha256: string;
  readonly parameterCount: number;
  /** What it was evaluated on: `webgpu: llvmpipe …`. */
  readonly device: string;
  readonly dataset: EvaluatedDataset;
  /** Share of the images classified correctly. */
  readonly accuracy: number;
  /** The 95 % confidence interval of the accuracy, by Wilson's score: [lower, upper]. */
  readonly accuracyInterval: readonly [number, number];
  /** Mean cross-entropy, in nats. */
  readonly loss: number;
  /** Share of the images whose class is among the two most probable. */
  readonly top2: number;
  /** Means over the classes, each counting the same. */
  readonly macro: Scores;
  /** Means over the classes, each counting by its images. */
  readonly weighted: Scores;
  /** One for each class, in the order of the labels. */
  readonly classes: readonly ClassScores[];
  /** confusion[true class][predicted class]: images. */
  readonly confusion: readonly (readonly number[])[];
  /** Expected calibration error, over the bins of `reliability`. */
  readonly ece: number;
  /** The greatest calibration error of a bin. */
  readonly mce: number;
  /** Brier score, from 0 to 2. */
  readonly brier: number;
  /** 15 bins of equal width over the confidence. */
  readonly reliability: readonly ReliabilityBin[];
  /** The wrong predictions of greatest confidence, the greatest first; at most 25. */
  readonly mistakes: readonly Mistake[];
  /** Left out where it was not asked for. */
  readonly robustness?: Robustness;
  /** Left out where it was not asked for. */
  readonly comparison?: Comparison;
}

export interface EvaluatedDataset {
  /** `fashion-mnist`, or the name of a version of it. */
  readonly name: string;
  readonly split: 'test';
  /** Images evaluated. */
  readonly images: number;
  /** File → MD5. */
  readonly checksums: Readonly<Record<string, string>>;
}

/** A score that is 0 / 0, such as the precision of a class that was never predicted, is 0. */
export interface Scores {
  readonly precision: number;
  readonly recall: number;
  readonly f1: number;
}

export interface ClassScores extends Scores {
  readonly name: string;
  /** Images of this class. */
  readonly support: number;
}

/** The predictions whose confidence is in (lower, upper]; the first bin has 0, too. */
export interface ReliabilityBin {
  readonly lower: number;
  readonly upper: number;
  readonly count: number;
  /** Mean confidence; null in an empty bin. */
  readonly confidence: number | null;
  /** Share of correct predictions; null in an empty bin. */
  readonly accuracy: number | null;
}

export interface Mistake {
  /** Row of the image in the test set. */
  readonly row: number;
  /** Its true class. */
  readonly label: number;
  readonly predicted: number;
  /** Probability given to the predicted class. */
  readonly confidence: number;
  /** Probability given to the true class. */
  readonly probability: number;
}

/** Accuracy on corrupted images. */
export interface Robustness {
  /** How many images each accuracy was measured on. */
  readonly images: number;
  /** Seed of the corruptions. */
  readonly seed: number;
  readonly perCorruption: readonly CorruptionScores[];
  /**
   * Mean over the corruptions of their `error`. A plain mean of error rates: nothing is divided by a baseline's.
   */
  readonly meanCorruptionError: number;
  /**
   * The same, each corruption's error divided by a baseline's: Hendrycks' and Dietterich's mCE; 1 is as bad as the
   * baseline. Left out where no baseline was given.
   */
  readonly normalised?: NormalisedError;
}

export interface CorruptionScores {
  readonly corruption: string;
  /** The accuracy at severity 1, 2, … 5; five times the same where the severity makes no difference. */
  readonly accuracy: readonly number[];
  /** Mean error rate over the severities: the mean of 1 - accuracy. */
  readonly error: number;
}

export interface NormalisedError {
  /** (1 / K) Σ_c error_c / baselineError_c, over the K corruptions. */
  readonly meanCorruptionError: number;
  /** The run that was the baseline, and its weights. */
  readonly baseline: { readonly run: string; readonly weightsSha256: string };
}

/** Two runs on the same images: McNemar's test. See `mcnemar` for the formulas. */
export interface Comparison {
  /** The other run, and its weights. */
  readonly run: string;
  readonly weightsSha256: string;
  readonly images: number;
  /** Images that both classify correctly, that one alone does, that neither does. */
  readonly bothRight: number;
  readonly onlyFirst: number;
  readonly onlyOther: number;
  readonly bothWrong: number;
  /** This run's accuracy minus the other's. */
  readonly difference: number;
  /** Its 95 % confidence interval: [lower, upper]. */
  readonly differenceInterval: readonly [number, number];
  /** Two-sided p-value of the exact test. */
  readonly exactP: number;
  /** The statistic with correction for continuity, one degree of freedom, and its p-value. */
  readonly chiSquared: number;
  readonly chiSquaredP: number;
}
