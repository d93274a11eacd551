import type { Graph } from '../graph.ts';
import type { Step } from '../trace.ts';

/** Writes an operation as nodes, and returns the name of its result. */
export type Rule = (graph: Graph, step: Step) => string;

export type Rules = Readonly<Record<string, Rule>>;
