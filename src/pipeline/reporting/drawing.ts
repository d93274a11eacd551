import type { Module } from '../../nn/index.ts';
import type { Configuration } from '../config/configuration.ts';
import type { TestPart } from '../data/datasets.ts';
import type { NamedFigure } from './figures/runFigures.ts';

/** A run that is opened for a report. */
export interface ReportedRun {
  /** The run's folder. */
  readonly path: string;
  readonly configuration: Configuration;
  readonly model: Module;
  readonly weightsSha256: string;
  readonly test: TestPart;
  /** Test images on the map: as many as were asked for, chosen evenly over the classes. */
  readonly rows: Uint32Array;
  /** Told of each step. */
  readonly say: (line: string) => void;
}

/** What a report shows of a run, which depends on its task. */
export interface Drawing {
  readonly figures: readonly NamedFigure[];
  /** The most important results: name and value. */
  readonly headline: readonly (readonly [string, string])[];
  /** What is left out, and how to get it. */
  readonly note?: string;
}
