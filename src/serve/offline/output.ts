import { stringify } from 'csv-stringify/sync';

/** The answer for one image. */
export interface OfflinePrediction {
  readonly path: string;
  readonly row: number | undefined;
  /** The most probable class: its label, its name, and its probability. */
  readonly class: number;
  readonly name: string;
  readonly probability: number;
  /** One for each class. */
  readonly probabilities: readonly number[];
}

/** The text of a result, piece by piece. */
export interface OutputFormat {
  readonly begin: () => string;
  readonly prediction: (prediction: OfflinePrediction) => string;
  readonly end: (unreadable: readonly { readonly path: string; readonly problem: string }[]) => string;
}

/** A line of column names, and a line for each image: path, row, class, name, probability, and those of all classes. */
export function csvOutput(classes: readonly string[]): OutputFormat {
  const columns = ['path', 'row', 'class', 'name', 'probability', ...classes.map((name) => `p(${name})`)];
  return {
    begin: () => stringify([columns]),
    prediction: ({ path, row, class: label, name, probability, probabilities }) =>
      stringify([[path, row, label, name, probability, ...probabilities]]),
    end: () => '',
  };
}

/** One JSON document: the model, the predictions, and the files that cannot be read. */
export function jsonOutput(model: string, classes: readonly string[]): OutputFormat {
  let separator = '\n';
  return {
    begin: () =>
      `{"model": ${JSON.stringify(model)}, "classes": ${JSON.stringify(classes)}, "predictions": [`,
    prediction: ({ probabilities, ...prediction }) => {
      const named = Object.fromEntries(classes.map((name, label) => [name, probabilities[label]!]));
      const text = `${separator}${JSON.stringify({ ...prediction, probabilities: named })}`;
      separator = ',\n';
      return text;
    },
    end: (unreadable) => `\n], "unreadable": ${JSON.stringify(unreadable)}}\n`,
  };
}
