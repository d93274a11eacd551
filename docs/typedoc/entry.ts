// What the API reference shows: the entry `wgrad`, with `wgrad/diagnostics` as a namespace of it.
export * from '../../src/index.ts';
/** The entry `wgrad/diagnostics`: what programs check and measure with while they are written. */
export * as diagnostics from '../../src/diagnostics/index.ts';
